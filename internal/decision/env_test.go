package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// The callers of the stories.
var (
	backend  = decisiontest.Backend
	confined = access.Actor{Key: "acme's", Access: access.KeyFull, Organization: "acme"}
)

func as(user access.UserID) access.Actor { return access.Actor{User: user} }

func confinedAs(user access.UserID) access.Actor {
	return access.Actor{Key: "acme's", Access: access.KeyFull, Organization: "acme", User: user}
}

// acme is two organizations with a chatbot each. anna and otto own acme and globex; mia is a member of acme, zoe of globex; sam is a site
// admin; gone was deleted and idle is inactive. Both chatbots are shared with everyone: acme's to read.
func acme() *plain.World {
	return &plain.World{
		Users: []access.User{
			{ID: "anna", Active: true, Type: access.Internal, Email: "anna@acme.com", EmailVerified: true},
			{ID: "mia", Active: true, Email: "mia@partner.org", EmailVerified: true},
			{ID: "otto", Active: true}, {ID: "zoe", Active: true, Email: "zoe@acme.com"},
			{ID: "sam", Active: true, Type: access.Internal},
			{ID: "gone", Deleted: true}, {ID: "idle"},
		},
		PlatformGrants: []access.PlatformGrant{{Role: access.SiteAdmin, User: "sam"}},
		Organizations:  []access.Organization{{ID: "acme"}, {ID: "globex"}},
		Memberships: []access.Membership{
			{Organization: "acme", User: "anna", Role: access.OrgOwner}, {Organization: "acme", User: "mia", Role: access.OrgMember},
			{Organization: "globex", User: "otto", Role: access.OrgOwner}, {Organization: "globex", User: "zoe", Role: access.OrgMember},
		},
		Teams: []access.Team{{ID: "support", Organization: "acme"}},
		Chatbots: []access.Chatbot{
			{ID: "helper", Organization: "acme", Owner: "anna", Visibility: access.Shared, Enabled: true},
			{ID: "private", Organization: "acme", Owner: "anna", Visibility: access.Shared, Enabled: true},
			{ID: "theirs", Organization: "globex", Owner: "otto", Visibility: access.Shared, Enabled: true},
		},
		Shares: []access.Share{
			{Chatbot: "helper", Principal: access.Everyone, Level: access.ReadOnly},
			{Chatbot: "theirs", Principal: access.Everyone, Level: access.UseOnly},
		},
	}
}

// asks makes a request; each pair of more is where a value goes, as in "context.link", and the value.
func asks(subject access.Object, action string, resource access.Object, more ...any) decision.Request {
	req := decision.Request{
		Subject:  decision.Entity{Type: string(subject.Type), ID: subject.ID, Properties: map[string]any{}},
		Action:   decision.Action{Name: action, Properties: map[string]any{}},
		Resource: decision.Entity{Type: string(resource.Type), ID: resource.ID, Properties: map[string]any{}},
		Context:  map[string]any{},
	}
	places := map[string]map[string]any{
		"subject": req.Subject.Properties, "action": req.Action.Properties, "resource": req.Resource.Properties, "context": req.Context,
	}
	for i := 0; i+1 < len(more); i += 2 {
		for place, values := range places {
			if name, ok := more[i].(string); ok && len(name) > len(place) && name[:len(place)+1] == place+"." {
				values[name[len(place)+1:]] = more[i+1]
			}
		}
	}
	return req
}

func user(id string) access.Object { return access.Object{Type: access.TypeUser, ID: id} }

func chatbot(id string) access.Object { return access.Object{Type: access.TypeChatbot, ID: id} }

func thing(t access.Type, id string) access.Object { return access.Object{Type: t, ID: id} }

// answer is the service's.
func answer(t *testing.T, s *decision.Service, actor access.Actor, req decision.Request) decision.Answer {
	t.Helper()
	a, err := s.Evaluate(t.Context(), actor, req)
	require.NoError(t, err)
	return a
}

// can reports whether the answer is yes.
func can(t *testing.T, s *decision.Service, actor access.Actor, req decision.Request) bool {
	t.Helper()
	return answer(t, s, actor, req).Allowed
}

// found is the results of a search, all on one page.
func found(t *testing.T, find decisiontest.Search, actor access.Actor, req decision.Request) []string {
	t.Helper()
	f, err := find(t.Context(), actor, req, decision.Page{})
	require.NoError(t, err)
	require.Empty(t, f.Next)
	return f.IDs
}
