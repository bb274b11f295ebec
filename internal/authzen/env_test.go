package authzen_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authzen"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/plain"
)

var backend = access.Actor{Key: "backend", Access: access.KeyFull}

// start serves a small world and the fixture of the certification scenario to a backend.
func start(t testing.TB) *authzen.Handler {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "spice", "testdata", "certification.yaml"))
	require.NoError(t, err)
	x, err := spice.ParseExtension("certification.yaml", data)
	require.NoError(t, err)
	e := decisiontest.Start(t)
	e.Install(x)
	e.Load(&plain.World{
		Users:         []access.User{{ID: "alice", Active: true}, {ID: "bob", Active: true}, {ID: "zoë@acme.com|{1}", Active: true}},
		Organizations: []access.Organization{{ID: "acme"}},
		Memberships:   []access.Membership{{Organization: "acme", User: "alice", Role: access.OrgOwner}},
		Chatbots: []access.Chatbot{
			{ID: "helper", Organization: "acme", Owner: "alice", Visibility: access.Shared, Enabled: true, PublicMode: access.AudienceEveryone, LinkDigest: plain.LinkDigest("l")},
		},
		Shares:   []access.Share{{Chatbot: "helper", Principal: access.Principal{Kind: access.PrincipalUser, ID: "zoë@acme.com|{1}"}, Level: access.UseOnly}},
		Features: []access.Feature{{Chatbot: "helper", Name: "upload", Enabled: true, Limits: map[string]float64{"max_mb": 10}}},
		APIKeys:  []access.APIKey{{ID: "k1", Chatbot: "helper", Level: access.UseOnly}},
	})
	h, err := authzen.New(authzen.Config{
		Decisions: e.Service(x), Status: problem.Status, RuleURL: problem.Writer{Model: "https://pdp.example.com/docs/model"}.RuleURL, PublicURL: "https://pdp.example.com",
		Caller: func(r *http.Request) (access.Actor, error) {
			if r.Header.Get("Authorization") != "" {
				return access.Actor{}, access.Refuse(access.KindUnauthenticated, "", "nobody known is calling")
			}
			return backend, nil
		},
		WriteError: func(w http.ResponseWriter, r *http.Request, err error) {
			problem.Writer{}.Write(w, r.Header.Get("X-Request-ID"), err)
		},
	})
	require.NoError(t, err)
	return h
}

// post sends the body and returns the status and the answer.
func post(t testing.TB, h http.Handler, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.True(t, json.Valid(w.Body.Bytes()))
	}
	return w.Code, strings.TrimSpace(w.Body.String())
}

// answers expects status 200 and exactly that answer.
func answers(t testing.TB, h http.Handler, path, body, want string) {
	t.Helper()
	status, got := post(t, h, path, body)
	require.Equal(t, http.StatusOK, status, "%s: %s", body, got)
	require.JSONEq(t, want, got, body)
}

// refuses expects the status.
func refuses(t testing.TB, h http.Handler, status int, path, body string) {
	t.Helper()
	got, text := post(t, h, path, body)
	require.Equal(t, status, got, "%s: %s", body, text)
}
