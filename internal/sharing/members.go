package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// MemberResult is the membership after a change, and what the change took away or passed on (O3).
type MemberResult struct {
	Change
	Membership access.Membership
	Removed    []string
	Reassigned []Reassignment
}

// PutMember gives a user a role in an organization, or another one than before (O1, O2, O3). successor becomes an owner where the last one
// is demoted; "" names nobody.
func (s *Service) PutMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user access.UserID, role access.OrgRole, successor access.UserID) (r MemberResult, err error) {
	m := access.Membership{Organization: org, User: user, Role: role}
	r.Change, err = s.change(ctx, actor, "member.put", access.Obj(access.TypeOrganization, org), func(c *change) (err error) {
		r.Membership, err = c.putMember(m, successor)
		r.Removed, r.Reassigned = c.toldRemoved(), c.toldReassigned()
		return err
	})
	return r, err
}

// putMember gives the role that m names, and returns the membership as it is then. An import that restores says how and since when it is held.
func (c *change) putMember(m access.Membership, successor access.UserID) (access.Membership, error) {
	old, exists, err := c.membersOf(m.Organization, m.User, m.Role == access.OrgOwner)
	if err != nil {
		return m, err
	}
	if _, err := c.activeUser(m.User, "O1"); err != nil {
		return m, err
	}
	switch {
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
	} else {
		c.state(nil, m)
	}
	return m, nil
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
	return c.aroundRows(m.User, func() error {
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
		if manages(old.Role) && !manages(m.Role) {
			return c.refuseKeysOf(m.User, m.Organization)
		}
		return nil
	})
}

// keepOwner makes sure that the organization has an owner besides the one who is leaving or demoted: the last one is followed by the
// successor (O1). Naming one is making an owner, which is for owners (O2): a home organization offboards its users everywhere, and so
// gets here without being anything in this organization.
func (c *change) keepOwner(leaving access.Membership, successor access.UserID) error {
	owners, err := c.MembersWithRole(leaving.Organization, access.OrgOwner, 2)
	if err != nil || len(owners) > 1 {
		return err
	}
	o := access.Obj(access.TypeOrganization, leaving.Organization)
	owner, err := c.may(access.Delete, o)
	if err != nil {
		return err
	}
	if !owner { // and need not know which one (C6)
		return access.Conflictf("O1", "%s is the last owner of an organization that you do not own: a site admin names the successor",
			access.Obj(access.TypeUser, leaving.User))
	}
	if successor == "" || successor == leaving.User {
		return access.Conflictf("O1", "%s is the last owner of %s: name a successor", access.Obj(access.TypeUser, leaving.User), o)
	}
	m, ok, err := c.Membership(leaving.Organization, successor)
	if err != nil {
		return err
	}
	if !ok {
		return access.Unprocessablef("O1", "the successor %s has no role in %s", access.Obj(access.TypeUser, successor), o)
	}
	if m.Role == access.OrgOwner {
		return nil
	}
	now := m
	now.Role, now.Since = access.OrgOwner, c.now
	if err := c.also(altered("member", m, now), o); err != nil {
		return err
	}
	return c.setRole(now)
}

// RemoveMember ends a user's role in an organization, and all that hung on it (O1–O3).
func (s *Service) RemoveMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user, successor access.UserID) (r MemberResult, err error) {
	r.Change, err = s.change(ctx, actor, "member.delete", access.Obj(access.TypeOrganization, org), func(c *change) error {
		m, exists, err := c.membersOf(org, user, false)
		if err != nil {
			return err
		}
		if !exists {
			return access.Refuse(access.KindNotFound, "", "%s has no role in %s", access.Obj(access.TypeUser, user),
				access.Obj(access.TypeOrganization, org))
		}
		if err := c.leave(m, successor); err != nil {
			return err
		}
		r.Membership, r.Removed, r.Reassigned = m, c.toldRemoved(), c.toldReassigned()
		c.state(m, nil)
		return nil
	})
	return r, err
}

// leave ends a membership: team memberships, role assignments, rows, direct shares and the ownership of chatbots end with it, and account keys are refused (O3, B5).
func (c *change) leave(m access.Membership, successor access.UserID) error {
	if m.Role == access.OrgOwner {
		if err := c.keepOwner(m, successor); err != nil {
			return err
		}
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

// passOn gives the chatbots of one who may own them no longer to the actor if an owner, else to the successor, else to an owner (O3).
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
	return "", access.Conflictf("O1", "%s has no owner to whom the chatbots could pass", access.Obj(access.TypeOrganization, m.Organization))
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
