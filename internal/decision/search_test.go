package decision_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
)

// crowd is acme with many users and many chatbots that everyone may use.
func crowd(t *testing.T) (*decision.Service, []string, []string) {
	t.Helper()
	e := decisiontest.Start(t)
	w := acme()
	users, chatbots := []string{"anna", "mia", "otto", "sam", "zoe"}, []string{"helper", "theirs"}
	for i := range 130 {
		id := fmt.Sprintf("user %d é", i)
		w.Users = append(w.Users, access.User{ID: access.UserID(id), Active: i%10 != 0})
		if i%10 != 0 {
			users = append(users, id)
		}
		bot := fmt.Sprintf("bot %d", i)
		w.Chatbots = append(w.Chatbots, access.Chatbot{ID: access.ChatbotID(bot), Organization: "acme", Owner: "anna", Visibility: access.Shared, Enabled: i%7 != 0})
		w.Shares = append(w.Shares, access.Share{Chatbot: access.ChatbotID(bot), Principal: access.Everyone, Level: access.UseOnly})
		if i%7 != 0 {
			chatbots = append(chatbots, bot)
		}
	}
	e.Load(w)
	slices.Sort(users)
	slices.Sort(chatbots)
	return e.Service(nil), users, chatbots
}

func TestEveryResultOnOnePage(t *testing.T) {
	s, users, chatbots := crowd(t)
	for _, limit := range []int{1, 2, 7, 50, 121, 122, 123, 1000} {
		require.Equal(t, users, decisiontest.EveryPage(t, s.SearchSubjects, backend, asks(user(""), "interact", chatbot("helper")), limit), limit)
		require.Equal(t, chatbots, decisiontest.EveryPage(t, s.SearchResources, backend, asks(user("zoe"), "interact", chatbot("")), limit), limit)
	}
	require.Equal(t, []string{"interact", "read", "read_history"}, decisiontest.EveryPage(t, s.SearchActions, backend, asks(user("zoe"), "", chatbot("helper")), 1))

	f, err := s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), decision.Page{})
	require.NoError(t, err)
	require.Len(t, f.IDs, decision.DefaultPageSize)
	next, err := s.SearchSubjects(t.Context(), backend, asks(user("ignored"), "interact", chatbot("helper")), decision.Page{Token: f.Next})
	require.NoError(t, err, "the ID of what is sought is ignored")
	require.Equal(t, users[50:100], next.IDs)

	f, err = s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), decision.Page{Limit: access.Some(100_000)})
	require.NoError(t, err)
	require.Equal(t, users, f.IDs)
	_, err = s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), decision.Page{Limit: access.Some(0)})
	require.Equal(t, access.KindInvalid, access.KindOf(err), "a page of nothing would never end")

	sorted := decision.Page{Properties: map[string]any{"sort": "name"}}
	f, err = s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), sorted)
	require.NoError(t, err)
	sorted.Token = f.Next
	next, err = s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), sorted)
	require.NoError(t, err)
	require.Equal(t, users[50:100], next.IDs)
	sorted.Properties = map[string]any{"sort": "age"}
	_, err = s.SearchSubjects(t.Context(), backend, asks(user(""), "interact", chatbot("helper")), sorted)
	require.Equal(t, access.KindInvalid, access.KindOf(err), "the token is of another search")
}

// C3: whoever asks for what another server has changed is not told of the keys of before, in no step of a search.
func TestC3ASearchLooksForKeysAsNewAsItIsAsked(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	stale := false
	s := decision.New(decision.Config{Engine: e.Engine, Directory: e, KeyOfSecret: func(_ context.Context, _ string, newest bool) (access.KeyID, bool, error) {
		stale = stale || !newest
		return "k1", true, nil
	}})
	req := asks(access.Object{Type: access.TypeAPIKey, ID: "x"}, "interact", chatbot(""))
	search := func() {
		_, err := s.SearchResources(t.Context(), backend, req, decision.Page{})
		require.NoError(t, err)
	}
	search()
	require.True(t, stale, "nobody has asked for more")
	stale, req.Newest = false, true
	search()
	require.False(t, stale)
	req.Newest, req.Token = false, e.Token()
	search()
	require.False(t, stale)
}

