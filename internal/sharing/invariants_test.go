package sharing_test

import (
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// noteOwnerless notes which organizations are without an owner: only an offboarding leaves one so (O1).
func (h *history) noteOwnerless(w *plain.World, d deed) {
	if h.ownerless == nil {
		h.ownerless = map[access.OrganizationID]bool{}
	}
	for _, o := range w.Organizations {
		owned := has(w.Memberships, func(m access.Membership) bool { return m.Organization == o.ID && m.Role == access.OrgOwner })
		if owned {
			delete(h.ownerless, o.ID)
		} else if d.leaves != "" {
			h.ownerless[o.ID] = true
		}
	}
}

// invariants checks what must hold of the facts after every change.
func (h *history) invariants(w *plain.World) {
	h.nothingGone(w)
	h.staysInside(w)
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
		require.True(h.t, owners[o.ID] > 0 || h.ownerless[o.ID], "O1: %s has no owner", o.ID)
	}
	for _, b := range w.Chatbots {
		state[b.ID] = b
		if b.Owner == "" {
			require.True(h.t, h.ownerless[b.Organization], "O3: %s has no owner", b.ID)
			continue
		}
		r := role[string(b.Organization)+"/"+string(b.Owner)]
		require.Contains(h.t, []access.OrgRole{access.OrgOwner, access.OrgAdmin, access.OrgMember}, r, "A1: the owner of %s", b.ID)
	}
	for _, s := range w.Shares {
		require.NotEqual(h.t, access.OwnerOnly, state[s.Chatbot].Visibility, "V1: %v", s)
		require.NotEqual(h.t, string(state[s.Chatbot].Owner), s.Principal.ID, "S2: %v", s)
	}
	pending := map[string]bool{}
	for _, r := range w.Requests {
		if r.State != access.RequestPending {
			continue
		}
		require.False(h.t, r.Orphaned, "O4: %+v", r)
		key := string(r.Chatbot) + "/" + r.Principal.String()
		require.False(h.t, pending[key], "S9: %+v", r)
		pending[key] = true
		require.True(h.t, w.Exists(chatbot(r.Chatbot)) && w.Exists(object(r.Principal)), "O4: %+v", r)
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

// staysInside checks that an organization which does not share outside gives others nothing (O5).
func (h *history) staysInside(w *plain.World) {
	h.t.Helper()
	inside := func(fact any, p access.Principal, org access.OrganizationID) {
		o, _ := find(w.Organizations, func(o access.Organization) bool { return o.ID == org })
		require.True(h.t, org == "" || o.OutsideSharing || w.Inside(p, org), "O5: %+v", fact)
	}
	for _, f := range w.GroupMemberships {
		if f.Member.Kind == access.PrincipalUser {
			inside(f, f.Member, groupHome(f.Group))
		}
	}
	for _, f := range w.Assignments {
		inside(f, access.Principal{Kind: access.PrincipalUser, ID: string(f.User)}, roleHome(f.Role))
	}
	for _, f := range w.Shares {
		b, _ := find(w.Chatbots, func(b access.Chatbot) bool { return b.ID == f.Chatbot })
		if f.Principal.Kind != access.PrincipalEmail || w.Held(f.Principal) { // a share with an address that nobody has by now gives nobody anything
			inside(f, f.Principal, b.Organization)
		}
	}
}

// nothingGone checks that no fact names what is not there, or whoever is gone (O4, N2).
func (h *history) nothingGone(w *plain.World) {
	h.t.Helper()
	named := func(fact any, objects ...access.Object) {
		for _, o := range objects {
			require.True(h.t, w.Exists(o), "O4: %+v names %s", fact, o)
			gone := has(w.Users, func(u access.User) bool { return user(u.ID) == o && u.Gone() })
			require.False(h.t, gone, "N2: %+v names %s", fact, o)
		}
	}
	roles := func(fact any, list []string) {
		for _, r := range list {
			if _, platform := access.PlatformRoleOf(r); !platform {
				named(fact, access.Obj(access.TypeRole, access.RoleID(r)))
			}
		}
	}
	for _, f := range w.TeamMemberships {
		named(f, user(f.User), access.Obj(access.TypeTeam, f.Team))
	}
	for _, f := range w.Nestings {
		named(f, access.Obj(access.TypeTeam, f.Outer), access.Obj(access.TypeTeam, f.Inner))
	}
	for _, f := range w.Assignments {
		named(f, user(f.User), access.Obj(access.TypeRole, f.Role))
	}
	for _, f := range w.GroupMemberships {
		named(f, access.Obj(access.TypeGroup, f.Group), object(f.Member))
	}
	for _, f := range w.Shares {
		named(f, chatbot(f.Chatbot), object(f.Principal))
	}
	for _, f := range w.Rows {
		named(f, chatbot(f.Chatbot), user(f.User))
	}
	for _, f := range w.Policies {
		named(f, chatbot(f.Chatbot))
		roles(f, append(f.AllowedRoles, f.RequiredRoles...))
		for _, o := range f.Entities {
			named(f, organization(o))
		}
		for _, u := range append(f.AllowedUsers, f.DeniedUsers...) {
			named(f, user(u))
		}
	}
	for _, f := range w.Resources {
		named(f, chatbot(f.Chatbot))
		for _, p := range f.Allowed {
			named(f, object(p))
		}
	}
	for _, f := range w.Features {
		named(f, chatbot(f.Chatbot))
		roles(f, f.AllowedRoles)
	}
	for _, f := range w.APIKeys {
		named(f, chatbot(f.Chatbot))
	}
}
