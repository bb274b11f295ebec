package decision_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

const link = "c3VjaCBhIGxvbmcgc2VjcmV0"

// gated is acme with a public link on `private`, a gate of domains on `helper`, a key bound to addresses, and a feature with limits.
func gated() *plain.World {
	w := acme()
	w.Chatbots[1].PublicMode, w.Chatbots[1].LinkDigest = access.AudienceEveryone, plain.LinkDigest(link)
	w.Policies = []access.Policy{{Chatbot: "helper", EmailDomains: []string{"acme.com"}}}
	w.APIKeys = []access.APIKey{{ID: "k1", Chatbot: "private", Level: access.UseOnly, AllowedIPs: []string{"192.0.2.0/24", "2001:db8::/32"}}}
	w.Features = []access.Feature{
		{Chatbot: "theirs", Name: "upload", Enabled: true, Limits: map[string]float64{"max_file_size_mb": 10, "max_files": 3}},
		{Chatbot: "theirs", Name: "free", Enabled: true},
	}
	return w
}

// C2, L1: the link is presented in the context, and a denial for lack of it says so.
func TestLink(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	for _, subject := range []access.Object{user("zoe"), user("a stranger"), thing(access.TypeVisitor, "v")} {
		require.True(t, can(t, s, backend, asks(subject, "interact", chatbot("private"), "context.link", link)), subject)
		missing := decision.Answer{Missing: []string{"link"}, Reason: "missing value: link"}
		require.Equal(t, missing, answer(t, s, backend, asks(subject, "interact", chatbot("private"))), subject)
		for _, other := range []any{nil, 5.0, true, []any{link}, map[string]any{"link": link}} {
			require.Equal(t, missing, answer(t, s, backend, asks(subject, "interact", chatbot("private"), "context.link", other)), "%v", other)
		}
		for _, other := range []string{"", "another", plain.LinkDigest(link), strings.ToUpper(link)} {
			require.Equal(t, decision.Answer{}, answer(t, s, backend, asks(subject, "interact", chatbot("private"), "context.link", other)), other)
		}
	}
	for _, place := range []string{"subject", "action", "resource"} {
		require.False(t, can(t, s, backend, asks(user("zoe"), "interact", chatbot("private"), place+".link", link)), place)
	}
}

// C2, G2: the verified address in the directory counts; a sent one only where there is none.
func TestEmail(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	require.Equal(t, decision.Answer{Missing: []string{"email"}, Reason: "missing value: email"}, answer(t, s, backend, asks(user("zoe"), "interact", chatbot("helper"))))
	for sent, want := range map[any]bool{
		"zoe@acme.com": true, "X@ACME.COM": true, "x@sub.acme.com": false, "x@acme.com.evil.org": false, "acme.com": false, "@acme.com": false,
		"": false, 5.0: false, "x@acme.com, y@evil.org": false,
	} {
		require.Equal(t, want, can(t, s, backend, asks(user("zoe"), "interact", chatbot("helper"), "subject.email", sent)), sent)
		require.Equal(t, want, can(t, s, backend, asks(user("a stranger"), "interact", chatbot("helper"), "subject.email", sent)), sent)
		require.False(t, can(t, s, backend, asks(user("mia"), "interact", chatbot("helper"), "subject.email", sent)), "her address is known")
		require.False(t, can(t, s, backend, asks(thing(access.TypeVisitor, "v"), "interact", chatbot("helper"), "subject.email", sent)), sent)
	}
	require.True(t, can(t, s, backend, asks(user("anna"), "interact", chatbot("helper"), "subject.email", "x@evil.org")))
	for _, place := range []string{"context", "action", "resource"} {
		require.False(t, can(t, s, backend, asks(user("zoe"), "interact", chatbot("helper"), place+".email", "x@acme.com")), place)
	}
	require.Equal(t, []string{"anna"}, found(t, s.SearchSubjects, backend, asks(user(""), "interact", chatbot("helper"))))
	require.Equal(t, []string{"anna", "otto", "sam", "zoe"},
		found(t, s.SearchSubjects, backend, asks(user(""), "interact", chatbot("helper"), "subject.email", "x@acme.com")), "each has what an evaluation gives them")
}

