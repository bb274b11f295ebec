package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
)

// DefaultInvitationTTL is how long an invitation can be accepted, unless the configuration says otherwise (N1).
const DefaultInvitationTTL = 7 * 24 * time.Hour

// maxInvitationShares is the maximum number of chatbots in one invitation.
const maxInvitationShares = 100

// typeInvitation names invitations to callers; they are not part of the access model.
const typeInvitation access.Type = "invitation"

// NewInvitation describes an invitation to send (N1).
type NewInvitation struct {
	Email  access.Email
	Role   access.OrgRole
	Shares []access.InvitationShare
}

// InvitationResult is the invitation after a change, and its token if it was sent. The token is shown only here and in the email.
type InvitationResult struct {
	Change
	Invitation access.Invitation
	Token      string
}

// Invite sends an invitation to an organization (N1). It replaces a pending one for the same address, whose token stops working.
func (s *Service) Invite(ctx context.Context, actor access.Actor, org access.OrganizationID, n NewInvitation) (r InvitationResult, err error) {
	r.Change, err = s.change(ctx, actor, "invitation.create", access.Obj(access.TypeOrganization, org), func(c *change) error {
		inv, exists, err := c.pendingInvitation(org, n.Email)
		if err != nil {
			return err
		}
		old := inv
		if !exists {
			inv = access.Invitation{ID: secret.NewInvitationID(), Organization: org, Email: n.Email, CreatedAt: c.now}
		}
		if exists { // actors who could not have sent it cannot revoke it either (O2)
			if err := c.mayInviteAs(org, old.Role); err != nil {
				return err
			}
		}
		inv.Role, inv.Shares = n.Role, n.Shares
		if r.Invitation, r.Token, err = c.sendInvitation(inv); err != nil {
			return err
		}
		if exists {
			c.state(old, r.Invitation)
		} else {
			c.state(nil, r.Invitation)
		}
		return nil
	})
	if err != nil {
		return InvitationResult{}, err
	}
	return r, nil
}

// pendingInvitation returns the pending invitation. One whose time has passed is closed as expired.
func (c *change) pendingInvitation(org access.OrganizationID, to access.Email) (access.Invitation, bool, error) {
	inv, pending, err := c.PendingInvitation(org, to)
	if err != nil || !pending || inv.StateAt(c.now) != access.InvitationExpired {
		return inv, pending, err
	}
	_, err = c.closeInvitation(inv, access.InvitationExpire)
	return access.Invitation{}, false, err
}

// ResendInvitation sends an invitation again, in the actor's name, with a new token and a new expiry (N1).
func (s *Service) ResendInvitation(ctx context.Context, actor access.Actor, id access.InvitationID) (r InvitationResult, err error) {
	r.Change, err = s.change(ctx, actor, "invitation.resend", access.Obj(typeInvitation, id), func(c *change) error {
		old, err := c.invitation(id)
		if err != nil {
			return err
		}
		c.resource = access.Obj(access.TypeOrganization, old.Organization)
		pending, exists, err := c.PendingInvitation(old.Organization, old.Email)
		if old.User != "" {
			pending, exists, err = c.PendingOffer(old.Organization, old.User)
		}
		if err != nil {
			return err
		}
		if err := c.mayInviteAs(old.Organization, old.Role); err != nil { // the invited owner sees the offer, too
			return err
		}
		if exists && pending.ID != id {
			return access.Conflictf("N1", "another invitation to this address is pending")
		}
		if r.Invitation, r.Token, err = c.sendInvitation(old); err != nil {
			return err
		}
		c.state(old, r.Invitation)
		return nil
	})
	if err != nil {
		return InvitationResult{}, err
	}
	return r, nil
}

