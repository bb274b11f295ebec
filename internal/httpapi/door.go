package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// call takes a call through the door, in an order in which nobody holds what others need while they wait for the network or for somebody else: first
// its rate, then who is calling, then the whole body, then a place among those at work, and last the answer, when the place is given back.
func (a *api) call(x *exchange, r *http.Request, rt route, requestID string) error {
	if rt.demand.free {
		return rt.endpoint.serve(x, r, access.Actor{RequestID: requestID})
	}
	visit, err := a.pace.admit(r, a.Authn.Address(r))
	if err != nil {
		return a.limited(limitRate, err)
	}
	if rt.demand.open {
		return a.show(x, r, rt, visit, requestID)
	}
	within, err := timeout(r.Header, a.Limits.within(rt))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	if within > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, within)
		defer end()
	}
	recall := func() { cancel(errRecalled); x.recall() }

	actor, err := a.authenticate(ctx, r, rt, visit, requestID, func() { cancel(errRecalled) })
	if err != nil {
		return a.refuse(x, r, rt, visit, actor, recalledOr(ctx, err))
	}
	answer := a.answer
	if rt.streams() {
		answer = a.transfer
	}
	err = recalledOr(ctx, answer(ctx, x, r, rt, actor, recall))
	if rt.unrecorded(actor, err) {
		a.refusedInside(actor, rt.String(), err)
	}
	return err
}

// inFlight bounds the calls that were begun and not taken, whatever they ask and however they are answered: each costs memory until its caller has
// taken the answer. One too many is broken off without an answer, which it would not take either. HTTP/2 keeps the end of an answer when the call has
// returned, until the caller makes room for it, and so that is sent here.
func (a *api) inFlight(w http.ResponseWriter, r *http.Request, h http.Handler) {
	holder := a.pace.visit(r, a.Authn.Address(r)).holder()
	place, err := a.take(r.Context(), underWay, holder, nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer place.Release()
	h.ServeHTTP(w, r)
	if r.ProtoMajor == 2 {
		_ = http.NewResponseController(w).Flush() // a caller that is gone needs no answer
	}
}

// show answers with what anybody may read. It holds a place that nothing else needs until the answer is taken, and its body is not read.
func (a *api) show(x *exchange, r *http.Request, rt route, visit visit, requestID string) error {
	if err := visit.anonymous(); err != nil {
		return a.limited(limitRate, err)
	}
	place, err := a.take(r.Context(), pages, holderAt(visit.from), x.recall)
	if err != nil {
		return err
	}
	defer place.Release()
	return rt.endpoint.serve(x, r, access.Actor{RequestID: requestID})
}

// authenticate finds out who is calling. Credentials that were not good lately are looked at in places of their own, by address, and tokens apart
// from keys, since an issuer may be slow.
func (a *api) authenticate(ctx context.Context, r *http.Request, rt route, visit visit, requestID string, recall func()) (access.Actor, error) {
	if visit.caller == "" {
		holder := holderAt(visit.from)
		if strings.Contains(r.Header.Get("Authorization"), ".") {
			holder += " token"
		}
		place, err := a.take(ctx, credentials, holder, recall)
		if err != nil {
			return access.Actor{}, err
		}
		defer place.Release()
	}
	check := a.Authn.Authenticate
	if rt.demand.recognized {
		check = a.Authn.Recognize
	}
	actor, err := check(r.WithContext(ctx), requestID)
	if err == nil {
		err = visit.isOf(actor)
	}
	return actor, err
}

// refuse is where every call ends that is not let in for want of good credentials: it counts and records them (H1), and gives the error to answer. The
// body is not read, and so the connection ends with the answer. actor is who was refused, as far as that is known.
func (a *api) refuse(x *exchange, r *http.Request, rt route, visit visit, actor access.Actor, err error) error {
	if access.KindOf(err) == access.KindExhausted {
		return err // no free place, or too many calls with valid credentials: the credentials were not refused
	}
	a.refused(actor, rt.String(), err)
	a.refusals.note(actor, rt.String(), err)
	err = visit.failed(err)
	if r.ProtoMajor == 1 && r.ContentLength != 0 && visit.caller == "" {
		x.Header().Set("Connection", "close")
	}
	return a.limited(limitRate, err)
}

// recalledOr is err, or that the call had to make room for others if that is why it failed.
func recalledOr(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errRecalled) {
		return busy(err)
	}
	return err
}
