package decision_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// numberOfWorlds is fewer with -short, which the race detector runs with: it makes each of them many times as slow.
func numberOfWorlds(t *testing.T) uint64 {
	t.Helper()
	if testing.Short() {
		return number(t, "GRANTWAY_WORLDS", 1)
	}
	return number(t, "GRANTWAY_WORLDS", defaultWorlds)
}

// inWorlds runs the check in random worlds, of which each test has its own.
func inWorlds(t *testing.T, own uint64, check func(*testing.T, *randomWorld)) {
	t.Helper()
	first := number(t, "GRANTWAY_SEED", uint64(time.Now().UnixNano()%1_000_000))
	worlds := numberOfWorlds(t)
	t.Logf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=%d", first, worlds)
	for seed := first; seed < first+worlds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &randomWorld{rng: rand.New(rand.NewPCG(seed, own)), Env: decisiontest.Start(t), again: fmt.Sprintf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=1", seed)}
			w.World = plain.Generate(w.rng, plain.Small)
			w.Load(w.World)
			check(t, w)
		})
	}
}

// randomWorld is a world that the engine knows, and how to come back to it.
type randomWorld struct {
	*plain.World
	*decisiontest.Env
	rng   *rand.Rand
	again string
}

// questions are some about the world, in any order.
func (w *randomWorld) questions(most int) []plain.Question {
	all := plain.Questions(w.World, w.rng, plain.Era)
	w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(most, len(all))]
}

func TestTheServiceReadsTheModelAlike(t *testing.T) { inWorlds(t, 0, aWorldIsReadAlike) }

func aWorldIsReadAlike(t *testing.T, e *randomWorld) {
	w, s := e.World, e.Service(nil)
	questions := e.questions(questionsPerWorld)
	grants, found := 0, 0
	for _, q := range questions {
		e.Set(q.Request.Now)
		want := decisiontest.Decides(w, q)
		got, err := s.Evaluate(t.Context(), backend, decisiontest.Asked(q))
		require.NoError(t, err)
		require.Equal(t, want, got.Allowed, "%s: %+v", e.again, q)
		if want {
			grants++
		}
	}
	for _, q := range questions[:min(searchesPerWorld, len(questions))] {
		e.Set(q.Request.Now)
		found += decisiontest.SearchesAgree(t, s, w, q, e.again)
	}
	t.Logf("%d grants, %d found", grants, found)
}
