package sharing_test

import (
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// invariants checks what must hold of the facts after every change.
func (h *history) invariants(w *plain.World) {
	role := map[string]access.OrgRole{}
	owners := map[access.OrganizationID]int{}
	for _, x := range w.Memberships {
		role[string(x.Organization)+"/"+string(x.User)] = x.Role
		if x.Role == access.OrgOwner {
			owners[x.Organization]++
		}
	}
	state := map[access.ChatbotID]access.Chatbot{}
	for _, o := range w.Organizations {
		require.Positive(h.t, owners[o.ID], "O1: %s has no owner", o.ID)
	}
	for _, b := range w.Chatbots {
		state[b.ID] = b
		r := role[string(b.Organization)+"/"+string(b.Owner)]
		require.Contains(h.t, []access.OrgRole{access.OrgOwner, access.OrgAdmin, access.OrgMember}, r, "A1: the owner of %s", b.ID)
	}
	for _, s := range w.Shares {
		require.NotEqual(h.t, access.OwnerOnly, state[s.Chatbot].Visibility, "V1: %v", s)
		require.NotEqual(h.t, string(state[s.Chatbot].Owner), s.Principal.ID, "S2: %v", s)
	}
	for _, r := range w.Rows {
		require.NotEqual(h.t, state[r.Chatbot].Owner, r.User, "M3: %v", r)
		require.NotEmpty(h.t, role[string(state[r.Chatbot].Organization)+"/"+string(r.User)], "M7: %v", r)
	}
	team := map[access.TeamID]access.OrganizationID{}
	for _, x := range w.Teams {
		team[x.ID] = x.Organization
	}
	for _, x := range w.TeamMemberships {
		require.NotEmpty(h.t, role[string(team[x.Team])+"/"+string(x.User)], "T1: %v", x)
	}
	gone := map[access.UserID]bool{}
	internal := map[access.UserID]bool{}
	for _, u := range w.Users {
		gone[u.ID], internal[u.ID] = u.Gone(), u.Type == access.Internal
	}
	for _, g := range w.PlatformGrants {
		require.True(h.t, internal[g.User] && !gone[g.User], "P4, N2: %v", g)
	}
	for _, x := range w.Memberships {
		require.False(h.t, gone[x.User], "N2: %v", x)
	}
}
