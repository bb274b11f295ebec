package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// takeAway notes that an administrator takes the role from the user, or that the user gives it up, so that no issuer gives it back (D2).
func (c *change) takeAway(user access.UserID, kind access.TakenAwayKind, target string) error {
	t := access.TakenAway{User: user, Kind: kind, Target: target}
	if err := c.DeleteTakenAway(t); err != nil { // an issuer that had stopped naming it has named it again, or may
		return err
	}
	return c.PutTakenAway(t)
}

// giveAgain deletes the note that the role was taken from the user. An import leaves that to the next sign-in.
func (c *change) giveAgain(user access.UserID, kind access.TakenAwayKind, target string) error {
	if c.memo != nil || c.actor.IssuedBy() != "" {
		return nil
	}
	return c.DeleteTakenAway(access.TakenAway{User: user, Kind: kind, Target: target})
}

// endMembership is leave for somebody who takes the role in the organization away (D2), and with it the organization's roles.
func (c *change) endMembership(m access.Membership, successor access.UserID) error {
	had, err := c.RolesOf(m.User)
	if err != nil {
		return err
	}
	if err := c.leave(m, successor); err != nil {
		return err
	}
	has, err := c.RolesOf(m.User)
	if err != nil {
		return err
	}
	for _, role := range had {
		if slices.Contains(has, role) {
			continue
		}
		if err := c.takeAway(m.User, access.TakenRole, string(role)); err != nil {
			return err
		}
	}
	return c.takeAway(m.User, access.TakenMembership, string(m.Organization))
}

// withhold removes from the issuer's statements the roles that were taken from the user, unless the issuer has stopped naming them since, and notes
// which ones it has stopped naming (D2). If the token leaves unknown whether it names a role, it has not stopped (D1).
func (c *change) withhold(user access.UserID, in access.SignIn) (access.SignIn, error) {
	taken, err := c.TakenAway(user)
	if err != nil {
		return in, err
	}
	for _, t := range taken {
		if t.StoppedBy != "" {
			continue
		}
		has, err := c.hasAgain(t)
		if err != nil {
			return in, err
		}
		stopped := t
		stopped.StoppedBy = in.Issuer
		switch {
		case has: // an administrator has given it again
			err = c.DeleteTakenAway(t)
		case slices.Contains(taken, stopped): // the issuer's own again
		case !in.Names(t):
			err = c.PutTakenAway(stopped)
		default:
			in = in.Without(t)
		}
		if err != nil {
			return in, err
		}
	}
	return in, nil
}

// hasAgain reports whether the user has the role again, other than from an issuer.
func (c *change) hasAgain(t access.TakenAway) (bool, error) {
	switch t.Kind {
	case access.TakenMembership:
		_, member, err := c.Membership(access.OrganizationID(t.Target), t.User)
		if err != nil || !member {
			return false, err
		}
	case access.TakenRole:
		has, err := c.RoleAssigned(access.RoleID(t.Target), t.User)
		if err != nil || !has {
			return false, err
		}
	case access.TakenPlatformRole:
		has, err := c.PlatformGrants(t.User)
		if err != nil || !slices.Contains(has, access.PlatformRole(t.Target)) {
			return false, err
		}
	case access.TakenType:
		u, _, err := c.User(t.User)
		if err != nil || u.Type != access.UserType(t.Target) {
			return false, err
		}
		by, err := c.TypeGivenBy(t.User)
		return by == "", err
	}
	given, err := c.givenByIssuer(t)
	return !given, err
}

// givenByIssuer reports whether one of the user's issuers gave the role again after it had stopped naming it.
func (c *change) givenByIssuer(t access.TakenAway) (bool, error) {
	ids, err := c.IdentitiesOf(t.User)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		memberships, err := c.MembershipsGiven(t.User, id.Issuer)
		if err != nil {
			return false, err
		}
		roles, err := c.RolesGiven(t.User, id.Issuer)
		if err != nil {
			return false, err
		}
		platform, err := c.PlatformRolesGiven(t.User, id.Issuer)
		if err != nil {
			return false, err
		}
		if (access.SignIn{Memberships: memberships, Roles: roles, PlatformRoles: platform}).Names(t) {
			return true, nil
		}
	}
	return false, nil
}
