package sharing

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// RequestResult is the request after a change.
type RequestResult struct {
	Change
	Request access.Request
}

// Approval names the state of the request that the actor approves (S8).
type Approval struct {
	Access    access.Level
	Revision  int64                      // or 0 for none, which approves only requests that never changed
	ExpiresAt access.Optional[time.Time] // an earlier end of the share; unset keeps the requested one
}

// ApproveRequest gives the requested share, with exactly the consequences of an immediate one (S7, S8). If the request has changed, or if it lost a
// precondition, the error is of kind Conflict; in the latter case the request also closes as failed.
func (s *Service) ApproveRequest(ctx context.Context, actor access.Actor, id access.RequestID, a Approval) (RequestResult, error) {
	return s.decide(ctx, actor, "request.approve", id, func(c *change, r access.Request, st involvement) (access.Request, error) {
		if err := st.mustDecide(); err != nil {
			return r, err
		}
		if _, err := access.Next(r.StateAt(c.now), access.EventApprove); err != nil {
			return r, err
		}
		if err := a.names(r); err != nil {
			return r, err
		}
		share, err := a.share(r, c.now)
		if err != nil {
			return r, err
		}
		return c.approve(r, share)
	})
}

// names refuses an approval that does not fit the request as it is now.
func (a Approval) names(r access.Request) error {
	switch {
	case a.Access != r.Level || a.Revision != 0 && a.Revision != r.Revision:
		return access.Conflictf("S8", "the request is for %s at revision %d: read it again and approve that", r.Level, r.Revision)
	case a.Revision == 0 && r.Revision > 1:
		return access.Conflictf("S8", "the request has changed since it was made: read it again, and approve revision %d", r.Revision)
	}
	return nil
}

// share returns the requested share, up to the end that the approval names, which must be in the future and no later than requested.
func (a Approval) share(r access.Request, now time.Time) (access.Share, error) {
	share := r.Share()
	if !a.ExpiresAt.Set {
		return share, nil
	}
	asked := share.ExpiresAt
	share.ExpiresAt = a.ExpiresAt.Or(asked, time.Time{}).UTC().Truncate(time.Second)
	switch {
	case share.ExpiredAt(now) || share.ExpiresAt.Year() > lastYear:
		return share, fieldError("S13", "/expires_at", "a share's expiry must be in the future and before the year 10000")
	case !asked.IsZero() && (share.ExpiresAt.IsZero() || share.ExpiresAt.After(asked)):
		return share, fieldError("S8", "/expires_at", "an approval cannot end the share later than the request asked for")
	}
	return share, nil
}

func (c *change) approve(r access.Request, share access.Share) (access.Request, error) {
	b, lacks, err := c.lacking(r, share)
	if err != nil {
		return r, err
	}
	if lacks != "" {
		c.refusal = access.Conflictf("S8", "the request can no longer be approved: %s", lacks)
		return c.finish(r, access.EventFail, lacks)
	}
	why := ""
	if share.ExpiresAt != r.ShareExpiresAt {
		why = "approved until " + share.ExpiresAt.Format(time.RFC3339) + ", earlier than asked"
	}
	approved, err := c.end(r, access.EventApprove, why)
	if err != nil {
		return r, err
	}
	if err := c.giveShare(b, share); err != nil {
		return r, err
	}
	return approved, c.addRequestEffects(r, approved)
}

// finish ends the request of this change.
func (c *change) finish(r access.Request, event access.RequestEvent, why string) (access.Request, error) {
	ended, err := c.end(r, event, why)
	if err != nil {
		return r, err
	}
	return ended, c.addRequestEffects(r, ended)
}

// lacking checks again, with the requester's rights, everything that an immediate share needs (S8). It returns what is missing, or "".
func (c *change) lacking(r access.Request, share access.Share) (b access.Chatbot, why string, err error) {
	o := access.Obj(access.TypeChatbot, r.Chatbot)
	b, ok, err := c.Chatbot(r.Chatbot)
	if err != nil || !ok {
		return b, o.String() + " no longer exists", err
	}
	manages, err := c.stillManages(r.Requester, o)
	if err != nil {
		return b, "", err
	}
	if !manages {
		return b, r.Requester + " no longer has manage_access on " + o.String(), nil
	}
	var refusal *access.Error
	if err := c.admissible(b, share, true); err != nil && (!refuses(err) || !errors.As(err, &refusal)) {
		return b, "", err
	}
	if refusal != nil {
		why = refusal.Detail
	}
	return b, why, nil
}

// stillManages reports whether the requester, a user or a key, still has manage_access on the chatbot.
func (c *change) stillManages(requester string, bot access.Object) (bool, error) {
	asker := *c.caller
	if id, person := strings.CutPrefix(requester, "user:"); person {
		u, known, err := c.User(access.UserID(id))
		if err != nil || !known || u.Gone() {
			return false, err
		}
		asker.actor = access.Actor{User: u.ID}
	} else {
		k, live, err := c.liveKey(access.KeyID(strings.TrimPrefix(requester, "key:")))
		if err != nil || !live {
			return false, err
		}
		asker.actor = access.Actor{Key: k.ID, Access: k.Access, Organization: k.Organization}
	}
	return asker.may(access.ManageAccess, bot)
}

// DenyRequest ends a request without giving anything (S7). The reason, or "", is shown to the requester and recorded (S8).
func (s *Service) DenyRequest(ctx context.Context, actor access.Actor, id access.RequestID, reason string) (RequestResult, error) {
	return s.decide(ctx, actor, "request.deny", id, func(c *change, r access.Request, st involvement) (access.Request, error) {
		if err := st.mustDecide(); err != nil {
			return r, err
		}
		return c.finish(r, access.EventDeny, reason)
	})
}

// CancelRequest withdraws a request, for its requester and for actors with manage_access on the chatbot (S7).
func (s *Service) CancelRequest(ctx context.Context, actor access.Actor, id access.RequestID) (RequestResult, error) {
	return s.decide(ctx, actor, "request.cancel", id, func(c *change, r access.Request, st involvement) (access.Request, error) {
		if !st.asked && !st.manages {
			return r, st.otherwise("only its requester, and users with manage_access on the chatbot, can cancel a request")
		}
		return c.finish(r, access.EventCancel, "")
	})
}

// decide runs one use case on a request that the actor sees. The record lists it under the chatbot.
func (s *Service) decide(ctx context.Context, actor access.Actor, action string, id access.RequestID,
	fn func(*change, access.Request, involvement) (access.Request, error),
) (r RequestResult, err error) {
	r.Change, err = s.change(ctx, actor, action, access.Obj(typeRequest, id), func(c *change) error {
		q, st, err := c.request(id)
		if err != nil {
			return err
		}
		c.resource = access.Obj(access.TypeChatbot, q.Chatbot)
		r.Request, err = fn(c, q, st)
		return err
	})
	return r, err
}
