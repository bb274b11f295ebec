package decision_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// explained is the request with the wish to be told why.
func explained(req decision.Request) decision.Request {
	req.Explain = true
	return req
}

// B3: for a key confined to an organization there is nothing outside it, in evaluations and in searches.
func TestConfinedKeys(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Resources = []access.Resource{
		{Type: access.TypeDocument, ID: "ours", Chatbot: "helper", Mode: access.ModePublic},
		{Type: access.TypeDocument, ID: "theirs", Chatbot: "theirs", Mode: access.ModePublic},
	}
	w.Features = []access.Feature{{Chatbot: "helper", Name: "f", Enabled: true}, {Chatbot: "theirs", Name: "f", Enabled: true}}
	e.Load(w)
	s := e.Service(nil)

	for _, req := range []decision.Request{
		asks(user("zoe"), "interact", chatbot("helper")), asks(user("anna"), "billing", thing(access.TypeOrganization, "acme")),
		asks(user("anna"), "manage_members", thing(access.TypeTeam, "support")), asks(user("zoe"), "view", thing(access.TypeDocument, "ours")),
		asks(user("zoe"), "use", thing(access.TypeFeature, "helper/f")),
	} {
		require.True(t, can(t, s, confined, req), "%+v", req)
	}
	for _, req := range []decision.Request{
		asks(user("otto"), "update", chatbot("theirs")), asks(user("anna"), "interact", chatbot("theirs")),
		asks(user("otto"), "billing", thing(access.TypeOrganization, "globex")), asks(user("sam"), "administer", access.PlatformObject),
		asks(user("zoe"), "view", thing(access.TypeDocument, "theirs")), asks(user("zoe"), "use", thing(access.TypeFeature, "theirs/f")),
	} {
		require.True(t, can(t, s, backend, req), "%+v", req)
		for _, wish := range []bool{false, true} {
			req.Explain = wish
			absent := req
			absent.Resource.ID = "nothing"
			got, nothing := answer(t, s, confined, req), answer(t, s, confined, absent)
			require.False(t, got.Allowed)
			if !wish {
				require.Equal(t, decision.Answer{}, got)
			}
			require.Equal(t, unseen(nothing.Why, absent), unseen(got.Why, req), "%+v", req)
		}
		require.Empty(t, found(t, s.SearchSubjects, confined, asks(user(""), req.Action.Name, thing(access.Type(req.Resource.Type), req.Resource.ID))))
		require.Empty(t, found(t, s.SearchActions, confined, asks(user(req.Subject.ID), "", thing(access.Type(req.Resource.Type), req.Resource.ID))))
	}
	require.Equal(t, []string{"helper"}, found(t, s.SearchResources, confined, asks(user("zoe"), "interact", chatbot(""))))
	require.Equal(t, []string{"ours"}, found(t, s.SearchResources, confined, asks(user("zoe"), "view", thing(access.TypeDocument, ""))))
	require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, confined, asks(user(""), "interact", chatbot("helper"))),
		"its own people, and the site admin, who acts there")
	require.Equal(t, []string{"anna", "mia", "otto", "sam", "zoe"}, found(t, s.SearchSubjects, backend, asks(user(""), "interact", chatbot("helper"))))
}

// unseen is the explanation without the name of what the request asks about, which is all that C6 lets it hold.
func unseen(why *decision.Explanation, req decision.Request) any {
	if why == nil {
		return nil
	}
	name := access.Object{Type: access.Type(req.Resource.Type), ID: req.Resource.ID}.String()
	return decision.Explanation{Because: why.Because, CouldBeGrantedBy: why.CouldBeGrantedBy,
		StoppedBy: []string{strings.ReplaceAll(strings.Join(why.StoppedBy, "\n"), name, "…")}}
}

// hidden is the explanation of what the actor may not see.
var hidden = decision.Explanation{StoppedBy: []string{"… does not exist, or you may not see it"}}