// No caller widens access by a property that is called like a parameter of the engine's.
func TestParametersAreNotTheCallers(t *testing.T) {
	e := decisiontest.Start(t)
	w := gated()
	w.Shares = append(w.Shares, access.Share{
		Chatbot: "private", Principal: access.Principal{Kind: access.PrincipalUser, ID: "zoe"}, Level: access.ReadWrite, ExpiresAt: decisiontest.Noon,
	})
	e.Load(w)
	s := e.Service(nil)
	for _, place := range []string{"subject", "action", "resource", "context"} {
		var more []any
		for name, value := range map[string]any{
			"gw_time": "2001-01-01T00:00:00Z", "expires_at": "2099-01-01T00:00:00Z", "now": "2001-01-01T00:00:00Z",
			"gw_link": plain.LinkDigest(link), "gw_email_domain": "acme.com", "domains": []any{"partner.org"}, "gw_ip": "192.0.2.1",
			"allowed_ips": []any{"0.0.0.0/0"}, "gw_values": map[string]any{"max_file_size_mb": 1.0, "max_files": 1.0}, "limits": map[string]any{},
		} {
			more = append(more, place+"."+name, value)
		}
		require.False(t, can(t, s, backend, asks(user("zoe"), "update", chatbot("private"), more...)), place)
		require.False(t, can(t, s, backend, asks(user("zoe"), "interact", chatbot("private"), more...)), place)
		require.False(t, can(t, s, backend, asks(user("mia"), "interact", chatbot("helper"), more...)), place)
		require.False(t, can(t, s, backend, asks(user("zoe"), "use", thing(access.TypeFeature, "theirs/upload"), more...)), place)
		key := asks(thing(access.TypeAPIKey, "k1"), "interact", chatbot("private"), more...)
		key.Subject.Properties["by"] = "id"
		require.False(t, can(t, s, backend, key), place)
	}
}

// K4: a key with ranges is denied without an address, or with one elsewhere.
func TestIP(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	ask := func(more ...any) decision.Answer {
		return answer(t, s, backend, asks(thing(access.TypeAPIKey, "k1"), "interact", chatbot("private"), append(more, "subject.by", "id")...))
	}
	missing := decision.Answer{Missing: []string{"ip"}, Reason: "missing value: ip"}
	require.Equal(t, missing, ask())
	for _, ip := range []any{"", "192.0.2", "192.0.2.1/24", "localhost", 3221225985.0, nil, []any{"192.0.2.1"}} {
		require.Equal(t, missing, ask("context.ip", ip), "%v", ip)
	}
	for ip, want := range map[string]bool{
		"192.0.2.1": true, "192.0.3.1": false, "::ffff:192.0.2.1": true, "2001:db8::1": true, "2001:DB8:0::1": true, "2001:db9::1": false, "fe80::1%eth0": false,
	} {
		require.Equal(t, want, ask("context.ip", ip).Allowed, ip)
	}
	require.Equal(t, missing, ask("subject.ip_address", "192.0.2.1"))
	require.Equal(t, missing, ask("subject.ip", "192.0.2.1"))
}

