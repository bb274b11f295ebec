package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// transfer lets an import, an export or a checkup go on for as long as it needs, while its caller keeps up. It holds its place meanwhile.
func (a *api) transfer(ctx context.Context, x *exchange, r *http.Request, rt route, actor access.Actor, recall func()) error {
	place, err := a.take(ctx, rt.work(), actor.Holder(), recall)
	if err != nil {
		return err
	}
	defer place.Release()
	x.reads = pacer{rate: a.Limits.TransferRate, grace: 2 * a.Limits.IO}
	x.writes = x.reads
	r = r.WithContext(ctx)
	r.Body = &longBody{r.Body, x}
	if most := a.Limits.body(rt); most > 0 {
		r.Body = http.MaxBytesReader(x, r.Body, most)
	}
	return rt.endpoint.serve(&longAnswer{x}, r, actor)
}

// longBody is a body that is read in parts, each within the time.
type longBody struct {
	io.ReadCloser
	exchange *exchange
}

func (b *longBody) Read(p []byte) (n int, err error) {
	x := b.exchange
	err = x.waits(&x.reading, x.control.SetReadDeadline, x.reads.within(x.part), func() (err error) {
		defer x.reads.spend(time.Now(), &n)
		n, err = b.ReadCloser.Read(p)
		return err
	})
	if err == io.EOF { //nolint:errorlint // as io.Reader says
		if failed := x.received(); failed != nil {
			return n, failed
		}
	}
	return n, err
}

// longAnswer is an answer with any time between its parts.
type longAnswer struct{ *exchange }

func (a *longAnswer) Write(p []byte) (int, error) {
	n, err := a.exchange.Write(p)
	return n, a.rest(err)
}

// FlushError is what http.ResponseController calls.
func (a *longAnswer) FlushError() error { return a.rest(a.exchange.FlushError()) }

// rest lifts the deadline until there is more to take.
func (a *longAnswer) rest(err error) error {
	if err != nil {
		return err
	}
	return supported(a.control.SetWriteDeadline(time.Time{}))
}
