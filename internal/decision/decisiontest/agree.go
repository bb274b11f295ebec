package decisiontest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Backend is an actor that can ask anything about anybody.
var Backend = access.Actor{Key: "backend", Access: access.KeyFull}

// Asked is a backend's request for the question.
func Asked(q plain.Question) decision.Request {
	req := decision.Request{
		Subject:  decision.Entity{Type: string(q.Subject.Type), ID: q.Subject.ID, Properties: map[string]any{}},
		Action:   decision.Action{Name: string(q.Action), Properties: map[string]any{}},
		Resource: decision.Entity{Type: string(q.Resource.Type), ID: q.Resource.ID},
		Context:  map[string]any{},
	}
	for name, value := range q.Request.Values {
		req.Action.Properties[name] = value
	}
	for name, value := range map[string]string{"ip": q.Request.IP, "link": q.Request.Link} {
		if value != "" {
			req.Context[name] = value
		}
	}
	if q.Request.Email != "" {
		req.Subject.Properties["email"] = q.Request.Email
	}
	if q.Subject.Type == access.TypeAPIKey {
		req.Subject.Properties["by"] = "id"
	}
	return req
}

// Decides is the model's answer to a backend's question; See is not an action that can be asked.
func Decides(w *plain.World, q plain.Question) bool {
	return q.Action != access.See && plain.Decide(w, q)
}

// Tells is the model's answer to a reader to whom C7 applies.
func Tells(w *plain.World, reader plain.Reader, q plain.Question) bool {
	return q.Action != access.See && plain.Tells(w, reader, q)
}

// SearchesAgree compares a backend's three searches about the question with the model, and returns how many results they found. about describes the
// world in failures.
func SearchesAgree(t testing.TB, s *decision.Service, w *plain.World, q plain.Question, about string) int {
	t.Helper()
	return SearchesAgreeFor(t, s, w, q, about, Backend, func(q plain.Question) bool { return Decides(w, q) })
}

// SearchesAgreeFor is SearchesAgree for another actor, who may see less.
func SearchesAgreeFor(t testing.TB, s *decision.Service, w *plain.World, q plain.Question, about string, actor access.Actor, says func(plain.Question) bool) int {
	t.Helper()
	searches := []struct {
		name   string
		want   []string
		search Search
	}{
		{"subject", subjects(w, q, says), s.SearchSubjects}, {"resource", resources(w, q, says), s.SearchResources},
		{"action", actions(q, says), s.SearchActions},
	}
	total := 0
	for _, c := range searches {
		limit := 1 + len(c.want)/2
		require.Equal(t, c.want, EveryPage(t, c.search, actor, Asked(q), limit), "%s: %s search %+v by %+v", about, c.name, q, actor)
		total += len(c.want)
	}
	return total
}

// subjects returns the subjects of the question's type for which the model says yes.
func subjects(w *plain.World, q plain.Question, says func(plain.Question) bool) (ids []string) {
	may := func(id string) bool {
		one := q
		one.Subject.ID = id
		return says(one)
	}
	switch q.Subject.Type {
	case access.TypeUser:
		for _, u := range w.Users {
			if may(string(u.ID)) {
				ids = append(ids, string(u.ID))
			}
		}
	case access.TypeAPIKey:
		for _, k := range w.APIKeys {
			if may(string(k.ID)) {
				ids = append(ids, string(k.ID))
			}
		}
	case access.TypeVisitor:
		if may(q.Subject.ID) {
			ids = append(ids, decision.AnonymousVisitor)
		}
	}
	slices.Sort(ids)
	return ids
}

// resources returns the resources of the question's type for which the model says yes.
func resources(w *plain.World, q plain.Question, says func(plain.Question) bool) (ids []string) {
	for _, id := range idsOf(w, q.Resource.Type) {
		one := q
		one.Resource.ID = id
		if says(one) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func actions(q plain.Question, says func(plain.Question) bool) (names []string) {
	for _, a := range access.Actions[q.Resource.Type] {
		one := q
		one.Action = a
		if says(one) {
			names = append(names, string(a))
		}
	}
	return names
}

// idsOf lists the world's objects of the type.
func idsOf(w *plain.World, typ access.Type) []string {
	var ids []string
	switch typ {
	case access.TypePlatform:
		ids = append(ids, access.Platform)
	case access.TypeOrganization:
		for _, o := range w.Organizations {
			ids = append(ids, string(o.ID))
		}
	case access.TypeTeam:
		for _, o := range w.Teams {
			ids = append(ids, string(o.ID))
		}
	case access.TypeChatbot:
		for _, o := range w.Chatbots {
			ids = append(ids, string(o.ID))
		}
	case access.TypeFeature:
		for _, o := range w.Features {
			ids = append(ids, access.FeatureID(o.Chatbot, o.Name))
		}
	}
	for _, o := range w.Resources {
		if o.Type == typ {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// Search is one of the searches of a decision.Service.
type Search func(context.Context, access.Actor, decision.Request, decision.Page) (decision.Found, error)

// EveryPage returns the results of all pages of a search.
func EveryPage(t testing.TB, find Search, actor access.Actor, req decision.Request, limit int) []string {
	t.Helper()
	var all []string
	page := decision.Page{Limit: access.Some(limit)}
	for {
		f, err := find(t.Context(), actor, req, page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(f.IDs), limit)
		all = append(all, f.IDs...)
		if f.Next == "" {
			return all
		}
		require.Len(t, f.IDs, limit, "a page that is not the last one is full")
		page.Token = f.Next
	}
}
