package sharing

import (
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// InvitationRow is a pending invitation (N1), by ID. Digest identifies its token, as that of a key identifies its secret.
type InvitationRow struct {
	Invitation   access.InvitationID   `json:"invitation"`
	Organization access.OrganizationID `json:"organization"`
	Email        access.Email          `json:"email,omitempty"`
	User         access.UserID         `json:"user,omitempty"` // the user who is offered the ownership, instead of an address (O7)
	Role         access.OrgRole        `json:"role"`
	Shares       []InvitedShare        `json:"shares,omitempty"`
	Inviter      string                `json:"inviter,omitempty"` // user:ID or key:ID, or "" once the user is offboarded
	InviterKey   access.KeyID          `json:"key,omitempty"`
	Confined     access.OrganizationID `json:"confined,omitempty"`
	Revision     int64                 `json:"revision"`
	Digest       string                `json:"digest"`
	CreatedAt    time.Time             `json:"created_at,omitzero"`
	ExpiresAt    time.Time             `json:"expires_at"`
}

func (*InvitationRow) Kind() Kind    { return KindInvitation }
func (r *InvitationRow) Key() string { return string(r.Invitation) }

func (r *InvitationRow) ends() time.Time { return r.ExpiresAt }

func (r *InvitationRow) steps() []step {
	inv := access.Invitation{
		ID: r.Invitation, Organization: r.Organization, Email: r.Email, User: r.User, Role: r.Role, Inviter: r.Inviter, Key: r.InviterKey, Confined: r.Confined,
		Revision: r.Revision, Digest: r.Digest, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, State: access.InvitationPending,
	}
	for _, s := range r.Shares {
		inv.Shares = append(inv.Shares, access.InvitationShare{Chatbot: s.Chatbot, Level: s.Access})
	}
	return []step{{action: "invitation.restore", resource: access.Obj(access.TypeOrganization, r.Organization), run: func(c *change) error {
		return c.restoreInvitation(inv)
	}}}
}

// InvitedShare is a share of a chatbot that is part of an invitation.
type InvitedShare struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Access  access.Level     `json:"access"`
}

// restoreInvitation adds an invitation that was sent from another server and not accepted yet. Its inviter's rights are checked when it is accepted
// (N1). An invitation that exists here keeps its state, so none opens a second time.
func (c *change) restoreInvitation(inv access.Invitation) error {
	if err := c.mayRestore("invitations"); err != nil {
		return err
	}
	if err := c.mayInviteAs(inv.Organization, inv.Role); err != nil {
		return err
	}
	old, exists, err := c.Invitation(inv.ID)
	if err != nil {
		return err
	}
	if exists {
		if old.Organization == inv.Organization && old.Email == inv.Email && old.User == inv.User {
			return nil
		}
		return access.Conflictf("N1", "%s exists with other content, and an import cannot change an invitation", access.Obj(typeInvitation, inv.ID))
	}
	if inv.StateAt(c.now) != access.InvitationPending {
		return fieldError("N1", "/expires_at", "the expiry of a pending invitation must be in the future")
	}
	for _, s := range inv.Shares {
		if _, err := c.loadManaged(s.Chatbot); err != nil {
			return err
		}
	}
	if user, person := strings.CutPrefix(inv.Inviter, "user:"); person {
		if _, err := c.activeUser(access.UserID(user), "N2"); err != nil {
			return err
		}
	}
	_, pending, err := c.pendingInvitation(inv.Organization, inv.Email)
	if inv.User != "" {
		if _, err := c.activeUser(inv.User, "O7"); err != nil {
			return err
		}
		_, pending, err = c.pendingOffer(inv.Organization, inv.User)
	}
	if err != nil {
		return err
	}
	if pending {
		return access.Conflictf("N1", "another invitation of %s%s to %s is pending, and an import cannot replace it", inv.Email, inv.User,
			access.Obj(access.TypeOrganization, inv.Organization))
	}
	c.state(nil, inv)
	return c.PutInvitation(inv)
}
