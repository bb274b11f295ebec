package sharing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// SignIn applies an issuer's statements about a person: it finds or creates the user, and updates the user's address, name and type, and the roles
// and memberships that the issuer gives (U1). A token older than the newest applied one changes nothing, so that an older one, which is still valid,
// gives nothing back. Of several different tokens of one second, each counts in the order of arrival.
//
// The error is of kind Unauthenticated if the issuer may not name the user: an offboarded user (N2), one with another subject, or one who is not the
// issuer's.
func (s *Service) SignIn(ctx context.Context, in access.SignIn) error {
	actor := access.IssuerActor(in.Issuer)
	actor.Address, actor.RequestID = in.Address, in.RequestID
	known := false
	err := s.db.View(ctx, func(tx *store.Tx) error {
		id, err := s.caller(ctx, tx, actor).identify(in)
		known = err == nil && !id.Takes(in)
		return err
	})
	if err != nil || known { // only changes need the turn
		return err
	}
	_, err = s.change(ctx, actor, "user.sign_in", access.Obj(access.TypeUser, in.User), func(c *change) error {
		id, err := c.identify(in)
		if err != nil || !id.Takes(in) {
			return err
		}
		c.resource = access.Obj(access.TypeUser, id.User)
		return c.signIn(id, in)
	})
	if refuses(err) {
		return notSignedIn(err)
	}
	return err
}

// identify finds the user that the issuer names, or the one to create at the first sign-in. A known subject stays the same user, whatever ID the
// token contains, and the subject of a deleted user does not come back as another user (N2).
func (c *caller) identify(in access.SignIn) (access.Identity, error) {
	id, known, err := c.Identity(in.Issuer, in.Subject)
	if err != nil {
		return id, err
	}
	if !known {
		id = access.Identity{Issuer: in.Issuer, Subject: in.Subject, User: in.User}
	}
	was, ended, err := c.EndedIdentity(in.Issuer, in.Subject)
	if err != nil {
		return id, err
	}
	u, exists, err := c.User(id.User)
	switch {
	case err != nil:
		return id, err
	case exists && u.Gone():
		return id, notSignedIn(errors.New("the user is offboarded"))
	case exists && !u.Takes(in.IssuedAt):
		return id, notSignedIn(errors.New("it was issued before the user was last deactivated or deleted"))
	case known:
		return id, nil
	case ended && !in.IssuedAt.After(was.IssuedAt):
		return id, notSignedIn(errors.New("it was issued before its user was deleted"))
	case ended && !exists:
		return id, notSignedIn(errors.New("its user was deleted"))
	case !exists && !in.Create:
		return id, notSignedIn(errors.New("the user does not exist, and user.create is off for the issuer"))
	case !exists:
		return id, nil
	case !in.Adopt:
		return id, notSignedIn(errors.New("the user was not created by this issuer, and user.adopt is off"))
	}
	claims, err := c.IdentitiesOf(id.User)
	if err != nil {
		return id, err
	}
	for _, other := range claims {
		if slices.Contains(in.Claimants, other.Issuer) {
			return id, notSignedIn(errors.New("the user has another subject with " + other.Issuer))
		}
	}
	return id, nil
}

// notSignedIn refuses the token of somebody who may not call. The caller learns only that; the cause is for the log.
func notSignedIn(cause error) error {
	return &access.Error{Kind: access.KindUnauthenticated, Rule: "U1", Detail: "invalid token", Cause: cause}
}

// signIn applies the issuer's statements to the facts.
func (c *change) signIn(id access.Identity, in access.SignIn) error {
	in, err := c.withhold(id.User, in)
	if err != nil {
		return err
	}
	email, err := c.signInUser(id, in)
	if err != nil {
		return err
	}
	for _, sync := range []func(access.UserID, access.SignIn) error{c.syncMemberships, c.syncRoles, c.syncPlatformRoles} {
		if err := sync(id.User, in); err != nil {
			return err
		}
	}
	if id.IssuedAt.IsZero() { // the record contains the first sign-in, even if it changed nothing
		c.changed = true
	}
	id.Email = email
	return c.PutIdentity(id.Take(in))
}

