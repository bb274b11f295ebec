package sharing

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// AcceptResult is what an accepted invitation gave.
type AcceptResult struct {
	Change
	Membership access.Membership
	Shares     []access.Share
}

// AcceptInvitation makes the actor, a user whose verified address was invited, a member of the organization, with all shares of the invitation, in
// one change (N1); or it makes a user who was offered the ownership an owner (O7). If the inviter has lost the right to give any of it, nothing is
// given, the invitation closes as failed, and the error is of kind Conflict.
func (s *Service) AcceptInvitation(ctx context.Context, actor access.Actor, token string) (AcceptResult, error) {
	id, _ := secret.ParseInvitationToken(token)
	return s.acceptInvitation(ctx, actor, id, func(c *change) (access.Invitation, error) { return c.invited(token) })
}

// AcceptOwnership is AcceptInvitation for a user who was offered the ownership, by the offer's ID (O7).
func (s *Service) AcceptOwnership(ctx context.Context, actor access.Actor, id access.InvitationID) (AcceptResult, error) {
	return s.acceptInvitation(ctx, actor, id, func(c *change) (access.Invitation, error) { return c.offered(id) })
}

func (s *Service) acceptInvitation(ctx context.Context, actor access.Actor, id access.InvitationID,
	find func(*change) (access.Invitation, error),
) (r AcceptResult, err error) {
	r.Change, err = s.change(ctx, actor, "invitation.accept", access.Obj(typeInvitation, id), func(c *change) error {
		switch {
		case c.actor.User == "" && c.actor.Access != access.KeyFull:
			return access.Deniedf("B1", "only a user can accept an invitation, and a %s key cannot act for one", c.actor.Access)
		case c.actor.User == "":
			return access.Deniedf("B2", "only a user can accept an invitation: send Grantway-Actor")
		}
		inv, err := find(c)
		if err != nil {
			return err
		}
		m, member, err := c.Membership(inv.Organization, c.actor.User)
		if err != nil {
			return err
		}
		c.withheld = !member
		if _, err := access.NextInvitation(inv.StateAt(c.now), access.InvitationAccept); err != nil {
			return err
		}
		org := access.Obj(access.TypeOrganization, inv.Organization)
		if member && (inv.User == "" || m.Role == access.OrgOwner) {
			return access.Conflictf("N1", "you already have a role in %s", org)
		}
		if err := c.fromAllowedAddress(org); err != nil {
			return err
		}
		why, err := c.lostByInviter(inv)
		if err != nil {
			return err
		}
		if why != "" {
			failed := inv
			failed.Reason = why
			failed, err = c.closeInvitation(failed, access.InvitationFail)
			c.state(inv, failed)
			c.refusal = access.Conflictf("N1", "the invitation is no longer valid, because its sender lost the right to give what it offers: ask for a new one")
			return err
		}
		return c.accept(inv, &r)
	})
	if err != nil {
		return AcceptResult{}, err
	}
	return r, nil
}

// invited finds the invitation of the token, for the user who holds its address. Callers without a valid token learn nothing, and callers with
// somebody else's token do not learn whose it is.
func (c *change) invited(token string) (access.Invitation, error) {
	unknown := access.Refuse(access.KindNotFound, "N1", "unknown or replaced invitation token")
	id, ok := secret.ParseInvitationToken(token)
	if !ok {
		return access.Invitation{}, unknown
	}
	inv, ok, err := c.Invitation(id)
	if err != nil {
		return inv, err
	}
	genuine := slices.ContainsFunc(c.s.secrets.Digests(token), func(d string) bool {
		return subtle.ConstantTimeCompare([]byte(d), []byte(inv.Digest)) == 1
	})
	if !ok || !genuine {
		return inv, unknown
	}
	if inside, err := c.keyReaches(access.Obj(access.TypeOrganization, inv.Organization)); err != nil {
		return inv, err
	} else if !inside { // B3
		return inv, unknown
	}
	c.resource = access.Obj(access.TypeOrganization, inv.Organization)
	u, _, err := c.User(c.actor.User)
	if err != nil {
		return inv, err
	}
	if inv.User != "" && inv.User != u.ID {
		return inv, access.Deniedf("N1", "the ownership was offered to another user")
	}
	if inv.User == "" && u.Verified() != inv.Email {
		return inv, access.Deniedf("N1", "the invitation was sent to an address that is not your verified address")
	}
	return inv, nil
}

// lostByInviter checks again, with the inviter's current rights, everything that an invitation gives, and returns what is missing, or "". A refusal
// because of the accepting user's IP address is not a loss of the inviter; it refuses the user.
func (c *change) lostByInviter(inv access.Invitation) (string, error) {
	actor, known, err := c.inviter(inv)
	if err != nil {
		return "", err
	}
	if !known {
		return "its inviter no longer exists", nil
	}
	asInviter := *c.caller
	asInviter.actor = actor
	judging := &change{caller: &asInviter, resource: c.resource}
	err = judging.mayChange()
	if err == nil {
		err = judging.mayInvite(inv)
	}
	var refusal *access.Error
	if err == nil || !errors.As(err, &refusal) || refusal.Rule == "B4" {
		return "", err
	}
	switch refusal.Kind {
	case access.KindUnauthenticated, access.KindDenied, access.KindNotFound, access.KindConflict, access.KindUnprocessable:
		return "its inviter would be refused: " + refusal.Detail, nil
	}
	return "", err
}

