package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/idp"
)

// doorOf waits until the record of the installation has n refusals at the door, and gives them, the oldest first.
func doorOf(e *testenv.Env, n int) (found []map[string]any) {
	e.Helper()
	require.Eventually(e, func() bool {
		found = audit(e.Admin(), "action=door.refuse")
		return len(found) >= n
	}, time.Minute, 20*time.Millisecond)
	require.Len(e, found, n)
	slices.Reverse(found)
	return found
}

// H1: calls that are not let in are recorded, with who was refused, on which route, from where and why, and without what was sent.
func TestH1RefusalsAtTheDoorAreRecorded(t *testing.T) {
	e := newWorld(t)
	reader := e.Admin().MakesKey(fields{"name": "reader", "access": access.KeyReadOnly, "organization": acme})
	bound := e.Admin().MakesKey(fields{"name": "bound", "access": access.KeyFull, "organization": acme, "allowed_ips": []string{"192.0.2.0/24"}})
	person := e.As(adam).MakesKey(fields{"name": "adam's", "access": access.KeyFull, "organization": acme})
	revoked := e.Admin().MakesKey(fields{"name": "revoked", "access": access.KeyFull, "organization": acme})
	id := func(secret string) string { return strings.Split(secret, "_")[1] }
	e.Admin().Does(http.MethodDelete, "/v1/keys/"+id(revoked), nil)
	e.As(alice).PutsMember(acme, adam, access.OrgMember)

	const guess = "gw_0123456789ab_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	for i, c := range []struct {
		name, key, actor, method, path string
		status                         int
		who, through, subject, rule    string
	}{
		{"nothing", "", "", http.MethodGet, "/v1/users/alice", 401, "stranger", "", "", "B2"},
		{"an unknown key", guess, "alice", http.MethodGet, "/v1/users/alice", 401, "stranger", "", "", "B1"},
		{"a revoked key", revoked, "", http.MethodGet, "/v1/teams", 401, "stranger", "", "", "B1"},
		{"a key from a wrong address", bound, "", http.MethodGet, "/v1/users/alice", 403, "key:" + id(bound), id(bound), "", "B1"},
		{"a key whose maker was demoted", person, "", http.MethodGet, "/v1/users/alice", 401, "key:" + id(person), id(person), "", "B5"},
		{"a lesser key with an actor", reader, "alice", http.MethodGet, "/v1/users/alice", 403, "key:" + id(reader), id(reader), "user:alice", "B2"},
		{"an actor who is nobody", testenv.RootKey, "ghost", http.MethodPut, "/v1/users/alice", 403, "key:root", "root", "user:ghost", "B2"},
		{"a lesser key for keys", reader, "", http.MethodGet, "/v1/keys", 403, "key:" + id(reader), id(reader), "", "B1"},
		{"a key that reads and imports", reader, "", http.MethodPost, "/v1/imports", 403, "key:" + id(reader), id(reader), "", "B1"},
		{"a key for notifications", testenv.RootKey, "", http.MethodGet, "/v1/notifications", 403, "key:root", "root", "", "B2"},
		{"a decision for an unknown key", guess, "", http.MethodPost, "/access/v1/evaluation", 401, "stranger", "", "", "B1"},
	} {
		a := e.Do(testenv.Call{Method: c.method, Path: c.path, Key: c.key, Actor: c.actor})
		require.Equal(t, c.status, a.Status, "%s: %s", c.name, a.Body)
		entry := doorOf(e, i+1)[i]
		route := c.method + " " + strings.Replace(c.path, "/users/alice", "/users/{user}", 1)
		require.Equal(t, fields{"type": "route", "id": route}, fields(entry["resource"].(map[string]any)), c.name)
		subject, _ := entry["subject"].(string)
		require.Equal(t, []any{c.who, c.through, c.subject, c.rule, "refused", "127.0.0.1", nil, a.Header.Get("X-Request-ID")},
			[]any{entry["actor"], entry["key"], subject, entry["rule"], entry["outcome"], entry["address"], entry["organization"], entry["request_id"]}, c.name)
		require.Equal(t, members(t, a)["detail"], entry["detail"], c.name)
	}
	entries := len(doorOf(e, 11))
	e.As(adam).Refused(access.KindDenied, "").MakesKey(fields{"name": "no", "access": access.KeyFull, "organization": acme})
	require.Len(t, doorOf(e, entries), entries, "what a use case refuses is recorded where it belongs")

	// Only site admins read them, and no secret is in them.
	for _, who := range []*testenv.Caller{e.As(alice), e.As(gus), e.With(reader)} {
		require.Empty(t, audit(who, "action=door.*"))
	}
	file := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?actor=stranger", Key: testenv.RootKey})
	require.Equal(t, 4, strings.Count(string(file.Body), `"action":"door.refuse"`), "%s", file.Body)
	for _, secret := range []string{guess, revoked, reader, bound, person} {
		require.NotContains(t, string(file.Body), secret[len(secret)-20:])
	}
}