// A page belongs to one search: whatever is changed on the way is refused.
func TestPagesOfAnotherSearch(t *testing.T) {
	s, _, _ := crowd(t)
	req := asks(user("zoe"), "interact", chatbot(""), "context.note", "a")
	first, err := s.SearchResources(t.Context(), backend, req, decision.Page{Limit: access.Some(3)})
	require.NoError(t, err)
	again, err := s.SearchResources(t.Context(), backend, req, decision.Page{Token: first.Next})
	require.NoError(t, err)
	require.Len(t, again.IDs, 3, "the limit of the page before")

	newest := req
	newest.Newest = true
	for name, c := range map[string]struct {
		actor access.Actor
		req   decision.Request
		page  decision.Page
		find  decisiontest.Search
	}{
		"subject":     {backend, asks(user("mia"), "interact", chatbot(""), "context.note", "a"), decision.Page{Token: first.Next}, s.SearchResources},
		"action":      {backend, asks(user("zoe"), "read", chatbot(""), "context.note", "a"), decision.Page{Token: first.Next}, s.SearchResources},
		"type":        {backend, asks(user("zoe"), "interact", thing(access.TypeTeam, ""), "context.note", "a"), decision.Page{Token: first.Next}, s.SearchResources},
		"context":     {backend, asks(user("zoe"), "interact", chatbot(""), "context.note", "b"), decision.Page{Token: first.Next}, s.SearchResources},
		"property":    {backend, asks(user("zoe"), "interact", chatbot(""), "context.note", "a", "subject.x", 1.0), decision.Page{Token: first.Next}, s.SearchResources},
		"consistency": {backend, newest, decision.Page{Token: first.Next}, s.SearchResources},
		"limit":       {backend, req, decision.Page{Token: first.Next, Limit: access.Some(4)}, s.SearchResources},
		"actor":       {as("zoe"), req, decision.Page{Token: first.Next}, s.SearchResources},
		"key":         {confined, req, decision.Page{Token: first.Next}, s.SearchResources},
		"search":      {backend, req, decision.Page{Token: first.Next}, s.SearchSubjects},
		"nonsense":    {backend, req, decision.Page{Token: "nonsense"}, s.SearchResources},
		"no object":   {backend, req, decision.Page{Token: base64.RawURLEncoding.EncodeToString([]byte("[1]"))}, s.SearchResources},
		"huge limit":  {backend, req, decision.Page{Token: base64.RawURLEncoding.EncodeToString([]byte(`{"l":1000000}`))}, s.SearchResources},
		"negative":    {backend, req, decision.Page{Limit: access.Some(-1)}, s.SearchResources},
	} {
		_, err := c.find(t.Context(), c.actor, c.req, c.page)
		require.Equal(t, access.KindInvalid, access.KindOf(err), name)
	}
}

func TestSearchesForWhatIsUnknown(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(acme())
	s := e.Service(nil)
	for _, req := range []decision.Request{
		asks(user("nobody"), "update", chatbot("helper")), asks(user("zoe"), "fly", chatbot("nothing")),
		asks(thing("spaceship", "x"), "interact", chatbot("helper")), asks(user("zoe"), "interact", thing("spaceship", "x")),
		asks(thing(access.TypeTeam, "support"), "interact", chatbot("helper")), asks(user("zoe"), "see", thing("", "")),
	} {
		if req.Subject.ID != "nobody" {
			require.Empty(t, found(t, s.SearchSubjects, backend, req), "%+v", req)
			require.Empty(t, found(t, s.SearchActions, backend, req), "%+v", req)
		}
		require.Empty(t, found(t, s.SearchResources, backend, req), "%+v", req)
	}
	require.Equal(t, []string{"anna"}, found(t, s.SearchSubjects, backend, asks(user(""), "transfer", chatbot("private")))[:1])
	require.NotContains(t, found(t, s.SearchActions, backend, asks(user("anna"), "", chatbot("helper"))), "see")
}

// What is open to visitors is open to all of them, and none has an ID of their own.
func TestVisitors(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(gated())
	s := e.Service(nil)
	visitors := asks(thing(access.TypeVisitor, ""), "interact", chatbot("private"), "context.link", link)
	require.Equal(t, []string{decision.AnonymousVisitor}, found(t, s.SearchSubjects, backend, visitors))
	visitors.Subject.ID = decision.AnonymousVisitor
	require.True(t, can(t, s, backend, visitors))
	require.Equal(t, []string{"private"}, found(t, s.SearchResources, backend, visitors))
	require.Empty(t, found(t, s.SearchSubjects, backend, asks(thing(access.TypeVisitor, ""), "interact", chatbot("private"))))
}
