package stories_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestG8AGateHoldsAThousandEntries fills the gates of a chatbot as far as they go: with the longest domains that there are, and with roles.
func TestG8AGateHoldsAThousandEntries(t *testing.T) {
	const most, some = 1000, 100
	e := testenv.New(t)
	var longest, short, roles []string
	var file strings.Builder
	label := strings.Repeat("x", 60)
	for n := range most {
		longest = append(longest, fmt.Sprintf("d%04d.%s.%s.%s.%s", n, label, label, label, strings.Repeat("y", 55)))
		short, roles = append(short, fmt.Sprintf("d%04d.example", n)), append(roles, fmt.Sprint("r", n))
		fmt.Fprintf(&file, `{"kind":"role","role":"r%d"}`+"\n", n)
		if n < some {
			fmt.Fprintf(&file, `{"kind":"role_assignment","role":"r%d","user":"roland"}`+"\n", n)
		}
	}
	require.Empty(t, rejects(e, "jsonl", file.String()+`{"kind":"organization","organization":"acme","owner":"olga"}`))
	bot := access.ChatbotID("helper")
	e.Admin().PutsChatbot(bot, fields{"organization": acme, "owner": "olga"})
	e.Admin().Shares(bot, access.Everyone, access.UseOnly)
	e.Admin().PutsUser("vera", fields{"email": "vera@" + longest[most-1], "email_verified": true})
	e.Admin().PutsUser("sven", fields{})
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
	e.Admin().SetsPolicy(bot, fields{"email_domains": longest})
	for _, n := range []int{0, 6, 500, most - 1} {
		require.True(t, asks("sven", "somebody@"+longest[n]), n)
	}
	require.False(t, asks("sven", "somebody@"+short[0]))
	require.False(t, asks("sven", ""))
	require.True(t, asks("vera", "somebody@elsewhere.example"), "the verified address counts")
	require.True(t, asks("olga", ""), "G8")
	require.Len(t, e.Admin().Sees("v1", "chatbots", "helper", "policy")["email_domains"], most)

	// All gates must pass, in whatever part of the list a domain is.
	e.Admin().SetsPolicy(bot, fields{"required_roles": roles[:2], "denied_users": []string{"vera"}})
	for _, n := range []int{0, most - 1} {
		require.True(t, asks("roland", "somebody@"+longest[n]), n)
		require.False(t, asks("sven", "somebody@"+longest[n]), "G5")
	}
	require.False(t, asks("vera", ""), "G5 and G7")
	require.False(t, asks("roland", "somebody@elsewhere.example"), "G2")

	e.Admin().Refused(access.KindUnprocessable, "G8").SetsPolicy(bot, fields{"required_roles": roles[:some]})

	// A list that comes in the place of another takes back what that gave.
	e.Admin().SetsPolicy(bot, fields{"email_domains": short})
	require.True(t, asks("roland", "somebody@"+short[most-1]))
	require.False(t, asks("roland", "somebody@"+longest[most-1]))
	e.Admin().SetsPolicy(bot, fields{"email_domains": nil, "required_roles": roles[:some]})
	require.True(t, asks("roland", ""))
	e.Admin().SetsPolicy(bot, fields{"required_roles": roles})
	require.False(t, asks("roland", ""), "G5: all of them are required")
	e.Admin().SetsPolicy(bot, fields{"required_roles": nil, "allowed_roles": roles, "denied_users": nil})
	require.True(t, asks("roland", ""))
	require.False(t, asks("sven", ""), "G5")
	e.Admin().SetsPolicy(bot, fields{"allowed_roles": nil})
	require.True(t, asks("sven", ""))
	for _, gate := range []string{"email_domains", "entities", "allowed_roles", "required_roles", "allowed_users", "denied_users"} {
		said := e.Admin().Refused(access.KindUnprocessable, "G8").SetsPolicy(bot, fields{gate: append([]string{"one-more.example"}, short...)})
		require.Equal(t, "a gate can have at most 1000 entries", said["detail"])
	}
	e.Admin().Refused(access.KindUnprocessable, "G8").PutsFeature(bot, "speak", fields{"allowed_roles": append([]string{"r0"}, roles...)})
}

