package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// seesUser reports whether the actor may know of a user: the user, the managers of the home organization, the staff of an organization in which the
// user has a role, and site admins.
func (c *caller) seesUser(id access.UserID) (bool, error) {
	through, err := c.throughWhich(id)
	return through.anywhere || len(through.organizations) > 0, err
}

// through is what makes a user visible to the actor.
type through struct {
	anywhere      bool                    // the actor is the user or a site admin
	organizations []access.OrganizationID // otherwise the organizations that the actor shares with the user
}

func (c *caller) throughWhich(id access.UserID) (t through, err error) {
	if id == c.actor.User && id != "" {
		return through{anywhere: true}, nil
	}
	if c.actor.Unconfined() {
		return through{anywhere: true}, nil
	}
	sc, err := c.scopeAnywhere()
	if err != nil {
		return t, err
	}
	if t.anywhere = sc.all; t.anywhere {
		return t, nil
	}
	u, known, err := c.User(id)
	if err != nil || !known || u.Deleted {
		return t, err
	}
	if slices.Contains(sc.manages, u.Organization) {
		t.organizations = append(t.organizations, u.Organization)
	}
	for _, org := range sc.staffs {
		if _, member, err := c.Membership(org, id); err != nil {
			return t, err
		} else if member {
			t.organizations = append(t.organizations, org)
		}
	}
	return t, nil
}

// User reads one user. Actors who may not see the address get only ID, name and whether the user is active (O7).
func (s *Service) User(ctx context.Context, actor access.Actor, id access.UserID) (u access.User, err error) {
	o := access.Obj(access.TypeUser, id)
	err = s.read(ctx, actor, func(c *caller) error {
		var known bool
		if u, known, err = c.User(id); err != nil {
			return err
		}
		t, err := c.throughWhich(id)
		if err != nil {
			return err
		}
		if !known || u.Deleted || !t.anywhere && len(t.organizations) == 0 {
			return access.NotFound(o)
		}
		if err := c.readFromHere(u, t); err != nil {
			return err
		}
		sees, err := c.seesAddress(u)
		if err == nil && !sees {
			u = hiddenUser(u)
		}
		return err
	})
	if err != nil {
		return access.User{}, err
	}
	return u, nil
}

// readFromHere refuses to read a user from an address that is allowed by none of the organizations through which the actor sees the user, or, for a
// site admin, by the user's home (B4).
func (c *caller) readFromHere(u access.User, t through) error {
	orgs := t.organizations
	switch {
	case u.ID == c.actor.User:
		return nil
	case t.anywhere && u.Organization == "":
		return nil
	case t.anywhere:
		orgs = []access.OrganizationID{u.Organization}
	}
	var refusal error
	for _, org := range orgs {
		if refusal = c.fromAllowedAddress(access.Obj(access.TypeOrganization, org)); refusal == nil || access.KindOf(refusal) != access.KindDenied {
			return refusal
		}
	}
	return refusal
}

// UserQuery filters a list of users; Email matches exactly, verified or not, and finds only users whose address the actor may see (O7).
type UserQuery struct {
	Email access.Email
}

// Users lists the users that the actor may see, by ID, each as User returns it.
func (s *Service) Users(ctx context.Context, actor access.Actor, q UserQuery, p Page) (us []access.User, next string, err error) {
	err = s.readPage(ctx, actor, p, "", func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(u access.User) string { return string(u.ID) }
		var sees func([]access.User) ([]bool, error)
		users := func(after string, limit int) ([]access.User, error) {
			return c.Users(store.UserFilter{Email: q.Email}, access.UserID(after), limit)
		}
		switch {
		case sc.all:
			sees = fromHere(c, func(u access.User) access.OrganizationID {
				if u.ID == c.actor.User {
					return ""
				}
				return u.Organization
			}, nil)
		case q.Email != "": // few have it
			sees = func(us []access.User) ([]bool, error) { return c.seeAddresses(sc, us) }
		default:
			sources := []source[access.User]{named([]access.UserID{actor.User}, func(id access.UserID) (access.User, bool, error) {
				u, known, err := c.User(id)
				return u, known && !u.Deleted, err
			})}
			for _, org := range sc.staffs {
				sources = append(sources, c.usersIn(org))
			}
			for _, org := range sc.manages {
				sources = append(sources, c.usersAt(org))
			}
			users = merged(by(id), sources...)
		}
		if us, next, err = visible(p, users, id, sees); err != nil {
			return err
		}
		us, err = c.asSeenIn(sc, us)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return us, next, nil
}
