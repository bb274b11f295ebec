package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// seesAddress reports whether the actor may see the user's email address (O7): users see their own, site admins and unconfined keys see all, and
// owners and admins (and confined keys) see those of users who are known in their organization. An organization whose IP ranges do not include the
// caller's address does not count (B4).
func (c *caller) seesAddress(u access.User) (bool, error) {
	sc, err := c.scope()
	if err != nil {
		return false, err
	}
	seen, err := c.seeAddresses(sc, []access.User{u})
	return err == nil && seen[0], err
}

// hiddenUser is the user without the parts that only some may see: it keeps ID, name (O7), and whether the user is active, which everyone who names
// the user in a change learns (C6).
func hiddenUser(u access.User) access.User {
	return access.User{ID: u.ID, Name: u.Name, Active: u.Active}
}

// seeAddresses is seesAddress for each of the users and an actor of that scope. It reads the roles of all of them at once.
func (c *caller) seeAddresses(sc scope, us []access.User) ([]bool, error) {
	roles := map[access.UserID][]access.Membership{}
	if !sc.all && len(sc.manages) > 0 {
		ids := make([]access.UserID, len(us))
		for i, u := range us {
			ids[i] = u.ID
		}
		memberships, err := c.MembershipsOfAll(ids)
		if err != nil {
			return nil, err
		}
		for _, m := range memberships {
			roles[m.User] = append(roles[m.User], m)
		}
	}
	managed := func(org access.OrganizationID) bool { return slices.Contains(sc.manages, org) }
	seen := make([]bool, len(us))
	for i, u := range us {
		seen[i] = sc.all || u.ID != "" && u.ID == c.actor.User || u.KnownIn(roles[u.ID], managed)
	}
	return seen, nil
}

// asSeenIn returns the users as an actor of that scope sees them.
func (c *caller) asSeenIn(sc scope, us []access.User) ([]access.User, error) {
	seen, err := c.seeAddresses(sc, us)
	if err != nil {
		return nil, err
	}
	shown := make([]access.User, len(us))
	for i, u := range us {
		if shown[i] = u; !seen[i] {
			shown[i] = hiddenUser(u)
		}
	}
	return shown, nil
}
