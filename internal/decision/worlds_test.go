package decision_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// The service is compared with the plain reading of the model on random worlds. GRANTWAY_WORLDS says on how many, GRANTWAY_SEED where to begin.
const (
	defaultWorlds     = 6
	questionsPerWorld = 300
	searchesPerWorld  = 60
)

func number(t *testing.T, name string, unset uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// asked is the request that a backend sends for the question.
func asked(q plain.Question) decision.Request {
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

func TestTheServiceReadsTheModelAlike(t *testing.T) {
	seed := number(t, "GRANTWAY_SEED", uint64(time.Now().UnixNano()%1_000_000))
	worlds := number(t, "GRANTWAY_WORLDS", defaultWorlds)
	t.Logf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=%d", seed, worlds)
	for i := range worlds {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) { aWorldIsReadAlike(t, seed+i) })
	}
}

func aWorldIsReadAlike(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	w := plain.Generate(rng, plain.Small)
	e := decisiontest.Start(t)
	e.Load(w)
	s := e.Service(nil)
	questions := plain.Questions(w, rng, plain.Era)
	rng.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	grants, found := 0, 0
	for _, q := range questions[:min(questionsPerWorld, len(questions))] {
		e.Set(q.Request.Now)
		want := plain.Decide(w, q) && q.Action != access.See // which is no action to ask for
		got, err := s.Evaluate(t.Context(), backend, asked(q))
		require.NoError(t, err)
		require.Equal(t, want, got.Allowed, "GRANTWAY_SEED=%d GRANTWAY_WORLDS=1: %+v", seed, q)
		if want {
			grants++
		}
	}
	for _, q := range questions[:min(searchesPerWorld, len(questions))] {
		e.Set(q.Request.Now)
		found += searchesAgree(t, s, w, q, seed)
	}
	t.Logf("%d grants, %d found", grants, found)
}

// searchesAgree compares the three searches about the question with the model, and returns how much they found.
func searchesAgree(t *testing.T, s *decision.Service, w *plain.World, q plain.Question, seed uint64) int {
	t.Helper()
	allowed := func(change func(*plain.Question)) bool {
		one := q
		change(&one)
		return one.Action != access.See && plain.Decide(w, one)
	}
	var subjects, resources, actions []string
	if q.Subject.Type == access.TypeUser {
		for _, u := range w.Users {
			if allowed(func(q *plain.Question) { q.Subject.ID = string(u.ID) }) {
				subjects = append(subjects, string(u.ID))
			}
		}
	}
	if q.Subject.Type == access.TypeAPIKey {
		for _, k := range w.APIKeys {
			if allowed(func(q *plain.Question) { q.Subject.ID = string(k.ID) }) {
				subjects = append(subjects, string(k.ID))
			}
		}
	}
	if q.Subject.Type == access.TypeVisitor && allowed(func(*plain.Question) {}) {
		subjects = append(subjects, decision.AnonymousVisitor)
	}
	for _, id := range idsOf(w, q.Resource.Type) {
		if allowed(func(q *plain.Question) { q.Resource.ID = id }) {
			resources = append(resources, id)
		}
	}
	for _, a := range access.Actions[q.Resource.Type] {
		if allowed(func(q *plain.Question) { q.Action = a }) {
			actions = append(actions, string(a))
		}
	}
	slices.Sort(subjects)
	slices.Sort(resources)

	searches := []struct {
		name   string
		want   []string
		search search
	}{{"subject", subjects, s.SearchSubjects}, {"resource", resources, s.SearchResources}, {"action", actions, s.SearchActions}}
	total := 0
	for _, c := range searches {
		limit := 1 + len(c.want)/2
		require.Equal(t, c.want, everyPage(t, c.search, backend, asked(q), limit),
			"GRANTWAY_SEED=%d GRANTWAY_WORLDS=1: %s search %+v", seed, c.name, q)
		total += len(c.want)
	}
	return total
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
