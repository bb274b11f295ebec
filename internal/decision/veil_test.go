package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
)

// C7: anna manages helper, and sets gates to learn about zoe, who is a stranger to her: her type, the domain of her address, her roles, her
// organizations. Whatever the gate asks, and whether or not zoe passes it, anna gets the same answer by every way of asking.
func TestC7GatesTellNothingOfStrangers(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Users[3].Email, w.Users[3].EmailVerified = "zoe@partner.org", true
	w.Memberships[1].Source = access.Accepted                                                                                                 // mia came by herself
	w.Memberships = append(w.Memberships, access.Membership{Organization: "acme", User: "zoe", Role: access.OrgClient, Source: access.Added}) // anna put her there
	w.Roles = []access.Role{{ID: "tier1", Organization: "acme"}, {ID: "secret", Organization: "globex"}, {ID: "premium"}}
	w.Assignments = []access.RoleAssignment{{Role: "tier1", User: "zoe"}, {Role: "secret", User: "zoe"}, {Role: "premium", User: "zoe"}}
	w.Resources = []access.Resource{{Type: access.TypeDocument, ID: "doc", Chatbot: "helper", Mode: access.ModePublic}}
	w.Features = []access.Feature{{Chatbot: "helper", Name: "plain", Enabled: true}}
	anna, key := as("anna"), confined
	gates := map[string][2]access.Policy{ // one that zoe passes, and one that she does not
		"email_domains":  {{EmailDomains: []string{"partner.org"}}, {EmailDomains: []string{"acme.com"}}},
		"user_types":     {{UserTypes: []access.UserType{access.External}}, {UserTypes: []access.UserType{access.Internal}}},
		"entities":       {{Entities: []access.OrganizationID{"globex"}}, {Entities: []access.OrganizationID{"other"}}},
		"mixed entities": {{Entities: []access.OrganizationID{"globex", "acme"}}, {Entities: []access.OrganizationID{"other"}}},
		"allowed_roles":  {{AllowedRoles: []string{"secret"}}, {AllowedRoles: []string{"platform:site_admin"}}},
		"required_roles": {{RequiredRoles: []string{"premium"}}, {RequiredRoles: []string{"platform:content_user"}}},
	}
	w.Organizations = append(w.Organizations, access.Organization{ID: "other"})
	questions := []decision.Request{
		asks(user("zoe"), "interact", chatbot("helper")), asks(user("zoe"), "view", thing(access.TypeDocument, "doc")),
		asks(user("zoe"), "use", thing(access.TypeFeature, "helper/plain")),
	}
	load := func(p access.Policy) *decision.Service {
		p.Chatbot = "helper"
		w.Policies = []access.Policy{p}
		e.Load(w)
		return e.Service(nil)
	}
	for name, pair := range gates {
		for i, policy := range pair {
			s := load(policy)
			for _, req := range questions {
				require.Equal(t, i == 0, can(t, s, backend, req), "%s: a backend learns it: %+v", name, req)
				require.Equal(t, i == 0, can(t, s, as("zoe"), req), "%s: zoe learns it: %+v", name, req)
				for _, actor := range []access.Actor{anna, key, confinedAs("anna")} {
					got := answer(t, s, actor, explained(req))
					require.False(t, got.Allowed, "%s: %+v", name, req)
					about := access.Object{Type: access.Type(req.Resource.Type), ID: req.Resource.ID}
					require.Equal(t, veiledReason("zoe"), got.Why, "%s: %s", name, about)
					require.Empty(t, got.Missing, name)
				}
			}
			for _, actor := range []access.Actor{anna, key} {
				require.NotContains(t, found(t, s.SearchSubjects, actor, questions[0]), "zoe", name)
				require.NotContains(t, found(t, s.SearchSubjects, actor, questions[1]), "zoe", name)
				require.NotContains(t, found(t, s.SearchActions, actor, questions[0]), "interact", name)
				require.Empty(t, found(t, s.SearchResources, actor, questions[1]), name)
			}
			f, err := s.ListResources(t.Context(), anna, access.TypeDocument, "helper", decision.Entity{Type: "user", ID: "zoe"}, decision.Page{})
			require.NoError(t, err)
			require.Empty(t, f.IDs, name)
		}
	}

	// Of those who came to acme by themselves, and by gates that ask for nothing but acme, she learns.
	s := load(access.Policy{UserTypes: []access.UserType{access.External}})
	require.True(t, can(t, s, anna, asks(user("mia"), "interact", chatbot("helper"))))
	s = load(access.Policy{RequiredRoles: []string{"tier1"}, Entities: []access.OrganizationID{"acme"}})
	require.True(t, can(t, s, anna, questions[0]))
	require.True(t, can(t, s, as("sam"), questions[0]), "a site admin")
	s = load(access.Policy{UserTypes: []access.UserType{access.External}})
	require.True(t, can(t, s, as("sam"), questions[0]), "a site admin")
	require.True(t, can(t, s, anna, asks(user("zoe"), "read", chatbot("helper"))), "gates are about interact")
}

