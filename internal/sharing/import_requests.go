package sharing

import (
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// RequestRow is a pending request to share (S4–S9). It has no ID: restoring it assigns the next one.
type RequestRow struct {
	Chatbot        access.ChatbotID `json:"chatbot"`
	Principal      access.Principal `json:"principal"`
	Access         access.Level     `json:"access"`
	ShareExpiresAt time.Time        `json:"share_expires_at,omitzero"`
	Requester      string           `json:"requester"`          // user:ID or key:ID
	Revision       int64            `json:"revision,omitempty"` // or 0 for 1
	CreatedAt      time.Time        `json:"created_at,omitzero"`
	ExpiresAt      time.Time        `json:"expires_at"`
}

func (*RequestRow) Kind() Kind    { return KindRequest }
func (r *RequestRow) Key() string { return pair(r.Chatbot, r.Principal.String()) }

func (r *RequestRow) ends() time.Time {
	if !r.ShareExpiresAt.IsZero() && r.ShareExpiresAt.Before(r.ExpiresAt) {
		return r.ShareExpiresAt
	}
	return r.ExpiresAt
}

func (r *RequestRow) steps() []step {
	q := access.Request{
		Chatbot: r.Chatbot, Principal: r.Principal, Level: r.Access, ShareExpiresAt: r.ShareExpiresAt, Requester: r.Requester,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, State: access.RequestPending, Revision: max(r.Revision, 1),
	}
	return []step{{action: "request.restore", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		return c.restoreRequest(q)
	}}}
}

// restoreRequest adds a pending request that was made on another server. Its preconditions are checked when it is approved (S8). If the share is
// already in force, the request is not needed.
func (c *change) restoreRequest(r access.Request) error {
	if err := c.mayRestore("requests"); err != nil {
		return err
	}
	b, err := c.loadManaged(r.Chatbot)
	if err != nil {
		return err
	}
	if _, inForce, err := c.shareInForce(r.Chatbot, r.Principal); err != nil || inForce {
		return err
	}
	old, pending, err := c.pendingRequest(r.Chatbot, r.Principal)
	if err != nil {
		return err
	}
	if pending {
		if old.Requester == r.Requester && old.Share() == r.Share() {
			return nil
		}
		return access.Conflictf("S9", "another request to share %s with %s is pending, and an import cannot replace it",
			access.Obj(access.TypeChatbot, r.Chatbot), r.Principal)
	}
	if r.StateAt(c.now) != access.RequestPending {
		return fieldError("S7", "/expires_at", "the expiry of a pending request must be in the future")
	}
	if r.Share().ExpiredAt(c.now) {
		return fieldError("S13", "/share_expires_at", "a share's expiry must be in the future")
	}
	if err := c.refuseUnknown(b, r.Principal); err != nil {
		return err
	}
	if user, person := strings.CutPrefix(r.Requester, "user:"); person {
		if _, err := c.activeUser(access.UserID(user), "N2"); err != nil {
			return err
		}
	}
	if r, err = c.AddRequest(r); err != nil {
		return err
	}
	return c.addRequestEffects(nil, r)
}
