package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/testenv"
)

// secretField matches the fields of answers that hold a secret.
var secretField = regexp.MustCompile(`"(secret|token|link)":`)

// TestH2SecretsAreNeitherRecordedNorLogged calls every route whose answer is described with a secret, a token or a link, and looks for what it
// answered in the record, in its exports and in the log.
func TestH2SecretsAreNeitherRecordedNorLogged(t *testing.T) {
	e := newWorld(t, recording("all"))
	described := e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"}).Body
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Responses   map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct{ Schemas map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(described, &d))
	tells := map[string]bool{}
	for _, methods := range d.Paths {
		for _, op := range methods {
			for status, response := range op.Responses {
				if strings.HasPrefix(status, "2") && secretField.MatchString(withSchemas(string(response), d.Components.Schemas)) {
					tells[op.OperationID] = true
				}
			}
		}
	}
	require.True(t, tells["createKey"])
	routes := slices.DeleteFunc(httpapi.Routes(), func(rt httpapi.RouteInfo) bool { return !tells[rt.Name] })
	slices.SortStableFunc(routes, func(a, b httpapi.RouteInfo) int { return -strings.Compare(a.Method, b.Method) }) // PUT, POST, GET
	var secrets []string
	here := things(e)
	here["keys/key"], _ = e.As(alice).Does(http.MethodPost, "/v1/keys", bodies["createKey"])["id"].(string)
	for _, rt := range routes {
		c := callOf(rt, here)
		if strings.HasSuffix(rt.Path, "/{user}") { // who leaves, or manages no more, names who takes their keys over
			c = offboards(e, rt)
		}
		c.Key, c.Actor = testenv.RootKey, string(alice)
		if rt.Name == "createSignInLink" { // is for keys that act for nobody
			c.Actor = ""
		}
		a := e.Do(c)
		require.Less(t, a.Status, 300, "%s: %s", rt.Name, a.Body)
		var answer map[string]any
		require.NoError(t, json.Unmarshal(a.Body, &answer))
		found := 0
		parts := []any{answer}
		if keys, ok := answer["keys_taken_over"].([]any); ok {
			parts = append(parts, keys...)
		}
		for _, part := range parts {
			for _, field := range []string{"secret", "token", "link"} {
				if text, ok := part.(map[string]any)[field].(string); ok && text != "" {
					secrets = append(secrets, text, text[strings.LastIndexByte(text, '_')+1:])
					found++
				}
			}
		}
		require.Positive(t, found, "%s answered with no secret: give it a body that makes one", rt.Name)
	}
	ask(e, "evaluation", question(fields{"type": "api_key", "id": secrets[0]}, "interact", fields{"type": "chatbot", "id": helper}))
	decisionsIn(e, 1, "")
	record := string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export", Key: testenv.RootKey}).Body)
	require.Contains(t, record, "key.create")
	for _, s := range secrets {
		require.NotContains(t, record, s, "the record holds a secret")
		require.NotContains(t, e.Log.String(), s, "the log holds a secret")
	}
}

// withSchemas is a description with all schemas that it refers to, and that these refer to.
func withSchemas(description string, schemas map[string]json.RawMessage) string {
	seen := map[string]bool{}
	for grew := true; grew; {
		grew = false
		for name, schema := range schemas {
			if !seen[name] && strings.Contains(description, `/schemas/`+name+`"`) {
				description += string(schema)
				seen[name], grew = true, true
			}
		}
	}
	return description
}

// offboards is a call of the route by which somebody leaves whose key Alice takes over.
func offboards(e *testenv.Env, rt httpapi.RouteInfo) testenv.Call {
	leaver := access.UserID(rt.Name)
	e.Admin().PutsUser(leaver, fields{"organization": acme})
	e.Admin().PutsMember(acme, leaver, access.OrgAdmin)
	e.As(leaver).MakesKey(fields{"name": "leaver's", "access": access.KeyReadOnly, "organization": acme})
	c := testenv.Call{Method: rt.Method, Path: strings.NewReplacer("{org}", string(acme), "{user}", string(leaver)).Replace(rt.Path) + "?keys_to=alice"}
	switch rt.Name {
	case "putUser":
		c.Body = fields{"active": false}
	case "putMember":
		c.Body = fields{"role": access.OrgMember}
	}
	return c
}

