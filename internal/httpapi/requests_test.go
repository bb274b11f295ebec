package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/testenv"
)

func pointers(t testing.TB, a testenv.Answer) []string {
	var p problem.Problem
	require.NoError(t, json.Unmarshal(a.Body, &p))
	var all []string
	for _, f := range p.Errors {
		require.NotEmpty(t, f.Detail)
		all = append(all, f.Pointer)
	}
	return all
}

// TestRefusedValuesAreNamed sends values that a rule refuses: the answer points at each.
func TestRefusedValuesAreNamed(t *testing.T) {
	e := newWorld(t)
	for _, c := range []struct {
		method, path  string
		body          fields
		rule, pointer string
	}{
		{http.MethodPut, "/v1/organizations/new", fields{"owner": "nobody"}, "O1", "/owner"},
		{http.MethodPut, "/v1/chatbots/new", fields{"organization": acme, "owner": cal}, "A1", "/owner"},
		{http.MethodPost, "/v1/chatbots/helper/transfer", fields{"to": gus}, "A1", "/to"},
		{http.MethodPut, "/v1/chatbots/helper/permissions/bob", fields{"actions": []access.Action{access.Read, access.Interact}}, "M1", "/actions/1"},
		{http.MethodPut, "/v1/chatbots/helper/permissions/bob", fields{"actions": []access.Action{access.Read, access.Delete}}, "M2", "/actions/1"},
		{http.MethodPut, "/v1/documents/handbook", fields{"allowed": []string{"user:bob", "user:nobody"}}, "R1", "/allowed/1"},
		{http.MethodPut, "/v1/documents/handbook", fields{"allowed": []string{"organization:acme"}}, "R1", "/allowed/0"},
		{http.MethodPut, "/v1/metrics/revenue", fields{"access": access.ModeAuthenticated}, "R1", "/access"},
	} {
		a := e.Do(testenv.Call{Method: c.method, Path: c.path, Key: testenv.RootKey, Body: c.body})
		requireProblem(t, a, access.KindUnprocessable, c.rule)
		require.Equal(t, []string{c.pointer}, pointers(t, a), "%s", a.Body)
	}
}

// TestMalformedBodies sends what is no body of a PUT on a user.
func TestMalformedBodies(t *testing.T) {
	e := testenv.New(t)
	for name, c := range map[string]struct {
		body     string
		pointers []string
		rule     string
	}{
		"empty":             {body: ""},
		"blank":             {body: " \n"},
		"no JSON":           {body: "name=alice"},
		"cut off":           {body: `{"name": "a`},
		"trailing comma":    {body: `{"name": "a",}`},
		"trailing garbage":  {body: `{"name": "a"} x`},
		"two values":        {body: `{"name": "a"} {}`},
		"comment":           {body: `{/**/}`},
		"list":              {body: `[]`, pointers: []string{""}},
		"string":            {body: `"alice"`, pointers: []string{""}},
		"null":              {body: `null`, pointers: []string{""}},
		"unknown field":     {body: `{"nme": "a"}`, pointers: []string{"/nme"}},
		"another case":      {body: `{"Name": "a"}`, pointers: []string{"/Name"}},
		"odd field":         {body: `{"a/b~c": 1}`, pointers: []string{"/a~1b~0c"}},
		"id":                {body: `{"id": "alice"}`, pointers: []string{"/id"}},
		"twice":             {body: `{"name": "a", "name": "b"}`, pointers: []string{"/name"}},
		"twice, escaped":    {body: `{"name": "a", "n\u0061me": "b"}`, pointers: []string{"/name"}},
		"mistyped":          {body: `{"name": 1, "active": "true"}`, pointers: []string{"/active", "/name"}},
		"no word":           {body: `{"type": "Internal"}`, pointers: []string{"/type"}},
		"no address":        {body: `{"email": "alice"}`, pointers: []string{"/email"}, rule: "I2"},
		"empty ID":          {body: `{"organization": ""}`, pointers: []string{"/organization"}, rule: "I1"},
		"long ID":           {body: `{"organization": "` + strings.Repeat("é", 129) + `"}`, pointers: []string{"/organization"}, rule: "I1"},
		"not UTF-8":         {body: "{\"name\": \"\xff\"}"},
		"half a character":  {body: `{"name": "\ud800"}`, pointers: []string{"/name"}},
		"other half":        {body: `{"name": "\udc00"}`, pointers: []string{"/name"}},
		"half, then escape": {body: `{"name": "\ud800\n"}`, pointers: []string{"/name"}},
		"two first halves":  {body: `{"name": "\ud800\ud800"}`, pointers: []string{"/name"}},
		"half at the end":   {body: `"\ud83d"`},
		"deep":              {body: strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), pointers: []string{strings.Repeat("/a", 32)}},
		"very deep":         {body: strings.Repeat("[", 1<<19), pointers: []string{strings.Repeat("/0", 32)}},
		"byte order mark":   {body: "\ufeff{}"},
	} {
		t.Run(name, func(t *testing.T) {
			a := e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/alice", Body: c.body, Key: testenv.RootKey})
			requireProblem(t, a, access.KindInvalid, c.rule)
			require.Equal(t, c.pointers, pointers(t, a), "%s", a.Body)
			require.Equal(t, http.StatusNotFound, e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users/alice", Key: testenv.RootKey}).Status)
		})
	}
	e.Admin().Does(http.MethodPut, "/v1/users/smile", "{\"name\": \"\\ud83d\\ude00 \\\\ud800 \U0001F600\"}")
	require.Equal(t, "\U0001F600 \\ud800 \U0001F600", e.Admin().Sees("v1", "users", "smile")["name"])
}

