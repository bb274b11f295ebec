package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// roleIn is the role that the user has in acme, or "".
func (e *env) roleIn(user access.UserID) access.OrgRole {
	m, _ := e.membership("acme", user)
	return m.Role
}

func (e *env) rolesOf(user access.UserID) []access.RoleID {
	return facts(e, func(tx *store.Tx) ([]access.RoleID, error) { return tx.RolesOf(user) })
}

func (e *env) platformRolesOf(user access.UserID) []access.PlatformRole {
	return facts(e, func(tx *store.Tx) ([]access.PlatformRole, error) { return tx.PlatformGrants(user) })
}

// D2: what an administrator takes away stays away, whatever the next tokens say, until the provider has stopped naming it once, or an administrator
// gives it again.
func TestD2WhatAnAdministratorTakesAwayStaysAway(t *testing.T) {
	e := acme(t)
	e.makeRole("support", "acme")
	e.makeRole("premium", "")
	names := func(in *access.SignIn) {
		in.Adopt, in.Type, in.Memberships = true, access.Internal, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
		in.Roles, in.PlatformRoles = []access.RoleID{"support", "premium"}, []access.PlatformRole{access.ContentAdmin}
	}
	staff := func(in *access.SignIn) { in.Type = access.Internal }
	unknown := func(in *access.SignIn) {
		in.Type, in.Unknown = access.Internal, access.Unknown{Grants: []access.UnknownGrant{
			{Organization: "*", As: access.OrgMember}, {Role: "*"}, {Platform: access.ContentAdmin}}}
	}
	hasNothing := func(why string) {
		t.Helper()
		require.Empty(t, e.roleIn("nina"), why)
		require.Empty(t, e.rolesOf("nina"), why)
		require.Empty(t, e.platformRolesOf("nina"), why)
	}
	takeAll := func() {
		e.ok(e.RemoveMember(e.ctx, root, "acme", "nina", sharing.Offboard{}))
		e.ok(e.UnassignRole(e.ctx, root, "premium", "nina"))
		e.ok(e.DeletePlatformRole(e.ctx, root, access.ContentAdmin, "nina"))
	}
	require.NoError(t, e.signs(corp, "nina", names))
	require.Equal(t, access.OrgMember, e.roleIn("nina"))
	takeAll()
	require.NoError(t, e.signs(corp, "nina", names))
	hasNothing("the next token does not bring back a removed member, nor a role of the organization that went with it")
	require.NoError(t, e.signs(corp, "nina", unknown))
	require.NoError(t, e.signs(corp, "nina", names))
	hasNothing("a token that does not tell its groups has not stopped naming them")
	require.NoError(t, e.signs(partner, "nina", func(in *access.SignIn) { staff(in); in.Adopt, in.Claimants = true, nil }))
	require.NoError(t, e.signs(corp, "nina", names))
	hasNothing("that another provider does not name them is not its doing")

	require.NoError(t, e.signs(corp, "nina", staff))
	require.NoError(t, e.signs(corp, "nina", names))
	require.Equal(t, access.OrgMember, e.roleIn("nina"), "it has stopped naming them once, and names them again")
	require.Equal(t, []access.RoleID{"premium", "support"}, e.rolesOf("nina"))
	require.Equal(t, []access.PlatformRole{access.ContentAdmin}, e.platformRolesOf("nina"))
	e.agrees()

	takeAll()
	require.NoError(t, e.signs(corp, "nina", names))
	hasNothing("an administrator has taken them away a second time")
	e.ok(e.PutMember(e.ctx, root, "acme", "nina", access.OrgClient, sharing.Offboard{}))
	e.ok(e.AssignRole(e.ctx, root, "premium", "nina"))
	e.ok(e.PutPlatformRole(e.ctx, root, access.ContentAdmin, "nina"))
	for range 2 {
		require.NoError(t, e.signs(corp, "nina", names))
		require.Equal(t, access.OrgClient, e.roleIn("nina"), "what an administrator gives again is as the administrator says")
		require.Equal(t, []access.RoleID{"premium"}, e.rolesOf("nina"))
	}
	require.NoError(t, e.signs(corp, "nina", staff))
	require.Equal(t, access.OrgClient, e.roleIn("nina"), "and is not the provider's to take back")
	e.agrees()
	e.replays()
}