// TestWhatIsLongestIsTakenInEveryMode: SpiceDB on PostgreSQL keeps what a caveat compares in an index, whose rows are short. What it cannot keep is refused
// in every mode alike.
func TestWhatIsLongestIsTakenInEveryMode(t *testing.T) {
	e := testenv.New(t)
	random := rand.New(rand.NewPCG(1, 1))
	text := func(length int) string {
		b := make([]byte, length) // which no database compresses by much
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[random.IntN(36)]
		}
		return string(b)
	}
	e.Admin().PutsUser("olga", fields{})
	require.Empty(t, rejects(e, "jsonl", `{"kind":"organization","organization":"acme","owner":"olga"}`))
	bot := access.ChatbotID(strings.Repeat("€", 85)) // whose ID is as long as they come in the engine
	e.Admin().PutsChatbot(bot, fields{"organization": acme, "owner": "olga"})
	e.Admin().Shares(bot, access.Everyone, access.UseOnly)
	asks := func(subject, action, resource fields, context fields) bool {
		t.Helper()
		context["consistency"] = "full"
		answer := e.Admin().Does(http.MethodPost, "/access/v1/evaluation", fields{"subject": subject, "action": action, "resource": resource, "context": context})
		return answer["decision"].(bool)
	}

	// K4
	var ranges []string
	for range 35 {
		var b [16]byte
		for i := range b {
			b[i] = byte(0x11 + random.IntN(0xee)) // so that each group has four digits
		}
		ranges = append(ranges, netip.AddrFrom16(b).String())
	}
	keys := testenv.Path("v1", "chatbots", string(bot), "api-keys")
	said := e.Admin().Refused(access.KindUnprocessable, "K4").Does(http.MethodPost, keys, fields{"name": "k", "access": "use_only", "allowed_ips": ranges})
	require.Contains(t, said["detail"], "at most 1600 bytes")
	key := e.Admin().Does(http.MethodPost, keys, fields{"name": "k", "access": "use_only", "allowed_ips": ranges[:34]})
	presented, interact, chatbot := fields{"type": "api_key", "id": key["secret"]}, fields{"name": "interact"}, fields{"type": "chatbot", "id": bot}
	require.True(t, asks(presented, interact, chatbot, fields{"ip": ranges[33]}))
	require.False(t, asks(presented, interact, chatbot, fields{"ip": ranges[34]}))

	// F1
	limits, values := fields{}, fields{}
	for n := range 32 {
		name := fmt.Sprintf("%02d%s", n, text(15)) // with max_ 21 bytes
		limits["max_"+name], values[name] = random.Float64()*1e-300, 0
	}
	e.Admin().PutsFeature(bot, "upload", fields{"enabled": true, "limits": limits})
	user, use, upload := fields{"type": "user", "id": "olga"}, fields{"name": "use", "properties": values}, fields{"type": "feature", "id": string(bot) + "/upload"}
	require.True(t, asks(user, use, upload, fields{}))
	for name := range values {
		values[name] = 1
	}
	require.False(t, asks(user, use, upload, fields{}))
	for name := range limits {
		delete(limits, name)
		limits[name+text(30)] = 1
		break
	}
	said = e.Admin().Refused(access.KindUnprocessable, "F1").PutsFeature(bot, "upload", fields{"limits": limits})
	require.Contains(t, said["detail"], "at most 700 bytes together")

	// G2: as many as were in one part before lists were shared out by their length.
	var domains []string
	for range 90 {
		domains = append(domains, strings.Join([]string{text(60), text(60), text(60), text(60)}, "."))
	}
	e.Admin().SetsPolicy(bot, fields{"email_domains": domains})
	person := func(domain string) fields {
		return fields{"type": "user", "id": "sven", "properties": fields{"email": "sven@" + domain}}
	}
	require.True(t, asks(person(domains[89]), interact, chatbot, fields{}))
	require.False(t, asks(person("elsewhere.example"), interact, chatbot, fields{}))
}
