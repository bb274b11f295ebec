package httpapi_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// keysOfHelper is where the API keys of helper are.
const keysOfHelper = "/v1/chatbots/helper/api-keys"

// presenting asks as a backend to which the secret was presented.
func presenting(e *testenv.Env, secret any, action access.Action, bot access.ChatbotID, context fields) map[string]any {
	e.Helper()
	return e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{
		"subject": fields{"type": "api_key", "id": secret}, "action": fields{"name": action},
		"resource": fields{"type": "chatbot", "id": bot}, "context": context,
	})
}

// TestAPIKeys tells the life of a chatbot's key as a backend sees it.
func TestAPIKeys(t *testing.T) {
	var clock atomic.Pointer[time.Time]
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	clock.Store(&start)
	e := newWorld(t, testenv.At(func() time.Time { return *clock.Load() }))
	e.As(bob).Refused(access.KindDenied, "K3").Does(http.MethodPost, keysOfHelper, fields{"name": "k", "access": "use_only"})
	e.As(gus).Refused(access.KindNotFound, "").Does(http.MethodPost, keysOfHelper, fields{"name": "k", "access": "use_only"})
	e.As(mel).Refused(access.KindInvalid, "").Does(http.MethodPost, keysOfHelper, fields{"name": "k", "access": "deploy"})
	e.As(mel).Refused(access.KindUnprocessable, "K4").Does(http.MethodPost, keysOfHelper, fields{"name": "k", "access": "use_only", "allowed_ips": []string{}})
	made := e.As(mel).Does(http.MethodPost, keysOfHelper, fields{
		"name": "web shop", "access": "read_only", "allowed_ips": []string{"192.0.2.7", "198.51.100.9/24"}, "expires_at": "2030-01-02T04:04:05.9Z",
	})
	secret, id := made["secret"].(string), made["id"].(string)
	require.Regexp(t, `^gwbot_`, secret)
	require.NotEmpty(t, made["zedtoken"])
	listed := e.As(mel).Does(http.MethodGet, keysOfHelper, nil)["items"].([]any)
	require.Equal(t, []any{map[string]any{
		"id": id, "chatbot": "helper", "name": "web shop", "access": "read_only", "allowed_ips": []any{"192.0.2.7/32", "198.51.100.0/24"},
		"expires_at": "2030-01-02T04:04:05Z", "preview": made["preview"], "created_by": "user:mel", "created_at": "2030-01-02T03:04:05Z", "last_used": nil,
		"creator_lost_deploy": false,
	}}, listed)

	here := fields{"ip": "198.51.100.77"}
	allowed := func(action access.Action, context fields) bool {
		t.Helper()
		return presenting(e, secret, action, helper, context)["decision"].(bool)
	}
	require.True(t, allowed(access.Interact, here))
	require.True(t, allowed(access.Read, here))
	for _, action := range []access.Action{access.Update, access.Test, access.Deploy, access.ManageAccess, access.Delete} {
		require.False(t, allowed(action, here), action)
	}
	require.False(t, allowed(access.Interact, fields{"ip": "203.0.113.1"}), "K4: another one")
	require.False(t, allowed(access.Interact, fields{"ip": "nowhere"}))
	denied := presenting(e, secret, access.Interact, helper, nil)
	require.Equal(t, false, denied["decision"])
	require.Contains(t, denied["context"], "reason", "C2: it says what is missing")

	// Its ID is no secret, and no secret is an ID.
	require.Equal(t, false, presenting(e, id, access.Interact, helper, here)["decision"])
	byID := func(id any) any {
		return e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{
			"subject": fields{"type": "api_key", "id": id, "properties": fields{"by": "id"}}, "action": fields{"name": "interact"},
			"resource": fields{"type": "chatbot", "id": "helper"}, "context": here,
		})["decision"]
	}
	require.Equal(t, true, byID(id))
	require.Equal(t, false, byID(secret))
	require.Equal(t, false, presenting(e, testenv.RootKey, access.Interact, helper, here)["decision"], "an account key is no chatbot's key")
	requireProblem(t, e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: secret}), access.KindUnauthenticated, "B1")

	// That it was used is noted beside the decision.
	require.Eventually(t, func() bool {
		key := e.As(mel).Does(http.MethodGet, keysOfHelper, nil)["items"].([]any)[0].(map[string]any)
		return key["last_used"] == "2030-01-02T03:04:05Z"
	}, 5*time.Second, 10*time.Millisecond)

	later := start.Add(time.Hour)
	clock.Store(&later)
	require.False(t, allowed(access.Interact, here), "K5: it has expired")
	clock.Store(&start)
	require.True(t, allowed(access.Interact, here))
	e.As(mel).Does(http.MethodDelete, keysOfHelper+"/"+id, nil)
	require.False(t, allowed(access.Interact, here), "K5: it is deleted")
	e.As(mel).Refused(access.KindNotFound, "").Does(http.MethodDelete, keysOfHelper+"/"+id, nil)
}

// TestK2ARepeatedCallDoesNotShowTheSecret repeats a POST.
func TestK2ARepeatedCallDoesNotShowTheSecret(t *testing.T) {
	e := newWorld(t)
	call := testenv.Call{
		Method: http.MethodPost, Path: keysOfHelper, Key: testenv.RootKey, Actor: string(mel), Body: fields{"name": "k", "access": "use_only"},
		Header: http.Header{"Idempotency-Key": {"once"}},
	}
	first, again := e.Do(call), e.Do(call)
	require.Equal(t, http.StatusCreated, first.Status)
	require.Equal(t, http.StatusCreated, again.Status)
	require.Contains(t, string(first.Body), "secret")
	require.NotContains(t, string(again.Body), "secret")
	require.Len(t, e.As(mel).Does(http.MethodGet, keysOfHelper, nil)["items"], 1)
}
