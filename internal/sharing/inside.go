package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// An organization with outside_sharing off gives access, by groups, roles and shares, only to its own people: users with a role in it (O5). It
// refuses other users. An address can stay listed in a group, and gives nothing until it is the verified address of one of these people.

// keepsInside reports whether the organization has outside_sharing off (O5).
func (c *caller) keepsInside(org access.OrganizationID) (bool, error) {
	o, known, err := c.Organization(org)
	return known && !o.OutsideSharing, err
}

// isOutsider reports whether the organization cannot give the user anything: outside_sharing is off, and the user has no role in it (O5).
func (c *caller) isOutsider(org access.OrganizationID, user access.UserID) (bool, error) {
	if inside, err := c.keepsInside(org); err != nil || !inside {
		return false, err
	}
	_, member, err := c.Membership(org, user)
	return !member, err
}

// mustBeInside refuses a user to whom the organization cannot give anything (O5).
func (c *change) mustBeInside(org access.OrganizationID, user access.UserID) error {
	outsider, err := c.isOutsider(org, user)
	if err == nil && outsider {
		err = access.Unprocessablef("O5", "%s has outside_sharing off, and %s has no role in it",
			access.Obj(access.TypeOrganization, org), access.Obj(access.TypeUser, user))
	}
	return err
}

// allowedOutside refuses a share that gives access to outsiders of an organization with outside_sharing off (O5).
func (c *change) allowedOutside(b access.Chatbot, with access.Principal) error {
	if inside, err := c.keepsInside(b.Organization); err != nil || !inside {
		return err
	}
	out, err := c.outside(with, b.Organization)
	if err == nil && out {
		return access.Unprocessablef("O5", "%s has outside_sharing off: a share with %s would give access to others",
			access.Obj(access.TypeOrganization, b.Organization), with)
	}
	return err
}

// outside reports whether a share with the principal gives access to people outside the organization (O5). An address is inside only if it is the
// verified address of one of its people. A group of the organization is inside, because only its entries that are inside have an effect.
func (c *caller) outside(with access.Principal, org access.OrganizationID) (bool, error) {
	switch with.Kind {
	case access.PrincipalUser:
		_, member, err := c.Membership(org, access.UserID(with.ID))
		return !member, err
	case access.PrincipalEmail:
		u, held, err := c.verifiedHolder(access.Email(with.ID))
		if err != nil || !held {
			return true, err
		}
		_, member, err := c.Membership(org, u.ID)
		return !member, err
	case access.PrincipalTeam, access.PrincipalRole, access.PrincipalGroup:
		of, known, err := c.OrganizationOf(access.Object{Type: access.Type(with.Kind), ID: with.ID})
		return !known || of != org, err
	case access.PrincipalOrganization:
		return with.ID != string(org), nil
	case access.PrincipalEveryone:
	}
	return true, nil
}

// verifiedHolder returns the active user whose verified address it is. The address of an inactive user is free (I2).
func (c *caller) verifiedHolder(address access.Email) (access.User, bool, error) {
	u, held, err := c.UserByVerifiedEmail(address)
	return u, held && !u.Gone(), err
}

// givesSomething reports whether an entry of a group has an effect: an address can be listed without one (O5).
func (c *caller) givesSomething(m access.GroupMembership) (bool, error) {
	org, _, err := c.OrganizationOf(access.Obj(access.TypeGroup, m.Group))
	if err != nil {
		return false, err
	}
	if inside, err := c.keepsInside(org); err != nil || !inside {
		return true, err
	}
	out, err := c.outside(m.Member, org)
	return !out, err
}

// foldEntry folds an entry of a group, depending on who holds its address now (O5).
func (c *caller) foldEntry(m access.GroupMembership) (spice.Relationships, error) {
	gives, err := c.givesSomething(m)
	if err != nil || !gives {
		return nil, err
	}
	return spice.FoldGroupMembership(m), nil
}

// aroundEntries refolds entries of groups over an edit that changes who holds their addresses, or the holders' roles in the organizations.
func (c *change) aroundEntries(entries []access.GroupMembership, edit func() error) error {
	return c.around(func() (spice.Relationships, error) { return foldAll(entries, c.foldEntry) }, edit)
}

// aroundNames is aroundEntries for the entries that name one of the principals.
func (c *change) aroundNames(names []access.Principal, edit func() error) error {
	var entries []access.GroupMembership
	for _, p := range names {
		groups, err := c.GroupsOf(p)
		if err != nil {
			return err
		}
		for _, g := range groups {
			entries = append(entries, access.GroupMembership{Group: g, Member: p})
		}
	}
	return c.aroundEntries(entries, edit)
}

// aroundArrival refolds over an edit that may bring a user into the organization: after it, entries with the user's verified address have an effect
// in the organization's groups (O5).
func (c *change) aroundArrival(org access.OrganizationID, user access.UserID, edit func() error) error {
	outsider, err := c.isOutsider(org, user)
	switch {
	case err != nil:
		return err
	case !outsider:
		return edit()
	}
	names, err := c.namesOf(user)
	if err != nil {
		return err
	}
	return c.aroundNames(names, edit)
}

// entriesOf lists the entries of the organization's groups.
func (c *change) entriesOf(org access.OrganizationID) (all []access.GroupMembership, err error) {
	groups, err := c.Groups(store.GroupFilter{Organization: org}, "", 0)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		members, err := c.GroupMembers(g.ID, "", 0)
		if err != nil {
			return nil, err
		}
		for _, p := range members {
			all = append(all, access.GroupMembership{Group: g.ID, Member: p})
		}
	}
	return all, nil
}

// removeOutsiders removes what the organization's groups, roles and shares give to outsiders (O5).
func (c *change) removeOutsiders(org access.OrganizationID, entries []access.GroupMembership) error {
	for _, m := range entries {
		if m.Member.Kind != access.PrincipalUser {
			continue // an address stays listed
		}
		if out, err := c.outside(m.Member, org); err != nil {
			return err
		} else if !out {
			continue
		}
		if err := c.dropGroupMembership(m); err != nil {
			return err
		}
	}
	roles, err := c.Roles(store.RoleFilter{Organization: org}, "", 0)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if err := c.unassignOutsiders(role); err != nil {
			return err
		}
	}
	shares, err := c.SharesOfOrganization(org)
	if err != nil {
		return err
	}
	return c.dropShares(shares, func(s access.Share) (bool, error) { return c.outside(s.Principal, org) })
}

func (c *change) unassignOutsiders(role access.Role) error {
	holders, err := c.RoleAssignees(role.ID, "", 0)
	if err != nil {
		return err
	}
	for _, user := range holders {
		if outsider, err := c.isOutsider(role.Organization, user); err != nil {
			return err
		} else if !outsider {
			continue
		}
		if err := c.dropAssignment(access.RoleAssignment{Role: role.ID, User: user}); err != nil {
			return err
		}
	}
	return nil
}
