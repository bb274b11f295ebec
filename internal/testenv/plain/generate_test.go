package plain

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestEqualSourcesMakeEqualWorlds(t *testing.T) {
	one, other := Generate(rand.New(rand.NewPCG(1, 0)), Small), Generate(rand.New(rand.NewPCG(1, 0)), Small)
	require.True(t, reflect.DeepEqual(one, other))
}

func TestRandomWorldsKeepTheWriteRules(t *testing.T) {
	for seed := range uint64(200) {
		w := Generate(rand.New(rand.NewPCG(seed, 0)), Small)
		for _, o := range w.Organizations {
			require.True(t, slices.ContainsFunc(w.Memberships, func(m access.Membership) bool {
				return m.Organization == o.ID && m.Role == access.OrgOwner
			}), "O1")
		}
		unique(t, w.Users, func(u access.User) any { return u.ID }, "I1")
		unique(t, w.Chatbots, func(c access.Chatbot) any { return c.ID }, "I1")
		unique(t, w.Memberships, func(m access.Membership) any { return access.Membership{Organization: m.Organization, User: m.User} }, "section 2")
		unique(t, w.Shares, func(s access.Share) any { return access.Share{Chatbot: s.Chatbot, Principal: s.Principal} }, "S1")
		for _, m := range w.TeamMemberships {
			org := w.Teams[slices.IndexFunc(w.Teams, func(t access.Team) bool { return t.ID == m.Team })].Organization
			require.NotEmpty(t, w.roleIn(m.User, org), "T1")
		}
		for _, g := range w.PlatformGrants {
			u, known := w.user(g.User)
			require.True(t, known && u.Type == access.Internal && !u.Gone(), "P4, N2")
		}
		for _, c := range w.Chatbots {
			require.Contains(t, []access.OrgRole{access.OrgOwner, access.OrgAdmin, access.OrgMember}, w.roleIn(c.Owner, c.Organization), "A1")
			require.False(t, c.Visibility == access.OwnerOnly && c.PublicMode != access.AudienceNone, "V1")
		}
		for _, s := range w.Shares {
			c, _ := w.chatbot(s.Chatbot)
			owner, _ := w.user(c.Owner)
			require.NotEqual(t, access.OwnerOnly, c.Visibility, "V1")
			require.False(t, s.Principal == access.Everyone && s.Level == access.ReadWrite, "S1")
			require.NotEqual(t, access.Principal{Kind: access.PrincipalUser, ID: string(c.Owner)}, s.Principal, "S2")
			require.NotEqual(t, access.Principal{Kind: access.PrincipalEmail, ID: string(owner.Verified())}, s.Principal, "S2")
		}
		for _, r := range w.Rows {
			c, _ := w.chatbot(r.Chatbot)
			require.NotEqual(t, c.Owner, r.User, "M3")
			require.NotEmpty(t, w.roleIn(r.User, c.Organization), "M7")
		}
		for _, p := range w.Policies {
			c, _ := w.chatbot(p.Chatbot)
			require.NotContains(t, p.DeniedUsers, c.Owner, "G7")
		}
	}
}

func unique[F any](t *testing.T, facts []F, key func(F) any, rule string) {
	t.Helper()
	seen := map[any]bool{}
	for _, f := range facts {
		require.False(t, seen[key(f)], "%s: %+v", rule, f)
		seen[key(f)] = true
	}
}
