package sharing

import (
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Lists start from what their reader sees, so that the cost of a page does not grow with other people's data: the organizations in which the actor
// has a role, according to the facts and confirmed by the engine, and the things that name the actor.

// scope is the set of organizations whose lists the actor reads.
type scope struct {
	all      bool // all organizations: a site admin, or an unconfined key
	oversees bool // every organization's data and chatbots (P1, P2)

	// The organizations by the actor's rights, sorted: view_data, create_chatbot, update.
	views, staffs, manages []access.OrganizationID
}

// scope computes the actor's scope. It leaves out organizations that may not be read from the caller's address (B4).
func (c *caller) scope() (scope, error) {
	s, err := c.scopeAnywhere()
	if err != nil {
		return s, err
	}
	admitted := map[access.OrganizationID]bool{}
	for _, org := range s.views {
		if admitted[org], err = c.admitted(org); err != nil {
			return s, err
		}
		if !admitted[org] {
			c.leaveOut(org)
		}
	}
	elsewhere := func(org access.OrganizationID) bool { return !admitted[org] }
	for _, orgs := range []*[]access.OrganizationID{&s.views, &s.staffs, &s.manages} {
		*orgs = slices.DeleteFunc(*orgs, elsewhere)
	}
	return s, nil
}

// scopeAnywhere is scope without regard to the caller's address.
func (c *caller) scopeAnywhere() (scope, error) {
	if c.actor.Unconfined() {
		return scope{all: true, oversees: true}, nil
	}
	rights := []right{{access.Administer, access.PlatformObject}, {access.ManageContent, access.PlatformObject}}
	var orgs []access.OrganizationID
	if c.actor.User == "" {
		orgs = append(orgs, c.actor.Organization)
		rights = append(rights, right{access.Update, access.Obj(access.TypeOrganization, c.actor.Organization)})
	} else {
		memberships, err := c.Memberships(c.actor.User)
		if err != nil {
			return scope{}, err
		}
		for _, m := range memberships {
			orgs = append(orgs, m.Organization)
			rights = append(rights, right{mostOf(m.Role), access.Obj(access.TypeOrganization, m.Organization)})
		}
	}
	has, err := c.mayAll(rights)
	if err != nil {
		return scope{}, err
	}
	s := scope{all: has[0], oversees: has[0] || has[1]}
	for i, org := range orgs {
		if !has[2+i] {
			continue
		}
		s.views = append(s.views, org)
		switch rights[2+i].action {
		case access.Update:
			s.manages = append(s.manages, org)
			s.staffs = append(s.staffs, org)
		case access.CreateChatbot:
			s.staffs = append(s.staffs, org)
		}
	}
	return s, nil
}

// mostOf is the action that the role has and no lesser role has (section 2).
func mostOf(role access.OrgRole) access.Action {
	switch role {
	case access.OrgOwner, access.OrgAdmin:
		return access.Update
	case access.OrgMember:
		return access.CreateChatbot
	}
	return access.ViewData
}

// narrowed reduces the organizations to the one that a query selects; "" selects all.
func narrowed(orgs []access.OrganizationID, wanted access.OrganizationID) []access.OrganizationID {
	switch {
	case wanted == "":
		return orgs
	case slices.Contains(orgs, wanted):
		return []access.OrganizationID{wanted}
	}
	return nil
}

// source reads part of a list: at most limit facts after a key, in the order of the keys.
type source[T any] func(after string, limit int) ([]T, error)

// merged reads several sources as one, in the order, each fact once.
func merged[T any](order func(a, b T) int, sources ...source[T]) source[T] {
	return func(after string, limit int) ([]T, error) {
		var all []T
		for _, read := range sources {
			part, err := read(after, limit)
			if err != nil {
				return nil, err
			}
			all = append(all, part...)
		}
		slices.SortFunc(all, order)
		all = slices.CompactFunc(all, func(a, b T) bool { return order(a, b) == 0 })
		return all[:min(limit, len(all))], nil
	}
}

// by is the order of the keys.
func by[T any](key func(T) string) func(a, b T) int {
	return func(a, b T) int { return strings.Compare(key(a), key(b)) }
}

// eachOf is one source for each of the organizations.
func eachOf[T any](orgs []access.OrganizationID, read func(org access.OrganizationID, after string, limit int) ([]T, error)) []source[T] {
	sources := make([]source[T], len(orgs))
	for i, org := range orgs {
		sources[i] = func(after string, limit int) ([]T, error) { return read(org, after, limit) }
	}
	return sources
}

// named is a source of the facts with these IDs, which are sorted. It skips IDs without a fact or with an unwanted one.
func named[T any, ID ~string](ids []ID, load func(ID) (T, bool, error)) source[T] {
	return func(after string, limit int) ([]T, error) {
		from, there := slices.BinarySearch(ids, ID(after))
		if there {
			from++
		}
		var found []T
		for _, id := range ids[from:] {
			if len(found) == limit {
				break
			}
			fact, ok, err := load(id)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, fact)
			}
		}
		return found, nil
	}
}

// usersIn is a source of the users with a role in the organization.
func (c *caller) usersIn(org access.OrganizationID) source[access.User] {
	return func(after string, limit int) ([]access.User, error) {
		members, err := c.Members(org, access.UserID(after), limit)
		if err != nil {
			return nil, err
		}
		ids := make([]access.UserID, len(members))
		for i, m := range members {
			ids[i] = m.User
		}
		return c.UsersWithIDs(ids)
	}
}

// usersAt is a source of the users whose home the organization is (U1).
func (c *caller) usersAt(org access.OrganizationID) source[access.User] {
	return func(after string, limit int) ([]access.User, error) {
		return c.Users(store.UserFilter{Home: org}, access.UserID(after), limit)
	}
}
