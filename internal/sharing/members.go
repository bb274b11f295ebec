package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// MemberResult is the membership after a change, and what the change removed or reassigned (O3).
type MemberResult struct {
	Membership access.Membership
	Offer      *access.Invitation // of the ownership, if the person has to accept it (O7); then nothing else has changed
	Offboarding
}

// PutMember gives a user a role in an organization, or changes it (O1, O2, O3), or offers the ownership (O7). For a demotion, how configures what
// happens to the things the user loses; it is an Offboard within the organization.
func (s *Service) PutMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user access.UserID, role access.OrgRole, how Offboard) (r MemberResult, err error) {
	m := access.Membership{Organization: org, User: user, Role: role}
	r.Change, err = s.changeOrTry(ctx, actor, how.DryRun, "member.put", access.Obj(access.TypeOrganization, org), func(c *change) (err error) {
		r.Membership, r.Offer, err = c.putMember(m, how)
		if how.DryRun && r.Offer != nil && c.changed && c.before == nil {
			r.Offer.ID = "" // which a dry run makes for nothing
		}
		r.report(c, how)
		return err
	})
	return r, err
}

// putMember gives the role in m and returns the resulting membership, or offers the ownership. A restoring import sets how and since when the role is
// held.
func (c *change) putMember(m access.Membership, how Offboard) (access.Membership, *access.Invitation, error) {
	old, exists, err := c.membersOf(m.Organization, m.User, m.Role == access.OrgOwner)
	if err != nil {
		return m, nil, err
	}
	u, err := c.activeUser(m.User, "O1")
	if err != nil {
		return m, nil, err
	}
	if err := c.handsOverKeys(m.User, m.Organization, how); err != nil {
		return m, nil, err
	}
	if m.Role == access.OrgOwner && old.Role != access.OrgOwner {
		if atOnce, err := c.ownsAtOnce(m.Organization, u, old); err != nil {
			return m, nil, err
		} else if !atOnce {
			offer, err := c.offerOwnership(m.Organization, u)
			return old, &offer, err
		}
	}
	m, err = c.giveRole(old, exists, m, how)
	return m, nil, err
}

// giveRole turns the old membership, if one exists, into m.
func (c *change) giveRole(old access.Membership, exists bool, m access.Membership, how Offboard) (_ access.Membership, err error) {
	switch {
	case m.Source == "" && c.memo != nil && exists && old.Role == m.Role: // an import row that does not say how the role came about changes nothing
		m.Source = old.Source
	case m.Source == "":
		if m.Source, err = c.source(m.User); err != nil {
			return m, err
		}
		m.Source = old.Source.Stronger(m.Source)
	case old.Joined(): // a restored role keeps how it came about, unless the user has joined by themself meanwhile
		m.Source = old.Source.Stronger(m.Source)
	}
	m.Since = c.since(old, m)
	if exists && old.Role == m.Role {
		if old != m {
			c.state(old, m)
		}
		return m, c.PutMembership(m) // an issuer may have given it, and can no longer take it back
	}
	if old.Role == access.OrgOwner {
		if err := c.keepOwner(old, how.Successor); err != nil {
			return m, err
		}
	}
	if err := c.setRole(m); err != nil {
		return m, err
	}
	if m.Role == access.OrgClient && exists {
		if err := c.passOn(old, how.Successor); err != nil {
			return m, err
		}
	}
	if exists {
		c.state(old, m)
		return m, nil
	}
	c.state(nil, m)
	return m, c.notifyAdded(m)
}

// notifyAdded notifies a person whom somebody else gave a role in an organization, which they can leave (O7).
func (c *change) notifyAdded(m access.Membership) error {
	return c.notify(access.Notification{
		Kind: access.NotifyAdded, Principal: access.Principal{Kind: access.PrincipalOrganization, ID: string(m.Organization)}, Role: m.Role,
	}, []access.UserID{m.User}, true)
}

