package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

// What the certification scenario of AuthZEN 1.0 asks of the server around the decisions, by its numbers; package authzen has the others.

const evaluation = `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},"futureField":{"nested":true}}`

func TestCertificationHeaders(t *testing.T) {
	e := testenv.New(t)
	ask := func(path, body string, ids ...string) testenv.Answer {
		header := http.Header{}
		if len(ids) > 0 {
			header["X-Request-Id"] = ids
		}
		return e.Do(testenv.Call{Method: http.MethodPost, Path: path, Key: testenv.RootKey, Body: body, Header: header})
	}
	t.Run("c-2-5-1", func(t *testing.T) {
		for _, id := range []string{"1", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "my request 1", "web|1a2b;7", `{"a":"b"}`, strings.Repeat("x", 1024)} {
			for _, path := range []string{"evaluation", "evaluations", "search/subject", "search/resource", "search/action"} {
				a := ask("/access/v1/"+path, evaluation, id)
				require.Equal(t, http.StatusOK, a.Status, string(a.Body))
				require.Equal(t, []string{id}, a.Header["X-Request-Id"], path)
				require.Equal(t, []string{id}, ask("/access/v1/"+path, "{", id).Header["X-Request-Id"], "also where it is refused")
			}
		}
	})
	t.Run("c-2-5-2", func(t *testing.T) { require.Equal(t, http.StatusOK, ask("/access/v1/evaluation", evaluation).Status) })
}

func TestCertificationDiscovery(t *testing.T) {
	const base = "https://pdp.example.com"
	get := func(e *testenv.Env, path string) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodGet, Path: path, Header: http.Header{"X-Forwarded-Host": {"evil.example"}}})
	}
	e := testenv.New(t, func(c *server.Config) { c.PublicURL = base })
	a := get(e, "/.well-known/authzen-configuration")
	var said map[string]any
	require.NoError(t, json.Unmarshal(a.Body, &said))
	t.Run("c-6-1, c-6-2, c-6-6", func(t *testing.T) {
		require.Equal(t, http.StatusOK, a.Status)
		require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	})
	t.Run("c-6-3", func(t *testing.T) {
		require.Equal(t, base, said["policy_decision_point"])
		require.Contains(t, said, "access_evaluation_endpoint")
	})
	t.Run("c-6-4, c-6-5", func(t *testing.T) {
		for name, value := range said {
			u, err := url.Parse(value.(string))
			require.NoError(t, err, name)
			require.Equal(t, []string{"https", "pdp.example.com", "", ""}, []string{u.Scheme, u.Host, u.RawQuery, u.Fragment}, name)
			if name != "policy_decision_point" {
				a := e.Do(testenv.Call{Method: http.MethodPost, Path: u.Path, Key: testenv.RootKey, Body: evaluation})
				require.Equal(t, http.StatusOK, a.Status, "%s: %s", name, a.Body)
			}
		}
	})
	t.Run("c-6-1, with a path", func(t *testing.T) {
		e := testenv.New(t, func(c *server.Config) { c.PublicURL = base + "/tenant1" })
		require.Equal(t, http.StatusNotFound, get(e, "/.well-known/authzen-configuration").Status)
		a := get(e, "/.well-known/authzen-configuration/tenant1")
		require.Equal(t, http.StatusOK, a.Status)
		require.Contains(t, string(a.Body), `"policy_decision_point":"`+base+`/tenant1"`)
	})
}

// 5; that it takes TLS is tested where the listener is.
func TestCertificationTransport(t *testing.T) {
	e := testenv.New(t)
	for body, status := range map[string]int{evaluation: http.StatusOK, `{"subject":{"type":"user","id":"alice"}}`: http.StatusBadRequest} {
		a := e.Do(testenv.Call{
			Method: http.MethodPost, Path: "/access/v1/evaluation", Key: testenv.RootKey, Body: body, Header: http.Header{"X-Request-Id": {"my request"}},
		})
		require.Equal(t, status, a.Status, "c-5, 3 and 5")
		require.Equal(t, "my request", a.Header.Get("X-Request-ID"), "c-5, 4")
		require.Equal(t, status == http.StatusOK, a.Header.Get("Content-Type") == "application/json", "c-5, 2")
	}
}
