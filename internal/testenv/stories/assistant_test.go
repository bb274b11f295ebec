package stories_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// What each level of a share gives (3.2).
var levels = map[access.Level][]access.Action{
	access.UseOnly:   {access.Interact},
	access.ReadOnly:  {access.Interact, access.Read, access.ReadHistory},
	access.ReadWrite: asAdmin,
}

// TestAssistantAccessManagement tells the page on sharing an AI assistant: with users, organizations and teams, by keys and by a link.
func TestAssistantAccessManagement(t *testing.T) {
	t.Parallel()
	const (
		root access.UserID = "root" // a site admin
		olga access.UserID = "olga" // owner of acme
		mel  access.UserID = "mel"  // member of acme, who makes the assistants

		gus  access.UserID = "gus"  // owner of globex
		gwen access.UserID = "gwen" // admin of globex
		gil  access.UserID = "gil"  // members of globex
		tara access.UserID = "tara" // and admin of the team
		tim  access.UserID = "tim"  // and in both teams
		gord access.UserID = "gord" // client of globex
		zoe  access.UserID = "zoe"  // of no organization

		sales access.TeamID = "sales" // of globex, with an admin
		quiet access.TeamID = "quiet" // of globex, without one
	)
	post := newPost(t)
	s := begin(t, []string{"root@platform.example", "olga@acme.com", "mel@acme.com", "gus@globex.example", "gwen@globex.example", "gil@globex.example",
		"tara@globex.example", "tim@globex.example", "gord@globex.example", "zoe@else.example"}, testenv.Mail(post.box), testenv.MailsALot())
	s.post = post
	s.internal(root)
	s.Admin().GrantsPlatformRole(access.SiteAdmin, "root")
	s.As(root).PutsOrganization(acme, fields{"owner": olga})
	s.As(olga).PutsMember(acme, mel, access.OrgMember)
	s.As(root).PutsOrganization(globex, fields{"owner": gus})
	s.As(gus).PutsMember(globex, gwen, access.OrgAdmin)
	for _, member := range []access.UserID{gil, tara, tim} {
		s.As(gwen).PutsMember(globex, member, access.OrgMember)
	}
	s.As(gwen).PutsMember(globex, gord, access.OrgClient)
	s.As(gwen).PutsTeam(sales, fields{"organization": globex})
	s.As(gwen).PutsTeamMember(sales, tara, access.TeamAdmin)
	s.As(tara).PutsTeamMember(sales, tim, access.TeamMember)
	s.As(gwen).PutsTeam(quiet, fields{"organization": globex})
	s.As(gwen).PutsTeamMember(quiet, tim, access.TeamMember)
	already := []access.UserID{root, olga, mel} // they have every assistant of mel's without any share: 3.1, P1

	s.part(t, "read only: interact and view the configuration and logs, and change nothing of it (3.2)", func(s *story) {
		bot := s.bot("read-only", acme, mel)
		s.As(mel).Shares(bot, zoe, access.ReadOnly)
		s.has(zoe, bot, levels[access.ReadOnly]...)
		require.Equal(s, "shared", s.As(zoe).Sees("v1", "chatbots", string(bot))["visibility"])
		s.As(zoe).Refused(access.KindDenied, "").PutsChatbot(bot, fields{"name": "settings"})
		s.As(zoe).Refused(access.KindDenied, "").Does(http.MethodPut, "/v1/documents/data-source", fields{"chatbot": bot})
		s.As(zoe).Refused(access.KindDenied, "").Shares(bot, gil, access.UseOnly)
		s.As(zoe).Refused(access.KindDenied, "").SetsLink(bot, access.AudienceEveryone)
		s.mailed(shared(bot), zoe)
	})

	s.part(t, "read and write: full access, with modifying the settings and the access rights (3.2)", func(s *story) {
		bot := s.bot("read-write", acme, mel)
		s.As(mel).Shares(bot, zoe, access.ReadWrite)
		s.has(zoe, bot, levels[access.ReadWrite]...)
		s.As(zoe).PutsChatbot(bot, fields{"name": "read-write"})
		s.As(zoe).Does(http.MethodPut, "/v1/documents/data-source", fields{"chatbot": bot})
		s.As(zoe).Shares(bot, gil, access.UseOnly)
		s.has(gil, bot, levels[access.UseOnly]...)
		s.mailed(shared(bot), zoe, gil)
	})

	s.part(t, "use only: interact, without any of the tabs (3.2, C6)", func(s *story) {
		bot := s.bot("use-only", acme, mel)
		s.As(mel).Shares(bot, zoe, access.UseOnly)
		s.has(zoe, bot, levels[access.UseOnly]...)
		for _, tab := range []string{"shares", "policy", "features", "api-keys", "permissions", "public-access", "access"} {
			s.As(zoe).Refused(access.KindDenied, "").Does(http.MethodGet, at(bot, tab), nil)
		}
		s.As(zoe).Refused(access.KindDenied, "").PutsChatbot(bot, fields{"name": "mine"})
		s.mailed(shared(bot), zoe)
	})

	s.part(t, "share with specific users by their usernames, which must be valid, at a level (S1, S2, S3)", func(s *story) {
		bot := s.bot("with-users", acme, mel)
		s.As(mel).Refused(access.KindUnprocessable, "S2").Shares(bot, access.UserID("zoey"), access.UseOnly)
		require.Equal(s, "active", s.As(mel).Shares(bot, gord, access.UseOnly)["state"])
		s.only(access.Interact, bot, append(already, gord)...)
		s.reaches(gord, access.Interact, access.TypeChatbot, string(bot))
		s.mailed(shared(bot), gord)
	})

	staff := []access.UserID{gus, gwen, gil, tara, tim} // an organization's clients have no part in its shares (S1)

	s.part(t, "an admin or the organization's admin shares with the organization: immediately, and everyone is mailed (S4, S11)", func(s *story) {
		for _, admin := range []access.UserID{root, gus, gwen} {
			bot := s.bot("given-by-"+access.ChatbotID(admin), acme, mel)
			gains := staff
			if admin != root { // who may share the assistant at all, as its maker lets them
				s.As(mel).Shares(bot, admin, access.ReadWrite)
				s.mailed(shared(bot), admin)
				gains = without(staff, admin)
			}
			require.Equal(s, "active", s.As(admin).Shares(bot, globex, access.UseOnly)["state"])
			s.only(access.Interact, bot, append(already, staff...)...)
			s.has(gil, bot, levels[access.UseOnly]...)
			s.has(gord, bot)
			s.mailed(shared(bot), gains...)
			for _, u := range gains {
				s.told(u, "share", bot)
			}
		}
	})

	s.part(t, "anyone else's request moves into review; the organization's admins are mailed, and one approves it (S4, S7, S8)", func(s *story) {
		bot := s.bot("reviewed", acme, mel)
		asked := s.As(mel).Shares(bot, globex, access.UseOnly)
		require.Equal(s, "pending", asked["state"])
		s.only(access.Interact, bot, already...)
		s.mailed(requested(bot), gus, gwen)
		s.arrived()
		s.told(gwen, "request", bot)
		id := asked["request"].(map[string]any)["id"].(string)
		require.Equal(s, []string{id}, each(items(s.As(gwen).Does(http.MethodGet, "/v1/requests?state=pending&decidable=true", nil), "items"), "id"))
		s.As(gil).Refused(access.KindNotFound, "").Does(http.MethodPost, "/v1/requests/"+id+"/approve", fields{"access": access.UseOnly})
		s.As(mel).Refused(access.KindDenied, "").Does(http.MethodPost, "/v1/requests/"+id+"/approve", fields{"access": access.UseOnly})
		s.As(gwen).Refused(access.KindConflict, "S8").Does(http.MethodPost, "/v1/requests/"+id+"/approve", fields{"access": access.ReadOnly})
		s.As(gwen).Does(http.MethodPost, "/v1/requests/"+id+"/approve", fields{"access": access.UseOnly})

		s.only(access.Interact, bot, append(already, staff...)...) // the same consequences as the first case
		s.has(gord, bot)
		s.mailed(shared(bot), without(staff, gwen)...)
		first := s.bot("not-reviewed", acme, mel)
		s.As(root).Shares(first, globex, access.UseOnly)
		s.mailed(shared(first), staff...)
		for _, list := range []string{"shares", "access"} {
			consequences := func(bot access.ChatbotID) string {
				return strings.ReplaceAll(s.text(items(s.As(mel).Does(http.MethodGet, at(bot, list), nil), "items")), string(bot), "")
			}
			require.Equal(s, consequences(first), consequences(bot))
		}
		require.Equal(s, "approved", s.As(mel).Sees("v1", "requests", id)["state"])
		require.Equal(s, "approved", s.told(mel, "request-decided", bot)["state"])
	})

	s.part(t, "or deletes the request, and nothing is shared (S7)", func(s *story) {
		bot := s.bot("refused", acme, mel)
		id := s.As(mel).Shares(bot, globex, access.ReadWrite)["request"].(map[string]any)["id"].(string)
		s.mailed(requested(bot), gus, gwen)
		s.arrived()
		s.As(gwen).Does(http.MethodPost, "/v1/requests/"+id+"/deny", nil)
		s.only(access.Interact, bot, already...)
		require.Equal(s, "denied", s.told(mel, "request-decided", bot)["state"])
		s.As(gus).Refused(access.KindConflict, "").Does(http.MethodPost, "/v1/requests/"+id+"/approve", fields{"access": access.ReadWrite})
		s.only(access.Interact, bot, already...)
	})

	s.part(t, "an organization's level can be changed, and its access removed, once it is on the list (S10)", func(s *story) {
		bot := s.bot("changed", acme, mel)
		s.As(root).Shares(bot, globex, access.UseOnly)
		s.mailed(shared(bot), staff...)
		s.arrived()
		require.Equal(s, "active", s.As(mel).Shares(bot, globex, access.ReadOnly)["state"])
		s.only(access.Read, bot, append(already, staff...)...)
		s.told(gil, "share-changed", bot) // without an email
		s.As(mel).Unshares(bot, globex)
		s.only(access.Interact, bot, already...)
	})

	s.part(t, "an admin, the organization's admin or the team's admin shares with the team: immediately, and everyone is mailed (S5, S11)", func(s *story) {
		for _, admin := range []access.UserID{root, gwen, tara} {
			bot := s.bot("team-given-by-"+access.ChatbotID(admin), acme, mel)
			may := append(already, tara, tim)
			if admin != root {
				s.As(mel).Shares(bot, admin, access.ReadWrite)
				s.mailed(shared(bot), admin)
				may = append(without(may, admin), admin)
			}
			require.Equal(s, "active", s.As(admin).Shares(bot, sales, access.ReadOnly)["state"])
			s.only(access.Read, bot, may...)
			s.mailed(shared(bot), without([]access.UserID{tara, tim}, admin)...)
		}
	})

	s.part(t, "anyone else's request with a team goes to its admin, or to the organization's where there is none (S5, S7)", func(s *story) {
		deciders := map[access.TeamID][]access.UserID{sales: {tara}, quiet: {gus, gwen}}
		members := map[access.TeamID][]access.UserID{sales: {tara, tim}, quiet: {tim}}
		requests := map[access.ChatbotID]string{}
		of := func(team access.TeamID, verdict string) access.ChatbotID {
			return access.ChatbotID(string(team) + "-" + verdict)
		}
		for team, admins := range deciders {
			for _, verdict := range []string{"approved", "denied"} {
				bot := s.bot(of(team, verdict), acme, mel)
				asked := s.As(mel).Shares(bot, team, access.ReadOnly)
				require.Equal(s, "pending", asked["state"])
				s.only(access.Read, bot, already...)
				s.mailed(requested(bot), admins...)
				requests[bot] = "/v1/requests/" + asked["request"].(map[string]any)["id"].(string)
			}
		}
		s.arrived()
		for team, admins := range deciders {
			approved, denied := of(team, "approved"), of(team, "denied")
			s.As(tim).Refused(access.KindNotFound, "").Does(http.MethodPost, requests[approved]+"/approve", fields{"access": access.ReadOnly})
			s.As(admins[0]).Does(http.MethodPost, requests[approved]+"/approve", fields{"access": access.ReadOnly})
			s.only(access.Read, approved, append(already, members[team]...)...)
			s.mailed(shared(approved), without(members[team], admins[0])...)
			require.Equal(s, "approved", s.told(mel, "request-decided", approved)["state"])

			s.As(admins[0]).Does(http.MethodPost, requests[denied]+"/deny", nil)
			s.only(access.Read, denied, already...)
			require.Equal(s, "denied", s.told(mel, "request-decided", denied)["state"])
		}
	})

	s.part(t, "a team's level can be changed, and its access removed, once it is on the list (S10)", func(s *story) {
		bot := s.bot("team-changed", acme, mel)
		s.As(root).Shares(bot, sales, access.ReadOnly)
		s.mailed(shared(bot), tara, tim)
		s.arrived()
		s.As(mel).Shares(bot, sales, access.ReadWrite)
		s.only(access.Update, bot, append(already, tara, tim)...)
		s.As(mel).Unshares(bot, sales)
		s.only(access.Interact, bot, already...)
	})

	s.part(t, "API keys let external systems query the assistant at the chosen level; a key is shown once (K1, K2, K3)", func(s *story) {
		bot := s.bot("keyed", acme, mel)
		for level, gives := range map[access.Level][]access.Action{
			access.UseOnly: levels[access.UseOnly], access.ReadOnly: levels[access.ReadOnly],
			access.ReadWrite: {access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test}, // it makes no keys and no shares
		} {
			key := s.As(mel).MakesAPIKey(bot, fields{"name": "crm-" + level, "access": level})
			secret := key["secret"].(string)
			s.has(apiKey(secret), bot, gives...) // anyone with the key has the permissions granted
			s.reaches(apiKey(secret), access.Interact, access.TypeChatbot, string(bot))
			listed := s.Do(testenv.Call{Method: http.MethodGet, Path: at(bot, "api-keys"), Key: testenv.RootKey, Actor: string(mel)})
			require.Contains(s, string(listed.Body), key["id"])
			require.NotContains(s, string(listed.Body), secret)
		}
		s.As(zoe).Refused(access.KindNotFound, "").MakesAPIKey(bot, fields{"name": "mine", "access": access.UseOnly})
	})

	s.part(t, "a key's level cannot be changed: it is deleted, and a new one created (K1, K5)", func(s *story) {
		bot := s.bot("rekeyed", acme, mel)
		old := s.As(mel).MakesAPIKey(bot, fields{"name": "crm", "access": access.UseOnly})
		path := at(bot, "api-keys", old["id"].(string))
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodPost} {
			a := s.Do(testenv.Call{Method: method, Path: path, Body: fields{"access": access.ReadWrite}, Key: testenv.RootKey, Actor: string(mel)})
			require.Contains(s, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, a.Status)
		}
		s.As(mel).Does(http.MethodDelete, path, nil)
		renewed := s.As(mel).MakesAPIKey(bot, fields{"name": "crm", "access": access.ReadOnly})
		s.has(apiKey(old["secret"].(string)), bot)
		s.has(apiKey(renewed["secret"].(string)), bot, levels[access.ReadOnly]...)
	})

	s.part(t, "public access by the link: not accessible by default, to those logged in, or to everyone (L1, L2)", func(s *story) {
		bot := s.bot("linked", acme, mel)
		s.As(mel).Shares(bot, gil, access.UseOnly)
		s.mailed(shared(bot), gil)
		configured := append(already, gil)
		require.Equal(s, "none", s.As(mel).Does(http.MethodGet, at(bot, "public-access"), nil)["mode"])
		s.only(access.Interact, bot, configured...) // limited to configured users, teams and organizations
		s.has(visitor, bot)

		link := s.As(mel).SetsLink(bot, access.AudienceAuthenticated)
		s.with(fields{"link": link}).only(access.Interact, bot, s.cast...)
		s.with(fields{"link": link}).has(visitor, bot)
		s.only(access.Interact, bot, configured...)

		link = s.As(mel).SetsLink(bot, access.AudienceEveryone)
		s.with(fields{"link": link}).has(visitor, bot, access.Interact)
		s.with(fields{"link": link}).has(zoe, bot, access.Interact) // and nothing but querying it
		s.with(fields{"link": "another"}).has(visitor, bot)
		s.has(visitor, bot)

		old := link
		link = s.As(mel).RotatesLink(bot) // which ends the old link at once
		s.with(fields{"link": old}).has(visitor, bot)
		s.with(fields{"link": link}).has(visitor, bot, access.Interact)

		s.As(mel).SetsLink(bot, access.AudienceNone)
		s.with(fields{"link": link}).only(access.Interact, bot, configured...)
		s.with(fields{"link": link}).has(visitor, bot)
	})

	s.part(t, "what people can do depends on the assigned level, whether shared with them, their team or their organization (3.2)", func(s *story) {
		for level, gives := range levels {
			for i, with := range []any{tim, quiet, globex} {
				bot := s.bot(access.ChatbotID(level)+"-"+access.ChatbotID([]string{"user", "team", "organization"}[i]), acme, mel)
				s.As(root).Shares(bot, with, level)
				s.has(tim, bot, gives...)
				if with == globex {
					s.mailed(shared(bot), staff...)
				} else {
					s.mailed(shared(bot), tim)
				}
			}
		}
	})

	s.part(t, "users are notified by email, and find all notifications on their page (S11, N3)", func(s *story) {
		bot := s.bot("announced", acme, mel)
		s.As(mel).Shares(bot, zoe, access.ReadOnly)
		s.mailed(shared(bot), zoe)
		news := s.told(zoe, "share", bot)
		require.Equal(s, "read_only", news["access"])
		s.As(zoe).Does(http.MethodPost, testenv.Path("v1", "notifications", news["id"].(string), "read"), nil)
		unread := items(s.As(zoe).Does(http.MethodGet, "/v1/notifications?unread=true&page_size=1000", nil), "items")
		require.NotContains(s, each(unread, "id"), news["id"])
		s.told(zoe, "share", bot) // it stays on the page
		require.Empty(s, s.notifications(olga), "nothing was shared with olga, and nothing is hers to decide")
	})

	s.arrived()
}
