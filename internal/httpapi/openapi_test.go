package httpapi_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

var update = flag.Bool("update", false, "write the golden file of the API description")

const golden = "testdata/openapi.json"

func TestOpenAPIGolden(t *testing.T) {
	e := testenv.New(t)
	a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"})
	require.Equal(t, http.StatusOK, a.Status)
	var d map[string]any
	require.NoError(t, json.Unmarshal(a.Body, &d))
	d["info"].(map[string]any)["version"] = "test"
	got, err := json.MarshalIndent(d, "", "  ")
	require.NoError(t, err)
	got = append(got, '\n')
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "the API has changed: if it should, run go test ./internal/httpapi -update")
}

// TestOpenAPIHoldsTogether checks that each route is described and each reference leads somewhere.
func TestOpenAPIHoldsTogether(t *testing.T) {
	e := testenv.New(t)
	body := e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"}).Body
	var d struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Security    []any                      `json:"security"`
			Responses   map[string]json.RawMessage `json:"responses"`
			Parameters  []struct {
				Name, In string
			} `json:"parameters"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(body, &d))
	require.Equal(t, "3.1.0", d.OpenAPI)
	names := map[string]bool{}
	for _, rt := range httpapi.Routes() {
		if strings.HasPrefix(rt.Path, "/docs") {
			require.NotContains(t, d.Paths, rt.Path)
			continue
		}
		op, ok := d.Paths[rt.Path][strings.ToLower(rt.Method)]
		require.True(t, ok, "%s %s", rt.Method, rt.Path)
		require.False(t, names[op.OperationID], op.OperationID)
		names[op.OperationID] = true
		require.NotEmpty(t, op.Summary)
		require.Equal(t, rt.Open, len(op.Security) == 0, rt.Path)
		require.Contains(t, op.Responses, "default")
		require.Greater(t, len(op.Responses), 1)
		for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(rt.Path, -1) {
			var found bool
			for _, p := range op.Parameters {
				found = found || p.Name == name[1] && p.In == "path"
			}
			require.True(t, found, "%s %s", rt.Path, name[1])
		}
	}
	for _, m := range regexp.MustCompile(`"\$ref": ?"#/components/schemas/(\w+)"`).FindAllSubmatch(body, -1) {
		require.Contains(t, d.Components.Schemas, string(m[1]))
	}
	require.NotContains(t, string(body), `"Null"`, "a field of a PUT is described as the struct that holds it")
}

// TestAnswersAreDescribed reads all that can be read and checks that each field is described, and one that is null as one that can be.
func TestAnswersAreDescribed(t *testing.T) {
	e := newWorld(t)
	e.Admin().PutsUser("blank", fields{})
	e.Admin().PutsRole("everywhere", fields{})
	e.Admin().MakesKey(fields{"name": "k", "access": access.KeyReadOnly})
	var d map[string]any
	require.NoError(t, json.Unmarshal(e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"}).Body, &d))
	nulls := map[string]bool{}
	here := things(e)
	for _, rt := range demanding(t) {
		if rt.Method != http.MethodGet || strings.HasSuffix(rt.Path, "/export") || rt.Name == "backup" {
			continue
		}
		call := callOf(rt, here)
		call.Key = testenv.RootKey
		if rt.ActorNeeded || rt.Name == "listSessions" { // whose sessions, if not the actor's
			call.Actor = string(bob)
		}
		a := e.Do(call)
		require.Equal(t, http.StatusOK, a.Status, "%s: %s", rt.Name, a.Body)
		var value any
		require.NoError(t, json.Unmarshal(a.Body, &value))
		schema := in(d, "paths", rt.Path, "get", "responses", "200", "content", "application/json", "schema")
		eachField(d, schema, value, rt.Name, func(schema map[string]any, value any, at string) {
			require.NotNil(t, schema, "%s is not described", at)
			if value != nil {
				return
			}
			require.Contains(t, schema["type"], "null", at)
			if words, ok := schema["enum"].([]any); ok {
				require.Contains(t, words, nil, at)
			}
			nulls[at[strings.LastIndex(at, ".")+1:]] = true
		})
	}
	for _, field := range []string{"email", "organization", "accepted_by", "request", "state", "everyone", "expires_at"} {
		require.Contains(t, nulls, field, "nothing was null")
	}
}

// eachField calls f for each field in the value, with its schema, which is nil where there is none, and where it is.
func eachField(d, schema map[string]any, value any, at string, f func(schema map[string]any, value any, at string)) {
	if path, ok := schema["$ref"].(string); ok {
		schema = in(d, strings.Split(strings.TrimPrefix(path, "#/"), "/")...)
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			eachField(d, in(schema, "items"), item, at, f)
		}
	case map[string]any:
		if schema["properties"] == nil { // a map, or whatever a fact consists of
			return
		}
		for name, field := range v {
			described := in(schema, "properties", name)
			f(described, field, at+"."+name)
			eachField(d, described, field, at+"."+name, f)
		}
	}
}

// in follows the names into nested objects.
func in(object map[string]any, names ...string) map[string]any {
	for _, name := range names {
		object, _ = object[name].(map[string]any)
	}
	return object
}

// TestDocsAreOffline checks that the reference and all that it loads come from this server.
func TestDocsAreOffline(t *testing.T) {
	e := testenv.New(t)
	for _, path := range []string{"/docs", "/docs/"} {
		a := e.Do(testenv.Call{Method: http.MethodGet, Path: path})
		if path == "/docs/" {
			require.Equal(t, http.StatusNotFound, a.Status)
			continue
		}
		require.Equal(t, http.StatusOK, a.Status)
		require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'self'")
		require.NotRegexp(t, `(?i)(src|href|url|@import)\s*[=(:]?\s*["']?(https?:)?//`, string(a.Body))
		loads := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(a.Body, -1)
		require.NotEmpty(t, loads)
		for _, m := range loads {
			require.True(t, strings.HasPrefix(string(m[1]), "/docs/"), "%s", m[1])
			loaded := e.Do(testenv.Call{Method: http.MethodGet, Path: string(m[1])})
			require.Equal(t, http.StatusOK, loaded.Status, "%s", m[1])
			require.NotEmpty(t, loaded.Body)
		}
	}
}

// TestPublicPath is about a server whose public URL has a path: everything is served under it, and the metadata of the decisions where AuthZEN looks for
// them (9.2.1), which is nowhere else.
func TestPublicPath(t *testing.T) {
	e := testenv.New(t, func(c *server.Config) { c.PublicURL = "https://example.com/tenant1/" })
	get := func(path string) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodGet, Path: path, Key: testenv.RootKey, Header: http.Header{"X-Forwarded-Host": {"evil.example"}}})
	}
	const metadata = "/.well-known/authzen-configuration"
	a := get(metadata + "/tenant1")
	require.Equal(t, http.StatusOK, a.Status)
	var said map[string]string
	require.NoError(t, json.Unmarshal(a.Body, &said))
	require.Equal(t, "https://example.com/tenant1", said["policy_decision_point"])
	for _, path := range []string{metadata, metadata + "/", metadata + "/other", "/tenant1" + metadata, "/tenant1" + metadata + "/tenant1"} {
		requireProblem(t, get(path), access.KindNotFound, "")
	}
	for name, url := range said {
		if name == "policy_decision_point" {
			continue
		}
		path, under := strings.CutPrefix(url, "https://example.com")
		require.True(t, under, url)
		a := e.Do(testenv.Call{Method: http.MethodPost, Path: path, Key: testenv.RootKey, Body: `{"subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"chatbot","id":"b"}}`})
		require.Equal(t, http.StatusOK, a.Status, "%s: %s", path, a.Body)
	}

	// A proxy may leave the path or take it away. IDs stay what they are.
	e.Admin().Does(http.MethodPut, "/tenant1/v1/users/%2Ftenant1%2Fa", map[string]any{"name": "A"})
	for _, path := range []string{"/tenant1/v1/users/%2Ftenant1%2Fa", "/v1/users/%2Ftenant1%2Fa"} {
		require.Equal(t, http.StatusOK, get(path).Status, path)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/users"} {
		require.Equal(t, http.StatusOK, get("/tenant1"+path).Status, path)
	}
	for _, path := range []string{"/tenant1", "/tenant1/", "/tenant12/v1/users", "/%74enant1/v1/users", "/tenant1/tenant1/v1/users", "/tenant1//v1/users", "/other/v1/users"} {
		requireProblem(t, get(path), access.KindNotFound, "")
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(get("/tenant1/docs").Body, -1) {
		require.True(t, strings.HasPrefix(string(m[1]), "/tenant1/docs/"), "%s", m[1])
		require.Equal(t, http.StatusOK, get(string(m[1])).Status, "%s", m[1])
	}
	require.Contains(t, string(get("/tenant1/docs").Body), `/tenant1/openapi.json`)
	require.Contains(t, string(get("/tenant1/openapi.json").Body), `"url": "/tenant1"`)
}
