package server_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/testenv/faults"
	"github.com/grantway/grantway/internal/testenv/wire"
)

// between starts a server whose SpiceDB fails when it is told to.
func between(t *testing.T, options ...func(*server.Config)) (http.Handler, *faults.Engine) {
	t.Helper()
	engine, err := embedded.Start(t.Context(), embedded.Config{Path: filepath.Join(t.TempDir(), "engine.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	f := faults.New(t, engine.Conn())
	return opened(t, append(options, func(c *server.Config) { c.SpiceDBEndpoint = f.Address() })...), f
}

// opened starts a server with a SpiceDB elsewhere, in which alice owns helper.
func opened(t *testing.T, options ...func(*server.Config)) http.Handler {
	t.Helper()
	c := config(t)
	c.SpiceDBToken, c.SpiceDBInsecure, c.Limits = "token", true, server.DefaultLimits
	for _, o := range options {
		o(&c)
	}
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	helper(t, s.Handler())
	return s.Handler()
}

// asked are questions to which alice gets an answer when SpiceDB does, and the methods of SpiceDB that answer them.
var asked = []struct{ method, path, body string }{
	{"CheckPermission", "/access/v1/evaluation", mayAliceInteract},
	{"CheckPermission", "/v1/explain", mayAliceInteract},
	{"CheckBulkPermissions", "/access/v1/evaluations", `{"evaluations":[` + mayAliceInteract + `,` + mayAliceInteract + `]}`},
	{"LookupResources", "/access/v1/search/resource", mayAliceInteract},
	{"CheckPermission", "/access/v1/search/resource", mayAliceInteract},
	{"LookupSubjects", "/access/v1/search/subject", mayAliceInteract},
	{"CheckBulkPermissions", "/access/v1/search/action", mayAliceInteract},
}

// C4: whatever SpiceDB fails with, the answer is an error, and no part of an answer.
func TestC4AnEngineThatFailsIsNoAnswer(t *testing.T) {
	h, engine := between(t)
	for _, q := range asked {
		status, good := do(t, h, http.MethodPost, q.path, q.body)
		require.Equal(t, http.StatusOK, status, good)
		for _, code := range []codes.Code{
			codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.Canceled, codes.PermissionDenied,
		} {
			for after := range 2 {
				engine.Fail(q.method, code, after)
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodPost, q.path, strings.NewReader(q.body))
				r.Header.Set("Authorization", "Bearer "+rootKey)
				r.Header.Set("Content-Type", "application/json")
				h.ServeHTTP(w, r)
				engine.Heal()
				if after == 1 && code == codes.Unavailable && w.Code == http.StatusOK {
					continue // it was asked again, and answered
				}
				text := w.Body.String()
				require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s, %s after %d: %s", q.path, code, after, text)
				require.Contains(t, text, "urn:grantway:error:unavailable")
				require.NotContains(t, text, "decision")
				require.NotContains(t, text, "results")
				require.NotContains(t, text, "told to fail", "what is wrong inside stays inside")
				require.NotEmpty(t, w.Header().Get("Retry-After"))
			}
		}
		status, again := do(t, h, http.MethodPost, q.path, q.body)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, good, again)
	}
}

// A change that SpiceDB does not take is no success, and is not lost: it arrives by itself once SpiceDB takes it.
func TestAChangeThatTheEngineDoesNotTakeArrivesLater(t *testing.T) {
	h, engine := between(t)
	mayBob := strings.ReplaceAll(mayAliceInteract, "alice", "bob")
	status, answer := do(t, h, http.MethodPut, "/v1/users/bob", `{}`)
	require.Equal(t, http.StatusOK, status, answer)
	for i, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.PermissionDenied} {
		method, want := http.MethodPut, `{"decision":true}`
		if i%2 == 1 {
			method, want = http.MethodDelete, `{"decision":false}`
		}
		body := `{"access":"use_only"}`
		if method == http.MethodDelete {
			body = ""
		}
		engine.Fail("WriteRelationships", code, 0)
		status, answer := do(t, h, method, "/v1/chatbots/helper/shares/user:bob", body)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s: %s", code, answer)
		engine.Heal()
		require.Eventually(t, func() bool {
			_, answer := do(t, h, http.MethodPost, "/access/v1/evaluation", mayBob)
			return strings.TrimSpace(answer) == want
		}, 20*time.Second, 20*time.Millisecond, "%s: %s", method, code)
	}
}

// A network that carries nothing holds up no call for longer than it may take, and /readyz tells what is down meanwhile.
func TestANetworkThatSwallowsEverything(t *testing.T) {
	engine, err := embedded.Start(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "engine.db"), Listen: "127.0.0.1:0", Token: "token", Writable: true, SchemaWritable: true,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	w := wire.New(t, engine.Addr())
	h := opened(t, func(c *server.Config) {
		c.SpiceDBEndpoint = w.Address()
		c.Limits.Call, c.Limits.Search = 500*time.Millisecond, 200*time.Millisecond
	})
	fails := func() {
		t.Helper()
		for _, q := range asked {
			began := time.Now()
			status, answer := do(t, h, http.MethodPost, q.path, q.body)
			require.Equal(t, http.StatusServiceUnavailable, status, answer)
			require.Less(t, time.Since(began), 3*time.Second, q.path)
		}
		began := time.Now()
		status, answer := do(t, h, http.MethodGet, "/readyz", "")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, answer, `"parts":{"engine":"unavailable","outbox":"ok","store":"ok"}`)
		require.Less(t, time.Since(began), 3*time.Second)
		status, _ = do(t, h, http.MethodGet, "/healthz", "")
		require.Equal(t, http.StatusOK, status)
	}
	recovers := func() {
		t.Helper()
		require.Eventually(t, func() bool {
			status, _ := do(t, h, http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
			ready, _ := do(t, h, http.MethodGet, "/readyz", "")
			return status == http.StatusOK && ready == http.StatusOK
		}, 30*time.Second, 50*time.Millisecond)
	}
	w.Hold()
	fails()
	w.Release()
	recovers()
	w.Delay(time.Second)
	time.Sleep(600 * time.Millisecond) // what /readyz has just said
	fails()
	w.Delay(0)
	recovers()
	w.Cut()
	recovers()
}
