package sharing

import (
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// UserRow is a user (U1). Deleted is a tombstone, which keeps the person from coming back through an open sign-in (C1).
type UserRow struct {
	User          access.UserID         `json:"user"`
	Email         access.Email          `json:"email,omitempty"`
	EmailVerified *bool                 `json:"email_verified,omitempty"`
	Name          string                `json:"name,omitempty"`
	Type          access.UserType       `json:"type,omitempty"`
	Active        *bool                 `json:"active,omitempty"`
	Deleted       bool                  `json:"deleted,omitempty"`
	Organization  access.OrganizationID `json:"organization,omitempty"`
	TokensAfter   time.Time             `json:"tokens_after,omitzero"` // tokens issued until then are refused (N2)
}

func (*UserRow) Kind() Kind    { return KindUser }
func (r *UserRow) Key() string { return string(r.User) }

func (r *UserRow) steps() []step {
	return []step{{action: "user.put", resource: access.Obj(access.TypeUser, r.User), run: func(c *change) error { return c.importUser(r) }}}
}

// HomeRow is a user's home organization, written once the organization exists. Files do not contain it; it follows a UserRow with an organization.
type HomeRow struct {
	User         access.UserID         `json:"user"`
	Organization access.OrganizationID `json:"organization"`
}

func (*HomeRow) Kind() Kind    { return KindHome }
func (r *HomeRow) Key() string { return string(r.User) }

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

// importUser creates or changes a user as a PUT does, but never offboards and never brings anybody back (N2). Actors other than site admins are
// checked first, so that only those who may make the row true learn whether it is (C6).
func (c *change) importUser(r *UserRow) error {
	if r.TokensAfter.After(c.now.Add(maxAhead)) {
		return fieldError("N2", "/tokens_after", "must not be in the future")
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
	p := UserPatch{
		Email: optional(r.Email), Name: optional(r.Name), Type: optional(r.Type), Organization: optional(home),
		EmailVerified: optionalBool(r.EmailVerified), Active: optionalBool(r.Active), tokensAfter: r.TokensAfter,
	}
	if err := c.mayImportUser(r.User, stored, known, p); err != nil {
		return err
	}
	if lost, err := c.lostAddress(r); err != nil {
		return err
	} else if lost {
		unverified := *r
		unverified.EmailVerified = new(bool)
		r, p.EmailVerified = &unverified, access.Some(false)
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
		return access.Conflictf("N2", "%s is active: an import cannot offboard users", access.Obj(access.TypeUser, r.User))
	}
	if known && c.userSays(stored, r, home) {
		return nil
	}
	_, err = c.putUser(r.User, p)
	return err
}

// lostAddress reports whether the row is of an inactive user whose verified address now belongs to an active user (I2, N2).
func (c *change) lostAddress(r *UserRow) (bool, error) {
	if r.Email == "" || same(r.EmailVerified, false) || same(r.Active, true) {
		return false, nil
	}
	holder, held, err := c.verifiedHolder(r.Email)
	return held && holder.ID != r.User, err
}

// maxAhead is how far this server's clock may be behind that of the exporting server.
const maxAhead = time.Minute

// mayImportUser checks the actor's right to the row as putUser does, before anything about the user is revealed. The ID of a deleted user counts as
// taken.
func (c *change) mayImportUser(id access.UserID, stored access.User, known bool, p UserPatch) error {
	if known && !stored.Deleted {
		seen, err := c.seesUser(id)
		if err != nil {
			return err
		}
		if seen {
			return c.mayPutUser(stored, patchUser(stored, p), true)
		}
	}
	fresh := newUser(id)
	if err := c.mayPutUser(fresh, patchUser(fresh, p), false); err != nil || !known {
		return err
	}
	if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || admin {
		return err
	}
	return idTaken(access.Obj(access.TypeUser, id))
}

// userSays reports whether the user already has the row's values.
func (c *change) userSays(u access.User, r *UserRow, home access.OrganizationID) bool {
	return (r.Email == "" || r.Email == u.Email) && same(r.EmailVerified, u.EmailVerified) && (r.Name == "" || r.Name == u.Name) &&
		(r.Type == "" || r.Type == u.Type) && (home == "" || home == u.Organization) && !r.TokensAfter.After(u.TokensAfter)
}

// importTombstone notes that a user was deleted on another server, and since when tokens are refused. It deletes nobody here.
func (c *change) importTombstone(r *UserRow) error {
	if err := c.must(access.Administer, access.PlatformObject); err != nil {
		return withRule(err, "U1")
	}
	u, known, err := c.User(r.User)
	if err != nil || known && u.Deleted && !r.TokensAfter.After(u.TokensAfter) {
		return err
	}
	if known && !u.Deleted {
		return access.Conflictf("N2", "%s exists: an import cannot delete users", access.Obj(access.TypeUser, r.User))
	}
	tombstone := access.User{ID: r.User, Type: access.External, Deleted: true, TokensAfter: r.TokensAfter}
	if r.TokensAfter.IsZero() { // exports of older versions do not contain it
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

// goneUser refuses to bring back an offboarded user (N2).
func (c *change) goneUser(id access.UserID) error {
	return access.Unprocessablef("N2", "%s was deleted or deactivated, and an import cannot bring users back", access.Obj(access.TypeUser, id))
}

// introduces is the step that creates a user whom a row names, if the actor is a site admin. Other actors learn about the user only from the row's
// own change; those who manage an organization create its users by memberships.
func introduces(id access.UserID) step {
	return step{action: "user.put", resource: access.Obj(access.TypeUser, id), run: func(c *change) error {
		if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || !admin {
			return err
		}
		u, known, err := c.User(id)
		if err != nil || known && !u.Gone() {
			return err
		}
		if known {
			return c.goneUser(id)
		}
		_, err = c.putUser(id, UserPatch{})
		return err
	}}
}

// OrganizationRow is an organization and its limits (O5, B4). Owner is its first owner and is used only at creation. Only an unconfined full key can
// create one without an owner, and the row has to say so.
type OrganizationRow struct {
	Organization   access.OrganizationID `json:"organization"`
	Owner          access.UserID         `json:"owner,omitempty"`
	Ownerless      bool                  `json:"ownerless,omitempty"`
	Name           string                `json:"name,omitempty"`
	PublicAccess   access.Audience       `json:"public_access,omitempty"`
	OutsideSharing *bool                 `json:"outside_sharing,omitempty"`
	AllowedIPs     []string              `json:"allowed_ips,omitzero"`
}

func (*OrganizationRow) Kind() Kind    { return KindOrganization }
func (r *OrganizationRow) Key() string { return string(r.Organization) }

func (r *OrganizationRow) steps() []step {
	put := step{action: "organization.put", resource: access.Obj(access.TypeOrganization, r.Organization), run: func(c *change) error {
		_, exists, err := c.Organization(r.Organization)
		if err != nil {
			return err
		}
		p := OrganizationPatch{
			Name: optional(r.Name), PublicAccess: optional(r.PublicAccess), OutsideSharing: optionalBool(r.OutsideSharing),
			AllowedIPs: access.Optional[[]string]{Set: r.AllowedIPs != nil, Value: r.AllowedIPs},
		}
		if !exists && r.Ownerless && r.Owner == "" {
			return c.restoreOwnerlessOrganization(r.Organization, p)
		}
		if !exists && r.Owner == "" {
			if err := c.noOwner(r.Organization); err != nil {
				return err
			}
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

// restoreOwnerlessOrganization creates an organization whose last owner was offboarded (O1).
func (c *change) restoreOwnerlessOrganization(id access.OrganizationID, p OrganizationPatch) error {
	if err := c.mayRestore("organizations without an owner"); err != nil {
		return err
	}
	org := access.Organization{ID: id, PublicAccess: access.AudienceEveryone, OutsideSharing: true}
	if err := c.settings(&org, p); err != nil {
		return err
	}
	if err := c.PutOrganization(org); err != nil {
		return err
	}
	c.refold(nil, spice.FoldOrganization(org))
	c.state(nil, org)
	return nil
}

// noOwner tells site admins that an organization does not exist and that no row names an owner for it.
func (c *change) noOwner(id access.OrganizationID) error {
	if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || !admin {
		return err
	}
	return access.Unprocessablef("O1", "%s does not exist, and no row names an owner for it", access.Obj(access.TypeOrganization, id))
}

// MembershipRow is a role in an organization, with data about the user.
type MembershipRow struct {
	Organization access.OrganizationID `json:"organization"`
	User         access.UserID         `json:"user"`
	Role         access.OrgRole        `json:"role"`
	Email        access.Email          `json:"email,omitempty"` // never verified by an import of memberships
	Name         string                `json:"name,omitempty"`
	Type         access.UserType       `json:"type,omitempty"`

	Source access.MembershipSource `json:"source,omitempty"` // how the role came about, if it is restored (O7)
	Since  time.Time               `json:"since,omitzero"`
}

func (*MembershipRow) Kind() Kind    { return KindMembership }
func (r *MembershipRow) Key() string { return pair(r.Organization, r.User) }

func (r *MembershipRow) steps() []step {
	m := access.Membership{Organization: r.Organization, User: r.User, Role: r.Role, Source: r.Source, Since: r.Since}
	org := access.Obj(access.TypeOrganization, r.Organization)
	judge := step{action: "member.put", resource: org, run: func(c *change) error { return c.mayImportMember(m) }}
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
		_, _, err := c.putMember(m, Offboard{})
		return err
	}}
	if r.Role == access.OrgOwner {
		return []step{judge, user, create, put}
	}
	return []step{judge, create, user, put}
}

// mayImportMember checks the actor's right to a membership as putMember does, before anything about the organization or the user is revealed (C6).
// For site admins, the following steps do it, which create what is missing.
func (c *change) mayImportMember(m access.Membership) error {
	if admin, err := c.may(access.Administer, access.PlatformObject); err != nil || admin {
		return err
	}
	_, _, err := c.membersOf(m.Organization, m.User, m.Role == access.OrgOwner)
	return err
}

// importMember creates the user of a membership, or updates the data that the row contains. Actors other than site admins create users of their home
// organization (U1).
func (c *change) importMember(r *MembershipRow) error {
	said := &UserRow{User: r.User, Email: r.Email, Name: r.Name, Type: r.Type}
	admin, err := c.may(access.Administer, access.PlatformObject)
	if err != nil {
		return err
	}
	u, known, err := c.User(r.User)
	switch {
	case err != nil:
		return err
	case admin && known && u.Gone():
		return c.goneUser(r.User)
	case !admin && !known:
		said.Organization = r.Organization
	case !admin && *said == UserRow{User: r.User}:
		return nil // the membership reports whether the user is active
	}
	return c.importUser(said)
}

// PlatformRoleRow is a platform role (P4).
type PlatformRoleRow struct {
	Role access.PlatformRole `json:"role"`
	User access.UserID       `json:"user"`
}

func (*PlatformRoleRow) Kind() Kind    { return KindPlatformRole }
func (r *PlatformRoleRow) Key() string { return pair(r.Role, r.User) }

func (r *PlatformRoleRow) steps() []step {
	g := access.PlatformGrant{Role: r.Role, User: r.User}
	return []step{
		introduces(r.User),
		{action: "platform_role.put", resource: access.PlatformObject, run: func(c *change) error { return c.putPlatformGrant(g) }},
	}
}

// optional is an optional field that is unset if empty.
func optional[T ~string](v T) access.Optional[T] { return access.Optional[T]{Set: v != "", Value: v} }

func optionalBool(v *bool) access.Optional[bool] {
	if v == nil {
		return access.Optional[bool]{}
	}
	return access.Some(*v)
}

// same reports whether an optional field agrees with the current value.
func same(said *bool, is bool) bool { return said == nil || *said == is }
