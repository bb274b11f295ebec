package httpapi

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
)

// patience is how long a call waits before a place is recalled for it from somebody who has more than a fair share.
const patience = 250 * time.Millisecond

const (
	// credentials are the places for looking whether credentials are good that were not good lately: decisions need none of them.
	credentials work = "credentials"
	// underWay are the places of all calls, from their first byte to the last one of their answers.
	underWay work = "under_way"
	// buffers are the places for bodies and answers: one for each bufferPage bytes.
	buffers work = "buffers"
)

// bufferPage is in what parts the memory for bodies and answers is given, in bytes.
const bufferPage = 16 << 10

// Places that no flag sets. Those of pages are held while an answer is taken; whoever takes it slowly is cut off when somebody else wants one.
const (
	pagesAtOnce       = 64
	figuresAtOnce     = 8
	credentialsOfCore = 16
	underWayAtOnce    = 4096
	checkupsAtOnce    = 8
)

// errRecalled ends a call that has to make room for others.
var errRecalled = errors.New("other callers are waiting, and this one has more than its share of calls at work")

// limit makes what holds calls to the limits.
func (a *api) limit() error {
	l := a.Limits
	if err := l.Check(); err != nil {
		return err
	}
	l = l.Sized(false)
	a.pace = newPace(l)
	a.places = map[work]*fair.Limiter{}
	for sort, n := range map[work]int{
		calls: l.Calls, searches: l.Searches, changes: l.Changes, transfers: l.Transfers,
		pages: pagesAtOnce, operations: figuresAtOnce, checkups: checkupsAtOnce, credentials: credentialsOfCore * fair.Processors,
		buffers: int((l.Buffers + bufferPage - 1) / bufferPage),
	} {
		a.places[sort] = fair.New(fair.Config{Places: n, Waiting: l.Waiting, Wait: max(l.Wait, time.Nanosecond), Patience: patience})
	}
	a.places[underWay] = fair.New(fair.Config{Places: underWayAtOnce})
	a.metrics.observePlaces(a.places)
	a.Metrics.MustRegister(a.parts)
	return nil
}

// take takes a place for the holder. A place whose recall is nil is kept until the work is done.
func (a *api) take(ctx context.Context, sort work, holder string, recall func()) (*fair.Place, error) {
	place, err := a.places[sort].Take(ctx, holder, recall)
	switch {
	case errors.Is(err, fair.ErrBusy):
		return nil, a.limited(string(sort), busy(err))
	case err != nil:
		return nil, access.Unavailable(err)
	}
	return place, nil
}

// busy refuses a call for which there is no place.
func busy(cause error) error {
	refusal := access.Refuse(access.KindExhausted, "B6", "the server is busy; try again")
	refusal.RetryAfter, refusal.Cause = time.Second, cause
	return refusal
}

// limitRate is how a figure names the limit on the calls of one caller.
const limitRate = "rate"

// limited counts a call that is refused for a limit.
func (a *api) limited(limit string, err error) error {
	if access.KindOf(err) == access.KindExhausted {
		a.metrics.limited.WithLabelValues(limit).Inc()
	}
	return err
}

// holderAt is who holds the places of a stranger's calls.
func holderAt(from netip.Prefix) string { return "address " + from.String() }