func TestMissingFields(t *testing.T) {
	e := newWorld(t)
	a := e.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/keys", Body: `{"allowed_ips": [null, 7]}`, Key: testenv.RootKey})
	requireProblem(t, a, access.KindInvalid, "")
	require.Equal(t, []string{"/allowed_ips/0", "/allowed_ips/1", "/name", "/access"}, pointers(t, a))
}

func TestContentTypes(t *testing.T) {
	e := testenv.New(t)
	put := func(kinds ...string) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/alice", Body: `{}`, Key: testenv.RootKey, Header: http.Header{"Content-Type": kinds}})
	}
	for _, good := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
		require.Equal(t, http.StatusOK, put(good).Status, good)
	}
	for _, bad := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/json;;"} {
		requireProblem(t, put(bad), access.KindInvalid, "")
	}
	requireProblem(t, put(), access.KindInvalid, "")
	requireProblem(t, put("application/json", "application/json"), access.KindInvalid, "")
}

func TestTooLargeBody(t *testing.T) {
	e := testenv.New(t)
	put := func(size int) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodPut, Path: "/v1/users/alice", Body: `{"name": "x"}` + strings.Repeat(" ", size-13), Key: testenv.RootKey})
	}
	require.Equal(t, http.StatusOK, put(1<<20).Status)
	requireProblem(t, put(1<<20+1), access.KindTooLarge, "")
}