// sendInvitation checks an invitation with the actor's rights, gives it a new token, which replaces the old one, and mails it.
func (c *change) sendInvitation(inv access.Invitation) (access.Invitation, string, error) {
	if err := c.mayInvite(inv); err != nil {
		return inv, "", err
	}
	if inv.State != "" {
		if _, err := access.NextInvitation(inv.StateAt(c.now), access.InvitationSend); err != nil {
			return inv, "", err
		}
	}
	holder, held, err := c.invitee(inv)
	if err != nil {
		return inv, "", err
	}
	if held && inv.User == "" {
		if _, member, err := c.Membership(inv.Organization, holder.ID); err != nil {
			return inv, "", err
		} else if member {
			// The actor may not learn whose address it is; the check for an existing role is made when the person accepts (O7).
			if sees, err := c.seesAddress(holder); err != nil || sees {
				return inv, "", firstError(err, access.Conflictf("N1", "a person with this address already has a role in %s", access.Obj(access.TypeOrganization, inv.Organization)))
			}
		}
	}
	inv.State, inv.Revision, inv.ClosedAt = access.InvitationPending, inv.Revision+1, time.Time{}
	inv.ExpiresAt = c.now.Add(c.s.invitationTTL)
	inv.Inviter, inv.Key, inv.Confined = ActorName(c.actor), c.actor.Key, c.actor.Organization
	token := c.s.secrets.InvitationTokens(inv.ID, inv.Revision)[0]
	inv.Digest = c.s.secrets.Digest(token)
	if err := c.PutInvitation(inv); err != nil {
		return inv, "", err
	}
	if err := c.DeleteMailsOfInvitation(inv.ID); err != nil { // its token stops working
		return inv, "", err
	}
	if inv.User != "" {
		return inv, token, c.notifyOffer(inv, holder)
	}
	return inv, token, c.mail(access.Mail{To: inv.Email, Invitation: inv.ID})
}

// invitee returns the invited user, if one exists. An offer of ownership needs an active user who is not an owner yet.
func (c *change) invitee(inv access.Invitation) (access.User, bool, error) {
	if inv.User == "" {
		return c.verifiedHolder(inv.Email)
	}
	u, err := c.activeUser(inv.User, "O1")
	if err != nil {
		return u, false, err
	}
	m, _, err := c.Membership(inv.Organization, inv.User)
	if err == nil && m.Role == access.OrgOwner {
		err = access.Conflictf("O7", "%s already owns %s", access.Obj(access.TypeUser, u.ID), access.Obj(access.TypeOrganization, inv.Organization))
	}
	return u, true, err
}

// mayInviteAs refuses an actor who may not give this role in the organization (O2).
func (c *change) mayInviteAs(org access.OrganizationID, role access.OrgRole) error {
	if err := c.mustOn(access.ManageMembers, org); err != nil {
		return err
	}
	if role == access.OrgOwner {
		return c.mustOwn(access.Obj(access.TypeOrganization, org))
	}
	return nil
}

// mayInvite checks with the actor's rights everything that an invitation gives: the role, and each share, as if the invited person already had a role
// in the organization (N1, O2, S2, V1, O5).
func (c *change) mayInvite(inv access.Invitation) error {
	if err := c.mayInviteAs(inv.Organization, inv.Role); err != nil {
		return err
	}
	if len(inv.Shares) > maxInvitationShares {
		return fieldError("N1", "/shares", fmt.Sprintf("an invitation can have at most %d chatbots", maxInvitationShares))
	}
	for i, share := range inv.Shares {
		if slices.ContainsFunc(inv.Shares[:i], func(s access.InvitationShare) bool { return s.Chatbot == share.Chatbot }) {
			return fieldError("N1", fmt.Sprintf("/shares/%d/chatbot", i), "a chatbot can be listed only once")
		}
		b, err := c.loadManaged(share.Chatbot)
		if err != nil {
			return err
		}
		if b.Visibility == access.OwnerOnly {
			return access.Conflictf("V1", "%s is owner_only and cannot be shared", access.Obj(access.TypeChatbot, b.ID))
		}
		address := access.Principal{Kind: access.PrincipalEmail, ID: string(inv.Email)}
		if err := c.refuseUnknown(b, address); err != nil {
			return err
		}
		if b.Organization == inv.Organization {
			continue
		}
		if err := c.allowedOutside(b, address); err != nil {
			return err
		}
	}
	return nil
}

