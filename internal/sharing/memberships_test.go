package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// O7: a membership knows how it came about, and the strongest reason stays.
func TestO7AMembershipSaysHowItCameAbout(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "hal", sharing.UserPatch{}))
	came := func(user access.UserID) access.MembershipSource {
		e.t.Helper()
		m, there := e.membership("acme", user)
		require.True(t, there)
		return m.Source
	}
	says := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}
	e.ok(e.PutMember(e.ctx, root, "acme", "otto", access.OrgMember, ""))
	require.Equal(t, access.Assigned, came("otto"), "an unconfined key")
	e.ok(e.PutMember(e.ctx, as("olga"), "acme", "otto", access.OrgAdmin, ""))
	require.Equal(t, access.Assigned, came("otto"), "another role")
	e.ok(e.PutMember(e.ctx, as("olga"), "acme", "gus", access.OrgMember, ""))
	require.Equal(t, access.Added, came("gus"), "an owner")
	e.ok(e.PutMember(e.ctx, e.key("acme"), "acme", "hal", access.OrgMember, ""))
	require.Equal(t, access.Added, came("hal"), "a confined key")
	e.ok(e.PutMember(e.ctx, as("iris"), "acme", "hal", access.OrgMember, ""))
	require.Equal(t, access.Assigned, came("hal"), "a site admin, who gives the same role")
	e.ok(e.PutMember(e.ctx, as("iris"), "acme", "iris", access.OrgMember, ""))
	require.Equal(t, access.Accepted, came("iris"), "herself")
	require.NoError(t, e.signs(corp, "gus", says))
	require.Equal(t, access.SignedIn, came("gus"), "a provider says it too")
	require.NoError(t, e.signs(corp, "nina", says))
	require.Equal(t, access.SignedIn, came("nina"))
	e.replays()
	e.agrees()
}
