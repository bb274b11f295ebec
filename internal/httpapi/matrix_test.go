package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

const matrixPath = "/v1/chatbots/helper/permissions"

// rowOf is one member's row as the matrix shows it to the caller.
func rowOf(t testing.TB, c *testenv.Caller, user access.UserID) map[string]any {
	t.Helper()
	for _, item := range c.Does(http.MethodGet, matrixPath, nil)["items"].([]any) {
		if row := item.(map[string]any); row["user"] == string(user) {
			return row
		}
	}
	require.Fail(t, "not in the matrix", "%s", user)
	return nil
}

func sets(c *testenv.Caller, user access.UserID, actions ...access.Action) map[string]any {
	c.Helper()
	if actions == nil {
		actions = []access.Action{}
	}
	return c.Does(http.MethodPut, matrixPath+"/"+string(user), fields{"actions": actions})
}

func list5(words ...any) []any { return append([]any{}, words...) }

// M1, M3, M6: the matrix shows each member's row, ceiling and what is decided, and why.
func TestMatrix(t *testing.T) {
	e := newWorld(t)
	owner := e.As(mel)

	row := rowOf(t, owner, bob)
	require.Nil(t, row["row"])
	require.Equal(t, "member", row["role"])
	require.Equal(t, list5("read", "update", "deploy", "test"), row["ceiling"])
	require.Equal(t, list5("read"), row["effective"])
	require.Equal(t, map[string]any{
		"read":   "helper is shared with bob at read_only (S1)",
		"update": "no share or role gives update to bob on helper (3.1, 3.2)", "deploy": "no share or role gives deploy to bob on helper (3.1, 3.2)",
		"test":   "no share or role gives test to bob on helper (3.1, 3.2)",
		"delete": "only the owner of helper and the owners of acme have delete (3.1)",
	}, row["because"])

	row = rowOf(t, owner, mel)
	require.Nil(t, row["row"], "M3")
	require.Equal(t, list5("read", "update", "deploy", "delete", "test"), row["ceiling"])
	require.Equal(t, list5("read", "update", "deploy", "delete", "test"), row["effective"])

	set := sets(owner, cal, access.Update)
	require.Equal(t, list5("update without read: the user cannot see what they change (M4)"), set["warnings"])
	require.Equal(t, list5("update"), set["actions"])
	row = rowOf(t, owner, cal)
	require.Equal(t, list5("update"), row["row"])
	require.Equal(t, list5("read", "update", "test"), row["ceiling"])
	require.Equal(t, list5("update"), row["effective"])
	require.Equal(t, "cal's row on helper has update (M1)", row["because"].(map[string]any)["update"])
	require.Equal(t, "cal's row on helper has no read (M1)", row["because"].(map[string]any)["read"])

	require.Equal(t, list5(), sets(owner, bob)["warnings"])
	require.Equal(t, list5(), rowOf(t, owner, bob)["row"], "M6: a row without cells is not the same as none")
	require.Equal(t, list5(), rowOf(t, owner, bob)["effective"])
	owner.Does(http.MethodDelete, matrixPath+"/bob", nil)
	require.Equal(t, list5("read"), rowOf(t, owner, bob)["effective"], "M6")
	owner.Refused(access.KindNotFound, "").Does(http.MethodDelete, matrixPath+"/bob", nil)

	answer := owner.Refused(access.KindUnprocessable, "M2").Does(http.MethodPut, matrixPath+"/bob", fields{"actions": []access.Action{access.Delete}})
	require.Contains(t, answer["detail"], "ceiling")
	owner.Refused(access.KindUnprocessable, "M3").Does(http.MethodPut, matrixPath+"/mel", fields{"actions": []access.Action{access.Read}})
	owner.Refused(access.KindUnprocessable, "M7").Does(http.MethodPut, matrixPath+"/gus", fields{"actions": []access.Action{access.Read}})
	owner.Refused(access.KindInvalid, "").Does(http.MethodPut, matrixPath+"/bob", fields{"actions": []string{"fly"}})
	owner.Refused(access.KindInvalid, "").Does(http.MethodPut, matrixPath+"/bob", fields{})
	owner.Refused(access.KindInvalid, "").Does(http.MethodPut, matrixPath+"/bob", fields{"actions": nil})
}

