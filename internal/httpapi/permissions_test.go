package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/testenv"
)

// here are the things of acme that the paths of routes name.
var here = map[string]string{
	"user": string(bob), "org": string(acme), "team": string(support), "inner": string(nested), "role": string(tier1), "group": string(list),
	"principal": "user:bob", "chatbot": string(helper), "feature": "traces",
	"request": "", "notification": "", "documents/id": "handbook", "doctor/id": "a/b", "mcp-servers/id": "tools", "metrics/id": "revenue",
}

// things is here with what has an ID that nobody chose.
func things(e *testenv.Env) map[string]string {
	all := maps.Clone(here)
	invitations := e.Admin().Sees("v1", "organizations", string(acme), "invitations")["items"].([]any)
	all["invitation"] = invitations[0].(map[string]any)["id"].(string)
	for name, list := range map[string]map[string]any{"request": e.As(mel).Sees("v1", "requests"), "notification": e.As(bob).Sees("v1", "notifications")} {
		first := list["items"].([]any)
		all[name] = first[len(first)-1].(map[string]any)["id"].(string)
	}
	all["session"] = string(e.SignsIn(bob).Session)
	return all
}

// bodies are what the routes are sent, by name. None would change anything but what the test expects to be refused.
var bodies = map[string]any{
	"createInvitation": fields{"email": "new@example.com", "role": access.OrgClient},
	"acceptInvitation": fields{"token": "gwinv_000000000000_x"},

	"putUser":         fields{"name": "Mallory"},
	"putOrganization": fields{"name": "Mallory"},
	"putMember":       fields{"role": access.OrgClient},
	"putTeam":         fields{"name": "Mallory"},
	"putTeamMember":   fields{"role": access.TeamAdmin},
	"putRole":         fields{"name": "Mallory"},
	"putGroup":        fields{"name": "Mallory"},
	"putChatbot":      fields{"name": "Mallory"},
	"transferChatbot": fields{"to": gus},
	"putShare":        fields{"access": access.ReadWrite},
	"putPolicy":       fields{"enabled": true},
	"putFeature":      fields{"enabled": true},
	"putDocument":     fields{"access": access.ModePublic},
	"putMCPServer":    fields{"access": access.ModePublic},
	"putMetric":       fields{"access": access.ModePublic},
	"putPublicAccess": fields{"mode": access.AudienceEveryone},
	"createAPIKey":    fields{"name": "k", "access": access.UseOnly},
	"putPermission":   fields{"actions": []access.Action{access.Read}},
	"approveRequest":  fields{"access": access.UseOnly},
	"createKey":       fields{"name": "k", "access": access.KeyReadOnly, "organization": acme},
	"takeOverKey":     fields{"grace": "1h"},
	"evaluate":        decisionBody, "explain": decisionBody, "evaluateAll": decisionBody,
	"searchSubjects": decisionBody, "searchResources": decisionBody, "searchActions": decisionBody,
}

var decisionBody = fields{
	"subject": fields{"type": "user", "id": bob}, "action": fields{"name": access.Interact}, "resource": fields{"type": "chatbot", "id": helper},
}

// callOf makes the call of a route on the things.
func callOf(rt httpapi.RouteInfo, things map[string]string) testenv.Call {
	path := rt.Path
	if strings.HasPrefix(rt.Name, "putPlatformRole") || rt.Name == "deletePlatformRole" {
		path = strings.Replace(path, "{role}", string(access.ContentUser), 1)
	}
	for name, id := range things {
		if collection, parameter, ok := strings.Cut(name, "/"); ok {
			path = strings.Replace(path, "/"+collection+"/{"+parameter+"}", "/"+collection+testenv.Path(id), 1)
			continue
		}
		path = strings.ReplaceAll(path, "{"+name+"}", testenv.Path(id)[1:])
	}
	c := testenv.Call{Method: rt.Method, Path: path, Header: http.Header{"X-Request-Id": {"the-same"}}}
	if body, ok := bodies[rt.Name]; ok {
		c.Body = body
	}
	return c
}

// demanding lists the routes that ask who is calling.
func demanding(t *testing.T) []httpapi.RouteInfo {
	var all []httpapi.RouteInfo
	for _, rt := range httpapi.Routes() {
		if !rt.Open {
			all = append(all, rt)
		}
	}
	require.Greater(t, len(all), 40)
	return all
}

