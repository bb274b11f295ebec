package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// MemberResult is the membership after a change, and what the change took away or passed on (O3).
type MemberResult struct {
	Change
	Membership access.Membership
	Offer      *access.Invitation // of the ownership, where the person has to accept it (O7); nothing else has changed then
	Removed    []string
	Reassigned []Reassignment
}

// PutMember gives a user a role in an organization, or another one than before (O1, O2, O3), or offers the ownership (O7). successor becomes an
// owner where the last one is demoted; "" names nobody.
func (s *Service) PutMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user access.UserID, role access.OrgRole, successor access.UserID) (r MemberResult, err error) {
	m := access.Membership{Organization: org, User: user, Role: role}
	r.Change, err = s.change(ctx, actor, "member.put", access.Obj(access.TypeOrganization, org), func(c *change) (err error) {
		r.Membership, r.Offer, err = c.putMember(m, successor)
		r.Removed, r.Reassigned = c.toldRemoved(), c.toldReassigned()
		return err
	})
	return r, err
}

// putMember gives the role that m names, and returns the membership as it is then, or offers the ownership. An import that restores says how
// and since when the role is held.
func (c *change) putMember(m access.Membership, successor access.UserID) (access.Membership, *access.Invitation, error) {
	old, exists, err := c.membersOf(m.Organization, m.User, m.Role == access.OrgOwner)
	if err != nil {
		return m, nil, err
	}
	u, err := c.activeUser(m.User, "O1")
	if err != nil {
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
	m, err = c.giveRole(old, exists, m, successor)
	return m, nil, err
}

// giveRole turns the old membership, if one exists, into m.
func (c *change) giveRole(old access.Membership, exists bool, m access.Membership, successor access.UserID) (_ access.Membership, err error) {
	switch {
	case m.Source == "" && c.memo != nil && exists && old.Role == m.Role: // a row of an import that does not say how changes nothing
		m.Source = old.Source
	case m.Source == "":
		if m.Source, err = c.source(m.User); err != nil {
			return m, err
		}
		m.Source = old.Source.Stronger(m.Source)
	case old.Joined(): // what is restored says how it came about, unless the user has come by themself meanwhile
		m.Source = old.Source.Stronger(m.Source)
	}
	m.Since = c.since(old, m)
	if exists && old.Role == m.Role {
		if old != m {
			c.state(old, m)
		}
		return m, c.PutMembership(m) // which an issuer may have given, and can no longer take back
	}
	if old.Role == access.OrgOwner {
		if err := c.keepOwner(old, successor); err != nil {
			return m, err
		}
	}
	if err := c.setRole(m); err != nil {
		return m, err
	}
	if m.Role == access.OrgClient && exists {
		if err := c.passOn(old, successor); err != nil {
			return m, err
		}
	}
	if exists {
		c.state(old, m)
		return m, nil
	}
	c.state(nil, m)
	return m, c.tellAdded(m)
}

// tellAdded tells a person that somebody else gave them a role in an organization, which they can leave (O7).
func (c *change) tellAdded(m access.Membership) error {
	return c.tell(access.Notification{
		Kind: access.NotifyAdded, Principal: access.Principal{Kind: access.PrincipalOrganization, ID: string(m.Organization)}, Role: m.Role,
	}, []access.UserID{m.User}, true)
}

// ownsAtOnce reports whether the actor, who may make owners, makes the user one without asking them: as a site admin, or where the user has a role
// that they came to by themself, or is at home (O7).
func (c *change) ownsAtOnce(org access.OrganizationID, u access.User, has access.Membership) (bool, error) {
	if u.ID == c.actor.User || u.Organization == org || has.Joined() {
		return true, nil
	}
	return c.may(access.Administer, access.PlatformObject)
}

// source is how somebody to whom the actor gives a role comes to it (O7).
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

// since is when the role is held from that follows the old membership, or none.
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

// mustOwn refuses whoever does not act as an owner of the organization what only owners do to owners (O2).
func (c *change) mustOwn(o access.Object) error {
	if owner, err := c.may(access.Delete, o); err != nil {
		return err
	} else if !owner {
		return access.Deniedf("O2", "only an owner of %s adds, removes, demotes or invites its owners", o)
	}
	return nil
}

// setRole writes a membership, and folds the user's rows against the new ceiling (M2).
func (c *change) setRole(m access.Membership) error {
	err := c.aroundRows(m.User, func() error {
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
	})
	if err != nil || m.Role != access.OrgOwner {
		return err
	}
	if err := c.endOffer(m.Organization, m.User); err != nil {
		return err
	}
	return c.adoptChatbots(m)
}

// adoptChatbots gives a new owner the chatbots that nobody owns, for want of one (O3).
func (c *change) adoptChatbots(owner access.Membership) error {
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: owner.Organization, Ownerless: true}, "", 0)
	if err != nil {
		return err
	}
	return eachFact(bots, func(b access.Chatbot) error {
		if err := c.setOwner(b, owner.User); err != nil {
			return err
		}
		return c.passed(b, owner.User)
	})
}