// signInUser creates the user, or updates the data from the issuer. It returns the user's verified address from the issuer, or "": the issuer cannot
// take back an address that somebody else has verified before.
func (c *change) signInUser(id access.Identity, in access.SignIn) (access.Email, error) {
	old, exists, err := c.User(id.User)
	if err != nil {
		return "", err
	}
	email, verified := in.Email, in.EmailVerified
	if verified {
		holder, held, err := c.verifiedHolder(email)
		if err != nil {
			return "", err
		}
		verified = !held || holder.ID == id.User // the active user who had the address first keeps it (I2)
	}
	p := UserPatch{Name: optional(in.Name)}
	if p.Type, err = c.signInType(old, exists, in); err != nil {
		return "", err
	}
	switch {
	case verified:
		p.Email, p.EmailVerified = access.Some(email), access.Some(true)
	case exists && old.EmailVerified && old.Email != id.Email:
		// Somebody else has verified the address that the user has.
	case in.Unknown.Email && (email == "" || exists && old.Email == email): // nothing is taken back (D1)
		_, err = c.putUser(id.User, p)
		return id.Email, err
	case email != "":
		p.Email, p.EmailVerified = access.Some(email), access.Some(false)
	case id.Email != "" && old.Email == id.Email:
		p.Email = access.Optional[access.Email]{Set: true, Null: true} // the issuer no longer says it
	}
	_, err = c.putUser(id.User, p)
	if !verified || old.Verified() == email && id.Email != email {
		email = ""
	}
	return email, err
}

// signInType is the type that the user gets from the issuer. One that somebody else gave is not the issuer's to take back (D1, D2).
func (c *change) signInType(old access.User, exists bool, in access.SignIn) (access.Optional[access.UserType], error) {
	if !exists || in.Type != access.External || old.Type != access.Internal {
		return optional(in.Type), nil
	}
	by, err := c.TypeGivenBy(old.ID)
	if err != nil || by != in.Issuer {
		return access.Optional[access.UserType]{}, err
	}
	return optional(in.Type), nil
}

