package stories_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestG8AGateHoldsAThousandEntries fills the gates of a chatbot as far as they go: the longest domains that there are, 1,000 roles of which all are
// required, and 1,000 users.
func TestG8AGateHoldsAThousandEntries(t *testing.T) {
	const most = 1000
	e := testenv.New(t)
	var domains, users, roles []string
	var file strings.Builder
	label := strings.Repeat("x", 60)
	for n := range most {
		domains = append(domains, fmt.Sprintf("d%04d.%s.%s.%s.%s", n, label, label, label, strings.Repeat("y", 55)))
		users, roles = append(users, fmt.Sprint("u", n)), append(roles, fmt.Sprint("r", n))
		fmt.Fprintf(&file, `{"kind":"user","user":"u%d"}`+"\n"+`{"kind":"role","role":"r%d"}`+"\n"+`{"kind":"role_assignment","role":"r%d","user":"u1"}`+"\n", n, n, n)
	}
	require.Empty(t, rejects(e, "jsonl", file.String()+`{"kind":"organization","organization":"acme","owner":"olga"}`))
	bot := access.ChatbotID("helper")
	e.Admin().PutsChatbot(bot, fields{"organization": acme, "owner": "olga"})
	e.Admin().Shares(bot, access.Everyone, access.UseOnly)
	e.Admin().PutsUser("u2", fields{"email": "u2@" + domains[most-1], "email_verified": true})
	asks := func(user, address string) bool {
		t.Helper()
		began := time.Now()
		answer := e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{
			"subject": fields{"type": "user", "id": user, "properties": fields{"email": address}}, "action": fields{"name": "interact"},
			"resource": fields{"type": "chatbot", "id": bot}, "context": fields{"consistency": "full"},
		})
		t.Logf("%s: %v after %v", user, answer["decision"], time.Since(began).Round(time.Millisecond))
		return answer["decision"].(bool)
	}

	// G2: of those without a verified address the one that is sent counts, wherever in the list it is.
	e.Admin().SetsPolicy(bot, fields{"email_domains": domains})
	for _, n := range []int{0, 95, 96, 500, most - 1} {
		require.True(t, asks("u3", "somebody@"+domains[n]), n)
	}
	require.False(t, asks("u3", "somebody@x."+domains[0]))
	require.False(t, asks("u3", ""))
	require.True(t, asks("u2", "somebody@elsewhere.example"), "the verified address counts")
	require.True(t, asks("olga", ""), "G8")
	require.Len(t, e.Admin().Sees("v1", "chatbots", "helper", "policy")["email_domains"], most)

	// All gates must pass, in whatever part of the list a domain is.
	e.Admin().SetsPolicy(bot, fields{"required_roles": roles, "allowed_users": users, "denied_users": append([]string{"u2"}, users[3:]...)})
	for _, n := range []int{0, 500, most - 1} {
		require.True(t, asks("u1", "somebody@"+domains[n]), n)
		require.False(t, asks("u0", "somebody@"+domains[n]), "G5")
		require.False(t, asks("u3", "somebody@"+domains[n]), "G5 and G7")
	}
	require.False(t, asks("u2", ""), "G5 and G7")
	require.False(t, asks("u1", "somebody@elsewhere.example"), "G2")
	e.Admin().Does(http.MethodDelete, "/v1/roles/r999/assignees/u1", nil)
	require.False(t, asks("u1", "somebody@"+domains[0]), "G5: all of them are required")

	// A shorter list takes back what the longer one gave; without gates everyone may interact again.
	e.Admin().SetsPolicy(bot, fields{"required_roles": nil, "allowed_users": nil, "denied_users": nil, "email_domains": domains[:10]})
	require.True(t, asks("u3", "somebody@"+domains[9]))
	require.False(t, asks("u3", "somebody@"+domains[10]))
	require.False(t, asks("u2", ""))
	e.Admin().SetsPolicy(bot, fields{"email_domains": nil})
	require.True(t, asks("u3", ""))
	for gate, list := range map[string][]string{"email_domains": domains, "required_roles": roles, "allowed_roles": roles, "allowed_users": users, "denied_users": users} {
		said := e.Admin().Refused(access.KindUnprocessable, "G8").SetsPolicy(bot, fields{gate: append([]string{list[0]}, list...)})
		require.Equal(t, "/"+gate+": a gate lists at most 1000 values", said["detail"])
	}
}
