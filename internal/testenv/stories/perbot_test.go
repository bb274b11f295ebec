package stories_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// TestPerChatbotPermissions tells the page on permissions for a single chatbot.
func TestPerChatbotPermissions(t *testing.T) {
	t.Parallel()
	const (
		agency access.OrganizationID = "agency"

		olga  access.UserID = "olga"  // owner of both organizations
		lena  access.UserID = "lena"  // the agency's lead consultant, an admin
		mona  access.UserID = "mona"  // members of acme
		devon access.UserID = "devon" // a support manager
		hugo  access.UserID = "hugo"  // works in HR
		carla access.UserID = "carla" // marketing director of a client of the agency
		zoe   access.UserID = "zoe"   // nobody here
	)
	s := begin(t, []string{"olga@acme.com", "lena@acme.com", "mona@acme.com", "devon@acme.com", "hugo@acme.com", "carla@client.example", "zoe@else.example"})
	for _, org := range []access.OrganizationID{agency, acme} {
		s.Admin().PutsOrganization(org, fields{"owner": olga})
		s.As(olga).PutsMember(org, lena, access.OrgAdmin)
	}
	for _, member := range []access.UserID{mona, devon, hugo} {
		s.As(lena).PutsMember(acme, member, access.OrgMember)
	}
	s.As(lena).PutsMember(agency, carla, access.OrgClient)
	visible := fields{"visibility": access.OrganizationVisible}

	s.part(t, "by default organization-wide roles decide what each teammate can do across all chatbots (3.1)", func(s *story) {
		for _, bot := range []access.ChatbotID{"default-1", "default-2"} {
			s.bot(bot, acme, olga, visible)
			s.has(olga, bot, everything...)
			s.has(lena, bot, asAdmin...)
			s.has(mona, bot, asMember...)
			s.has(zoe, bot)
		}
	})

	s.part(t, "per-chatbot permissions override that for a single bot (M1)", func(s *story) {
		s.bot("override-1", acme, olga, visible)
		s.bot("override-2", acme, olga, visible)
		s.As(olga).SetsRow("override-1", mona, access.Read)
		s.has(mona, access.ChatbotID("override-1"), access.Interact, access.Read, access.ReadHistory)
		s.has(mona, access.ChatbotID("override-2"), asMember...)
		s.has(devon, access.ChatbotID("override-1"), asMember...)
	})

	s.part(t, "internal-only: an HR bot is readable by employees and only editable by HR (M1)", func(s *story) {
		policies := s.bot("hr-policies", acme, olga, visible)
		for _, employee := range []access.UserID{lena, mona, devon} {
			s.As(olga).SetsRow(policies, employee, access.Read)
		}
		s.only(access.Read, policies, olga, lena, mona, devon, hugo)
		s.only(access.Update, policies, olga, hugo)
		s.As(hugo).PutsChatbot(policies, fields{"name": "HR policies"})
		s.As(mona).Refused(access.KindDenied, "").PutsChatbot(policies, fields{"name": "Mona's"})
	})

	s.part(t, "for everything else roles are simpler: without its row a member has what the role gives (M6)", func(s *story) {
		bot := s.bot("simple", acme, olga, visible)
		s.As(olga).SetsRow(bot, mona)
		s.has(mona, bot)
		s.As(olga).RemovesRow(bot, mona)
		s.has(mona, bot, asMember...)
	})

	s.part(t, "the Permissions tab is a table of every member and every action (M8)", func(s *story) {
		bot := s.bot("table", acme, olga, visible)
		s.As(olga).SetsRow(bot, devon, access.Read)
		people := map[string]map[string]any{}
		for _, line := range items(s.As(lena).Sees("v1", "chatbots", string(bot), "permissions"), "items") {
			people[line["user"].(string)] = line
		}
		require.Len(s, people, 5, "every member of the organization: %v", people)
		require.Equal(s, []any{"read"}, people["devon"]["row"])
		require.Equal(s, []any{"read", "update", "deploy", "test"}, people["devon"]["ceiling"])
		require.Equal(s, []any{"read"}, people["devon"]["effective"])
		require.Nil(s, people["mona"]["row"])
		require.Equal(s, []any{"read", "update", "deploy", "test"}, people["mona"]["effective"])
		require.Equal(s, []any{"read", "update", "deploy", "delete", "test"}, people["olga"]["effective"])
		s.As(mona).Refused(access.KindDenied, "").Sees("v1", "chatbots", string(bot), "permissions")
		s.As(zoe).Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(bot), "permissions")
	})

	s.part(t, "read: view the chatbot's settings, conversations, analytics (3.3, A2)", func(s *story) {
		bot := s.bot("cell-read", acme, olga)
		s.As(olga).SetsRow(bot, mona, access.Read)
		s.has(mona, bot, access.Read, access.ReadHistory, access.Interact)
		require.Equal(s, "cell-read", s.As(mona).Sees("v1", "chatbots", string(bot))["id"])
	})

	s.part(t, "update: edit settings, knowledge sources, behavior, guidelines (3.3, A2, R2)", func(s *story) {
		bot := s.bot("cell-update", acme, olga)
		s.As(olga).SetsRow(bot, mona, access.Update, access.Read)
		s.has(mona, bot, access.Read, access.ReadHistory, access.Interact, access.Update, access.ConfigureUI)
		s.As(mona).PutsChatbot(bot, fields{"name": "Helper"})
		s.As(mona).Does(http.MethodPut, "/v1/documents/handbook", fields{"chatbot": bot})
		s.only(access.View, document("handbook"), olga, lena, mona)
	})

	s.part(t, "deploy: add or remove deployments and rotate tokens (3.3, K3)", func(s *story) {
		bot := s.bot("cell-deploy", acme, olga)
		s.As(olga).SetsRow(bot, mona, access.Deploy, access.Read)
		s.has(mona, bot, access.Read, access.ReadHistory, access.Interact, access.Deploy)
		old := s.As(mona).MakesAPIKey(bot, fields{"name": "site", "access": access.UseOnly})
		s.has(apiKey(old["secret"].(string)), bot, access.Interact)
		s.As(mona).DeletesAPIKey(bot, old)
		s.has(apiKey(old["secret"].(string)), bot)
		s.As(olga).SetsRow(bot, mona, access.Read)
		s.As(mona).Refused(access.KindDenied, "").MakesAPIKey(bot, fields{"name": "site", "access": access.UseOnly})
	})

	s.part(t, "delete: delete the chatbot entirely (3.3, O4)", func(s *story) {
		s.As("zoe").AcceptsOwnership(s.As(olga).PutsMember(acme, "zoe", access.OrgOwner))
		defer s.As(olga).RemovesMember(acme, "zoe")
		bot := s.bot("cell-delete", acme, olga)
		s.As(olga).SetsRow(bot, zoe, access.Delete)
		s.has(zoe, bot, access.Delete, access.ManageAccess, access.Transfer)
		s.As(zoe).Does(http.MethodDelete, at(bot), nil)
		s.nobody(access.Read, bot)
	})

	s.part(t, "test: use the Playground for this bot (3.3)", func(s *story) {
		bot := s.bot("cell-test", acme, olga)
		s.As(olga).SetsRow(bot, mona, access.Test)
		s.has(mona, bot, access.Test)
		s.only(access.Test, bot, olga, lena, mona)
	})

	s.part(t, "toggle the cells of each member, and save (M1)", func(s *story) {
		bot := s.bot("toggled", acme, olga)
		for _, cells := range [][]access.Action{{access.Read}, {access.Read, access.Test}, {access.Test}, {}} {
			row := s.As(lena).SetsRow(bot, mona, cells...)
			require.Len(s, row["actions"], len(cells))
			for _, cell := range access.RowActions {
				require.Equal(s, slices.Contains(cells, cell), s.may(mona, cell, bot), "%s after %v was saved", cell, cells)
			}
		}
	})

	s.part(t, "the organization role is the maximum: a member never gets delete (M2, example 3)", func(s *story) {
		bot := s.bot("maximum", acme, olga, visible)
		answer := s.As(olga).Refused(access.KindUnprocessable, "M2").SetsRow(bot, mona, access.Read, access.Update, access.Delete)
		require.Contains(s, answer["detail"], "ceiling of member")
		s.has(mona, bot, asMember...) // nothing was written
	})

	s.part(t, "per-chatbot permissions narrow: update is taken from an admin, delete given to nobody but an owner (M1, M2, M5)", func(s *story) {
		bot := s.bot("narrowed", acme, olga)
		s.As(olga).SetsRow(bot, lena, access.Read, access.Deploy, access.Test)
		s.has(lena, bot, access.Interact, access.Read, access.ReadHistory, access.Deploy, access.Test)
		s.As(olga).Refused(access.KindUnprocessable, "M2").SetsRow(bot, lena, access.Read, access.Delete)
	})

	s.part(t, "a later change of the role lowers the maximum at once (M2)", func(s *story) {
		bot := s.bot("lowered", acme, olga)
		s.As(olga).SetsRow(bot, hugo, access.Read, access.Deploy)
		s.only(access.Deploy, bot, olga, lena, hugo)
		s.As(lena).PutsMember(acme, hugo, access.OrgClient)
		s.only(access.Deploy, bot, olga, lena)
		s.only(access.Read, bot, olga, lena, hugo)
		s.As(lena).PutsMember(acme, hugo, access.OrgMember)
	})

	s.part(t, "the chatbot owner, who created it, always retains all permissions (A1, M3, O6)", func(s *story) {
		bot := s.bot("monas", acme, mona)
		s.has(mona, bot, everything...)
		s.As(olga).Refused(access.KindUnprocessable, "M3").SetsRow(bot, mona, access.Read)
		s.As(mona).Refused(access.KindUnprocessable, "M3").SetsRow(bot, mona, access.Read)
		s.has(mona, bot, everything...)
	})

	s.part(t, "ownership is transferable from the same page (A1)", func(s *story) {
		bot := s.bot("passed-on", acme, mona)
		s.As(mona).SetsRow(bot, devon, access.Read)
		s.As(lena).Refused(access.KindDenied, "A1").Transfers(bot, devon)
		s.As(mona).Transfers(bot, devon)
		s.has(devon, bot, everything...) // the row went with the transfer
		s.has(mona, bot)
		s.As(mona).Refused(access.KindNotFound, "").Transfers(bot, mona)
		s.As(olga).Transfers(bot, mona)
		s.has(mona, bot, everything...)
	})

	s.part(t, "a tightening, not a loosening: a row takes away what a share gives, and adds nothing to a role (M1)", func(s *story) {
		bot := s.bot("tightened", acme, olga)
		s.As(olga).Shares(bot, mona, access.ReadWrite)
		s.As(olga).SetsRow(bot, mona, access.Read)
		s.has(mona, bot, access.Interact, access.Read, access.ReadHistory)
		s.As(olga).SetsRow(bot, lena, access.Read, access.Update, access.Deploy, access.Test)
		s.has(lena, bot, asAdmin...)
	})

	s.part(t, "client-only access: Carla reads and tests AcmeBot and has nothing else (example 1)", func(s *story) {
		acmebot, otherbot := s.bot("acmebot", agency, olga), s.bot("otherclientbot", agency, olga)
		s.As(lena).SetsRow(acmebot, carla, access.Read, access.Test)
		s.has(carla, acmebot, access.Read, access.ReadHistory, access.Test, access.Interact)
		s.As(carla).Refused(access.KindDenied, "").PutsChatbot(acmebot, fields{"name": "Carla's"})
		s.As(carla).Refused(access.KindDenied, "").Shares(acmebot, carla, access.ReadWrite)
		s.has(carla, otherbot)
		s.As(carla).Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(otherbot))
		s.reaches(carla, access.Read, access.TypeChatbot, "acmebot")
		require.Equal(s, []string{"acmebot"}, each(items(s.As(carla).Sees("v1", "chatbots"), "items"), "id"), "she sees her own bot, not the portfolio")
		s.has(lena, acmebot, asAdmin...) // the lead consultant retains full access to all bots
		s.has(lena, otherbot, asAdmin...)
	})

	s.part(t, "read-only support manager: Devon views SupportBot's conversations, and has no access at all to HRBot (example 2)", func(s *story) {
		supportbot, hrbot := s.bot("supportbot", acme, olga, visible), s.bot("hrbot", acme, olga, visible)
		s.As(lena).SetsRow(supportbot, devon, access.Read)
		s.As(lena).SetsRow(hrbot, devon)
		s.has(devon, supportbot, access.Read, access.ReadHistory, access.Interact)
		s.As(devon).Refused(access.KindDenied, "").PutsChatbot(supportbot, fields{"name": "new guidelines"})
		s.has(devon, hrbot)
		s.As(devon).Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(hrbot))
		link := s.As(olga).SetsLink(hrbot, access.AudienceEveryone)
		s.with(fields{"link": link}).has(zoe, hrbot, access.Interact)
		s.with(fields{"link": link}).has(devon, hrbot) // not even by its public link
	})

	s.part(t, "granting update without read is possible, and warned of (M4)", func(s *story) {
		bot := s.bot("blind", acme, olga)
		answer := s.As(olga).SetsRow(bot, mona, access.Update)
		require.Len(s, answer["warnings"], 1)
		require.Contains(s, answer["warnings"].([]any)[0], "update without read")
		s.has(mona, bot, access.Update, access.ConfigureUI)
		require.Empty(s, s.As(olga).SetsRow(bot, mona, access.Update, access.Read)["warnings"]) // corrected
	})

	s.part(t, "who removes their own update loses the Permissions tab, and an organization owner restores it (M5, example 3)", func(s *story) {
		bot := s.bot("locked-out", acme, olga)
		s.As(lena).SetsRow(bot, lena, access.Read)
		s.has(lena, bot, access.Read, access.ReadHistory, access.Interact)
		s.As(lena).Refused(access.KindDenied, "").Sees("v1", "chatbots", string(bot), "permissions")
		s.As(lena).Refused(access.KindDenied, "M8").SetsRow(bot, lena, access.Read, access.Update)
		s.As(lena).Refused(access.KindDenied, "M8").RemovesRow(bot, lena)
		s.As(olga).RemovesRow(bot, lena)
		s.has(lena, bot, asAdmin...)
		s.As(lena).Sees("v1", "chatbots", string(bot), "permissions")
	})
}
