package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// answer reads the body, works on the call while it holds a place, and sends the answer when it has given the place back. A change keeps its place
// until it is done: breaking it off would leave its caller in doubt.
func (a *api) answer(ctx context.Context, x *exchange, r *http.Request, rt route, actor access.Actor, recall func()) error {
	m := &held{api: a, ctx: ctx, holder: actor.Holder(), recall: recall}
	defer m.hold(0) //nolint:errcheck // giving back does not fail
	if rt.work() == changes {
		m.recall, recall = x.recall, nil
	}
	body, err := a.receive(x, r, rt, m)
	if err != nil {
		return err
	}
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	out := &buffered{header: x.Header()}
	if err := a.work(ctx, out, r, rt, actor, recall); err != nil {
		return err
	}
	if rt.work() != changes { // what a change answers is sent in any case: it was made
		if err := m.hold(out.body.Len()); err != nil {
			return err
		}
	}
	return out.sendTo(x)
}

// work lets the endpoint answer in a place.
func (a *api) work(ctx context.Context, out *buffered, r *http.Request, rt route, actor access.Actor, recall func()) error {
	place, err := a.take(ctx, rt.work(), actor.Holder(), recall)
	if err != nil {
		return err
	}
	defer place.Release()
	return rt.endpoint.serve(out, r, actor)
}

// receive reads the whole body, holding memory for what has arrived.
func (a *api) receive(x *exchange, r *http.Request, rt route, m *held) ([]byte, error) {
	if err := m.hold(1); err != nil || r.Body == nil || r.Body == http.NoBody || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, err
	}
	most := a.Limits.body(rt)
	if r.ContentLength > most {
		return nil, tooLong(most)
	}
	body := make([]byte, 0, bufferPage)
	for {
		if len(body) == cap(body) {
			if err := m.hold(2 * cap(body)); err != nil {
				return nil, err
			}
			body = append(make([]byte, 0, 2*cap(body)), body...)
		}
		n, err := x.read(r.Body, body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > most:
			return nil, tooLong(most)
		case errors.Is(err, io.EOF):
			return body, x.received()
		case errors.Is(err, errRecalled):
			return nil, busy(err)
		case err != nil:
			return nil, &access.Error{Kind: access.KindInvalid, Detail: "the body is shorter than announced, or took too long to arrive", Cause: err}
		}
	}
}

func tooLong(most int64) error {
	return access.Refuse(access.KindTooLarge, "", "a body can have at most %d bytes", most)
}

// held is what one call holds of the memory for bodies and answers.
type held struct {
	api    *api
	ctx    context.Context //nolint:containedctx // the call's: it lasts as long
	holder string
	recall func()
	pages  []*fair.Place
}

// hold takes or gives back pages until there are enough for n bytes.
func (m *held) hold(n int) error {
	pages := (n + bufferPage - 1) / bufferPage
	for len(m.pages) > pages {
		m.pages[len(m.pages)-1].Release()
		m.pages = m.pages[:len(m.pages)-1]
	}
	for len(m.pages) < pages {
		page, err := m.api.take(m.ctx, buffers, m.holder, m.recall)
		if err != nil {
			return err
		}
		m.pages = append(m.pages, page)
	}
	return nil
}

// buffered is an answer that is kept until the work is done.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
	err    error // what was answered with a problem document, or nil
}

func (b *buffered) Header() http.Header { return b.header }

func (b *buffered) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// Answered notes the error.
func (b *buffered) Answered(err error) { b.err = err }

var _ problem.Watcher = (*buffered)(nil)

// sendTo answers. A caller that is gone, or too slow, needs no answer.
func (b *buffered) sendTo(x *exchange) error {
	if b.err != nil {
		x.Answered(b.err)
	}
	b.header.Set("Content-Length", strconv.Itoa(b.body.Len()))
	x.WriteHeader(cmp.Or(b.status, http.StatusOK))
	if _, err := x.Write(b.body.Bytes()); errors.Is(err, errRecalled) {
		return http.ErrAbortHandler
	}
	return nil
}
