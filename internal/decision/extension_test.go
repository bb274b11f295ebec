package decision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/spice"
)

// extended is acme with the todo lists and tools of the example extension; bob and carol are of no organization.
func extended(t *testing.T) (*decisiontest.Env, *decision.Service) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "spice", "testdata", "todo.yaml"))
	require.NoError(t, err)
	x, err := spice.ParseExtension("todo.yaml", data)
	require.NoError(t, err)
	e := decisiontest.Start(t)
	e.Install(x)
	w := acme()
	w.Users = append(w.Users, access.User{ID: "alice", Active: true}, access.User{ID: "bob", Active: true}, access.User{ID: "carol", Active: true})
	w.Resources = []access.Resource{{Type: access.TypeMCPServer, ID: "search", Chatbot: "helper", Mode: access.ModeAuthenticated}}
	e.Load(w)
	return e, e.Service(x)
}

func todo(id string) access.Object { return thing("todo", id) }

func TestExtensionsAreDecidedLikeTheRest(t *testing.T) {
	_, s := extended(t)
	for _, action := range []string{"read", "GET", "can_read_todos", "update", "PUT", "manage_access"} {
		require.True(t, can(t, s, backend, asks(user("alice"), action, todo("todo:{id}"))), action)
		require.False(t, can(t, s, backend, asks(user("otto"), action, todo("todo:{id}"))), action)
	}
	for _, action := range []string{"owner", "POST", "get", "tools/list", "organization"} {
		require.False(t, can(t, s, backend, asks(user("alice"), action, todo("todo:{id}"))), action)
	}
	require.True(t, can(t, s, backend, asks(user("mia"), "GET", todo("groceries"))), "the organization's people, through a built-in permission")
	require.False(t, can(t, s, backend, asks(user("gone"), "GET", todo("groceries"))))
	require.True(t, can(t, s, backend, asks(user("zoe"), "tools/list", thing("tool", "search/web"))), "whoever may use the server")
	require.False(t, can(t, s, backend, asks(thing(access.TypeVisitor, "v"), "tools/list", thing("tool", "search/web"))))
	require.False(t, can(t, s, confined, asks(user("mia"), "GET", todo("groceries"))), "it belongs to no organization")
}

// A caveat's parameters are filled by name from the context, the action, the resource and the subject, the first that has it.
func TestExtensionValues(t *testing.T) {
	_, s := extended(t)
	update := func(more ...any) decision.Answer {
		return answer(t, s, backend, asks(user("bob"), "PUT", todo("groceries"), more...))
	}
	for _, place := range []string{"context", "action", "resource", "subject"} {
		require.True(t, update(place+".status", "open").Allowed, place)
		require.Equal(t, decision.Answer{}, update(place+".status", "archived"), place)
		require.Equal(t, decision.Answer{Mistyped: []string{"status"}, Reason: "wrong type for the condition: status"}, update(place+".status", 5.0), place)
	}
	require.Equal(t, decision.Answer{Missing: []string{"status"}, Reason: "missing value: status"}, update())
	require.Equal(t, decision.Answer{Missing: []string{"status"}, Reason: "missing value: status"}, update("context.status", nil))
	require.True(t, update("context.status", "open", "action.status", "archived").Allowed)
	require.False(t, update("action.status", "archived", "resource.status", "open").Allowed)
	require.True(t, update("resource.status", "open", "subject.status", "archived").Allowed)
	require.True(t, update("context.status", nil, "subject.status", "open").Allowed, "a null is as good as absent")
	require.False(t, update("context.status", []any{"open"}, "subject.status", "open").Allowed, "a value of another type is not passed over")
	require.Equal(t, decision.Answer{Reason: "the request has more values than a condition can take"}, update("context.status", strings.Repeat("x", 5000)))
	require.True(t, update("context.status", "open", "context.other", strings.Repeat("x", 5000)).Allowed)

	call := func(more ...any) bool {
		return can(t, s, backend, asks(user("zoe"), "tools/call", thing("tool", "search/web"), more...))
	}
	require.True(t, call("action.cost", 10.0))
	require.False(t, call("action.cost", 11.0))
	require.False(t, call("action.cost", 11.0, "action.budget", 100.0), "what is stored with the relationship holds")
	require.False(t, call("action.cost", 1.5))
	require.False(t, call())
}

