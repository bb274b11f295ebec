package decisiontest

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Fold is the relationships that a world implies.
func Fold(w *plain.World) spice.Relationships {
	return slices.Concat(
		spice.FoldPlatform(),
		foldEach(w.Users, spice.FoldUser),
		foldEach(w.PlatformGrants, spice.FoldPlatformGrant),
		foldEach(w.Organizations, spice.FoldOrganization),
		foldEach(w.Memberships, spice.FoldMembership),
		foldEach(w.Teams, spice.FoldTeam),
		foldEach(w.TeamMemberships, spice.FoldTeamMembership),
		foldEach(w.Nestings, spice.FoldTeamNesting),
		foldEach(w.Assignments, spice.FoldRoleAssignment),
		foldEach(w.GroupMemberships, func(m access.GroupMembership) spice.Relationships {
			if w.ListedOnly(m) {
				return nil
			}
			return spice.FoldGroupMembership(m)
		}),
		foldEach(w.Chatbots, func(c access.Chatbot) spice.Relationships { return spice.FoldChatbot(state(w, c)) }),
		foldEach(w.Shares, spice.FoldShare),
		foldEach(w.Rows, func(r access.Row) spice.Relationships { return foldRow(w, r) }),
		foldEach(w.Resources, spice.FoldResource),
		foldEach(w.Features, spice.FoldFeature),
		foldEach(w.APIKeys, spice.FoldAPIKey),
	)
}

func foldEach[F any](facts []F, fold func(F) spice.Relationships) spice.Relationships {
	var rs spice.Relationships
	for _, f := range facts {
		rs = append(rs, fold(f)...)
	}
	return rs
}

func state(w *plain.World, c access.Chatbot) spice.ChatbotState {
	s := spice.ChatbotState{Chatbot: c}
	for _, row := range w.Rows {
		s.HasRows = s.HasRows || row.Chatbot == c.ID
	}
	for _, p := range w.Policies {
		if p.Chatbot == c.ID {
			s.Policy = p
		}
	}
	return s
}

func foldRow(w *plain.World, r access.Row) spice.Relationships {
	var role access.OrgRole
	for _, c := range w.Chatbots {
		for _, m := range w.Memberships {
			if c.ID == r.Chatbot && m.Organization == c.Organization && m.User == r.User {
				role = m.Role
			}
		}
	}
	siteAdmin := slices.Contains(w.PlatformGrants, access.PlatformGrant{Role: access.SiteAdmin, User: r.User})
	return spice.FoldRow(r, role, siteAdmin)
}