// lastOwner reports whether nobody else owns the organization of the membership.
func (c *change) lastOwner(m access.Membership) (bool, error) {
	if m.Role != access.OrgOwner {
		return false, nil
	}
	owners, err := c.MembersWithRole(m.Organization, access.OrgOwner, 2)
	return len(owners) < 2, err
}

// keepOwner makes sure that the organization has an owner besides the one who is leaving or demoted: the last one is followed by the
// successor (O1), who has a role there and whom the actor could make an owner at once (O2, O7).
func (c *change) keepOwner(leaving access.Membership, successor access.UserID) error {
	if last, err := c.lastOwner(leaving); err != nil || !last {
		return err
	}
	o := access.Obj(access.TypeOrganization, leaving.Organization)
	owner, err := c.may(access.Delete, o)
	if err != nil {
		return err
	}
	if !owner { // a confined key that acts for the owner (B3)
		return access.Conflictf("O1", "%s is the last owner of an organization that you do not own: a site admin names the successor",
			access.Obj(access.TypeUser, leaving.User))
	}
	if successor == "" || successor == leaving.User {
		return access.Conflictf("O1", "%s is the last owner of %s: name a successor", access.Obj(access.TypeUser, leaving.User), o)
	}
	u, err := c.activeUser(successor, "O1")
	if err != nil {
		return err
	}
	m, exists, err := c.Membership(leaving.Organization, successor)
	if err != nil {
		return err
	}
	if !exists {
		return access.Unprocessablef("O1", "the successor %s has no role in %s", access.Obj(access.TypeUser, successor), o)
	}
	if m.Role == access.OrgOwner {
		return nil
	}
	if atOnce, err := c.ownsAtOnce(leaving.Organization, u, m); err != nil {
		return err
	} else if !atOnce {
		return access.Unprocessablef("O7", "the successor %s has not accepted a role in %s: offer the ownership first", access.Obj(access.TypeUser, successor), o)
	}
	source, err := c.source(successor)
	if err != nil {
		return err
	}
	now := access.Membership{
		Organization: leaving.Organization, User: successor, Role: access.OrgOwner, Source: m.Source.Stronger(source), Since: c.now,
	}
	if err := c.also(altered("member", m, now), o); err != nil {
		return err
	}
	return c.setRole(now)
}

// leaveOwnerless tells the admins of an organization, and the site admins, that its last owner was offboarded by somebody who does not own it (O1).
func (c *change) leaveOwnerless(org access.OrganizationID) error {
	admins, err := c.MembersWithRole(org, access.OrgAdmin, 0)
	if err != nil {
		return err
	}
	var users []access.UserID
	for _, m := range admins {
		users = append(users, m.User)
	}
	grants, err := c.AllPlatformGrants()
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Role == access.SiteAdmin {
			users = append(users, g.User)
		}
	}
	return c.tell(access.Notification{
		Kind: access.NotifyOwnerless, Principal: access.Principal{Kind: access.PrincipalOrganization, ID: string(org)},
	}, users, true)
}

// RemoveMember ends a user's role in an organization, and all that hung on it (O1–O3). Everybody can end their own, from any address (O7).
func (s *Service) RemoveMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user, successor access.UserID) (r MemberResult, err error) {
	r.Change, err = s.change(ctx, actor, "member.delete", access.Obj(access.TypeOrganization, org), func(c *change) error {
		m, exists, err := c.leaving(org, user)
		if err != nil {
			return err
		}
		if !exists {
			return access.Refuse(access.KindNotFound, "", "%s has no role in %s", access.Obj(access.TypeUser, user),
				access.Obj(access.TypeOrganization, org))
		}
		if m.Role == access.OrgOwner {
			if err := c.keepOwner(m, successor); err != nil {
				return err
			}
		}
		if err := c.endMembership(m, successor); err != nil {
			return err
		}
		r.Membership, r.Removed, r.Reassigned = m, c.toldRemoved(), c.toldReassigned()
		c.state(m, nil)
		return nil
	})
	return r, err
}