// M5, M8: who reads the matrix, and who no longer does.
func TestMatrixReaders(t *testing.T) {
	e := newWorld(t)
	for _, reader := range []access.UserID{mel, alice, adam} {
		rowOf(t, e.As(reader), bob)
	}
	e.As(bob).Refused(access.KindDenied, "").Does(http.MethodGet, matrixPath, nil)
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodGet, matrixPath, nil)

	// Whoever manages the access from outside learns nothing of the organization's people (E1).
	e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:gus", fields{"access": access.ReadWrite})
	e.As(gus).Does(http.MethodGet, "/v1/chatbots/helper/shares", nil)
	e.As(gus).Refused(access.KindDenied, "E1").Does(http.MethodGet, matrixPath, nil)

	sets(e.As(alice), adam, access.Read)
	e.As(adam).Refused(access.KindDenied, "").Does(http.MethodGet, matrixPath, nil)
	e.As(adam).Refused(access.KindDenied, "M8").Does(http.MethodPut, matrixPath+"/bob", fields{"actions": []access.Action{access.Read}})
	e.As(alice).Does(http.MethodDelete, matrixPath+"/adam", nil)
	rowOf(t, e.As(adam), bob)
	e.As(adam).Refused(access.KindDenied, "M8").Does(http.MethodPut, matrixPath+"/alice", fields{"actions": []access.Action{access.Read}})
}

// M1: under owner_only rows are asleep.
func TestMatrixAsleep(t *testing.T) {
	e := newWorld(t)
	sets(e.As(mel), bob, access.Read)
	e.As(mel).PutsChatbot(helper, fields{"visibility": access.OwnerOnly})
	row := rowOf(t, e.As(mel), bob)
	require.Equal(t, true, row["asleep"])
	require.Equal(t, list5("read"), row["row"])
	require.Equal(t, list5(), row["effective"])
	require.Equal(t, "helper is owner_only, which leaves read to its owner; the row has no effect (3.1, V1, M1)", row["because"].(map[string]any)["read"])
}

// The matrix is paged by user.
func TestMatrixPages(t *testing.T) {
	e := newWorld(t)
	var users []any
	path := matrixPath + "?page_size=2"
	for next := ""; ; {
		page := e.As(mel).Does(http.MethodGet, path+next, nil)
		items := page["items"].([]any)
		require.LessOrEqual(t, len(items), 2)
		for _, item := range items {
			users = append(users, item.(map[string]any)["user"])
		}
		if page["next_page_token"] == "" {
			break
		}
		next = "&page_token=" + page["next_page_token"].(string)
	}
	require.Equal(t, list5("adam", "alice", "bob", "cal", "mel"), users)
}

// heldBy is what a review says, by user or by chatbot.
func heldBy(c *testenv.Caller, path, by string) map[string][]any {
	c.Helper()
	all := map[string][]any{}
	for _, item := range c.Does(http.MethodGet, path, nil)["items"].([]any) {
		h := item.(map[string]any)
		all[h[by].(string)] = h["through"].([]any)
	}
	return all
}

// A review tells who has what on a chatbot, and through what, all of it.
func TestChatbotReview(t *testing.T) {
	e := newWorld(t)
	e.Admin().PutsUser("ivy", fields{"type": "internal"})
	e.Admin().GrantsPlatformRole(access.ContentAdmin, "ivy")
	e.As(alice).PutsTeamMember(nested, cal, access.TeamMember)
	e.As(alice).Shares(helper, support, access.ReadOnly)
	e.As(alice).Shares(helper, list, access.UseOnly)
	e.As(alice).PutsGroupMember("list1", access.Email("gus@example.com"))

	// gus is a stranger to mel, and the gate asks for a domain: that he may interact is not told (C7).
	require.Equal(t, map[string][]any{
		"adam":  list5("admin of acme (shared)"),
		"alice": list5("owner of acme (shared)"),
		"bob":   list5("read_only share with user bob", "read_only share with team support", "use_only share with group list1"),
		"cal":   list5("read_only share with team support"),
		"ivy":   list5("content admin"),
		"mel":   list5("owner of the chatbot"),
	}, heldBy(e.As(mel), "/v1/chatbots/helper/access", "user"))

	sets(e.As(alice), bob, access.Read, access.Test)
	require.Equal(t, list5("row: read, test", "read_only share with user bob (overridden by the row)", "read_only share with team support (overridden by the row)",
		"use_only share with group list1 (overridden by the row)"), heldBy(e.As(mel), "/v1/chatbots/helper/access", "user")["bob"])
	sets(e.As(alice), bob)
	require.NotContains(t, heldBy(e.As(mel), "/v1/chatbots/helper/access", "user"), "bob", "who has nothing is left out")

	review := e.As(mel).Does(http.MethodGet, "/v1/chatbots/helper/access?page_size=1", nil)
	require.Len(t, review["items"], 1)
	require.NotEmpty(t, review["next_page_token"])
	require.Nil(t, review["everyone"])
	require.Equal(t, "none", review["public_link"])
	e.Admin().Shares(helper, access.Everyone, access.UseOnly)
	review = e.As(mel).Does(http.MethodGet, "/v1/chatbots/helper/access", nil)
	require.Equal(t, "use_only", review["everyone"])
	require.Len(t, review["items"], 5, "not the whole directory")

	e.As(cal).Refused(access.KindDenied, "").Does(http.MethodGet, "/v1/chatbots/helper/access", nil)
	e.As(bob).Refused(access.KindNotFound, "").Does(http.MethodGet, "/v1/chatbots/helper/access", nil)
	e.Admin().PutsUser("stranger", fields{"email": "stranger@example.com", "email_verified": true})
	e.As("stranger").Refused(access.KindDenied, "").Does(http.MethodGet, "/v1/chatbots/helper/access", nil)
	e.Admin().Unshares(helper, access.Everyone)
	e.As("stranger").Refused(access.KindNotFound, "").Does(http.MethodGet, "/v1/chatbots/helper/access", nil)
}