// veiledReason is the explanation of a denial whose reason is not the actor's to know. It is the same for everybody whom the actor does not know, whatever
// they have, and whether they exist or have gone (C6).
func veiledReason(who string) *decision.Explanation {
	return &decision.Explanation{StoppedBy: []string{
		"gates count as failed and the reason is not shown, because " + who + " has not joined an organization of yours (C7)",
	}}
}

// A feature's conditions are gates, too (F1).
func TestC7FeaturesTellNothingOfStrangers(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Features = []access.Feature{
		{Chatbot: "helper", Name: "external", Enabled: true, UserTypes: []access.UserType{access.External}},
		{Chatbot: "helper", Name: "internal", Enabled: true, UserTypes: []access.UserType{access.Internal}},
	}
	e.Load(w)
	s := e.Service(nil)
	for name, passes := range map[string]bool{"external": true, "internal": false} {
		req := asks(user("zoe"), "use", thing(access.TypeFeature, "helper/"+name))
		require.Equal(t, passes, can(t, s, backend, req))
		require.Equal(t, veiledReason("zoe"), answer(t, s, as("anna"), explained(req)).Why)
		require.False(t, can(t, s, as("anna"), req))
	}
}

// C7: a review of a chatbot, or of a user, does not tell either.
func TestC7ReviewsTellNothingOfStrangers(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Shares = append(w.Shares, access.Share{Chatbot: "private", Principal: access.Principal{Kind: access.PrincipalUser, ID: "zoe"}, Level: access.ReadOnly})
	w.Policies = []access.Policy{{Chatbot: "private", UserTypes: []access.UserType{access.External}}}
	e.Load(w)
	s := e.Service(nil)
	reviewed := func(actor access.Actor) []access.Action {
		page, _, err := s.ChatbotAccess(t.Context(), actor, "private", "", 100)
		require.NoError(t, err)
		mine, _, err := s.UserAccess(t.Context(), actor, "zoe", "", 100, func(ids []access.ChatbotID) ([]bool, error) {
			known := make([]bool, len(ids))
			for i, id := range ids {
				known[i] = id == "private"
			}
			return known, nil
		})
		require.NoError(t, err)
		require.Len(t, mine, 1)
		for _, h := range page {
			if h.User == "zoe" {
				require.Equal(t, mine[0].Actions, h.Actions)
				return h.Actions
			}
		}
		return nil
	}
	require.Equal(t, []access.Action{access.Interact, access.Read, access.ReadHistory}, reviewed(backend))
	require.Equal(t, []access.Action{access.Read, access.ReadHistory}, reviewed(as("anna")))
	require.Equal(t, []access.Action{access.Read, access.ReadHistory}, reviewed(confined))
}

// B4: explanations, and lists of what somebody may use, are of an organization's settings.
func TestB4WhatIsExplainedAndListedOnlyFromAllowedAddresses(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Organizations[0].AllowedIPs = []string{"10.0.0.0/8"}
	w.Resources = []access.Resource{{Type: access.TypeDocument, ID: "doc", Chatbot: "helper", Mode: access.ModePublic}}
	e.Load(w)
	s := e.Service(nil)
	from := func(a access.Actor, address string) access.Actor { a.Address = address; return a }
	list := func(actor access.Actor) error {
		_, err := s.ListResources(t.Context(), actor, access.TypeDocument, "helper", decision.Entity{Type: "user", ID: "anna"}, decision.Page{})
		return err
	}
	req := explained(asks(user("anna"), "interact", chatbot("helper")))
	only := []string{"chatbot:helper is explained only to callers from the allowed IP ranges of its organization (B4)"}
	for _, actor := range []access.Actor{as("anna"), confined} {
		here, away := from(actor, "10.1.2.3"), from(actor, "192.0.2.1")
		require.NoError(t, list(here))
		require.Equal(t, access.KindDenied, access.KindOf(list(away)))
		require.NotEqual(t, only, answer(t, s, here, req).Why.Because)
		got := answer(t, s, away, req)
		require.True(t, got.Allowed, "the decision stands")
		require.Equal(t, only, got.Why.Because)
	}
	require.NoError(t, list(from(backend, "192.0.2.1")))
	require.NotEqual(t, only, answer(t, s, from(backend, "192.0.2.1"), req).Why.Because)
	require.NotEmpty(t, found(t, s.SearchSubjects, from(as("anna"), "10.1.2.3"), asks(user(""), "update", chatbot("helper"))))
	require.Equal(t, []string{"anna"}, found(t, s.SearchSubjects, from(as("anna"), "192.0.2.1"), asks(user(""), "interact", chatbot("helper"))), "herself")
}
