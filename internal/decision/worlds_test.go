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

func TestTheServiceReadsTheModelAlike(t *testing.T) {
	seed := number(t, "GRANTWAY_SEED", uint64(time.Now().UnixNano()%1_000_000))
	worlds := numberOfWorlds(t)
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
		want := decisiontest.Decides(w, q)
		got, err := s.Evaluate(t.Context(), backend, decisiontest.Asked(q))
		require.NoError(t, err)
		require.Equal(t, want, got.Allowed, "GRANTWAY_SEED=%d GRANTWAY_WORLDS=1: %+v", seed, q)
		if want {
			grants++
		}
	}
	for _, q := range questions[:min(searchesPerWorld, len(questions))] {
		e.Set(q.Request.Now)
		found += decisiontest.SearchesAgree(t, s, w, q, fmt.Sprintf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=1", seed))
	}
	t.Logf("%d grants, %d found", grants, found)
}
