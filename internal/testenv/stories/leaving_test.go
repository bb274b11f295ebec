package stories_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// An admin lists max in a group and in a document. When max leaves, nothing of acme names him, and coming back gives him nothing of before.
func TestO3_WhoLeavesIsOnNoListOfTheOrganization(t *testing.T) {
	e := keyring(t)
	olga := e.As("olga")
	olga.PutsGroup("readers", fields{"organization": acme})
	olga.PutsGroupMember("readers", access.UserID("max"))
	olga.PutsGroupMember("readers", access.Email("max@acme.com"))
	olga.Shares("helper", access.Principal{Kind: access.PrincipalGroup, ID: "readers"}, access.UseOnly)
	olga.Puts(document("plan"), fields{"chatbot": "helper", "access": access.ModeRestricted, "allowed": []string{"user:max", "email:max@acme.com", "user:adam"}})
	olga.SetsPolicy("helper", fields{"allowed_users": []string{"max", "adam"}})
	e.Can(access.UserID("max"), access.View, document("plan"))

	require.ElementsMatch(t, []any{
		"member of organization:acme", "user:max in group:readers", "email:max@acme.com in group:readers", "user:max on the list of document:plan",
		"email:max@acme.com on the list of document:plan", "user:max in the gates of chatbot:helper",
	}, e.As("max").RemovesMember(acme, "max")["removed"], "max leaves, and reads what went")
	require.Empty(t, olga.Sees("v1", "groups", "readers", "members")["items"])
	require.Equal(t, []any{"user:adam"}, olga.Sees("v1", "documents", "plan")["allowed"])
	require.Equal(t, []any{"adam"}, olga.Sees("v1", "chatbots", "helper", "policy")["allowed_users"])

	e.Admin().PutsMember(acme, "max", access.OrgMember)
	e.Cannot(access.UserID("max"), access.Interact, access.ChatbotID("helper"))
	e.Cannot(access.UserID("max"), access.View, document("plan"))
}

// Acme shares nothing outside: its group may list an address of somebody else, which gives nothing until its holder comes to acme.
func TestO5_AGroupGivesOnlyTheOrganizationsPeopleSomething(t *testing.T) {
	e := keyring(t)
	e.Admin().PutsUser("zoe", fields{"email": "zoe@globex.com", "email_verified": true})
	olga, zoe, readers := e.As("olga"), access.UserID("zoe"), access.Principal{Kind: access.PrincipalGroup, ID: "readers"}
	olga.PutsGroup("readers", fields{"organization": acme})
	olga.PutsGroupMember("readers", access.UserID("zoe"))
	olga.PutsGroupMember("readers", access.Email("zoe@globex.com"))
	olga.Shares("helper", readers, access.UseOnly)
	olga.Shares("helper", access.Everyone, access.UseOnly)
	e.Can(zoe, access.Interact, access.ChatbotID("helper"))

	require.ElementsMatch(t, []any{"user:zoe in group:readers", "share use_only of chatbot:helper with everyone"},
		olga.PutsOrganization(acme, fields{"outside_sharing": false})["removed"])
	e.Cannot(zoe, access.Interact, access.ChatbotID("helper"))
	why := e.Admin().Does(http.MethodPost, "/v1/explain", question(zoe, access.Interact, access.ChatbotID("helper")))
	require.NotContains(t, why["stopped_by"], "the facts behind the decision are changing right now: ask again")
	olga.Refused(access.KindUnprocessable, "O5").PutsGroupMember("readers", access.UserID("zoe"))
	olga.Refused(access.KindUnprocessable, "O5").Shares("helper", access.Everyone, access.UseOnly)
	require.Equal(t, []string{"email:zoe@globex.com"}, each(items(olga.Sees("v1", "groups", "readers", "members"), "items"), "principal"))

	accepted := olga.Invites(acme, "zoe@globex.com", access.OrgClient, nil)
	e.As("zoe").Accepts(accepted["token"].(string))
	e.Can(zoe, access.Interact, access.ChatbotID("helper"))
}
