package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

func createKey(e *testenv.Env, idempotencyKey, actor, body string) testenv.Answer {
	return e.Do(testenv.Call{
		Method: http.MethodPost, Path: "/v1/keys", Body: body, Key: testenv.RootKey, Actor: actor, Header: http.Header{"Idempotency-Key": {idempotencyKey}},
	})
}

func members(t testing.TB, a testenv.Answer) map[string]any {
	var m map[string]any
	require.NoError(t, json.Unmarshal(a.Body, &m), "%s", a.Body)
	return m
}

func TestIdempotencyKey(t *testing.T) {
	e := newWorld(t)
	const body = `{"name": "backend", "access": "read_only", "organization": "acme"}`
	first := createKey(e, "k1", "", body)
	require.Equal(t, http.StatusCreated, first.Status, "%s", first.Body)
	made := members(t, first)
	require.NotEmpty(t, made["secret"])

	again := createKey(e, "k1", "", body)
	require.Equal(t, http.StatusCreated, again.Status)
	delete(made, "secret")
	require.Equal(t, made, members(t, again), "the first answer again, without its secret")

	requireProblem(t, createKey(e, "k1", "", strings.Replace(body, "backend", "other", 1)), access.KindConflict, "")
	byAlice := createKey(e, "k1", "alice", body)
	require.Equal(t, http.StatusCreated, byAlice.Status)
	require.NotEqual(t, made["id"], members(t, byAlice)["id"], "another actor has keys of its own")

	transfer := func(bot access.ChatbotID, to string) testenv.Answer {
		return e.Do(testenv.Call{
			Method: http.MethodPost, Path: testenv.Path("v1", "chatbots", string(bot), "transfer"), Body: fields{"to": to}, Key: testenv.RootKey,
			Header: http.Header{"Idempotency-Key": {"k1"}},
		})
	}
	e.As(mel).PutsChatbot("second", fields{"organization": acme})
	require.Equal(t, http.StatusOK, transfer(helper, "bob").Status, "another route has keys of its own")
	require.Equal(t, "second", members(t, transfer("second", "bob"))["id"], "and so has another path of the same route")
	e.As(alice).Transfers(helper, mel)
	require.Equal(t, "bob", members(t, transfer(helper, "bob"))["owner"], "the first answer again")
	require.Equal(t, "mel", e.As(alice).Sees("v1", "chatbots", "helper")["owner"], "and nothing is done again")

	requireProblem(t, createKey(e, "k2", "", `{"name": "", "access": "read_only"}`), access.KindUnprocessable, "B1")
	require.Equal(t, http.StatusCreated, createKey(e, "k2", "", body).Status, "a refused call is not remembered")

	for _, bad := range []string{"", strings.Repeat("k", 256), "é"} {
		requireProblem(t, createKey(e, bad, "", body), access.KindInvalid, "")
	}
}

// TestIdempotencyKeyAtOnce sends one call several times at once.
func TestIdempotencyKeyAtOnce(t *testing.T) {
	e := newWorld(t)
	ids := make([]any, 8)
	var calls sync.WaitGroup
	for i := range ids {
		calls.Go(func() {
			ids[i] = members(t, createKey(e, "k", "", `{"name": "backend", "access": "read_only"}`))["id"]
		})
	}
	calls.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.Len(t, e.Admin().Sees("v1", "keys")["items"], 1)
}

// once makes the call with an Idempotency-Key, or without one for "".
func once(e *testenv.Env, actor access.UserID, key, path string, body any) testenv.Answer {
	c := testenv.Call{Method: http.MethodPost, Path: path, Body: body, Key: testenv.RootKey, Actor: string(actor)}
	if key != "" {
		c.Header = http.Header{"Idempotency-Key": {key}}
	}
	return e.Do(c)
}

// refusalIn is what a problem document says, but for the call that it is about.
func refusalIn(t testing.TB, a testenv.Answer) map[string]any {
	m := members(t, a)
	require.GreaterOrEqual(t, a.Status, 400, "%s", a.Body)
	delete(m, "request_id")
	delete(m, "instance")
	return m
}

