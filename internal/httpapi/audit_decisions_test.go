package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

func recording(what string) testenv.Option {
	return func(c *server.Config) { c.RecordDecisions = what }
}

// decisionsIn waits for so many decisions in the record, and gives them.
func decisionsIn(e *testenv.Env, n int, query string) []map[string]any {
	e.Helper()
	require.Eventually(e, func() bool { return len(audit(e.Admin(), "action=decision.*")) >= n }, 5*time.Second, 20*time.Millisecond)
	return audit(e.Admin(), "action=decision.*&"+query)
}

func ask(e *testenv.Env, path string, body fields) {
	e.Helper()
	a := e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/" + path, Body: body, Key: testenv.RootKey})
	require.Equal(e, http.StatusOK, a.Status, "%s", a.Body)
}

func question(subject any, action any, resource any) fields {
	return fields{"subject": subject, "action": fields{"name": action}, "resource": resource}
}

// TestH3DecisionsAreRecordedWhenAskedFor asks one and the same with each setting.
func TestH3DecisionsAreRecordedWhenAskedFor(t *testing.T) {
	for _, setting := range []struct {
		what string
		n    int
	}{{"none", 0}, {"denials", 8}, {"all", 11}} {
		t.Run(setting.what, func(t *testing.T) {
			e := newWorld(t, recording(setting.what))
			bot := fields{"type": "chatbot", "id": helper}
			ask(e, "evaluation", question(fields{"type": "user", "id": bob}, access.Read, bot))
			ask(e, "evaluation", question(fields{"type": "user", "id": cal}, access.Read, bot))
			ask(e, "evaluations", fields{"subject": fields{"type": "user", "id": mel}, "resource": bot, "evaluations": []fields{
				{"action": fields{"name": access.Deploy}}, {"action": fields{"name": "fly"}}, {"action": 7},
			}})
			secret := "gwc_000000000000_presented-and-unknown"
			ask(e, "evaluation", question(fields{"type": "api_key", "id": secret}, access.Interact, bot))
			ask(e, "evaluation", question(fields{"type": "apikey", "id": secret}, access.Interact, bot))
			minted := "gwbot_000000000000_presented" + strings.Repeat("x", 34)
			byID := fields{"type": "api_key", "id": minted, "properties": fields{"by": "id"}}
			ask(e, "evaluation", question(byID, access.Interact, bot))
			ask(e, "evaluation", question(fields{"type": "user", "id": minted}, access.Update, fields{"type": "chatbot", "id": minted}))
			ask(e, "search/resource", question(byID, access.Interact, fields{"type": "chatbot"}))
			linked := question(fields{"type": "visitor", "id": "v"}, access.Interact, bot)
			linked["context"] = fields{"link": secret}
			ask(e, "evaluation", linked)
			ask(e, "search/resource", question(fields{"type": "user", "id": bob}, access.Read, fields{"type": "chatbot"}))

			found := decisionsIn(e, setting.n, "")
			require.Len(t, found, setting.n)
			text, err := json.Marshal(audit(e.Admin(), ""))
			require.NoError(t, err)
			require.NotContains(t, string(text), "presented", "H2")
			require.NotContains(t, e.Log.String(), "presented", "H2")
			if setting.what == "none" {
				return
			}
			denied := decisionsIn(e, 0, "outcome=denied&subject=user:cal")
			require.Len(t, denied, 1)
			d := denied[0]
			require.Equal(t, "decision.evaluate", d["action"])
			require.Equal(t, "key:root", d["actor"])
			require.Equal(t, "acme", d["organization"])
			require.Equal(t, map[string]any{"type": "chatbot", "id": "helper"}, d["resource"])
			require.Equal(t, map[string]any{"action": "read"}, d["after"])
			require.Len(t, decisionsIn(e, 0, "subject=api_key:unknown"), 1)
			require.Len(t, audit(e.As(adam), "subject=user:cal"), 1, "an admin reads of decisions on acme's chatbots")
			require.Empty(t, audit(e.As(gus), "action=decision.*"), "C6")
			if setting.what == "all" {
				search := decisionsIn(e, 0, "subject=user:bob&q=%22search%22:%22resource%22")
				require.Len(t, search, 1)
				require.Equal(t, "user:bob", search[0]["subject"])
				require.Equal(t, map[string]any{"search": "resource", "action": "read", "found": 1.0}, search[0]["after"])
				require.Len(t, decisionsIn(e, 0, "outcome=allowed&subject=user:bob"), 2)
			}
		})
	}
}
