package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/testenv"
)

func TestRequestID(t *testing.T) {
	e := testenv.New(t)
	send := func(ids ...string) string {
		a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users", Header: http.Header{"X-Request-Id": ids}})
		requireProblem(t, a, access.KindUnauthenticated, "")
		return a.Header.Get("X-Request-ID")
	}
	for _, id := range []string{
		"a", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "trace/1:2+3==", "my request 1", "web|1a2b;7", "a\"b", "é", "<b>", "alice@example.com",
		strings.Repeat("x", 1024),
	} {
		require.Equal(t, id, send(id))
	}
	for _, odd := range []string{"", strings.Repeat("x", 1025)} {
		made := send(odd)
		require.NotEqual(t, odd, made)
		require.Regexp(t, `^[A-Z2-7]{26}$`, made)
	}
	require.Regexp(t, `^[A-Z2-7]{26}$`, send("a", "b"))
	require.NotEqual(t, send(), send())
}

// TestRequestIDIsFoundAgain follows request IDs to where people look for them: problem documents of every part of the API, the log and the record.
// What is no text there is replaced; in the header it is what the caller has sent.
func TestRequestIDIsFoundAgain(t *testing.T) {
	e := newWorld(t)
	for sent, shown := range map[string]string{
		"my request 1": "my request 1", "web|1a2b;7": "web|1a2b;7", `a" level=ERROR msg="b`: `a" level=ERROR msg="b`, "é": "é", "a\tb": "a\ufffdb",
		"\xff": "\ufffd", "x\u202ey": "x\ufffdy", "=1+1": "=1+1",
	} {
		header := http.Header{"X-Request-Id": {sent}}
		for path, kind := range map[string]access.Kind{
			"/v1/chatbots/nothing": access.KindInvalid, "/access/v1/evaluation": access.KindInvalid, "/v1/imports?format=nothing": access.KindInvalid, "/nothing": access.KindNotFound,
		} {
			method := http.MethodPost
			if path == "/v1/chatbots/nothing" {
				method = http.MethodPut
			}
			a := e.Do(testenv.Call{Method: method, Path: path, Key: testenv.RootKey, Body: "[]", Header: header})
			require.Equal(t, sent, a.Header.Get("X-Request-ID"))
			var p problem.Problem
			require.NoError(t, json.Unmarshal(a.Body, &p))
			require.Equal(t, []any{problem.Status(kind), shown}, []any{a.Status, p.RequestID}, "%s: %s", path, a.Body)
		}
		a := e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/somebody", Key: testenv.RootKey, Body: `{"name":` + jsonText(shown) + `}`, Header: header})
		require.Equal(t, http.StatusOK, a.Status, string(a.Body))
		newest := e.Admin().Sees("v1", "audit")["items"].([]any)[0].(map[string]any)
		require.Equal(t, shown, newest["request_id"])
		require.Contains(t, e.Log.String(), `"request_id":`+jsonText(shown))
	}
	secret := "gw_" + strings.Repeat("a", 12) + "_" + strings.Repeat("b", 43)
	a := e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/somebody", Key: testenv.RootKey, Body: `{"name":"n"}`, Header: http.Header{"X-Request-Id": {secret}}})
	require.Equal(t, secret, a.Header.Get("X-Request-ID"))
	newest := e.Admin().Sees("v1", "audit")["items"].([]any)[0].(map[string]any)
	require.NotContains(t, newest["request_id"], "bbb", "H2")
}

func jsonText(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestHeaders(t *testing.T) {
	e := testenv.New(t)
	for _, path := range []string{"/v1/users", "/healthz", "/nothing"} {
		h := e.Do(testenv.Call{Method: http.MethodGet, Path: path}).Header
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	}
	require.Contains(t, e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users"}).Header.Get("WWW-Authenticate"), "Bearer")
}

func TestOperation(t *testing.T) {
	e := newWorld(t)
	require.JSONEq(t, `{"status":"ok"}`, string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/healthz"}).Body))
	require.JSONEq(t, `{"status":"ready","parts":{"engine":"ok","outbox":"ok","store":"ok"}}`, string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/readyz"}).Body))
	e.Can(mel, access.Read, helper)
	e.Do(testenv.Call{Method: "BREW", Path: "/v1/users/%2F"})
	e.Do(testenv.Call{Method: http.MethodGet, Path: "/somebody@example.com"})
	figures := string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"}).Body)
	require.Contains(t, figures, `grantway_http_requests_total{method="POST",route="/access/v1/evaluation",status="200"} 1`)
	require.Contains(t, figures, `grantway_http_requests_total{method="PUT",route="/v1/chatbots/{chatbot}",status="200"} 1`)
	require.Contains(t, figures, `grantway_http_requests_total{method="other",route="/v1/users/{user}",status="405"} 1`)
	require.Contains(t, figures, `grantway_http_requests_total{method="any",route="none",status="404"} 1`)
	require.Contains(t, figures, `grantway_http_request_duration_seconds_count{method="PUT",route="/v1/users/{user}"} 6`)
	require.NotContains(t, figures, "example.com")
}

// TestLogsHoldNoSecrets looks for keys, bodies and people in all that was logged.
func TestLogsHoldNoSecrets(t *testing.T) {
	e := newWorld(t)
	key := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull})
	e.With(key).Sees("v1", "users")
	e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users?email=bob@example.com", Key: "gw_wrong_wrongwrong"})
	e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/eve@example.com", Key: key, Body: `{"name": "Eve", "bad": 1}`, Actor: "alice"})
	log := e.Log.String()
	require.Contains(t, log, `"route":"/v1/users/{user}"`)
	for _, private := range []string{testenv.RootKey, key, "wrongwrong", "@example.com", "Eve", "Acme"} {
		require.NotContains(t, log, private)
	}
}