// TestPutKeepsAndUnsets checks what a field does that is left out, and one that is null.
func TestPutKeepsAndUnsets(t *testing.T) {
	e := newWorld(t)
	admin := e.Admin()
	admin.PutsUser("ann", fields{"email": "Ann@Example.COM", "email_verified": true, "name": "Ann", "type": "internal", "organization": acme})
	want := map[string]any{
		"id": "ann", "email": "ann@example.com", "email_verified": true, "name": "Ann", "type": "internal", "active": true, "organization": "acme",
	}
	require.Equal(t, want, admin.Sees("v1", "users", "ann"))
	admin.PutsUser("ann", fields{})
	require.Equal(t, want, admin.Sees("v1", "users", "ann"), "what is left out keeps its value")
	admin.PutsUser("ann", fields{"name": "Anna"})
	want["name"] = "Anna"
	require.Equal(t, want, admin.Sees("v1", "users", "ann"))
	admin.PutsUser("ann", fields{"name": nil, "organization": nil, "email": nil, "type": nil})
	want["name"], want["organization"], want["email"], want["email_verified"], want["type"] = "", nil, nil, false, "external"
	require.Equal(t, want, admin.Sees("v1", "users", "ann"), "null unsets")

	admin.PutsOrganization(acme, fields{"allowed_ips": []string{"127.0.0.0/8"}, "public_access": "none"})
	admin.PutsOrganization(acme, fields{"name": "A"})
	org := admin.Sees("v1", "organizations", "acme")
	require.Equal(t, []any{"127.0.0.0/8"}, org["allowed_ips"])
	require.Equal(t, "none", org["public_access"])
	admin.PutsOrganization(acme, fields{"allowed_ips": nil, "public_access": nil})
	org = admin.Sees("v1", "organizations", "acme")
	require.Nil(t, org["allowed_ips"])
	require.Equal(t, "everyone", org["public_access"])

	share := e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:cal", fields{"access": "use_only", "expires_at": "2099-12-31T23:59:59.9+01:00"})
	require.NotEmpty(t, share["zedtoken"])
	delete(share, "zedtoken")
	require.Equal(t, map[string]any{
		"state": "active", "chatbot": "helper", "principal": "user:cal", "access": "use_only", "expires_at": "2099-12-31T22:59:59Z",
	}, share)
	share = e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:cal", fields{"access": "read_only"})
	require.Equal(t, "2099-12-31T22:59:59Z", share["expires_at"])
	for sent, kind := range map[string]access.Kind{
		"0001-01-01T00:00:00Z": access.KindUnprocessable, "1969-12-31T23:59:59Z": access.KindUnprocessable, "9999-12-31T23:59:59-05:00": access.KindUnprocessable,
		"2030-06-30T23:59:60Z": access.KindInvalid, "2030-01-31T24:00:00Z": access.KindInvalid, "2030-01-31T12:00:00": access.KindInvalid,
		"2030-01-31T12:00:00,5Z": access.KindInvalid,
	} {
		rule := map[access.Kind]string{access.KindUnprocessable: "S13"}[kind]
		refused := e.As(mel).Refused(kind, rule).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:cal", fields{"expires_at": sent})
		require.Equal(t, "/expires_at", refused["errors"].([]any)[0].(map[string]any)["pointer"], sent)
		e.As(mel).Refused(kind, rule).MakesAPIKey("helper", fields{"name": "k", "access": "use_only", "expires_at": sent})
		admin.Refused(kind, rule).Does(http.MethodPost, "/v1/keys", fields{"name": "k", "access": "full", "expires_at": sent})
		admin.Refused(kind, rule).Does(http.MethodGet, "/v1/audit?to="+url.QueryEscape(sent), nil)
	}
	share = e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:cal", fields{"expires_at": "2099-12-31t23:59:59.9z"})
	require.Equal(t, "2099-12-31T23:59:59Z", share["expires_at"], "in lower case")
	admin.Does(http.MethodGet, "/v1/audit?from=2030-01-01t00:00:00z", nil)
	share = e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/shares/user:cal", fields{"expires_at": nil})
	require.Equal(t, "read_only", share["access"])
	require.Nil(t, share["expires_at"])
}

// TestBodilessRoutes checks that a route without a body takes {} and nothing more.
func TestBodilessRoutes(t *testing.T) {
	e := newWorld(t)
	path := "/v1/roles/tier1/assignees/mel"
	e.As(alice).Does(http.MethodPut, path, "{}")
	e.As(alice).Refused(access.KindInvalid, "").Does(http.MethodPut, path, `{"role": "tier1"}`)
	e.As(alice).Refused(access.KindInvalid, "").Does(http.MethodDelete, path, `{"force": true}`)
}

func TestQueries(t *testing.T) {
	e := testenv.New(t)
	for query, pointer := range map[string]string{
		"?page_size=0": "/page_size", "?page_size=1001": "/page_size", "?page_size=x": "/page_size", "?page_size=": "/page_size",
		"?page_size=1e2": "/page_size", "?page_size=99999999999999999999": "/page_size", "?page_token=%25": "/page_token", "?page_token=A": "/page_token",
		"?email=x": "/email", "?email=": "/email", "?email=a@b.c&email=a@b.c": "/email", "?mail=a@b.c": "/mail", "?organisation=acme": "/organisation",
	} {
		a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users" + query, Key: testenv.RootKey})
		requireProblem(t, a, access.KindInvalid, "")
		require.Equal(t, []string{pointer}, pointers(t, a), query)
	}
	requireProblem(t, e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/users?%zz", Key: testenv.RootKey}), access.KindInvalid, "")
}