// ownsAtOnce reports whether the actor, who may make owners, can make the user an owner without their consent: as a site admin, or if the user has a
// role that they accepted, or if the organization is their home (O7).
func (c *change) ownsAtOnce(org access.OrganizationID, u access.User, has access.Membership) (bool, error) {
	if u.ID == c.actor.User || u.Organization == org || has.Joined() {
		return true, nil
	}
	return c.may(access.Administer, access.PlatformObject)
}

// source is how a person whom the actor gives a role comes to it (O7).
func (c *change) source(user access.UserID) (access.MembershipSource, error) {
	if user == c.actor.User {
		return access.Accepted, nil
	}
	admin, err := c.may(access.Administer, access.PlatformObject)
	if err != nil || !admin {
		return access.Added, err
	}
	return access.Assigned, nil
}

// since is the start of a role that follows the old membership, or none.
func (c *change) since(old, m access.Membership) time.Time {
	switch {
	case !m.Since.IsZero(): // restored
		return m.Since
	case old.Role == m.Role:
		return old.Since
	}
	return c.now
}

// membersOf loads a membership for an actor who manages the organization's members; owners are for owners only (O2).
func (c *change) membersOf(id access.OrganizationID, user access.UserID, toOwner bool) (access.Membership, bool, error) {
	o := access.Obj(access.TypeOrganization, id)
	if err := c.mustOn(access.ManageMembers, id); err != nil {
		return access.Membership{}, false, err
	}
	m, exists, err := c.Membership(id, user)
	if err != nil {
		return m, exists, err
	}
	if toOwner || m.Role == access.OrgOwner {
		if err := c.mustOwn(o); err != nil {
			return m, exists, err
		}
	}
	return m, exists, nil
}

// mustOwn refuses actors who do not act as owners, for changes that only owners can make to owners (O2).
func (c *change) mustOwn(o access.Object) error {
	if owner, err := c.may(access.Delete, o); err != nil {
		return err
	} else if !owner {
		return access.Deniedf("O2", "only an owner of %s can add, remove, demote or invite its owners", o)
	}
	return nil
}

// setRole writes a membership, refolds the user's rows for the new ceiling (M2), and the group entries that have an effect from now on (O5).
func (c *change) setRole(m access.Membership) error {
	enter := func() error {
		old, exists, err := c.Membership(m.Organization, m.User)
		if err != nil {
			return err
		}
		if err := c.PutMembership(m); err != nil {
			return err
		}
		var before spice.Relationships
		if exists {
			before = spice.FoldMembership(old)
		}
		c.refold(before, spice.FoldMembership(m))
		if err := c.giveAgain(m.User, access.TakenMembership, string(m.Organization)); err != nil {
			return err
		}
		if manages(old.Role) && !manages(m.Role) {
			return c.refuseKeysOf(m.User, m.Organization)
		}
		return nil
	}
	err := c.aroundRows(m.User, func() error { return c.aroundArrival(m.Organization, m.User, enter) })
	if err != nil || m.Role != access.OrgOwner {
		return err
	}
	if err := c.endOffer(m.Organization, m.User); err != nil {
		return err
	}
	return c.adoptChatbots(m)
}

// adoptChatbots gives a new owner the organization's chatbots that have no owner (O3).
func (c *change) adoptChatbots(owner access.Membership) error {
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: owner.Organization, Ownerless: true}, "", 0)
	if err != nil {
		return err
	}
	return eachFact(bots, func(b access.Chatbot) error {
		if err := c.setOwner(b, owner.User); err != nil {
			return err
		}
		return c.noteReassignment(b, owner.User)
	})
}

// Members lists the people of an organization, by user, for actors with view_data.
func (s *Service) Members(ctx context.Context, actor access.Actor, org access.OrganizationID, p Page) (ms []access.Membership, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.mustOn(access.CreateChatbot, org); err != nil {
			return err
		}
		ms, next, err = visible(p,
			func(after string, limit int) ([]access.Membership, error) {
				return c.Members(org, access.UserID(after), limit)
			},
			func(m access.Membership) string { return string(m.User) }, nil)
		return err
	})
	return ms, next, err
}
