package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
				text := string(response)
				for name, schema := range d.Components.Schemas {
					if strings.Contains(text, `/schemas/`+name+`"`) {
						text += string(schema)
					}
				}
				if strings.HasPrefix(status, "2") && secretField.MatchString(text) {
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
	for _, rt := range routes {
		c := callOf(rt, here)
		c.Key, c.Actor = testenv.RootKey, string(alice)
		a := e.Do(c)
		require.Less(t, a.Status, 300, "%s: %s", rt.Name, a.Body)
		var answer map[string]any
		require.NoError(t, json.Unmarshal(a.Body, &answer))
		found := 0
		for _, field := range []string{"secret", "token", "link"} {
			if text, ok := answer[field].(string); ok && text != "" {
				secrets = append(secrets, text, text[strings.LastIndexByte(text, '_')+1:])
				found++
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
