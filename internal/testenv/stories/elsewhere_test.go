package stories_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/idp"
)

// TestFaultsThatOthersHad tells what users of chat platforms, identity providers and authorization servers have reported of these, with the people of
// one company. None of it may happen here.
func TestFaultsThatOthersHad(t *testing.T) {
	const amy, ben, zoe, helper = access.UserID("amy"), access.UserID("ben"), access.UserID("zoe"), access.ChatbotID("helper")
	company := func(t *testing.T, options ...testenv.Option) *testenv.Env {
		e := testenv.New(t, options...)
		for _, user := range []access.UserID{"olga", amy, ben, zoe} {
			e.Admin().PutsUser(user, fields{"email": string(user) + "@acme.com", "email_verified": true, "type": access.Internal})
		}
		e.Admin().PutsOrganization(acme, fields{"owner": "olga"})
		e.As("olga").PutsMember(acme, amy, access.OrgMember)
		e.As("olga").PutsMember(acme, ben, access.OrgMember)
		e.As(amy).PutsChatbot(helper, fields{"organization": acme})
		return e
	}
	e := company(t)
	ask := func(e *testenv.Env, body fields) map[string]any {
		return e.Admin().Does(http.MethodPost, "/access/v1/evaluation", body)
	}
	subjects := func(e *testenv.Env, action access.Action, bot access.ChatbotID) []string {
		found := e.Admin().Does(http.MethodPost, "/access/v1/search/subject", fields{
			"subject": fields{"type": "user"}, "action": fields{"name": action}, "resource": fields{"type": "chatbot", "id": bot},
		})
		ids := []string{}
		for _, item := range found["results"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		return ids
	}

	t.Run("who had access to a model still has it when another one of the name is made", func(t *testing.T) {
		e := e.For(t)
		e.As(amy).PutsChatbot("gone", fields{"organization": acme})
		e.As(amy).Shares("gone", ben, access.ReadWrite)
		e.As(amy).Puts(access.Object{Type: access.TypeDocument, ID: "plan"}, fields{"chatbot": "gone", "access": access.ModeRestricted, "allowed": []string{"user:ben"}})
		e.As(amy).Does(http.MethodDelete, "/v1/chatbots/gone", nil)
		e.As(amy).PutsChatbot("gone", fields{"organization": acme})
		e.Cannot(ben, access.Interact, access.ChatbotID("gone"))
		e.Cannot(ben, access.View, access.Object{Type: access.TypeDocument, ID: "plan"})
	})

	t.Run("who may only use a model shares it on", func(t *testing.T) {
		e := e.For(t)
		e.As(amy).PutsChatbot("lent", fields{"organization": acme})
		e.As(amy).Shares("lent", ben, access.ReadOnly)
		e.As(ben).Refused(access.KindDenied, "").Shares("lent", zoe, access.UseOnly)
		e.Cannot(zoe, access.Interact, access.ChatbotID("lent"))
	})

	t.Run("a shared agent opens tools that were never shared", func(t *testing.T) {
		e := e.For(t)
		tools := access.Object{Type: access.TypeMCPServer, ID: "github-write"}
		e.As(amy).PutsChatbot("agent", fields{"organization": acme})
		e.As(amy).Puts(tools, fields{"chatbot": "agent", "access": access.ModeRestricted, "allowed": []string{"user:amy"}})
		e.As("olga").PutsTeam("devs", fields{"organization": acme})
		e.As("olga").PutsTeamMember("devs", ben, access.TeamMember)
		e.As("olga").Shares("agent", access.TeamID("devs"), access.UseOnly)
		e.Can(ben, access.Interact, access.ChatbotID("agent"))
		e.Cannot(ben, access.Use, tools)
		require.Empty(t, e.Admin().Lists("agent", access.TypeMCPServer, "user:ben"))
	})

	t.Run("anybody who is logged in reads who may use an agent", func(t *testing.T) {
		e := e.For(t)
		for _, path := range []string{"shares", "permissions", "access", "policy", "api-keys", "public-access"} {
			e.As(zoe).Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(helper), path)
		}
	})

	t.Run("deleting a user takes others' access to what the user had made", func(t *testing.T) {
		e := e.For(t)
		e.Admin().PutsUser("leaver", fields{})
		e.Admin().PutsMember(acme, "leaver", access.OrgMember)
		e.As("leaver").PutsChatbot("legacy", fields{"organization": acme})
		e.As("leaver").Shares("legacy", ben, access.ReadWrite)
		e.Admin().Does(http.MethodDelete, "/v1/users/leaver", nil)
		e.Can(ben, access.Update, access.ChatbotID("legacy"))
		e.Can(access.UserID("olga"), access.Delete, access.ChatbotID("legacy"))
	})

	t.Run("a list leaves out a ban that a check knows", func(t *testing.T) {
		e := e.For(t)
		e.Admin().PutsRole("reader", fields{"organization": acme})
		for _, user := range []access.UserID{amy, ben, zoe} {
			e.Admin().Assigns("reader", user)
		}
		e.As(amy).PutsChatbot("open", fields{"organization": acme})
		e.As("olga").Shares("open", access.Everyone, access.UseOnly)
		e.As(amy).SetsPolicy("open", fields{"denied_users": []string{"ben"}, "required_roles": []string{"reader"}})
		found := subjects(e, access.Interact, "open")
		for _, user := range []access.UserID{amy, ben, zoe, "olga"} {
			answer := ask(e, fields{"subject": fields{"type": "user", "id": user}, "action": fields{"name": access.Interact}, "resource": fields{"type": "chatbot", "id": "open"}})
			require.Equal(t, answer["decision"], slices.Contains(found, string(user)), user)
		}
		require.NotContains(t, found, "ben")
	})

	t.Run("the same question is answered now so, now so, where a value is missing", func(t *testing.T) {
		e := e.For(t)
		e.As(amy).PutsChatbot("limited", fields{"organization": acme})
		e.As("olga").Shares("limited", access.Everyone, access.UseOnly)
		e.As(amy).PutsFeature("limited", "upload", fields{"enabled": true, "limits": fields{"max_size": 10}})
		question := func(properties fields) fields {
			return fields{
				"subject": fields{"type": "user", "id": zoe}, "action": fields{"name": access.Use, "properties": properties},
				"resource": fields{"type": "feature", "id": "limited/upload"},
			}
		}
		first, err := json.Marshal(ask(e, question(fields{})))
		require.NoError(t, err)
		for range 25 {
			require.Equal(t, true, ask(e, question(fields{"size": 10}))["decision"])
			require.Equal(t, false, ask(e, question(fields{"size": 11}))["decision"])
			again, err := json.Marshal(ask(e, question(fields{})))
			require.NoError(t, err)
			require.JSONEq(t, string(first), string(again))
		}
		require.Contains(t, string(first), `"decision":false`)
	})

	t.Run("a search that runs out of time answers with a part", func(t *testing.T) {
		e := e.For(t)
		whole := subjects(e, access.Read, helper)
		for _, patience := range []string{"1ns", "1us", "100us", "300us", "1ms", "3ms", "10ms", "1s"} {
			a := e.Do(testenv.Call{
				Method: http.MethodPost, Path: "/access/v1/search/subject", Key: testenv.RootKey, Header: http.Header{"Grantway-Timeout": {patience}},
				Body: fields{"subject": fields{"type": "user"}, "action": fields{"name": access.Read}, "resource": fields{"type": "chatbot", "id": helper}},
			})
			var answer struct{ Results []struct{ ID string } }
			require.NoError(t, json.Unmarshal(a.Body, &answer))
			if a.Status == http.StatusOK {
				require.Len(t, answer.Results, len(whole))
				continue
			}
			require.Equal(t, http.StatusServiceUnavailable, a.Status, "%s", a.Body)
		}
	})

	t.Run("somebody is called what is another's address", func(t *testing.T) {
		e := e.For(t)
		e.Admin().PutsUser("zoe@acme.com", fields{"email": "other@acme.com", "email_verified": true})
		e.As(amy).PutsChatbot("mail", fields{"organization": acme})
		e.As(amy).Shares("mail", access.Email("ZOE@Acme.com"), access.UseOnly)
		e.Can(zoe, access.Interact, access.ChatbotID("mail"))
		e.Cannot(access.UserID("zoe@acme.com"), access.Interact, access.ChatbotID("mail"))
		e.As(amy).Unshares("mail", access.Email("zoe@acme.com"))
		e.As(amy).Shares("mail", access.UserID("zoe@acme.com"), access.UseOnly)
		e.Cannot(zoe, access.Interact, access.ChatbotID("mail"))
	})

	t.Run("names with slashes, semicolons and spaces are not found again", func(t *testing.T) {
		e := e.For(t)
		for _, name := range []string{"Org / T1", "broken;role", "a b", "a%2Fb", "a+b", "~/x"} {
			e.Admin().PutsRole(access.RoleID(name), fields{"organization": acme})
			e.Admin().Assigns(access.RoleID(name), "zoe")
			require.Len(t, e.Admin().Sees("v1", "roles", name, "assignees")["items"], 1, name)
		}
	})

	t.Run("an invitation is accepted a second time", func(t *testing.T) {
		e := e.For(t)
		e.Admin().PutsUser("ines", fields{"email": "ines@acme.com", "email_verified": true})
		invited := e.As("olga").Invites(acme, "ines@acme.com", access.OrgMember, nil)
		token := fmt.Sprint(invited["token"])
		e.As(zoe).Refused(access.KindDenied, "N1").Accepts(token)
		e.As("ines").Accepts(token)
		e.As("olga").RemovesMember(acme, "ines")
		again := e.As("ines").Refused(access.KindConflict, "N1").Accepts(token)
		require.Contains(t, again["detail"], "is accepted")
		e.Cannot(access.UserID("ines"), access.ViewData, acme)
	})

	t.Run("a deactivated person's key and token go on", func(t *testing.T) {
		e := e.For(t)
		e.Admin().PutsUser("kay", fields{})
		e.Admin().PutsMember(acme, "kay", access.OrgAdmin)
		key := e.As("kay").MakesKey(fields{"name": "k", "access": access.KeyReadWrite, "organization": acme})
		e.With(key).Sees("v1", "organizations", string(acme))
		e.Admin().PutsUser("kay", fields{"active": false})
		e.With(key).Refused(access.KindUnauthenticated, "").Sees("v1", "organizations", string(acme))
	})

	t.Run("what a provider says of groups", func(t *testing.T) {
		provider := idp.New(t)
		e := company(t, testenv.SignIns(t, fmt.Sprintf("- {issuer: '%s', audience: [shop], user: {prefix: 'p|'}, grants: [{claim: groups, value: 'org:*', organization: '*', as: member}, {claim: roles, value: reader, role: reader}]}", provider.URL)))
		e.Admin().PutsRole("reader", fields{"organization": acme})
		e.Admin().PutsOrganization("globex", fields{"owner": "olga"})
		says := func(c claims) {
			t.Helper()
			provider.Knows("pat", c)
			token, _ := provider.LogsIn("pat")
			e.With(token).Does(http.MethodGet, "/v1/notifications", nil)
		}
		pat := access.UserID("p|pat")
		says(claims{"groups": []string{"org:acme"}}) // and no roles: the sign-in does not fail for want of a claim
		e.Can(pat, access.ViewData, acme)
		e.Admin().PutsMember("globex", pat, access.OrgMember)

		// The last group is gone, and with it the claim: the membership that came with it ends, what an administrator gave by hand stays.
		says(claims{})
		e.Cannot(pat, access.ViewData, acme)
		e.Can(pat, access.ViewData, access.OrganizationID("globex"))

		// More groups than fit: nothing is known about them.
		says(claims{"groups": []string{"org:acme"}})
		says(claims{"hasgroups": true})
		e.Can(pat, access.ViewData, acme)
	})
}