// leaving loads the membership that the actor ends: their own, or one that they manage.
func (c *change) leaving(org access.OrganizationID, user access.UserID) (access.Membership, bool, error) {
	if user != "" && user == c.actor.User {
		m, member, err := c.Membership(org, user)
		if err != nil {
			return m, member, err
		}
		if inside, err := c.inside(access.Obj(access.TypeOrganization, org)); err != nil || member && inside {
			return m, member, err
		}
	}
	return c.membersOf(org, user, false)
}

// leave ends a membership: team memberships, role assignments, rows, direct shares and the ownership of chatbots end with it, and account keys are
// refused (O3, B5). Whether the organization keeps an owner was judged before.
func (c *change) leave(m access.Membership, successor access.UserID) error {
	if err := c.endOffer(m.Organization, m.User); err != nil {
		return err
	}
	teams, err := c.TeamsOf(m.User)
	if err != nil {
		return err
	}
	for _, tm := range teams {
		if here, err := c.belongs(access.Obj(access.TypeTeam, tm.Team), m.Organization); err != nil {
			return err
		} else if !here {
			continue
		}
		if err := c.dropTeamMembership(tm); err != nil {
			return err
		}
	}
	roles, err := c.RolesOf(m.User)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if here, err := c.belongs(access.Obj(access.TypeRole, role), m.Organization); err != nil {
			return err
		} else if !here {
			continue
		}
		if err := c.dropAssignment(access.RoleAssignment{Role: role, User: m.User}); err != nil {
			return err
		}
	}
	rows, err := c.RowsOf(m.User)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if here, err := c.belongs(access.Obj(access.TypeChatbot, r.Chatbot), m.Organization); err != nil {
			return err
		} else if !here {
			continue
		}
		if err := c.dropRow(r); err != nil {
			return err
		}
	}
	names, err := c.names(m.User)
	if err != nil {
		return err
	}
	for _, p := range names {
		shares, err := c.SharesWith(p)
		if err != nil {
			return err
		}
		err = c.dropShares(shares, func(s access.Share) (bool, error) {
			return c.belongs(access.Obj(access.TypeChatbot, s.Chatbot), m.Organization)
		})
		if err != nil {
			return err
		}
	}
	if err := c.DeleteMembership(m.Organization, m.User); err != nil {
		return err
	}
	c.refold(spice.FoldMembership(m), nil)
	org := access.Obj(access.TypeOrganization, m.Organization)
	if err := c.took(dropped("member", m), string(m.Role)+" of "+org.String(), access.ManageMembers, org); err != nil {
		return err
	}
	if manages(m.Role) {
		if err := c.refuseKeysOf(m.User, m.Organization); err != nil {
			return err
		}
	}
	return c.passOn(m, successor)
}

func (c *change) belongs(o access.Object, org access.OrganizationID) (bool, error) {
	of, ok, err := c.OrganizationOf(o)
	return ok && of == org, err
}

// passOn gives the chatbots of one who may own them no longer to the actor if an owner, else to the successor, else to an owner, else to the admin
// of longest standing; without one nobody owns them until the organization has an owner again (O3).
func (c *change) passOn(m access.Membership, successor access.UserID) error {
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: m.Organization, Owner: m.User}, "", 0)
	if err != nil || len(bots) == 0 {
		return err
	}
	to, err := c.heir(m, successor)
	if err != nil {
		return err
	}
	return eachFact(bots, func(b access.Chatbot) error {
		if err := c.setOwner(b, to); err != nil {
			return err
		}
		return c.passed(b, to)
	})
}

func (c *change) heir(m access.Membership, successor access.UserID) (access.UserID, error) {
	for _, candidate := range []access.UserID{c.actor.User, successor} {
		if candidate == "" || candidate == m.User {
			continue
		}
		role, ok, err := c.Membership(m.Organization, candidate)
		if err != nil {
			return "", err
		}
		if ok && role.Role == access.OrgOwner {
			return candidate, nil
		}
	}
	owners, err := c.MembersWithRole(m.Organization, access.OrgOwner, 2)
	if err != nil {
		return "", err
	}
	for _, o := range owners {
		if o.User != m.User {
			return o.User, nil
		}
	}
	admins, err := c.MembersWithRole(m.Organization, access.OrgAdmin, 0)
	if err != nil {
		return "", err
	}
	admins = slices.DeleteFunc(admins, func(a access.Membership) bool { return a.User == m.User })
	if len(admins) == 0 {
		return "", nil
	}
	return slices.MinFunc(admins, func(a, b access.Membership) int { return a.Since.Compare(b.Since) }).User, nil
}

// Members lists the people of an organization, by user, to its staff.
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