// C6, C7: an explanation tells outsiders of what is there no more than of what is not.
func TestExplanationsHide(t *testing.T) {
	e := newWorld(t)
	ask := func(bot string) fields {
		return fields{"subject": fields{"type": "user", "id": bob}, "action": fields{"name": access.Read}, "resource": fields{"type": "chatbot", "id": bot}}
	}
	own := e.As(bob).Does(http.MethodPost, "/v1/explain", ask("helper"))
	require.Equal(t, map[string]any{
		"decision": true, "because": list5("helper is shared with bob at read_only (S1)"), "stopped_by": list5(), "could_be_granted_by": list5(),
		"rules": map[string]any{"S1": "https://grantway.test/docs/model#S1"},
	}, own)
	require.Equal(t, own, e.As(mel).Does(http.MethodPost, "/v1/explain", ask("helper")), "who manages the access")
	require.Equal(t, own, e.Admin().Does(http.MethodPost, "/v1/explain", ask("helper")))

	e.Admin().PutsUser("stranger", fields{})
	confined := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": globex})
	for who, c := range map[string]testenv.Call{
		"the owner of another organization": {Key: testenv.RootKey, Actor: string(gus)},
		"a user of nobody":                  {Key: testenv.RootKey, Actor: "stranger"},
		"a key confined to another":         {Key: confined},
		"a member who manages nothing":      {Key: testenv.RootKey, Actor: string(cal)},
	} {
		c.Method, c.Path = http.MethodPost, "/v1/explain"
		var answers []string
		for _, bot := range []string{"helper", "helpe~"} {
			c.Body = ask(bot)
			answers = append(answers, string(e.Do(c).Body))
		}
		require.Equal(t, strings.ReplaceAll(answers[1], "helpe~", "helper"), answers[0], who)
		require.Contains(t, answers[0], `"decision":false`, who)
		require.NotContains(t, answers[0], "mel", who)
	}
}

// C7: a user's access is told to the user whole, and to others where they manage the access.
func TestUserReview(t *testing.T) {
	e := newWorld(t)
	e.As(gus).PutsChatbot("theirs", fields{"organization": globex})
	e.Admin().Shares("theirs", bob, access.ReadWrite)
	all := map[string][]any{"helper": list5("read_only share with user bob"), "theirs": list5("read_write share with user bob")}
	const path = "/v1/users/bob/access"
	require.Equal(t, all, heldBy(e.As(bob), path, "chatbot"))
	require.Equal(t, all, heldBy(e.Admin(), path, "chatbot"))
	require.Len(t, heldBy(e.As(mel), path, "chatbot"), 1, "she may see bob, and manages helper")
	require.Contains(t, heldBy(e.As(alice), path, "chatbot"), "helper")
	require.Empty(t, heldBy(e.As(cal), "/v1/users/cal/access", "chatbot"))
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodGet, path, nil)

	confined := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": acme})
	require.Equal(t, map[string][]any{"helper": all["helper"]}, heldBy(e.With(confined), path, "chatbot"))
	a := e.Do(testenv.Call{Method: http.MethodGet, Path: path, Key: confined, Actor: "bob"})
	require.Equal(t, http.StatusOK, a.Status)
	require.NotContains(t, string(a.Body), "theirs", "B3")

	page := e.As(bob).Does(http.MethodGet, path+"?page_size=1", nil)
	require.Len(t, page["items"], 1)
	page = e.As(bob).Does(http.MethodGet, path+"?page_size=1&page_token="+page["next_page_token"].(string), nil)
	require.Equal(t, "theirs", page["items"].([]any)[0].(map[string]any)["chatbot"])
	require.Empty(t, page["next_page_token"])

	e.Admin().PutsUser(bob, fields{"active": false})
	require.Empty(t, heldBy(e.Admin(), path, "chatbot"), "N2")
}