// inviter returns the sender of the invitation as an actor of this moment, and false for a key that is deleted or expired. For a user, only the
// user's rights count, whatever became of the key that acted for them; but a confined key still confines (B3).
func (c *change) inviter(inv access.Invitation) (access.Actor, bool, error) {
	a := access.Actor{Key: inv.Key, Access: access.KeyFull, Organization: inv.Confined, Address: c.actor.Address}
	if user, person := strings.CutPrefix(inv.Inviter, "user:"); person {
		a.User = access.UserID(user)
		return a, true, nil
	}
	if inv.Inviter == "" || inv.Key == secret.RootKey {
		return a, inv.Inviter != "", nil
	}
	k, live, err := c.liveKey(inv.Key)
	if err != nil || !live {
		return a, false, err
	}
	a.Access, a.Organization = k.Access, k.Organization
	return a, true, nil
}

// accept gives everything in the invitation.
func (c *change) accept(inv access.Invitation, r *AcceptResult) error {
	org := access.Obj(access.TypeOrganization, inv.Organization)
	r.Membership = access.Membership{
		Organization: inv.Organization, User: c.actor.User, Role: inv.Role, Source: access.Accepted, Since: c.now,
	}
	accepted := inv
	accepted.AcceptedBy = c.actor.User
	accepted, err := c.closeInvitation(accepted, access.InvitationAccept)
	if err != nil {
		return err
	}
	old, member, err := c.Membership(inv.Organization, c.actor.User)
	if err != nil {
		return err
	}
	if err := c.setRole(r.Membership); err != nil {
		return err
	}
	e := altered("member", nil, r.Membership)
	if member { // a user who accepts the ownership may have had another role
		e = altered("member", old, r.Membership)
	}
	if err := c.addEffect(e, org); err != nil {
		return err
	}
	var shares []access.Share
	for _, s := range inv.Shares {
		share := access.Share{Chatbot: s.Chatbot, Principal: access.Principal{Kind: access.PrincipalUser, ID: string(c.actor.User)}, Level: s.Level}
		if err := c.giveInvited(share); err != nil {
			return err
		}
		shares = append(shares, share)
	}
	r.Shares = shares
	c.state(inv, accepted)
	return nil
}

// giveInvited puts a share of an invitation in force. It notifies nobody, because the accepting user knows.
func (c *change) giveInvited(share access.Share) error {
	old, exists, err := c.Share(share.Chatbot, share.Principal)
	if err != nil {
		return err
	}
	if err := c.PutShare(share); err != nil {
		return err
	}
	effect := altered("share", nil, share)
	var before spice.Relationships
	if exists {
		effect, before = altered("share", old, share), spice.FoldShare(old)
	}
	c.refold(before, spice.FoldShare(share))
	return c.addEffect(effect, access.Obj(access.TypeChatbot, share.Chatbot))
}

// dropInvitations removes the invitations to an organization that is being deleted (O4).
func (c *change) dropInvitations(org access.OrganizationID) error {
	invs, err := c.Invitations(store.InvitationFilter{Organization: org}, "", 0)
	if err != nil {
		return err
	}
	return eachFact(invs, func(inv access.Invitation) error {
		if err := c.DeleteMailsOfInvitation(inv.ID); err != nil {
			return err
		}
		if err := c.DeleteInvitation(inv.ID); err != nil {
			return err
		}
		o := access.Obj(access.TypeOrganization, org)
		if inv.StateAt(c.now) != access.InvitationPending {
			return c.addEffect(dropped("invitation", inv), o)
		}
		return c.noteRemoval(dropped("invitation", inv), "invitation of "+cmp.Or(string(inv.Email), access.Obj(access.TypeUser, inv.User).String()), access.ManageMembers, o)
	})
}

// uninvite removes a chatbot that is being deleted from every invitation (O4).
func (c *change) uninvite(bot access.ChatbotID) error {
	invs, err := c.InvitationsTo(bot)
	if err != nil {
		return err
	}
	return eachFact(invs, func(old access.Invitation) error {
		inv := old
		inv.Shares = slices.DeleteFunc(slices.Clone(old.Shares), func(s access.InvitationShare) bool { return s.Chatbot == bot })
		if err := c.PutInvitation(inv); err != nil {
			return err
		}
		effect, org := altered("invitation", old, inv), access.Obj(access.TypeOrganization, inv.Organization)
		if inv.StateAt(c.now) != access.InvitationPending {
			return c.addEffect(effect, org)
		}
		return c.noteRemoval(effect, access.Obj(access.TypeChatbot, bot).String()+" in the invitation "+string(inv.ID), access.ManageMembers, org)
	})
}

// endInvitations revokes the invitations to the address of an offboarded user, who starts with nothing when coming back, and removes the user as
// inviter from those the user sent (N2).
func (c *change) endInvitations(u access.User) error {
	if err := c.ForgetInviter(ActorName(access.Actor{User: u.ID})); err != nil {
		return err
	}
	invs, err := c.Invitations(store.InvitationFilter{User: u.ID}, "", 0)
	if err != nil {
		return err
	}
	if u.Verified() != "" {
		toAddress, err := c.Invitations(store.InvitationFilter{Email: u.Verified()}, "", 0)
		if err != nil {
			return err
		}
		invs = append(invs, toAddress...)
	}
	return eachFact(invs, func(old access.Invitation) error {
		if _, err := access.NextInvitation(old.State, access.InvitationSend); err != nil {
			return nil //nolint:nilerr // already ended
		}
		inv := old
		inv.State, inv.ClosedAt = access.InvitationRevoked, c.now
		if err := c.PutInvitation(inv); err != nil {
			return err
		}
		if err := c.DeleteMailsOfInvitation(inv.ID); err != nil {
			return err
		}
		org := access.Obj(access.TypeOrganization, inv.Organization)
		return c.noteRemoval(altered("invitation", old, inv), "invitation to "+org.String(), access.ManageMembers, org)
	})
}