// B5: adam, an admin of acme, makes calls with an Idempotency-Key. Once he may not make them, he is not given their answers again either.
func TestB5ARepeatedCallIsJudgedLikeANewOne(t *testing.T) {
	e := newWorld(t)
	e.Admin().PutsMember(acme, adam, access.OrgOwner)
	e.As(mel).SetsLink("helper", access.AudienceAuthenticated)
	request := func(chatbot access.ChatbotID) (path string, revision any) {
		if chatbot != helper {
			e.As(mel).PutsChatbot(chatbot, fields{"organization": acme})
			e.As(mel).Asks(chatbot, nested, access.UseOnly)
		}
		for _, r := range e.As(adam).Sees("v1", "requests")["items"].([]any) {
			if r := r.(map[string]any); r["chatbot"] == string(chatbot) {
				return "/v1/requests/" + r["id"].(string), r["revision"]
			}
		}
		t.Fatalf("nobody asks about %s", chatbot)
		return "", nil
	}
	approved, revision := request(helper)
	denied, _ := request("denied")
	e.As(mel).PutsChatbot("passed-on", fields{"organization": acme})
	invitation := things(e)["invitation"]
	key := e.As(adam).Does(http.MethodPost, "/v1/keys", fields{"name": "taken over", "access": access.KeyReadOnly, "organization": acme})["id"].(string)
	type call struct {
		route, path string
		body        any
		secret      string // the member of the answer that is shown once
	}
	calls := []call{
		{"createInvitation", "/v1/organizations/acme/invitations", fields{"email": "new@example.com", "role": access.OrgMember}, "token"},
		{"resendInvitation", "/v1/invitations/" + invitation + "/resend", nil, "token"},
		{"createKey", "/v1/keys", fields{"name": "k", "access": access.KeyReadOnly, "organization": acme}, "secret"},
		{"takeOverKey", "/v1/keys/" + key + "/take-over", fields{"grace": "1h"}, "secret"},
		{"createAPIKey", "/v1/chatbots/helper/api-keys", fields{"name": "k", "access": access.ReadOnly}, "secret"},
		{"rotateLink", "/v1/chatbots/helper/public-access/rotate", nil, "link"},
		{"approveRequest", approved + "/approve", fields{"access": access.UseOnly, "revision": revision}, ""},
		{"denyRequest", denied + "/deny", nil, ""},
		{"transferChatbot", "/v1/chatbots/passed-on/transfer", fields{"to": alice}, ""},
	}
	elsewhere := []string{
		"acceptInvitation", "readNotification", "cancelRequest", // are about the caller's own: TestARepeatedCallThatTookItsOwnRight
		"import",           // is repeated row by row: package bulk
		"examineBody",      // changes nothing
		"createSignInLink", // is for keys that act for nobody: TestAKeyMakesOneLinkForRepeatedCalls
	}
	for _, rt := range demanding(t) {
		asks := strings.HasPrefix(rt.Path, "/access/") || rt.Name == "explain"
		tested := slices.Contains(elsewhere, rt.Name) || slices.ContainsFunc(calls, func(c call) bool { return c.route == rt.Name })
		require.Equal(t, rt.Method == http.MethodPost && !asks, tested, "%s: say what it is called with, or where it is tested", rt.Name)
	}
	answers := map[string]map[string]any{}
	for _, c := range calls {
		first := once(e, adam, "k", c.path, c.body)
		require.Less(t, first.Status, 300, "%s", first.Body)
		again := once(e, adam, "k", c.path, c.body)
		require.Equal(t, first.Status, again.Status, "%s", again.Body)
		want, got := members(t, first), members(t, again)
		if c.secret != "" {
			require.NotEmpty(t, want[c.secret], c.path)
			require.Empty(t, got[c.secret], "%s: the secret is shown once", c.path)
			delete(want, c.secret)
			delete(got, c.secret)
		}
		require.Equal(t, want, got, "%s: the first answer again", c.path)
		answers[c.path] = want
		require.GreaterOrEqual(t, once(e, bob, "k", c.path, c.body).Status, 400, "%s: the key is adam's", c.path)
	}
	require.Empty(t, audit(e.Admin(), "outcome=refused&actor=user:adam"), "a repeated call is no refusal")

	for _, loss := range []struct {
		name string
		does func()
	}{
		{"demoted", func() { e.As(alice).PutsMember(acme, adam, access.OrgMember) }},
		{"removed", func() { e.As(alice).RemovesMember(acme, adam) }},
		{"deactivated", func() { e.Admin().PutsUser(adam, fields{"active": false}) }},
	} {
		loss.does()
		for _, c := range calls {
			fresh := once(e, adam, "", c.path, c.body)
			repeat := once(e, adam, "k", c.path, c.body)
			require.Equal(t, refusalIn(t, fresh), refusalIn(t, repeat), "%s, %s", loss.name, c.path)
		}
	}

	e.Admin().PutsUser(adam, fields{"active": true})
	e.Admin().PutsMember(acme, adam, access.OrgOwner)
	path := calls[0].path
	require.Equal(t, answers[path]["id"], members(t, once(e, adam, "k", path, calls[0].body))["id"], "who may make the call again is answered again")
}

// A call that passes its own right on is answered again as long as its caller may see what the answer tells of.
func TestARepeatedCallThatTookItsOwnRight(t *testing.T) {
	e := newWorld(t)
	e.As(alice).PutsChatbot(helper, fields{"visibility": access.OrganizationVisible})
	transfer := func() testenv.Answer { return once(e, mel, "k", "/v1/chatbots/helper/transfer", fields{"to": bob}) }
	first := transfer()
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Body)
	require.Equal(t, members(t, first), members(t, transfer()))
	requireProblem(t, once(e, mel, "another", "/v1/chatbots/helper/transfer", fields{"to": bob}), access.KindDenied, "A1")
	e.As(alice).RemovesMember(acme, mel)
	requireProblem(t, transfer(), access.KindNotFound, "")

	token := e.As(alice).Invites(acme, "gus@example.com", access.OrgMember, nil)["token"]
	accept := func() testenv.Answer { return once(e, gus, "k", "/v1/invitations/accept", fields{"token": token}) }
	first = accept()
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Body)
	require.Equal(t, members(t, first), members(t, accept()))
	e.As(alice).RemovesMember(acme, gus)
	requireProblem(t, accept(), access.KindConflict, "")
}
