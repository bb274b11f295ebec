package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestASharesLastSecondIsItsLast asks about shares that expire, every 100 ms, on the real clock and with every cache as it is served. What
// is asked before the second of expiry is granted; what is asked from then on is not, although nothing is written (S13, C3).
func TestASharesLastSecondIsItsLast(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the clock")
	}
	e := testenv.New(t)
	for _, u := range []access.UserID{"olga", "bob", "cy", "dee"} {
		e.Admin().PutsUser(u, testenv.Fields{})
	}
	e.Admin().PutsOrganization("acme", testenv.Fields{"owner": "olga"})
	e.Admin().PutsMember("acme", "cy", access.OrgMember)
	e.Admin().PutsTeam("blue", testenv.Fields{"organization": "acme"})
	e.Admin().PutsTeamMember("blue", "cy", access.TeamMember)
	e.Admin().PutsChatbot("helper", testenv.Fields{"organization": "acme", "owner": "olga"})
	e.Admin().PutsChatbot("open", testenv.Fields{"organization": "acme", "owner": "olga"})

	expiry := time.Now().Add(3500 * time.Millisecond).UTC().Truncate(time.Second)
	for path, level := range map[string]string{
		"/v1/chatbots/helper/shares/user:bob": "read_write", "/v1/chatbots/helper/shares/team:blue": "read_only",
		"/v1/chatbots/open/shares/everyone": "use_only",
	} {
		e.Admin().Does(http.MethodPut, path, testenv.Fields{"access": level, "expires_at": expiry.Format(time.RFC3339)})
	}

	questions := []string{"bob update helper", "bob interact helper", "cy read helper", "dee interact open", "a-stranger interact open"}
	var items []any
	for _, q := range questions {
		var who, what, where string
		_, err := fmt.Sscan(q, &who, &what, &where)
		require.NoError(t, err)
		items = append(items, testenv.Fields{
			"subject": testenv.Fields{"type": "user", "id": who}, "action": testenv.Fields{"name": what},
			"resource": testenv.Fields{"type": "chatbot", "id": where},
		})
	}
	granted, denied := 0, 0
	for time.Since(expiry) < 1500*time.Millisecond {
		asked := time.Now()
		answer := e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/evaluations", Key: testenv.RootKey, Body: testenv.Fields{"evaluations": items}})
		answered := time.Now()
		var body struct{ Evaluations []struct{ Decision bool } }
		require.NoError(t, json.Unmarshal(answer.Body, &body), string(answer.Body))
		require.Len(t, body.Evaluations, len(questions))
		for i, d := range body.Evaluations {
			switch {
			case !asked.Before(expiry):
				require.False(t, d.Decision, "%s is granted %v after the expiry", questions[i], asked.Sub(expiry))
				denied++
			case answered.Before(expiry):
				require.True(t, d.Decision, "%s is denied %v before the expiry", questions[i], expiry.Sub(answered))
				granted++
			}
		}
		time.Sleep(100*time.Millisecond - time.Since(asked)%(100*time.Millisecond))
	}
	require.Positive(t, granted)
	require.Positive(t, denied)
	t.Logf("%d granted before the second of expiry, %d denied from it on", granted, denied)
}