// RevokeInvitation revokes an invitation, or declines an ownership offered to the actor. It does not undo an accepted invitation.
func (s *Service) RevokeInvitation(ctx context.Context, actor access.Actor, id access.InvitationID) (r InvitationResult, err error) {
	r.Change, err = s.change(ctx, actor, "invitation.revoke", access.Obj(typeInvitation, id), func(c *change) error {
		old, err := c.invitation(id)
		if err != nil {
			return err
		}
		c.resource = access.Obj(access.TypeOrganization, old.Organization)
		if old.User == "" || old.User != c.actor.User {
			if err := c.mayInviteAs(old.Organization, old.Role); err != nil {
				return err
			}
		}
		r.Invitation = old
		if old.State == access.InvitationRevoked {
			return nil
		}
		r.Invitation, err = c.closeInvitation(old, access.InvitationRevoke)
		c.state(old, r.Invitation)
		return err
	})
	return r, err
}

// closeInvitation stores how an invitation ended. A waiting email about it is not sent.
func (c *change) closeInvitation(inv access.Invitation, event access.InvitationEvent) (access.Invitation, error) {
	state := inv.StateAt(c.now)
	if event == access.InvitationExpire {
		state = inv.State
	}
	var err error
	if inv.State, err = access.NextInvitation(state, event); err != nil {
		return inv, err
	}
	inv.ClosedAt = c.now
	if err := c.PutInvitation(inv); err != nil {
		return inv, err
	}
	return inv, c.DeleteMailsOfInvitation(inv.ID)
}

// invitation loads an invitation for an actor who manages the organization's members, or who is offered its ownership; for others it does not exist
// (C6).
func (c *caller) invitation(id access.InvitationID) (access.Invitation, error) {
	o := access.Obj(typeInvitation, id)
	inv, ok, err := c.Invitation(id)
	if err != nil {
		return inv, err
	}
	if !ok {
		return inv, access.NotFound(o)
	}
	org := access.Obj(access.TypeOrganization, inv.Organization)
	if inv.User != "" && inv.User == c.actor.User {
		if inside, err := c.keyReaches(org); err != nil || inside {
			return inv, err
		}
	}
	manages, err := c.may(access.ManageMembers, org)
	if err != nil {
		return inv, err
	}
	if !manages {
		return inv, access.NotFound(o)
	}
	return inv, c.fromAllowedAddress(org)
}

// Invitation reads one invitation, with its state at this moment.
func (s *Service) Invitation(ctx context.Context, actor access.Actor, id access.InvitationID) (inv access.Invitation, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		inv, err = c.invitation(id)
		inv.State = inv.StateAt(c.now)
		return err
	})
	return inv, err
}

// Invitations lists an organization's invitations, by ID, for actors with manage_members, with their states at this moment.
func (s *Service) Invitations(ctx context.Context, actor access.Actor, org access.OrganizationID, p Page) (invs []access.Invitation, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.mustOn(access.ManageMembers, org); err != nil {
			return err
		}
		invs, next, err = visible(p,
			func(after string, limit int) ([]access.Invitation, error) {
				return c.Invitations(store.InvitationFilter{Organization: org}, access.InvitationID(after), limit)
			},
			func(i access.Invitation) string { return string(i.ID) }, nil)
		for i := range invs {
			invs[i].State = invs[i].StateAt(c.now)
		}
		return err
	})
	return invs, next, err
}

// expireInvitations closes invitations that were not accepted in time.
func (s *Service) expireInvitations(ctx context.Context) error {
	var due []access.Invitation
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.InvitationsDue(s.now(), fetchAtLeast)
		return err
	})
	if err != nil {
		return err
	}
	var failed error
	for _, inv := range due {
		_, err := s.change(ctx, access.System, "invitation.expire", access.Obj(access.TypeOrganization, inv.Organization), func(c *change) error {
			now, ok, err := c.Invitation(inv.ID)
			if err != nil || !ok || now.State != access.InvitationPending || now.StateAt(c.now) != access.InvitationExpired {
				return err
			}
			expired, err := c.closeInvitation(now, access.InvitationExpire)
			c.state(now, expired)
			return err
		})
		failed = errors.Join(failed, err)
	}
	return failed
}
