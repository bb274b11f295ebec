package httpapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// answerPart is in what parts an answer is written, in bytes: each is to be taken within Limits.IO.
const answerPart = 32 << 10

// exchange is what passes between a call and its caller over the network. It is the ResponseWriter of the call: what is written goes out in parts,
// each with a deadline of its own, so that a caller who takes nothing is cut off, and one who takes a long answer is not.
type exchange struct {
	http.ResponseWriter
	control *http.ResponseController
	part    time.Duration // the most that a part may take
	status  int           // of the answer; 0 while it has not begun
	err     error         // what was answered with a problem document, or nil
	reads   pacer         // what the caller must send, and take, at least
	writes  pacer

	mu       sync.Mutex
	recalled bool
	reading  bool // the call waits for the caller to send something
	writing  bool // or to take something
}

// newExchange gives the caller time to send the body from now on.
func (a *api) newExchange(w http.ResponseWriter, r *http.Request) (*exchange, error) {
	x := &exchange{ResponseWriter: w, control: http.NewResponseController(w), part: a.Limits.IO}
	if r.Body == nil || r.Body == http.NoBody {
		return x, nil
	}
	return x, supported(x.control.SetReadDeadline(time.Now().Add(x.part)))
}

// received says that the caller need not send anything more: net/http goes on reading, and would take its silence for its end.
func (x *exchange) received() error { return supported(x.control.SetReadDeadline(time.Time{})) }

// end gives the caller time to take what net/http still holds of the answer.
func (x *exchange) end() { _ = x.control.SetWriteDeadline(time.Now().Add(x.part)) }

// recall ends what the call is waiting for at the network, and everything that it would wait for later.
func (x *exchange) recall() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.recalled = true
	past := time.Unix(1, 0)
	if x.reading {
		_ = x.control.SetReadDeadline(past)
	}
	if x.writing {
		_ = x.control.SetWriteDeadline(past)
	}
}

// waits does what waits for the caller, which is noted in flag, if it is not recalled.
func (x *exchange) waits(flag *bool, deadline func(time.Time) error, within time.Duration, do func() error) error {
	x.mu.Lock()
	if x.recalled {
		x.mu.Unlock()
		return errRecalled
	}
	err := supported(deadline(time.Now().Add(within)))
	*flag = true
	x.mu.Unlock()
	if err == nil {
		err = do()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	*flag = false
	if x.recalled && errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.Join(errRecalled, err)
	}
	return err
}

// Write sends the answer in parts.
func (x *exchange) Write(b []byte) (n int, err error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	for {
		piece := b[n:min(len(b), n+answerPart)]
		var sent int
		err = x.waits(&x.writing, x.control.SetWriteDeadline, x.writes.within(x.part), func() (err error) {
			defer x.writes.spend(time.Now(), &sent)
			sent, err = x.ResponseWriter.Write(piece)
			return err
		})
		if n += sent; err != nil || n == len(b) {
			return n, err
		}
	}
}

// FlushError is what http.ResponseController calls.
func (x *exchange) FlushError() error {
	return x.waits(&x.writing, x.control.SetWriteDeadline, x.writes.within(x.part), func() error {
		defer x.writes.spend(time.Now(), new(int))
		return x.control.Flush()
	})
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Answered notes the error for the log.
func (x *exchange) Answered(err error) { x.err = err }

// Unwrap gives http.ResponseController the rest.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// supported leaves out that there is no connection that could be slow.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// pacer holds a caller to an average rate. Only the time counts that was spent waiting for the caller.
type pacer struct {
	rate  int64 // bytes a second; 0 is any
	grace time.Duration
	spent time.Duration
	bytes int64
}

// within is how long the caller may take for the next part, of at most so long.
func (p *pacer) within(most time.Duration) time.Duration {
	if p.rate == 0 {
		return most
	}
	earned := time.Duration(float64(p.bytes) / float64(p.rate) * float64(time.Second))
	return min(most, p.grace+earned-p.spent)
}

// spend counts what was sent, or taken, since then.
func (p *pacer) spend(since time.Time, n *int) {
	p.spent += time.Since(since)
	p.bytes += int64(*n)
}

// read reads a part of a body that is to arrive as a whole within the time of one part.
func (x *exchange) read(from io.Reader, p []byte) (n int, err error) {
	x.mu.Lock()
	if x.recalled {
		x.mu.Unlock()
		return 0, errRecalled
	}
	x.reading = true
	x.mu.Unlock()
	n, err = from.Read(p)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reading = false
	if x.recalled && err != nil && !errors.Is(err, io.EOF) {
		err = errors.Join(errRecalled, err)
	}
	return n, err
}