// C7: a user asks about themselves, and about others only on what they manage the access to.
func TestActingUsers(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Resources = []access.Resource{{Type: access.TypeMetric, ID: "m", Chatbot: "helper", Mode: access.ModePublic}}
	w.APIKeys = []access.APIKey{{ID: "k1", Chatbot: "helper", Level: access.UseOnly}}
	e.Load(w)
	s := e.Service(nil)
	aboutZoe := []decision.Request{
		asks(user("zoe"), "interact", chatbot("helper")), asks(user("zoe"), "view", thing(access.TypeMetric, "m")),
		asks(user("mia"), "view_data", thing(access.TypeOrganization, "acme")), asks(user("anna"), "manage_members", thing(access.TypeTeam, "support")),
		asks(thing(access.TypeAPIKey, "k1"), "interact", chatbot("helper"), "subject.by", "id"),
		asks(thing(access.TypeAPIKey, decisiontest.Secret("k1")), "interact", chatbot("helper")),
	}
	for _, req := range aboutZoe {
		require.True(t, can(t, s, backend, req), "%+v", req)
		require.True(t, can(t, s, as("sam"), req), "a site admin: %+v", req)
		require.True(t, can(t, s, access.Actor{Key: "backend", Access: access.KeyFull, User: "anna"}, req), "%+v", req)
		if req.Subject.ID != "anna" {
			require.True(t, can(t, s, as("anna"), req), "%+v", req)
		}
		for _, other := range []access.UserID{"otto", "gone", "a stranger"} {
			require.Equal(t, decision.Answer{}, answer(t, s, as(other), req), "%s: %+v", other, req)
			require.Equal(t, hidden, unseen(answer(t, s, as(other), explained(req)).Why, req), "%s: %+v", other, req)
		}
	}
	require.True(t, can(t, s, as("zoe"), aboutZoe[0]))
	require.True(t, can(t, s, as("zoe"), aboutZoe[1]))
	require.False(t, can(t, s, as("mia"), aboutZoe[0]), "a member does not manage the access")
	require.False(t, can(t, s, as("anna"), asks(user("sam"), "administer", access.PlatformObject)))
	require.True(t, can(t, s, as("sam"), asks(user("sam"), "administer", access.PlatformObject)))

	everyone := []string{"anna", "mia", "otto", "sam", "zoe"}
	interact := asks(user(""), "interact", chatbot("helper"))
	require.Equal(t, everyone, found(t, s.SearchSubjects, as("sam"), interact))
	require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, as("anna"), interact), "the people of her organization")
	require.Equal(t, []string{"zoe"}, found(t, s.SearchSubjects, as("zoe"), interact), "herself")
	require.Empty(t, found(t, s.SearchSubjects, as("zoe"), asks(user(""), "update", chatbot("helper"))))
	require.Empty(t, found(t, s.SearchSubjects, as("zoe"), asks(thing(access.TypeAPIKey, ""), "interact", chatbot("helper"))))
	require.Equal(t, []string{"k1"}, found(t, s.SearchSubjects, as("anna"), asks(thing(access.TypeAPIKey, ""), "interact", chatbot("helper"))))
	require.Equal(t, []string{"helper", "theirs"}, found(t, s.SearchResources, as("zoe"), asks(user("zoe"), "interact", chatbot(""))))
	require.Equal(t, []string{"helper"}, found(t, s.SearchResources, as("anna"), asks(user("zoe"), "interact", chatbot(""))), "where anna manages it")
	require.Empty(t, found(t, s.SearchResources, as("zoe"), asks(user("anna"), "interact", chatbot(""))))
	require.Equal(t, []string{"interact", "read", "read_history"}, found(t, s.SearchActions, as("zoe"), asks(user("zoe"), "", chatbot("helper"))))
	require.Empty(t, found(t, s.SearchActions, as("zoe"), asks(user("mia"), "", chatbot("helper"))))
}

// B3: a confined key that acts for a user is bound twice.
func TestConfinedAndActing(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	s := e.Service(nil)
	require.True(t, can(t, s, confinedAs("mia"), asks(user("mia"), "interact", chatbot("helper"))))
	require.False(t, can(t, s, confinedAs("mia"), asks(user("mia"), "interact", chatbot("theirs"))), "open to everyone, and outside")
	require.False(t, can(t, s, confinedAs("mia"), asks(user("anna"), "interact", chatbot("helper"))))
	require.True(t, can(t, s, confinedAs("anna"), asks(user("mia"), "interact", chatbot("helper"))))
	require.False(t, can(t, s, confinedAs("sam"), asks(user("otto"), "interact", chatbot("theirs"))))
	require.Equal(t, []string{"anna", "mia", "sam"}, found(t, s.SearchSubjects, confinedAs("sam"), asks(user(""), "interact", chatbot("helper"))))
	require.Equal(t, []string{"helper"}, found(t, s.SearchResources, confinedAs("mia"), asks(user("mia"), "interact", chatbot(""))))
}

