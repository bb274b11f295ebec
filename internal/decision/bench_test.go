package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// BenchmarkEvaluate is one decision at a time whose parts are cached: on the newest state, and on one that includes the last change.
func BenchmarkEvaluate(b *testing.B) {
	e := decisiontest.Start(b)
	e.Load(&plain.World{
		Users:         []access.User{{ID: "alice", Active: true}},
		Organizations: []access.Organization{{ID: "acme"}},
		Memberships:   []access.Membership{{Organization: "acme", User: "alice", Role: access.OrgOwner}},
		Chatbots:      []access.Chatbot{{ID: "helper", Organization: "acme", Owner: "alice", Visibility: access.Shared, Enabled: true}},
	})
	req := decision.Request{
		Subject: decision.Entity{Type: "user", ID: "alice"}, Action: decision.Action{Name: "interact"},
		Resource: decision.Entity{Type: "chatbot", ID: "helper"},
	}
	services := map[string]*decision.Service{
		"newest":      e.Service(nil),
		"last change": decision.New(decision.Config{Engine: e.Engine, Directory: e, Fresh: e.Fresh}),
	}
	for name, s := range services {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a, err := s.Evaluate(b.Context(), backend, req)
				require.NoError(b, err)
				require.True(b, a.Allowed)
			}
		})
	}
}

// BenchmarkExplain is one explanation after the other, of a grant and of a denial.
func BenchmarkExplain(b *testing.B) {
	e := decisiontest.Start(b)
	e.Load(storyWorld())
	s := e.Service(nil)
	for name, req := range map[string]decision.Request{
		"check": asks(user("pat"), "interact", chatbot("gated")), "denied": explained(asks(user("pat"), "interact", chatbot("gated"))),
		"allowed": explained(asks(user("cal"), "read", chatbot("helper"))),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := s.Evaluate(b.Context(), backend, req)
				require.NoError(b, err)
			}
		})
	}
}
