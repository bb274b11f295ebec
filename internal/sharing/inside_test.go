package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

func (e *env) sharesOutside(org access.OrganizationID, outside bool) []string {
	e.t.Helper()
	r, err := e.PutOrganization(e.ctx, root, org, sharing.OrganizationPatch{OutsideSharing: access.Some(outside)})
	require.NoError(e.t, err)
	return r.Removed
}

func (e *env) verifies(user access.UserID, address access.Email) {
	e.t.Helper()
	e.ok(e.PutUser(e.ctx, root, user, sharing.UserPatch{Email: access.Some(address), EmailVerified: access.Some(true)}))
}

// O5: acme shares nothing outside. Its groups and roles are for its people, clients included; whoever else is named is refused.
func TestO5GroupsAndRolesAreForTheOrganizationsPeople(t *testing.T) {
	e := acme(t)
	e.makeGroup("friends", "acme")
	e.makeRole("vip", "acme")
	e.makeRole("everywhere", "")
	e.sharesOutside("acme", false)
	for _, u := range []access.UserID{"mia", "carl"} {
		e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("user:"+string(u))))
		e.ok(e.AssignRole(e.ctx, as("adam"), "vip", u))
	}
	for _, actor := range []access.Actor{as("adam"), root, e.key("acme")} {
		_, err := e.AddToGroup(e.ctx, actor, "friends", who("user:otto"))
		require.Equal(t, "organization:acme has outside_sharing off, and user:otto has no role in it", e.refused(err, access.KindUnprocessable, "O5").Detail)
		_, err = e.AssignRole(e.ctx, actor, "vip", "otto")
		e.refused(err, access.KindUnprocessable, "O5")
	}
	e.ok(e.AssignRole(e.ctx, root, "everywhere", "otto")) // the platform's
	e.refused(e.share(root, "helper", "role:everywhere", access.UseOnly), access.KindUnprocessable, "O5")
	e.refused(e.share(root, "helper", "everyone", access.UseOnly), access.KindUnprocessable, "O5")
	e.sharesOutside("acme", true)
	e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("user:otto")))
	e.ok(e.AssignRole(e.ctx, as("adam"), "vip", "otto"))
}

// O5: an address is listed by a group and gives nothing until it is the verified address of one of the organization's people, and no longer than that.
func TestO5AnAddressIsListedUntilItIsOneOfTheOrganizationsPeoples(t *testing.T) {
	e := acme(t)
	e.makeGroup("friends", "acme")
	e.shared("helper", "group:friends", access.UseOnly)
	e.sharesOutside("acme", false)
	e.mailed()
	for _, a := range []string{"otto@acme.test", "nora@acme.test", "carl@acme.test"} {
		e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("email:"+a)))
	}
	e.can("carl", "helper", access.Interact)
	e.cannot("otto", "helper", access.See)
	e.users(access.External, "nora")
	e.cannot("nora", "helper", access.See)

	e.member("acme", access.OrgClient, "nora", "otto")
	e.can("nora", "helper", access.Interact)
	e.can("otto", "helper", access.Interact)
	e.agrees()
	require.Len(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Principal, string, error) {
		return e.GroupMembers(c, a, "friends", p)
	}, as("adam")), 3)

	// Nora's address goes to somebody outside, and then to max, who is inside.
	e.verifies("nora", "nora@new.test")
	e.users(access.External, "eve")
	e.verifies("eve", "nora@acme.test")
	e.cannot("nora", "helper", access.See)
	e.cannot("eve", "helper", access.See)
	e.agrees()
	e.verifies("eve", "eve@acme.test")
	e.cannot("max", "helper", access.See)
	e.verifies("max", "nora@acme.test")
	e.can("max", "helper", access.Interact)
	e.agrees()

	// An invitation and a sign-in bring people in, too.
	e.ok(e.AddToGroup(e.ctx, as("adam"), "friends", who("email:ivy@acme.test")))
	require.NoError(t, e.signs(corp, "ivy", func(in *access.SignIn) {
		in.Email, in.EmailVerified, in.Memberships = "ivy@acme.test", true, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}))
	e.can("ivy", "helper", access.Interact)
	require.NoError(t, e.signs(corp, "ivy", func(in *access.SignIn) { in.Email, in.EmailVerified = "ivy@acme.test", true }))
	e.cannot("ivy", "helper", access.See)

	e.ok(e.PutUser(e.ctx, root, "max", inactive))
	e.cannot("max", "helper", access.See)
}

