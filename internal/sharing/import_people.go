package sharing

import (
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

func (r *UserRow) steps() []step {
	return []step{{action: "user.put", resource: access.Obj(access.TypeUser, r.User), run: func(c *change) error { return c.importUser(r) }}}
}

func (r *HomeRow) steps() []step {
	return []step{{action: "user.put", resource: access.Obj(access.TypeUser, r.User), run: func(c *change) error {
		u, known, err := c.User(r.User)
		if err != nil || u.Organization == r.Organization {
			return err
		}
		if !known {
			return access.Unprocessablef("U1", "%s does not exist", access.Obj(access.TypeUser, r.User))
		}
		if u.Deleted {
			return c.goneUser(r.User)
		}
		_, err = c.putUser(r.User, UserPatch{Organization: access.Some(r.Organization)})
		return err
	}}}
}

func (c *change) importUser(r *UserRow) error {
	if r.TokensAfter.After(c.now.Add(maxAhead)) {
		return fieldError("N2", "/tokens_after", "lies in the future")
	}
	if r.Deleted {
		return c.importTombstone(r)
	}
	stored, known, err := c.User(r.User)
	if err != nil {
		return err
	}
	home := r.Organization
	if home != "" {
		if _, ok, err := c.Organization(home); err != nil {
			return err
		} else if !ok { // a HomeRow follows, and knows whether the organization has come
			home = ""
		}
	}
	if known && !stored.Deleted && same(r.Active, stored.Active) && !stored.Active {
		if c.userSays(stored, r, home) {
			return nil
		}
		since := stored
		since.TokensAfter = later(since.TokensAfter, r.TokensAfter)
		if c.userSays(since, r, home) {
			_, err := c.putUser(r.User, UserPatch{tokensAfter: r.TokensAfter})
			return err
		}
	}
	if known && stored.Gone() {
		return c.goneUser(r.User)
	}
	if known && r.Active != nil && !*r.Active {
		return access.Conflictf("N2", "%s is active: an import offboards nobody", access.Obj(access.TypeUser, r.User))
	}
	if known && c.userSays(stored, r, home) {
		return nil
	}
	p := UserPatch{
		Email: given(r.Email), Name: given(r.Name), Type: given(r.Type), Organization: given(home),
		EmailVerified: givenBool(r.EmailVerified), Active: givenBool(r.Active), tokensAfter: r.TokensAfter,
	}
	_, err = c.putUser(r.User, p)
	return err
}

// maxAhead is how far the clock may be behind that of the server that an import comes from.
const maxAhead = time.Minute

// userSays reports whether the user is what the row says.
func (c *change) userSays(u access.User, r *UserRow, home access.OrganizationID) bool {
	return (r.Email == "" || r.Email == u.Email) && same(r.EmailVerified, u.EmailVerified) && (r.Name == "" || r.Name == u.Name) &&
		(r.Type == "" || r.Type == u.Type) && (home == "" || home == u.Organization) && !r.TokensAfter.After(u.TokensAfter)
}

// importTombstone notes that somebody was deleted elsewhere, and which tokens are refused since. It deletes nobody here.
func (c *change) importTombstone(r *UserRow) error {
	u, known, err := c.User(r.User)
	if err != nil || known && u.Deleted && !r.TokensAfter.After(u.TokensAfter) {
		return err
	}
	if err := c.must(access.Administer, access.PlatformObject); err != nil {
		return ruled(err, "U1")
	}
	if known && !u.Deleted {
		return access.Conflictf("N2", "%s exists: an import deletes nobody", access.Obj(access.TypeUser, r.User))
	}
	tombstone := access.User{ID: r.User, Type: access.External, Deleted: true, TokensAfter: r.TokensAfter}
	if r.TokensAfter.IsZero() { // an export of an older Grantway does not say it
		tombstone.TokensAfter = c.now
	}
	if known {
		c.state(u, tombstone)
	} else {
		c.refold(nil, spice.FoldUser(tombstone))
		c.state(nil, tombstone)
	}
	return c.PutUser(tombstone)
}

// goneUser refuses to bring back who was offboarded (N2).
func (c *change) goneUser(id access.UserID) error {
	o := access.Obj(access.TypeUser, id)
	if seen, err := c.may(access.Administer, access.PlatformObject); err != nil {
		return err
	} else if seen {
		return access.Unprocessablef("N2", "%s was deleted or is inactive, and an import brings nobody back", o)
	}
	return access.Unprocessablef("N2", "%s is not an active user", o)
}

// activeOrNew is the user, unless that was offboarded. The zero User is one whom the directory does not know.
func (c *change) activeOrNew(id access.UserID) (access.User, error) {
	u, known, err := c.User(id)
	if err == nil && known && u.Gone() {
		err = c.goneUser(id)
	}
	return u, err
}

// introduces is the step that creates the user whom a row names, where the actor creates users at large: whoever manages an
// organization creates its users by memberships.
func introduces(id access.UserID) step {
	return step{action: "user.put", resource: access.Obj(access.TypeUser, id), run: func(c *change) error {
		u, err := c.activeOrNew(id)
		if err != nil || u.ID != "" {
			return err
		}
		if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || !admin {
			return err
		}
		_, err = c.putUser(id, UserPatch{})
		return err
	}}
}

func (r *OrganizationRow) steps() []step {
	put := step{action: "organization.put", resource: access.Obj(access.TypeOrganization, r.Organization), run: func(c *change) error {
		_, exists, err := c.Organization(r.Organization)
		if err != nil {
			return err
		}
		p := OrganizationPatch{
			Name: given(r.Name), PublicAccess: given(r.PublicAccess), OutsideSharing: givenBool(r.OutsideSharing),
			AllowedIPs: access.Optional[[]string]{Set: r.AllowedIPs != nil, Value: r.AllowedIPs},
		}
		if !exists && r.Owner == "" {
			return c.noOwner(r.Organization)
		}
		if !exists {
			p.Owner = access.Some(r.Owner)
		}
		_, err = c.putOrganization(r.Organization, p)
		return err
	}}
	if r.Owner == "" {
		return []step{put}
	}
	return []step{introduces(r.Owner), put}
}

// noOwner refuses an organization that is not there, and that nothing in the import gives an owner.
func (c *change) noOwner(id access.OrganizationID) error {
	o := access.Obj(access.TypeOrganization, id)
	if admin, err := c.may(access.Administer, access.PlatformObject); err != nil {
		return err
	} else if admin {
		return access.Unprocessablef("O1", "%s does not exist, and no row gives it an owner", o)
	}
	return access.NotFound(o)
}

func (r *MembershipRow) steps() []step {
	m := access.Membership{Organization: r.Organization, User: r.User, Role: r.Role, Source: r.Source, Since: r.Since}
	org := access.Obj(access.TypeOrganization, r.Organization)
	create := step{action: "organization.put", resource: org, run: func(c *change) error {
		_, exists, err := c.Organization(r.Organization)
		if err != nil || exists {
			return err
		}
		if r.Role != access.OrgOwner {
			return c.noOwner(r.Organization)
		}
		_, err = c.createOrganization(r.Organization, OrganizationPatch{Owner: access.Some(r.User)})
		return err
	}}
	user := step{action: "user.put", resource: access.Obj(access.TypeUser, r.User), run: func(c *change) error { return c.importMember(r) }}
	put := step{action: "member.put", resource: org, run: func(c *change) error {
		if m.Source != "" || !m.Since.IsZero() {
			if err := c.mayRestore("how memberships came about"); err != nil {
				return err
			}
		}
		_, err := c.putMember(m, "")
		return err
	}}
	if r.Role == access.OrgOwner {
		return []step{user, create, put}
	}
	return []step{create, user, put}
}

// importMember creates the user of a membership, or brings up to date what the row says about the user.
func (c *change) importMember(r *MembershipRow) error {
	u, err := c.activeOrNew(r.User)
	if err != nil {
		return err
	}
	said := UserRow{User: r.User, Email: r.Email, Name: r.Name, Type: r.Type}
	if u.ID != "" && c.userSays(u, &said, "") {
		return nil
	}
	p := UserPatch{Email: given(r.Email), Name: given(r.Name), Type: given(r.Type)}
	if u.ID == "" {
		admin, err := c.may(access.Administer, access.PlatformObject)
		if err != nil {
			return err
		}
		if !admin { // U1: whoever is no site admin creates users at home
			p.Organization = access.Some(r.Organization)
		}
	}
	_, err = c.putUser(r.User, p)
	return err
}

func (r *PlatformRoleRow) steps() []step {
	g := access.PlatformGrant{Role: r.Role, User: r.User}
	return []step{
		introduces(r.User),
		{action: "platform_role.put", resource: access.PlatformObject, run: func(c *change) error { return c.putPlatformGrant(g) }},
	}
}

// putPlatformGrant gives a platform role, as PutPlatformRole does.
func (c *change) putPlatformGrant(g access.PlatformGrant) error {
	if err := c.must(access.Administer, access.PlatformObject); err != nil {
		return err
	}
	u, err := c.activeUser(g.User, "P4")
	if err != nil {
		return err
	}
	if u.Type != access.Internal {
		return access.Unprocessablef("P4", "%s is external; platform roles go to internal users only", access.Obj(access.TypeUser, g.User))
	}
	had, err := c.PlatformGrants(g.User)
	if err != nil {
		return err
	}
	if slices.Contains(had, g.Role) {
		return c.PutPlatformGrant(g) // as PutPlatformRole does
	}
	c.state(nil, g)
	return c.aroundRows(g.User, func() error {
		c.refold(nil, spice.FoldPlatformGrant(g))
		return c.PutPlatformGrant(g)
	})
}

// given is a field that is left out where it is empty.
func given[T ~string](v T) access.Optional[T] { return access.Optional[T]{Set: v != "", Value: v} }

func givenBool(v *bool) access.Optional[bool] {
	if v == nil {
		return access.Optional[bool]{}
	}
	return access.Some(*v)
}

// same reports whether a field that may be left out says what is so.
func same(said *bool, is bool) bool { return said == nil || *said == is }