func requireProblem(t testing.TB, a testenv.Answer, kind access.Kind, rule string) {
	t.Helper()
	require.Equal(t, problem.Status(kind), a.Status, "%s", a.Body)
	require.Equal(t, problem.ContentType, a.Header.Get("Content-Type"))
	var p problem.Problem
	require.NoError(t, json.Unmarshal(a.Body, &p))
	require.Equal(t, "urn:grantway:error:"+string(kind), p.Type)
	require.Equal(t, a.Status, p.Status)
	require.NotEmpty(t, p.Detail)
	require.Equal(t, a.Header.Get("X-Request-ID"), p.RequestID)
	if rule != "" {
		require.Equal(t, rule, p.Rule, p.Detail)
	}
}

// TestDemands calls each route with every credential that is not enough for it.
func TestDemands(t *testing.T) {
	e := newWorld(t)
	here := things(e)
	before := everything(e)
	keys := map[access.KeyAccess]string{}
	for _, level := range access.KeyAccesses {
		keys[level] = e.Admin().MakesKey(fields{"name": "k", "access": level})
	}
	required := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "actor_required": true})
	confined := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": acme})
	elsewhere := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "allowed_ips": []string{"192.0.2.0/24"}})
	e.Admin().PutsUser("idle", fields{"active": false})

	for _, rt := range demanding(t) {
		t.Run(rt.Name, func(t *testing.T) {
			call := callOf(rt, here)
			refused := func(key, actor string, kind access.Kind, rule string) {
				t.Helper()
				c := call
				c.Key, c.Actor = key, actor
				requireProblem(t, e.Do(c), kind, rule)
			}
			refused("", "", access.KindUnauthenticated, "B2")
			refused("gw_000000000000_unknown", "", access.KindUnauthenticated, "B1")
			refused("", "alice", access.KindUnauthenticated, "B2")
			refused(required, "", access.KindDenied, "B1")
			refused(elsewhere, "", access.KindDenied, "B1")
			for _, level := range access.KeyAccesses {
				if level == rt.Key {
					break
				}
				refused(keys[level], "", access.KindDenied, "B1")
			}
			for _, lesser := range []access.KeyAccess{access.KeyReadOnly, access.KeyReadWrite} {
				refused(keys[lesser], "alice", access.KindDenied, "B2")
			}
			for _, unknown := range []string{"nobody", "idle", "alice, bob"} {
				refused(keys[access.KeyFull], unknown, access.KindDenied, "B2")
			}
			refused(confined, "gus", access.KindDenied, "B3")
			for _, actors := range [][]string{{""}, {"alice", "alice"}, {"", "alice"}} {
				c := call
				c.Key = keys[access.KeyFull]
				c.Header = http.Header{access.ActorHeader: actors}
				requireProblem(t, e.Do(c), access.KindDenied, "B2")
			}
		})
	}
	require.Equal(t, before, everything(e), "a refused call changed something")
}

// TestKeyIsEnough calls each route with the weakest key that it says it takes: it is not refused for the key.
func TestKeyIsEnough(t *testing.T) {
	e := newWorld(t)
	here := things(e)
	keys := map[access.KeyAccess]string{}
	for _, level := range access.KeyAccesses {
		keys[level] = e.Admin().MakesKey(fields{"name": "k", "access": level})
	}
	for _, rt := range demanding(t) {
		missing := map[string]string{}
		for name, id := range here {
			missing[name] = missingID(id)
		}
		c := callOf(rt, missing)
		c.Key = keys[rt.Key]
		if rt.ActorNeeded {
			requireProblem(t, e.Do(c), access.KindDenied, "B2")
			c.Actor = string(alice)
		}
		a := e.Do(c)
		require.NotContains(t, []int{401, 403}, a.Status, "%s: %s", rt.Name, a.Body)
	}
}

// missingID is an ID like the one given, of the same length, that nothing has.
func missingID(id string) string { return id[:len(id)-1] + "z" }

// everything is all that a site admin sees, for comparison.
func everything(e *testenv.Env) map[string]any {
	all := map[string]any{}
	for _, path := range []string{
		"/v1/users", "/v1/organizations", "/v1/organizations/acme/invitations", "/v1/organizations/acme/members", "/v1/organizations/globex/members", "/v1/teams", "/v1/teams/support/members",
		"/v1/teams/support/teams", "/v1/roles", "/v1/roles/tier1/assignees", "/v1/groups", "/v1/groups/list1/members", "/v1/chatbots", "/v1/chatbots/helper/shares",
		"/v1/requests",
	} {
		items := e.Admin().Does(http.MethodGet, path, nil)["items"].([]any)
		var kept []any
		for _, item := range items {
			if id := item.(map[string]any)["id"]; id != "idle" {
				kept = append(kept, item)
			}
		}
		all[path] = kept
	}
	return all
}
