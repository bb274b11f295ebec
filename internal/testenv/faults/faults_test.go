package faults_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/backend"
)

// TestFaults breaks an installation under load, in random order, and finds everything as it was answered. GRANTWAY_FAULTS is how many gateways are
// killed, and GRANTWAY_SEED where the random numbers begin. The order of the faults and what each worker does follow from the seed; when
// exactly they meet does not.
func TestFaults(t *testing.T) {
	if testing.Short() || os.Getenv("GRANTWAY_FAULTS") == "" && backend.ModeOf(t) == backend.Embedded {
		t.Skip("the crash tests of cmd/grantway kill an embedded server; scripts/faults breaks more")
	}
	kills := number(t, "GRANTWAY_FAULTS", 10)
	seed := uint64(number(t, "GRANTWAY_SEED", int(time.Now().UnixNano())))
	t.Logf("GRANTWAY_SEED=%d", seed)
	trial := newTrial(t, install(t, number(t, "GRANTWAY_GATEWAYS", 3)), seed)
	stop := trial.load()
	chaos := &chaos{trial: trial, rng: trial.rng(1)}
	began := time.Now()
	tenth := max(kills/10, 2)
	chaos.run(plan{gateways: kills, nodes: tenth, databases: tenth, wires: tenth})
	broken := time.Since(began)
	stop()
	trial.settle()
	trial.aftermath()
	t.Logf("%s, %d gateways, broken for %s, seed %d%s", trial.mode, len(trial.gateways), broken.Round(time.Second), seed, trial.print())
	for _, g := range trial.gateways {
		t.Logf("gateway %d lived %d times and ended %d times by itself", g.number, g.life()+1, g.ended.Load())
	}
	require.Positive(t, trial.answers["PUT chatbots … shares"])
}

// number reads a variable, or gives what it is otherwise.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}