// F1: each value is at most its limit; one that is missing is named; the decision carries the limits.
func TestFeature(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	limits := map[string]float64{"max_file_size_mb": 10, "max_files": 3}
	upload := thing(access.TypeFeature, "theirs/upload")
	ask := func(more ...any) decision.Answer {
		return answer(t, s, backend, asks(user("zoe"), "use", upload, more...))
	}

	require.Equal(t, decision.Answer{Allowed: true, Limits: limits}, ask("action.file_size_mb", 10.0, "action.files", 3.0))
	require.Equal(t, decision.Answer{Limits: limits, Reason: "over the limit: file_size_mb"}, ask("action.file_size_mb", 10.01, "action.files", 3.0))
	require.Equal(t, decision.Answer{Limits: limits, Missing: []string{"files"}, Reason: "missing value: files"}, ask("action.file_size_mb", 1.0))
	require.Equal(t, decision.Answer{Limits: limits, Missing: []string{"files"}, Reason: "missing value: files; over the limit: file_size_mb"}, ask("action.file_size_mb", 12.0))
	require.Equal(t, decision.Answer{Limits: limits, Reason: "below 0: files"}, ask("action.file_size_mb", 1.0, "action.files", -1.0))
	require.Equal(t, []string{"file_size_mb", "files"}, ask().Missing)
	require.Equal(t, []string{"file_size_mb", "files"}, ask("action.file_size_mb", "1", "action.files", nil).Missing)
	require.Equal(t, []string{"file_size_mb", "files"}, ask("context.file_size_mb", 1.0, "resource.files", 1.0, "subject.files", 1.0).Missing)
	require.Equal(t, []string{"file_size_mb", "files"}, ask("action.max_file_size_mb", 1.0, "action.max_files", 1.0).Missing)
	require.Equal(t, decision.Answer{Allowed: true}, answer(t, s, backend, asks(user("zoe"), "use", thing(access.TypeFeature, "theirs/free"))))
	require.Equal(t, decision.Answer{}, answer(t, s, backend, asks(user("zoe"), "use", thing(access.TypeFeature, "theirs/nothing"))))
	require.Equal(t, decision.Answer{}, answer(t, s, backend, asks(user("zoe"), "use", thing(access.TypeFeature, "private/upload"))))
	require.Equal(t, decision.Answer{}, answer(t, s, backend, asks(user("gone"), "use", upload)), "limits are not what stops who has nothing")

	find := asks(user("zoe"), "use", thing(access.TypeFeature, ""))
	require.Equal(t, []string{"theirs/free"}, found(t, s.SearchResources, backend, find))
	find.Action.Properties = map[string]any{"file_size_mb": 3.0, "files": 1.0}
	require.Equal(t, []string{"theirs/free", "theirs/upload"}, found(t, s.SearchResources, backend, find))
	find.Action.Properties["files"] = -1.0
	require.Equal(t, []string{"theirs/free"}, found(t, s.SearchResources, backend, find))
}

// I1: a feature's ID is its chatbot's and its own name, each as long as it may be.
func TestTheLongestFeatureID(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	bot, name := strings.Repeat("é", access.MaxIDBytes/2), "f"+strings.Repeat("_", 63)
	w.Chatbots = append(w.Chatbots, access.Chatbot{ID: access.ChatbotID(bot), Organization: "acme", Owner: "mia", Visibility: access.Shared, Enabled: true})
	w.Features = []access.Feature{{Chatbot: access.ChatbotID(bot), Name: name, Enabled: true}}
	e.Load(w)
	s := e.Service(nil)
	feature := thing(access.TypeFeature, bot+"/"+name)
	require.True(t, can(t, s, backend, asks(user("mia"), "use", feature)))
	require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, backend, asks(user(""), "use", feature)))
	require.Equal(t, []string{"use"}, found(t, s.SearchActions, backend, asks(user("mia"), "", feature)))
	for _, id := range []string{bot + "x/" + name, bot + "/" + name + "x", "/" + name, bot + "/"} {
		require.False(t, can(t, s, backend, asks(user("mia"), "use", thing(access.TypeFeature, id))), id)
	}
}

// More values than a condition takes are left out where they do not matter, and are never an error of the server.
func TestTooManyValues(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	more := []any{"action.file_size_mb", 1.0, "action.files", 1.0, "context.note", strings.Repeat("x", 100_000), "subject.note", strings.Repeat("x", 100_000)}
	for i := range 2000 {
		more = append(more, fmt.Sprintf("action.v%d", i), float64(i))
	}
	upload := thing(access.TypeFeature, "theirs/upload")
	require.True(t, can(t, s, backend, asks(user("zoe"), "use", upload, more...)))
	require.True(t, can(t, s, backend, asks(user("zoe"), "interact", chatbot("theirs"), more...)))
	require.Len(t, found(t, s.SearchSubjects, backend, asks(user(""), "use", upload, more...)), 5)
	_, err := s.SearchResources(t.Context(), backend, asks(user("zoe"), "use", upload, more...), decision.Page{})
	require.Equal(t, access.KindTooLarge, access.KindOf(err))
}