// C6: what stopped a denial is told to account keys and to those who could see the resource.
func TestWhoLearnsReasons(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Chatbots[1].PublicMode, w.Chatbots[1].LinkDigest = access.AudienceEveryone, plain.LinkDigest(link)
	w.Policies = []access.Policy{{Chatbot: "helper", EmailDomains: []string{"partner.org"}}, {Chatbot: "private", EmailDomains: []string{"partner.org"}}}
	w.Features = []access.Feature{
		{Chatbot: "theirs", Name: "upload", Enabled: true, Limits: map[string]float64{"max_files": 3}},
		{Chatbot: "private", Name: "upload", Enabled: true, Limits: map[string]float64{"max_files": 3}},
	}
	e.Load(w)
	s := e.Service(nil)
	told := func(actor access.Actor, req decision.Request) []string { return answer(t, s, actor, req).Missing }

	helper, private := asks(user("zoe"), "interact", chatbot("helper")), asks(user("zoe"), "interact", chatbot("private"), "context.link", link)
	require.Equal(t, []string{"email"}, told(backend, helper))
	require.Empty(t, told(confined, helper), "zoe is a stranger to acme (C7)")
	require.Empty(t, told(as("anna"), helper), "zoe is a stranger to her (C7)")
	require.Equal(t, []string{"email"}, told(as("zoe"), helper), "she may read it, so she may know")
	require.Equal(t, []string{"email"}, told(backend, private))
	require.Equal(t, decision.Answer{}, answer(t, s, as("zoe"), private), "for her it is not there")
	require.Equal(t, hidden, unseen(answer(t, s, as("zoe"), explained(private)).Why, private), "for her it is not there")

	upload := asks(user("zoe"), "use", thing(access.TypeFeature, "theirs/upload"))
	require.Equal(t, []string{"files"}, told(as("zoe"), upload))
	require.Equal(t, []string{"files"}, told(as("otto"), upload))
	upload.Resource.ID = "private/upload"
	require.Equal(t, decision.Answer{}, answer(t, s, as("zoe"), upload))

	stops := func(actor access.Actor, req decision.Request) []string {
		return answer(t, s, actor, explained(req)).Why.StoppedBy
	}
	require.Equal(t, []string{"chatbot:nothing does not exist, or you may not see it"}, stops(backend, asks(user("zoe"), "update", chatbot("nothing"))))
	require.Equal(t, []string{"no share or role gives update to zoe on helper (3.1, 3.2)"}, stops(backend, asks(user("zoe"), "update", chatbot("helper"))))
	require.Equal(t, []string{"gone is inactive or deleted (N2)"}, stops(backend, asks(user("gone"), "interact", chatbot("helper"))))
	for _, actor := range []access.Actor{confined, as("anna")} {
		for _, who := range []string{"gone", "zoe", "nobody"} {
			require.Equal(t, veiledReason(who).StoppedBy, stops(actor, asks(user(who), "interact", chatbot("helper"))), "who is gone is not told (C6)")
		}
	}
	for _, nobody := range []access.Object{user("gone"), user("idle"), thing(access.TypeAPIKey, "nobody's"), thing("robot", "r2")} {
		for _, bot := range []string{"helper", "theirs", "nothing"} {
			req := asks(nobody, "interact", chatbot(bot))
			require.Equal(t, hidden, unseen(answer(t, s, as("mia"), explained(req)).Why, req), "who may not ask about others is not told who is gone: %+v", req)
		}
	}
	require.Equal(t, []string{"unknown action for this type of resource"}, stops(as("zoe"), asks(user("zoe"), "fly", chatbot("helper"))))
}

// R3, C6: a restricted metric answers, for who may not view it, like one that is not there: whatever is asked, and whoever asks.
func TestRestrictedMetricsLeaveNoTrace(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Chatbots[0].PublicMode, w.Chatbots[0].LinkDigest = access.AudienceAuthenticated, plain.LinkDigest(link)
	w.Policies = []access.Policy{{Chatbot: "helper", EmailDomains: []string{"acme.com"}}}
	w.Resources = []access.Resource{
		{Type: access.TypeMetric, ID: "secret", Chatbot: "helper", Mode: access.ModeRestricted, Allowed: []access.Principal{{Kind: access.PrincipalUser, ID: "mia"}}},
		{Type: access.TypeMetric, ID: "public", Chatbot: "helper", Mode: access.ModePublic},
	}
	e.Load(w)
	s := e.Service(nil)
	for _, id := range []string{"secret", "public"} {
		there, absent := asks(user("zoe"), "view", thing(access.TypeMetric, id)), asks(user("zoe"), "view", thing(access.TypeMetric, "nothing"))
		require.Equal(t, answer(t, s, as("zoe"), absent), answer(t, s, as("zoe"), there))
		require.Equal(t, hidden, unseen(answer(t, s, as("zoe"), explained(absent)).Why, absent))
		require.Equal(t, hidden, unseen(answer(t, s, as("zoe"), explained(there)).Why, there))
	}
	require.Empty(t, found(t, s.SearchResources, as("zoe"), asks(user("zoe"), "view", thing(access.TypeMetric, ""))))
	require.Equal(t, []string{"public"}, found(t, s.SearchResources, as("zoe"), asks(user("zoe"), "view", thing(access.TypeMetric, ""), "subject.email", "z@acme.com")))
}
