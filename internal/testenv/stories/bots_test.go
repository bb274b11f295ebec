package stories_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestUserManagement tells the guide to the two user levels of a bot builder: Admin and Client.
func TestUserManagement(t *testing.T) {
	t.Parallel()
	const (
		studio access.OrganizationID = "studio"

		olga  access.UserID = "olga"  // who bought the product: owner of the organization
		adam  access.UserID = "adam"  // admins
		bert  access.UserID = "bert"  //
		cleo  access.UserID = "cleo"  // clients
		clark access.UserID = "clark" //
		zoe   access.UserID = "zoe"   // of nobody's
	)
	post := newPost(t)
	s := begin(t, []string{"olga@studio.example", "adam@studio.example", "bert@studio.example", "cleo@client.example", "clark@client.example",
		"zoe@else.example"}, testenv.Mail(post.box), testenv.MailsALot())
	s.Admin().PutsOrganization(studio, fields{"owner": olga, "name": "The studio"})
	for _, admin := range []access.UserID{adam, bert} {
		s.Admin().PutsMember(studio, admin, access.OrgAdmin) // in the installation's name, so that admins see the addresses (O7)
	}
	for _, client := range []access.UserID{cleo, clark} {
		s.Admin().PutsMember(studio, client, access.OrgClient)
	}
	// The product's bots belong to the organization's owner, so that no admin owns one.
	botFor := func(s *story, id access.ChatbotID) access.ChatbotID {
		s.Helper()
		return s.bot(id, studio, adam, fields{"owner": olga})
	}

	s.part(t, "there are two user levels, each with a distinct set of permissions (section 2)", func(s *story) {
		s.has(adam, studio, access.Update, access.ManageMembers, access.CreateChatbot, access.ViewData)
		s.has(cleo, studio, access.ViewData)
		s.has(zoe, studio)
	})

	s.part(t, "admins create bots from scratch, and clients do not (O6)", func(s *story) {
		bot := botFor(s, "from-scratch")
		s.has(adam, bot, asAdmin...)
		s.As(cleo).Refused(access.KindDenied, "").PutsChatbot("cleos", fields{"organization": studio})
		s.As(zoe).Refused(access.KindNotFound, "").PutsChatbot("zoes", fields{"organization": studio})
	})

	s.part(t, "admins configure all aspects of a bot: settings, integrations, behavior (A3, R2, F1)", func(s *story) {
		bot := botFor(s, "configured")
		s.only(access.Update, bot, olga, adam, bert)
		s.As(adam).PutsChatbot(bot, fields{"name": "Configured"})
		s.As(adam).Does(http.MethodPut, at(bot, "policy"), fields{"user_types": []access.UserType{access.External}})
		s.As(adam).Does(http.MethodPut, at(bot, "features", "voice"), fields{"enabled": true})
		s.As(adam).Does(http.MethodPut, "/v1/mcp-servers/crm", fields{"chatbot": bot})
		s.As(adam).Does(http.MethodPut, "/v1/documents/behavior", fields{"chatbot": bot})
		s.has(adam, mcpServer("crm"), access.Use)
		s.has(adam, feature(bot, "voice"), access.Use)
		s.has(zoe, feature(bot, "voice"))
	})

	s.part(t, "admins publish bots, making them live and accessible to users (L1, 3 deploy)", func(s *story) {
		bot := botFor(s, "published")
		s.has(zoe, bot)
		s.only(access.Deploy, bot, olga, adam, bert)
		link := s.As(adam).SetsLink(bot, access.AudienceEveryone)
		s.with(fields{"link": link}).has(zoe, bot, access.Interact)
		s.with(fields{"link": link}).has(visitor, bot, access.Interact)
	})

	s.part(t, "admins generate API keys for use with other services (K1, K3)", func(s *story) {
		bot := botFor(s, "connected")
		key := s.As(adam).MakesAPIKey(bot, fields{"name": "crm", "access": access.ReadOnly})
		s.has(apiKey(key["secret"].(string)), bot, access.Interact, access.Read, access.ReadHistory)
		s.As(clark).Refused(access.KindNotFound, "").MakesAPIKey(bot, fields{"name": "mine", "access": access.UseOnly})
	})

	s.part(t, "admins cannot delete a bot (3.1, example 7)", func(s *story) {
		bot := botFor(s, "kept")
		s.only(access.Delete, bot, olga)
		s.As(adam).Refused(access.KindDenied, "").Does(http.MethodDelete, at(bot), nil)
		s.As(adam).Refused(access.KindDenied, "A1").Transfers(bot, adam) // nor become one who can
		s.has(adam, bot, asAdmin...)
	})

	s.part(t, "admins manage other admins, with the same access level, and clients: viewing and editing them (O2, U1)", func(s *story) {
		people := items(s.As(adam).Sees("v1", "organizations", string(studio), "members"), "items")
		require.ElementsMatch(s, []string{"olga", "adam", "bert", "cleo", "clark"}, each(people, "user"))
		require.Equal(s, "bert@studio.example", s.As(adam).Sees("v1", "users", "bert")["email"])
		require.Equal(s, "clark@client.example", s.As(adam).Sees("v1", "users", "clark")["email"])
		s.As(adam).PutsMember(studio, clark, access.OrgAdmin)
		s.has(clark, studio, access.Update, access.ManageMembers, access.CreateChatbot, access.ViewData)
		s.As(clark).PutsMember(studio, clark, access.OrgClient)
		s.has(clark, studio, access.ViewData)
		s.As(cleo).Refused(access.KindDenied, "").PutsMember(studio, clark, access.OrgAdmin)
		s.As(adam).Refused(access.KindDenied, "O2").PutsMember(studio, bert, access.OrgOwner)
	})

	s.part(t, "admins create, read, update and delete users (U1, N2)", func(s *story) {
		const nell access.UserID = "nell"
		s.As(adam).PutsUser(nell, fields{"organization": studio, "name": "Nell", "email": "nell@client.example"})
		require.Equal(s, "Nell", s.As(bert).Sees("v1", "users", "nell")["name"])
		require.Equal(s, "Nell N.", s.As(bert).PutsUser(nell, fields{"name": "Nell N."})["name"])
		s.As(adam).PutsMember(studio, nell, access.OrgClient)
		bot := botFor(s, "nells")
		s.As(adam).Shares(bot, nell, access.ReadOnly)
		s.has(nell, bot, access.Interact, access.Read, access.ReadHistory)
		gone := s.As(adam).Does(http.MethodDelete, "/v1/users/nell", nil)
		require.NotEmpty(s, gone["removed"])
		s.has(nell, bot)
		s.As(adam).Refused(access.KindNotFound, "").Sees("v1", "users", "nell")
		s.As(zoe).Refused(access.KindDenied, "U1").PutsUser("clark", fields{"name": "mine"})
	})

	s.part(t, "admins invite admins and clients by email: address and level, and the mail says how to go on (N1)", func(s *story) {
		bot := botFor(s, "for-newcomers")
		for newcomer, role := range map[access.UserID]access.OrgRole{"nina": access.OrgAdmin, "nick": access.OrgClient} {
			address := string(newcomer) + "@newcomers.example"
			shares := map[access.ChatbotID]access.Level{}
			if role == access.OrgClient {
				shares[bot] = access.ReadWrite
			}
			token := s.As(adam).Invites(studio, access.Email(address), role, shares)["token"].(string)
			letter := post.box.Await(address)
			require.Equal(s, "You are invited to “The studio”", letter.Subject)
			require.Contains(s, letter.Text, "log in with this email address")
			require.Contains(s, letter.Text, token)

			// They create their account at the identity provider, and log in.
			s.Admin().PutsUser(newcomer, fields{"email": address, "email_verified": true})
			s.has(newcomer, studio)
			s.As(zoe).Refused(access.KindDenied, "N1").Accepts(token)
			s.As(newcomer).Accepts(token)
			s.As(newcomer).Refused(access.KindConflict, "").Accepts(token)
		}
		s.has(access.UserID("nina"), studio, access.Update, access.ManageMembers, access.CreateChatbot, access.ViewData)
		s.As(adam).RemovesMember(studio, "nina") // whom an admin adds, an admin removes
		s.has(access.UserID("nina"), studio)
		s.has(access.UserID("nick"), studio, access.ViewData)
		s.has(access.UserID("nick"), bot, access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test)
	})

	s.part(t, "admins manage all aspects of invitations: creating, viewing, sending again, revoking (N1)", func(s *story) {
		const late access.UserID = "late"
		s.Admin().PutsUser(late, fields{"email": "late@client.example", "email_verified": true})
		invitation := s.As(adam).Invites(studio, "late@client.example", access.OrgClient, nil)
		id := invitation["id"].(string)
		pending := items(s.As(bert).Sees("v1", "organizations", "studio", "invitations"), "items")
		require.Contains(s, each(pending, "id"), id)
		for _, i := range pending {
			require.NotContains(s, i, "token")
		}
		s.As(cleo).Refused(access.KindDenied, "").Sees("v1", "organizations", "studio", "invitations")
		again := s.As(bert).Does(http.MethodPost, testenv.Path("v1", "invitations", id, "resend"), nil)["token"].(string)
		s.As(late).Refused(access.KindNotFound, "N1").Accepts(invitation["token"].(string)) // the newest one counts
		require.Equal(s, "revoked", s.As(bert).Does(http.MethodDelete, testenv.Path("v1", "invitations", id), nil)["state"])
		s.As(late).Refused(access.KindConflict, "").Accepts(again)
		s.has(late, studio)
	})

	s.part(t, "clients edit the bots that they have access to, and no others (3.2, S12)", func(s *story) {
		theirs, other := botFor(s, "theirs"), botFor(s, "somebody-elses")
		s.As(adam).Shares(theirs, cleo, access.ReadWrite)
		s.has(cleo, theirs, access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test)
		s.As(cleo).PutsChatbot(theirs, fields{"name": "Edited by the client"})
		require.Equal(s, "Edited by the client", s.As(adam).Sees("v1", "chatbots", "theirs")["name"])
		s.has(cleo, other)
		s.As(cleo).Refused(access.KindNotFound, "").Sees("v1", "chatbots", "somebody-elses")
		s.As(cleo).Refused(access.KindDenied, "").Shares(theirs, clark, access.UseOnly)
		s.As(cleo).Refused(access.KindDenied, "").MakesAPIKey(theirs, fields{"name": "mine", "access": access.UseOnly})
	})

	s.part(t, "clients customize the bot's user interface (A2)", func(s *story) {
		bot := botFor(s, "dressed")
		s.As(adam).SetsRow(bot, cleo, access.Read, access.Update)
		s.only(access.ConfigureUI, bot, olga, adam, bert, cleo)
	})

	s.part(t, "clients view and interact with the bot's conversation history (A2)", func(s *story) {
		bot := botFor(s, "remembered")
		s.As(adam).SetsRow(bot, clark, access.Read)
		s.only(access.ReadHistory, bot, olga, adam, bert, clark)
		s.only(access.Interact, bot, olga, adam, bert, clark)
	})

	s.part(t, "an admin grants a user one or more bots: add them on the bot's access tab, confirm their permissions (M1, M8)", func(s *story) {
		const cora access.UserID = "cora"
		s.Admin().PutsUser(cora, fields{"email": "cora@client.example", "email_verified": true})
		s.As(adam).PutsMember(studio, cora, access.OrgClient)
		for _, bot := range []access.ChatbotID{"granted-1", "granted-2"} {
			s.As(adam).SetsRow(botFor(s, bot), cora, access.Read, access.Update)
			for _, line := range items(s.As(adam).Sees("v1", "chatbots", string(bot), "permissions"), "items") {
				if line["user"] == "cora" {
					require.Equal(s, []any{"read", "update"}, line["effective"])
				}
			}
		}
		s.reaches(cora, access.Update, access.TypeChatbot, "granted-1", "granted-2")
		s.reaches(cora, access.ReadHistory, access.TypeChatbot, "granted-1", "granted-2")
		require.Equal(s, []string{"granted-1", "granted-2"}, each(items(s.As(cora).Sees("v1", "chatbots"), "items"), "id"))
	})
}