// The server itself gives subject_id, resource_id and now.
func TestExtensionsAreGivenWhatIsTheServers(t *testing.T) {
	e, s := extended(t)
	require.True(t, can(t, s, backend, asks(user("otto"), "GET", todo("groceries"), "resource.author", "otto")))
	require.False(t, can(t, s, backend, asks(user("otto"), "GET", todo("groceries"), "resource.author", "zoe")))
	require.False(t, can(t, s, backend, asks(user("otto"), "GET", todo("groceries"), "resource.author", "zoe", "context.subject_id", "zoe")))
	require.Equal(t, []string{"alice", "anna", "carol", "mia", "otto", "sam"},
		found(t, s.SearchSubjects, backend, asks(user(""), "GET", todo("groceries"), "resource.author", "otto")), "each by their own ID")

	end := decisiontest.Noon.Add(10 * time.Second)
	for at, want := range map[time.Time]bool{end.Add(-time.Millisecond): true, end: false} {
		e.Set(at)
		require.Equal(t, want, can(t, s, backend, asks(user("carol"), "GET", todo("groceries"))), at)
		require.Equal(t, want, can(t, s, backend, asks(user("carol"), "GET", todo("groceries"), "context.now", "2001-01-01T00:00:00Z")), at)
	}
}

func TestExtensionsAreSearched(t *testing.T) {
	_, s := extended(t)
	require.Equal(t, []string{"alice", "anna", "bob", "carol", "mia", "sam"},
		found(t, s.SearchSubjects, backend, asks(user(""), "GET", todo("groceries"), "resource.status", "open")))
	require.Equal(t, []string{"groceries", "todo:{id}"}, found(t, s.SearchResources, backend, asks(user("alice"), "can_read_todos", todo(""))))
	require.Equal(t, []string{"groceries"}, found(t, s.SearchResources, backend, asks(user("bob"), "PUT", todo(""), "context.status", "open")))
	require.Empty(t, found(t, s.SearchResources, backend, asks(user("bob"), "PUT", todo(""))))
	require.Empty(t, found(t, s.SearchResources, backend, asks(user("bob"), "PUT", todo(""), "context.status", 5.0)))
	require.Equal(t, []string{"GET", "PUT", "can_read_todos", "manage_access", "read", "update"},
		found(t, s.SearchActions, backend, asks(user("alice"), "", todo("groceries"))))
	require.Equal(t, []string{"list", "tools/list"}, found(t, s.SearchActions, backend, asks(user("zoe"), "", thing("tool", "search/web"))))
}

// C7: on an extension's types, who has its manage_access may ask about others.
func TestActingUsersAndExtensions(t *testing.T) {
	_, s := extended(t)
	require.True(t, can(t, s, as("mia"), asks(user("mia"), "GET", todo("groceries"))))
	require.True(t, can(t, s, as("alice"), asks(user("mia"), "GET", todo("groceries"))))
	require.False(t, can(t, s, as("mia"), asks(user("alice"), "GET", todo("groceries"))))
	require.False(t, can(t, s, as("alice"), asks(user("zoe"), "tools/list", thing("tool", "search/web"))), "a type without manage_access")
	require.Equal(t, []string{"status"}, answer(t, s, as("alice"), asks(user("bob"), "PUT", todo("groceries"))).Missing)
	require.Equal(t, decision.Answer{}, answer(t, s, as("bob"), asks(user("bob"), "PUT", todo("groceries"))), "for bob it is not there")
	require.Equal(t, []string{"alice", "anna", "carol", "mia", "sam"}, found(t, s.SearchSubjects, as("alice"), asks(user(""), "GET", todo("groceries"))))
}

// A condition that cannot be computed on the values sent is a denial, and fails no other request that is asked with it.
func TestConditionsThatFail(t *testing.T) {
	x, err := spice.ParseExtension("x.yaml", []byte(`
schema: |-
  caveat first(tags list<string>) {
    tags[0] == "open"
  }
  definition box {
    relation opener: user with first
    permission open = opener
  }
relationships: |-
  box:a#opener@user:zoe[first]
  box:b#opener@user:zoe[first:{"tags":["open"]}]
`))
	require.NoError(t, err)
	e := decisiontest.Start(t)
	e.Install(x)
	e.Load(acme())
	s := e.Service(x)
	var reqs []decision.Request
	for _, id := range []string{"a", "b", "none"} {
		reqs = append(reqs, asks(user("zoe"), "open", thing("box", id), "context.tags", []any{}))
	}
	answers, err := s.EvaluateAll(t.Context(), backend, reqs)
	require.NoError(t, err)
	require.Equal(t, []decision.Answer{{Reason: "a condition cannot be computed with the values sent"}, {Allowed: true}, {}}, answers)
	require.Equal(t, answers[0], answer(t, s, backend, reqs[0]))
	require.True(t, can(t, s, backend, asks(user("zoe"), "open", thing("box", "a"), "context.tags", []any{"open"})))
}