// H1, B6: equal refusals at the door are one entry that counts them, for each network one.
func TestB6StrangersWhoGuessAreOneEntry(t *testing.T) {
	e := newWorld(t)
	for i := range 50 {
		e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users", Key: fmt.Sprint("guess", i)})
	}
	e.From("127.0.0.2").Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users", Key: "guess"})
	require.Eventually(t, func() bool { return doorOf(e, 2)[0]["count"] == 50.0 }, time.Minute, 50*time.Millisecond)
	require.Equal(t, "127.0.0.2", doorOf(e, 2)[1]["address"])
}

// H1: tokens that are not accepted, and a user who calls directly and names an actor.
func TestH1TokensThatAreRefusedAreRecorded(t *testing.T) {
	p := idp.New(t)
	e := newWorld(t, testenv.SignIns(t, fmt.Sprintf("- {issuer: '%s', audience: [shop], user: {adopt: true}}", p.URL)))
	p.Knows("mel", map[string]any{"email": "mel@example.com", "email_verified": true})
	token, _ := p.LogsIn("mel")
	require.Equal(t, http.StatusOK, e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: token}).Status)
	e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: token + "x"})
	e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: token, Actor: "alice"})
	e.Admin().PutsUser(mel, fields{"active": false})
	e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: token})
	entries := doorOf(e, 3)
	issuer := "issuer:" + p.URL
	for i, want := range [][]any{{"stranger", "", "U1"}, {"user:mel", issuer, "B2"}, {"stranger", issuer, "U1"}} {
		require.Equal(t, want, []any{entries[i]["actor"], entries[i]["key"], entries[i]["rule"]})
	}
	// The caller hears the same words for every token; the record and the log say what is wrong with it, and nothing of what was sent.
	for i, why := range map[int]string{0: "invalid token: ", 2: "invalid token: the user is offboarded"} {
		detail := entries[i]["detail"].(string)
		require.Contains(t, detail, why)
		require.Greater(t, len(detail), len("invalid token: "))
		require.Contains(t, e.Log.String(), detail)
	}
	require.NotContains(t, e.Log.String(), strings.Split(token, ".")[1])
}

// H1: a reading that is refused for want of rights is recorded like a call that was not let in, and equal ones are counted.
func TestH1ReadingsThatAreRefusedAreRecorded(t *testing.T) {
	e := newWorld(t)
	for range 3 {
		e.As(bob).Refused(access.KindDenied, "").Sees("v1", "chatbots", string(helper), "api-keys")
	}
	e.As(gus).Refused(access.KindNotFound, "").Sees("v1", "chatbots", string(helper))
	e.Admin().Refused(access.KindNotFound, "").Sees("v1", "chatbots", "no-such-bot") // to the operator's key nothing is hidden
	e.As(bob).Sees("v1", "chatbots", string(helper))
	entries := doorOf(e, 2)
	require.Equal(t, fields{"type": "route", "id": "GET /v1/chatbots/{chatbot}/api-keys"}, fields(entries[0]["resource"].(map[string]any)))
	require.Equal(t, []any{"user:bob", "root", "refused"}, []any{entries[0]["actor"], entries[0]["key"], entries[0]["outcome"]})
	require.Equal(t, []any{"user:gus", "root"}, []any{entries[1]["actor"], entries[1]["key"]})
	require.Eventually(t, func() bool { return doorOf(e, 2)[0]["count"] == 3.0 }, time.Minute, 50*time.Millisecond)
	require.Empty(t, audit(e.As(alice), "action=door.*"), "it stands in the record of the installation")
}
