package httpapi_test

import (
	"encoding/json"
	"net/http"
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
