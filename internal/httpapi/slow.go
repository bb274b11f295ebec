package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// caller is the other end of a connection, which is cut where it is too slow.
type caller struct {
	*http.ResponseController
	io time.Duration
}

func (a *api) callerOf(w http.ResponseWriter) caller {
	return caller{ResponseController: http.NewResponseController(w), io: a.Limits.IO}
}

// attended gives the caller time to send the body, and to take the answer, which is there after a while.
func (a *api) attended(w http.ResponseWriter, r *http.Request) error {
	c := a.callerOf(w)
	if r.Body == nil || r.Body == http.NoBody {
		return c.takes(a.Limits.Call)
	}
	r.Body = &body{ReadCloser: r.Body, caller: c}
	return errors.Join(c.sends(), c.takes(a.Limits.Call))
}

// sends says that the caller sends something from now on.
func (c caller) sends() error { return supported(c.SetReadDeadline(time.Now().Add(c.io))) }

// sent says that it need not send anything any more: net/http goes on reading, and would take its silence for its end.
func (c caller) sent() error { return supported(c.SetReadDeadline(time.Time{})) }

// takes says that the caller takes something after so long at the latest.
func (c caller) takes(after time.Duration) error {
	return supported(c.SetWriteDeadline(time.Now().Add(after + c.io)))
}

// waits says that there may be nothing to take for any time.
func (c caller) waits() error { return supported(c.SetWriteDeadline(time.Time{})) }

// supported leaves out that there is no connection that could be slow.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// body is a body that is read as a whole within the time.
type body struct {
	io.ReadCloser
	caller caller
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		if failed := b.caller.sent(); failed != nil {
			return n, failed
		}
	}
	return n, err
}

// longBody is a body that is read in parts, each within the time.
type longBody struct {
	io.ReadCloser
	caller caller
}

func (b *longBody) Read(p []byte) (int, error) {
	if err := b.caller.sends(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// longAnswer is an answer that is taken in parts, each within the time, and with any time between them.
type longAnswer struct {
	http.ResponseWriter
	caller caller
}

func (a *longAnswer) Write(p []byte) (n int, err error) {
	err = a.part(func() (err error) {
		n, err = a.ResponseWriter.Write(p)
		return err
	})
	return n, err
}

// FlushError is what http.ResponseController calls.
func (a *longAnswer) FlushError() error { return a.part(a.caller.Flush) }

func (a *longAnswer) part(take func() error) error {
	if err := a.caller.takes(0); err != nil {
		return err
	}
	return errors.Join(take(), a.caller.waits())
}

// Unwrap gives http.ResponseController the rest.
func (a *longAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
