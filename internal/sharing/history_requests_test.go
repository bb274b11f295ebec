package sharing_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// shares shares a chatbot, or asks those who decide about it (S3–S6, S9).
func (h *history) shares(w *plain.World) deed {
	bot := h.theBot(w, true)
	actor, with, level := h.keeper(w, bot), h.stranger(w, bot), pick(h.rng, access.Levels)
	if with == access.Everyone && !h.blind() {
		level = pick(h.rng, access.Levels[:2])
	}
	p := sharing.SharePatch{Access: access.Some(level)}
	if h.rng.IntN(3) == 0 {
		p.ExpiresAt = access.Some(h.now.Add(time.Duration(h.rng.IntN(100)) * time.Second))
	}
	ask, immediate := w.MayShare(by(actor), bot, with, h.now)
	var result sharing.ShareResult
	return deed{
		actor: actor, what: fmt.Sprint("shares ", bot, " with ", with, " ", level, " until ", p.ExpiresAt.Value.Format(time.TimeOnly)),
		about: []access.Object{chatbot(bot), object(with)}, may: ask,
		do: func() (err error) {
			result, err = h.PutShare(h.ctx, actor, bot, with, p)
			return err
		},
		then: func(after *plain.World) {
			require.Equal(h.t, immediate, result.Request == nil, "whether it is in force at once")
			inForce := has(after.Shares, func(s access.Share) bool { return s == result.Share })
			require.Equal(h.t, immediate, inForce, "a share is in force, and a request gives nothing (S4–S6)")
		},
	}
}

// decides approves or denies a request (S7, S8).
func (h *history) decides(w *plain.World) deed {
	r := h.request(w)
	actor, level := h.decider(w, r), r.Level
	if h.blind() {
		level = pick(h.rng, access.Levels)
	}
	approval := sharing.Approval{Access: level}
	if h.rng.IntN(4) > 0 {
		approval.Revision = r.Revision - int64(h.rng.IntN(6)/5)
	}
	if h.rng.IntN(4) == 0 {
		approval.ExpiresAt = access.Some(h.now.Add(time.Duration(h.rng.IntN(100)) * time.Second).Truncate(time.Second))
	}
	d := deed{
		actor: actor, about: []access.Object{chatbot(r.Chatbot), object(r.Principal)}, may: h.mayDecide(w, by(actor), r), absent: r.ID == "",
	}
	if h.rng.IntN(3) == 0 {
		d.what = fmt.Sprint("denies ", told(r))
		d.do = func() error { return second(h.DenyRequest(h.ctx, actor, r.ID, "")) }
		return d
	}
	d.what = fmt.Sprint("approves ", told(r), " as ", approval)
	d.closes = true
	d.do = func() error {
		return second(h.ApproveRequest(h.ctx, actor, r.ID, approval))
	}
	d.then = func(after *plain.World) {
		given := r.Share()
		if approval.ExpiresAt.Set {
			given.ExpiresAt = approval.ExpiresAt.Value
			require.False(h.t, !r.ShareExpiresAt.IsZero() && given.ExpiresAt.After(r.ShareExpiresAt), "an approval never lengthens (S8)")
		}
		require.True(h.t, has(after.Shares, func(s access.Share) bool { return s == given }), "an approval has the consequences of a share (S8)")
		require.Equal(h.t, r.Level, level, "an approval names what it approves (S8)")
		require.True(h.t, approval.Revision == r.Revision || approval.Revision <= 0 && r.Revision == 1, "and the revision of one that was changed (S8)")
		b, _ := find(w.Chatbots, func(b access.Chatbot) bool { return b.ID == r.Chatbot })
		require.NotEqual(h.t, access.OwnerOnly, b.Visibility, "V1, S8")
		requester, _ := access.ParseObject(r.Requester)
		require.True(h.t, w.Has(access.UserID(requester.ID), access.ManageAccess, chatbot(r.Chatbot), h.now), "its requester manages the access (S8)")
		org, _ := find(w.Organizations, func(o access.Organization) bool { return o.ID == b.Organization })
		require.True(h.t, org.OutsideSharing || w.Inside(r.Principal, org.ID), "O5, S8")
	}
	return d
}

// cancels takes a request back (S7).
func (h *history) cancels(w *plain.World) deed {
	r := h.request(w)
	actor := h.keeper(w, r.Chatbot)
	if requester, err := access.ParseObject(r.Requester); err == nil && h.rng.IntN(2) == 0 {
		actor = as(access.UserID(requester.ID))
	}
	return deed{
		actor: actor, what: fmt.Sprint("cancels ", told(r)), about: []access.Object{chatbot(r.Chatbot), object(r.Principal)},
		may: h.mayCancel(w, by(actor), r), absent: r.ID == "",
		do: func() error { return second(h.CancelRequest(h.ctx, actor, r.ID)) },
	}
}

// request is one of those that there are, mostly one that is pending.
func (h *history) request(w *plain.World) access.Request {
	pending := func(r access.Request) (access.Request, bool) { return r, r.StateAt(h.now) == access.RequestPending }
	if len(w.Requests) == 0 {
		return access.Request{}
	}
	return one(h, w.Requests, pending, w.Requests)
}

func told(r access.Request) string {
	return fmt.Sprintf("%s's request for %s of %s with %s (%s)", r.Requester, r.Level, r.Chatbot, r.Principal, r.State)
}

// decider is somebody who may well decide the request.
func (h *history) decider(w *plain.World, r access.Request) access.Actor {
	switch r.Principal.Kind {
	case access.PrincipalOrganization:
		return h.manager(w, access.OrganizationID(r.Principal.ID))
	case access.PrincipalTeam:
		t, _ := find(w.Teams, func(t access.Team) bool { return string(t.ID) == r.Principal.ID })
		return h.leader(w, t)
	}
	return h.keeper(w, r.Chatbot)
}

// mayDecide reads S7; what is about something that was deleted is left to site admins.
func (h *history) mayDecide(w *plain.World, who access.UserID, r access.Request) bool {
	if r.Orphaned {
		return w.Has(who, access.Administer, access.PlatformObject, h.now)
	}
	return w.MayGrant(who, r.Chatbot, r.Principal)
}

func (h *history) mayCancel(w *plain.World, who access.UserID, r access.Request) bool {
	if r.Requester == "user:"+string(who) {
		return true
	}
	if r.Orphaned {
		return w.Has(who, access.Administer, access.PlatformObject, h.now)
	}
	return w.Has(who, access.ManageAccess, chatbot(r.Chatbot), h.now)
}

// requestList compares the requests that are listed to somebody with those that concern them (S7).
func (h *history) requestList(w *plain.World, who access.UserID) {
	h.t.Helper()
	for _, decidable := range []bool{false, true} {
		listed, err := everything(h, func(c context.Context, a access.Actor, p sharing.Page) ([]access.Request, string, error) {
			return h.Requests(c, a, sharing.RequestQuery{Decidable: decidable}, p)
		}, as(who))
		require.NoError(h.t, err)
		var got, want []access.RequestID
		for _, r := range listed {
			got = append(got, r.ID)
		}
		for _, r := range w.Requests {
			decides := h.mayDecide(w, who, r)
			if decidable && decides && r.StateAt(h.now) == access.RequestPending || !decidable && (decides || h.mayCancel(w, who, r)) {
				want = append(want, r.ID)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		require.Equal(h.t, want, got, "the requests of %s, decidable %v", who, decidable)
	}
}