// D2: it holds too for what no provider gave, and for somebody who has never signed in.
func TestD2WhatWasTakenAwayBeforeTheFirstSignInStaysAway(t *testing.T) {
	e := acme(t)
	names := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgAdmin}}
	}
	e.ok(e.RemoveMember(e.ctx, root, "acme", "mia", sharing.Offboard{}))
	require.NoError(t, e.signs(corp, "mia", names))
	e.nobodyIn("acme", "mia")

	e.ok(e.DeleteUser(e.ctx, root, "mia", sharing.Offboard{}))
	e.ok(e.PutUser(e.ctx, root, "mia", sharing.UserPatch{}))
	require.NoError(t, e.signs(corp, "mia", names), "O4: a user who is created again starts anew")
	require.Equal(t, access.OrgAdmin, e.roleIn("mia"))
}

// D2, O7: people can leave an organization that their provider puts them in, and come back by accepting an invitation.
func TestD2WhatAPersonGivesUpStaysAway(t *testing.T) {
	e := acme(t)
	names := func(in *access.SignIn) {
		in.Email, in.EmailVerified = "nina@acme.test", true
		in.Memberships = []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}
	require.NoError(t, e.signs(corp, "nina", names))
	e.ok(e.RemoveMember(e.ctx, access.Actor{User: "nina", Issuer: corp}, "acme", "nina", sharing.Offboard{}))
	require.NoError(t, e.signs(corp, "nina", names))
	e.nobodyIn("acme", "nina")

	e.ok(e.PutMember(e.ctx, root, "acme", "nina", access.OrgMember, sharing.Offboard{}))
	require.NoError(t, e.signs(corp, "nina", names))
	require.Equal(t, access.OrgMember, e.roleIn("nina"))
}

// D1, D2, P4: an issuer that does not know somebody as internal takes the type from nobody to whom somebody else gave it, and with it no platform role.
func TestD2ATypeThatAnAdministratorGaveStays(t *testing.T) {
	e := acme(t)
	says := func(kind access.UserType) func(*access.SignIn) {
		return func(in *access.SignIn) { in.Adopt, in.Type = true, kind }
	}
	sets := func(kind access.UserType) {
		t.Helper()
		e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Type: access.Some(kind)}))
	}
	is := func(kind access.UserType, why string) {
		t.Helper()
		require.Equal(t, kind, e.user("nina").Type, why)
	}
	sets(access.Internal)
	e.ok(e.PutPlatformRole(e.ctx, root, access.SiteAdmin, "nina"))
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	is(access.Internal, "an administrator said so")
	require.Equal(t, []access.PlatformRole{access.SiteAdmin}, e.platformRolesOf("nina"))
	require.NoError(t, e.signs(corp, "nina", says(access.Internal)))
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	is(access.Internal, "that an issuer said so, too, does not make it the issuer's")

	// What an administrator takes away stays away, until the issuer has stopped naming it once; then it is the issuer's, which takes it back.
	sets(access.External)
	require.Empty(t, e.platformRolesOf("nina"), "P4")
	require.NoError(t, e.signs(corp, "nina", says(access.Internal)))
	require.NoError(t, e.signs(corp, "nina", says("")))
	require.NoError(t, e.signs(corp, "nina", says(access.Internal)))
	is(access.External, "an administrator took it away, and the issuer has not stopped naming it")
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	require.NoError(t, e.signs(corp, "nina", says(access.Internal)))
	is(access.Internal, "the issuer had stopped naming it")
	require.NoError(t, e.signs(corp, "nina", says("")))
	is(access.Internal, "a token that does not tell takes nothing back")
	require.NoError(t, e.signs(partner, "nina", func(in *access.SignIn) { in.Adopt, in.Claimants, in.Type = true, nil, access.External }))
	is(access.Internal, "another issuer did not give it")
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	is(access.External, "the issuer's own")

	// What an administrator gives again, also where the issuer gave it first, is the administrator's.
	sets(access.External)
	require.NoError(t, e.signs(corp, "nina", says(access.Internal)))
	is(access.Internal, "to be external already was nothing to take away")
	sets(access.Internal)
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	is(access.Internal, "an administrator gave it, too")
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Name: access.Some("Nina")}))
	require.NoError(t, e.signs(corp, "nina", says(access.External)))
	is(access.Internal, "a change of something else leaves it whose it is")

	// The same ID created later starts with nothing.
	e.ok(e.DeleteUser(e.ctx, root, "nina", sharing.Offboard{}))
	e.now = e.now.Add(time.Minute)
	sets(access.External)
	require.NoError(t, e.signs(partner, "nina", func(in *access.SignIn) { in.Adopt, in.Subject, in.Type = true, "new", access.Internal }))
	is(access.Internal, "nobody has taken it from this one")
	require.NoError(t, e.signs(partner, "nina", func(in *access.SignIn) { in.Subject, in.Type = "new", access.External }))
	is(access.External, "the issuer's own")
	e.agrees()
	e.replays()
}
