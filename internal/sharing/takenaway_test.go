package sharing_test

import (
	"testing"

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