// O5, S11: who is listed and gets nothing is not told of a share.
func TestO5WhoIsOnlyListedIsNotTold(t *testing.T) {
	e := acme(t)
	e.makeGroup("friends", "acme", "email:otto@acme.test", "email:max@acme.test", "email:nobody@acme.test")
	e.sharesOutside("acme", false)
	e.shared("helper", "group:friends", access.UseOnly)
	require.Equal(t, []access.NotificationKind{access.NotifyShared}, e.told("max"))
	require.Empty(t, e.told("otto"))
	require.Equal(t, []access.Email{"max@acme.test"}, e.mailed())
}

// O5: lowering the limit removes what exceeds it: entries in groups, roles and shares of others. The addresses stay listed, and work again when it is lifted.
func TestO5LoweringTheLimitRemovesWhatOthersHave(t *testing.T) {
	e := acme(t)
	e.makeGroup("friends", "acme", "user:otto", "user:max", "email:gus@acme.test", "email:carl@acme.test")
	e.makeGroup("press", "globex", "user:otto")
	e.makeRole("vip", "acme", "otto", "max")
	e.makeRole("everywhere", "", "otto")
	e.shared("helper", "group:friends", access.UseOnly)
	e.shared("helper", "role:vip", access.UseOnly)
	e.shared("helper", "role:everywhere", access.ReadOnly)
	e.shared("helper", "everyone", access.UseOnly)
	e.can("gus", "helper", access.Interact)
	require.ElementsMatch(t, []string{
		"user:otto in group:friends", "role:vip of user:otto", "share read_only of chatbot:helper with role:everywhere",
		"share use_only of chatbot:helper with everyone",
	}, e.sharesOutside("acme", false))
	e.cannot("otto", "helper", access.See)
	e.cannot("gus", "helper", access.See)
	e.can("max", "helper", access.Interact)
	e.can("carl", "helper", access.Interact)
	e.agrees()
	require.Empty(t, e.sharesOutside("acme", true))
	e.can("gus", "helper", access.Interact)
	e.cannot("otto", "helper", access.See)
	require.Equal(t, []access.GroupID{"press"}, facts(e, func(tx *store.Tx) ([]access.GroupID, error) { return tx.GroupsOf(who("user:otto")) }))
}

// O5, D1: what a provider says gives nobody outside a role there.
func TestO5AProviderGivesARoleToTheOrganizationsPeopleOnly(t *testing.T) {
	e := acme(t)
	e.makeRole("vip", "acme")
	e.sharesOutside("acme", false)
	names := func(orgs ...access.OrganizationID) func(*access.SignIn) {
		return func(in *access.SignIn) {
			in.Roles = []access.RoleID{"vip"}
			for _, o := range orgs {
				in.Memberships = append(in.Memberships, access.Membership{Organization: o, Role: access.OrgMember})
			}
		}
	}
	require.NoError(t, e.signs(corp, "nina", names()))
	require.Empty(t, e.rolesOf("nina"))
	require.NoError(t, e.signs(corp, "nina", names("acme")))
	require.Equal(t, []access.RoleID{"vip"}, e.rolesOf("nina"))
	require.NoError(t, e.signs(corp, "nina", names()))
	require.Empty(t, e.rolesOf("nina"), "she left, and is outside again")
}
