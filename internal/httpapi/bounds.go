package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// timeoutHeader says how long its sender will wait for the answer, such as 250ms. Work for an answer that nobody waits for is given up.
const timeoutHeader = "Grantway-Timeout"

// bounded puts the limits of the route on a call: how long its body may be, and how long it may take. What is
// returned last ends the time.
func (a *api) bounded(w http.ResponseWriter, r *http.Request, rt route) (http.ResponseWriter, *http.Request, context.CancelFunc, error) {
	within, err := patience(r.Header, a.Limits.within(rt))
	if err != nil {
		return w, r, nil, err
	}
	if rt.work() == transfers {
		c := a.callerOf(w)
		if err := c.waits(); err != nil {
			return w, r, nil, err
		}
		w, r.Body = &longAnswer{ResponseWriter: w, caller: c}, &longBody{ReadCloser: r.Body, caller: c}
	}
	if most := a.Limits.body(rt); most > 0 {
		r.Body = http.MaxBytesReader(w, r.Body, most)
	}
	if within == 0 {
		return w, r, func() {}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	return w, r.WithContext(ctx), cancel, nil
}

// patience is how long the caller waits, if it says so and that is not longer than the most.
func patience(h http.Header, most time.Duration) (time.Duration, error) {
	sent := h.Values(timeoutHeader)
	if len(sent) == 0 {
		return most, nil
	}
	d, err := time.ParseDuration(sent[0])
	if err != nil || d <= 0 || len(sent) > 1 {
		return 0, access.Invalidf("", "%s is a duration such as 250ms or 2s, sent once", timeoutHeader)
	}
	if most > 0 {
		d = min(d, most)
	}
	return d, nil
}
