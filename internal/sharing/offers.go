package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// offerOwnership invites a user to become an owner of the organization; only this user can accept. Until then nothing changes. Repeating the offer as
// the same actor returns the same offer.
func (c *change) offerOwnership(org access.OrganizationID, to access.User) (access.Invitation, error) {
	c.outcome = access.Pending
	old, exists, err := c.pendingOffer(org, to.ID)
	if err != nil || exists && old.Inviter == ActorName(c.actor) {
		return old, err
	}
	offer := old
	if !exists {
		offer = access.Invitation{ID: secret.NewInvitationID(), Organization: org, User: to.ID, Role: access.OrgOwner, CreatedAt: c.now}
	}
	if offer, _, err = c.sendInvitation(offer); err != nil {
		return offer, err
	}
	if exists {
		c.state(old, offer)
	} else {
		c.state(nil, offer)
	}
	return offer, nil
}

// pendingOffer returns the pending offer of ownership. One whose time has passed is closed as expired.
func (c *change) pendingOffer(org access.OrganizationID, to access.UserID) (access.Invitation, bool, error) {
	offer, pending, err := c.PendingOffer(org, to)
	if err != nil || !pending || offer.StateAt(c.now) != access.InvitationExpired {
		return offer, pending, err
	}
	_, err = c.closeInvitation(offer, access.InvitationExpire)
	return access.Invitation{}, false, err
}

// notifyOffer notifies the user of the offer, also in an import, because the offer waits for an answer. An email contains its token.
func (c *change) notifyOffer(offer access.Invitation, to access.User) error {
	about := access.Notification{
		User: to.ID, Kind: access.NotifyOwnership, Principal: access.Principal{Kind: access.PrincipalOrganization, ID: string(offer.Organization)},
		Role: offer.Role, Invitation: offer.ID, By: ActorName(c.actor), CreatedAt: c.now,
	}
	if _, err := c.AddNotification(about); err != nil || to.Verified() == "" {
		return err
	}
	return c.mail(access.Mail{To: to.Verified(), User: to.ID, Invitation: offer.ID})
}

// endOffer revokes the pending offer of ownership for a user who has become an owner or leaves.
func (c *change) endOffer(org access.OrganizationID, user access.UserID) error {
	offer, pending, err := c.pendingOffer(org, user)
	if err != nil || !pending {
		return err
	}
	ended, err := c.closeInvitation(offer, access.InvitationRevoke)
	if err != nil {
		return err
	}
	return c.addEffect(altered("invitation", offer, ended), access.Obj(access.TypeOrganization, org))
}

// offered finds an offer of ownership by its ID, for the user who got it; for others it does not exist (C6).
func (c *change) offered(id access.InvitationID) (access.Invitation, error) {
	o := access.Obj(typeInvitation, id)
	offer, ok, err := c.Invitation(id)
	if err != nil {
		return offer, err
	}
	org := access.Obj(access.TypeOrganization, offer.Organization)
	inside, err := c.keyReaches(org)
	if err != nil {
		return offer, err
	}
	if !ok || offer.User != c.actor.User || !inside { // B3
		return offer, access.NotFound(o)
	}
	c.resource = org
	return offer, nil
}