// syncMemberships gives the memberships that the issuer names, and ends those it has given and no longer names, unless they are unknown (D1). It
// never changes owners (O1, O2) or what somebody else has given.
func (c *change) syncMemberships(user access.UserID, in access.SignIn) error {
	had, err := c.MembershipsGiven(user, in.Issuer)
	if err != nil {
		return err
	}
	for _, old := range had {
		says := slices.ContainsFunc(in.Memberships, func(m access.Membership) bool { return m.Organization == old.Organization })
		if says || old.Role == access.OrgOwner || in.Unknown.MayGiveMembership(old) {
			continue
		}
		if err := c.leave(old, ""); err != nil {
			return err
		}
	}
	for _, m := range in.Memberships {
		m.User = user
		if err := c.syncMembership(had, m, in); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) syncMembership(had []access.Membership, m access.Membership, in access.SignIn) error {
	if _, there, err := c.Organization(m.Organization); err != nil || !there {
		return err
	}
	old, member, err := c.Membership(m.Organization, m.User)
	if err != nil {
		return err
	}
	m.Source = old.Source.Stronger(access.SignedIn)
	m.Since = c.since(old, m)
	if member && (old.Role == access.OrgOwner || !slices.Contains(had, old)) {
		return c.joined(old)
	}
	if old == m || in.Unknown.MayGiveMembership(old) && slices.Index(access.OrgRoles, old.Role) < slices.Index(access.OrgRoles, m.Role) {
		return nil
	}
	if err := c.setRole(m); err != nil {
		return err
	}
	if err := c.GivenMembership(m, in.Issuer); err != nil {
		return err
	}
	e := altered("member", nil, m)
	if member {
		e = altered("member", old, m)
	}
	if err := c.addEffect(e, access.Obj(access.TypeOrganization, m.Organization)); err != nil {
		return err
	}
	if member && m.Role == access.OrgClient {
		return c.passOn(old, "")
	}
	return nil
}

// joined notes that a provider confirms a role that somebody else gave (O7).
func (c *change) joined(old access.Membership) error {
	m := old
	m.Source = old.Source.Stronger(access.SignedIn)
	if m == old {
		return nil
	}
	c.changed = true
	if err := c.addEffect(altered("member", old, m), access.Obj(access.TypeOrganization, m.Organization)); err != nil {
		return err
	}
	return c.PutMembership(m)
}

// syncRoles does the same for roles. It creates no roles, and gives roles of an organization with outside_sharing off only to the organization's
// people (O5).
func (c *change) syncRoles(user access.UserID, in access.SignIn) error {
	given, err := c.RolesGiven(user, in.Issuer)
	if err != nil {
		return err
	}
	for _, role := range given {
		if !slices.Contains(in.Roles, role) && !in.Unknown.MayGiveRole(role) {
			if err := c.dropAssignment(access.RoleAssignment{Role: role, User: user}); err != nil {
				return err
			}
		}
	}
	for _, role := range in.Roles {
		a := access.RoleAssignment{Role: role, User: user}
		fact, there, err := c.Role(role)
		if err != nil {
			return err
		}
		outsider, err := c.isOutsider(fact.Organization, user)
		if err != nil {
			return err
		}
		has, err := c.RoleAssigned(role, user)
		if err != nil {
			return err
		}
		if !there || has || outsider {
			continue
		}
		if err := c.PutRoleAssignment(a); err != nil {
			return err
		}
		if err := c.GivenRoleAssignment(a, in.Issuer); err != nil {
			return err
		}
		c.refold(nil, spice.FoldRoleAssignment(a))
		if err := c.addEffect(altered("role_assignment", nil, a), access.Obj(access.TypeRole, role)); err != nil {
			return err
		}
	}
	return nil
}

// syncPlatformRoles does the same for platform roles, which only internal users can have (P4).
func (c *change) syncPlatformRoles(user access.UserID, in access.SignIn) error {
	given, err := c.PlatformRolesGiven(user, in.Issuer)
	if err != nil {
		return err
	}
	for _, role := range given {
		if !slices.Contains(in.PlatformRoles, role) && !in.Unknown.MayGivePlatformRole(role) {
			if err := c.dropPlatformGrant(access.PlatformGrant{Role: role, User: user}); err != nil {
				return err
			}
		}
	}
	u, _, err := c.User(user)
	if err != nil || u.Type != access.Internal {
		return err
	}
	has, err := c.PlatformGrants(user)
	if err != nil {
		return err
	}
	for _, role := range in.PlatformRoles {
		if slices.Contains(has, role) {
			continue
		}
		g := access.PlatformGrant{Role: role, User: user}
		err := c.aroundRows(user, func() error {
			c.refold(nil, spice.FoldPlatformGrant(g))
			if err := c.PutPlatformGrant(g); err != nil {
				return err
			}
			return c.GivenPlatformGrant(g, in.Issuer)
		})
		if err != nil {
			return err
		}
		if err := c.addEffect(altered("platform_role", nil, g), access.PlatformObject); err != nil {
			return err
		}
	}
	return nil
}

// endSignIns ends the sessions of an offboarded user, and refuses tokens that any issuer has issued to the user, in case the user comes back (N2). A
// token from the server's future that was applied counts as issued before.
func (c *change) endSignIns(u *access.User) error {
	ids, err := c.IdentitiesOf(u.ID)
	if err != nil {
		return err
	}
	if err := c.DeleteSignIns(u.ID); err != nil {
		return err
	}
	u.TokensAfter = later(u.TokensAfter, c.now)
	for _, id := range ids {
		u.TokensAfter = later(u.TokensAfter, id.IssuedAt)
		id.IssuedAt, id.TakenIn = later(id.IssuedAt, c.now), ""
		if err := c.PutIdentity(id); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