// TestC4ASecretWhereAnIDBelongsIsNeitherRecordedNorLogged sends each kind of secret in the places of IDs, names, addresses and headers, as people do who
// copy the wrong field, and looks for it in the record, in both of its files, in the log and in what others are told.
func TestC4ASecretWhereAnIDBelongsIsNeitherRecordedNorLogged(t *testing.T) {
	e := newWorld(t, recording("all"))
	key := e.Admin().Does(http.MethodPost, "/v1/keys", fields{"name": "ci", "access": "full"})["secret"].(string)
	bot := e.As(mel).MakesAPIKey("helper", fields{"name": "ci", "access": "use_only"})["secret"].(string)
	invitation := e.As(alice).Does(http.MethodPost, "/v1/organizations/acme/invitations", fields{"email": "new@acme.test", "role": "member"})["token"].(string)
	link := e.As(mel).Does(http.MethodPut, "/v1/chatbots/helper/public-access", fields{"mode": "everyone"})["link"].(string)
	token := "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlIG9mIGEgdG9rZW4"
	all := []string{key, bot, invitation, link, token, testenv.RootKey}
	for _, secret := range all {
		for _, written := range []string{secret, strings.ReplaceAll(secret, "_", "%255F"), strings.ReplaceAll(secret, "-", "%252D")} {
			for _, c := range []testenv.Call{
				{Method: http.MethodDelete, Path: "/v1/chatbots/helper/api-keys/" + written},
				{Method: http.MethodDelete, Path: "/v1/keys/" + written},
				{Method: http.MethodPost, Path: "/v1/invitations/" + written + "/resend"},
				{Method: http.MethodDelete, Path: "/v1/invitations/" + written},
				{Method: http.MethodPost, Path: "/v1/invitations/accept", Body: fields{"token": written}},
				{Method: http.MethodPost, Path: "/v1/requests/" + written + "/deny", Body: fields{}},
				{Method: http.MethodPost, Path: "/v1/chatbots/" + written + "/transfer", Body: fields{"to": written}},
				{Method: http.MethodPut, Path: "/v1/chatbots/helper/shares/user:" + written, Body: fields{"access": "use_only"}},
				{Method: http.MethodPut, Path: "/v1/chatbots/helper/shares/email:" + secret + "@acme.test", Body: fields{"access": "use_only"}},
				{Method: http.MethodPut, Path: "/v1/teams/t", Body: fields{"organization": "acme", "name": secret}},
				{Method: http.MethodPut, Path: "/v1/chatbots/helper", Body: fields{"name": "Ask me: " + secret}, Header: http.Header{"X-Request-Id": {secret}}},
			} {
				c.Key, c.Actor = testenv.RootKey, string(alice)
				e.Do(c)
			}
			for _, q := range []fields{
				question(fields{"type": "user", "id": written}, "interact", fields{"type": "chatbot", "id": written}),
				question(fields{"type": "visitor", "id": written}, written, fields{"type": written, "id": "helper"}),
			} {
				ask(e, "evaluation", q)
			}
		}
	}
	decisionsIn(e, len(all)*3*2, "")
	seen := e.Log.String()
	for _, path := range []string{"/v1/audit/export?format=csv", "/v1/audit/export?format=jsonl", "/v1/audit?page_size=1000"} {
		seen += string(e.Do(testenv.Call{Method: http.MethodGet, Path: path, Key: testenv.RootKey}).Body)
	}
	require.Contains(t, seen, "share.put")
	require.Contains(t, seen, "decision.evaluate")
	for _, secret := range all {
		random := secret[strings.LastIndexByte(secret, '_')+1:]
		for _, written := range []string{secret, strings.ToLower(secret), random, strings.ToLower(random), random[len(random)-12:]} {
			at := strings.Index(seen, written)
			require.Negative(t, at, "%.200s", seen[max(0, at-100):])
		}
		require.NotContains(t, seen, strings.ReplaceAll(secret, "-", "%2D"))
	}
}
