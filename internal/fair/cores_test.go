package fair

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Those who read much at once take turns, and somebody who never ends keeps nobody else waiting.
func TestB6LongReadingIsDoneInTurns(t *testing.T) {
	cores := newCores(1)
	rest, err := compute(t.Context(), cores, "import")
	require.NoError(t, err)

	soon, cancel := context.WithTimeout(t.Context(), slice/10)
	defer cancel()
	_, err = compute(soon, cores, "batch")
	require.ErrorIs(t, err, context.DeadlineExceeded, "the only turn is taken")

	rest()
	endless, err := compute(t.Context(), cores, "import")
	require.NoError(t, err)
	waits, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	second, err := compute(waits, cores, "batch")
	require.NoError(t, err, "the other turn has ended")
	endless()
	taken, _ := cores.Figures()
	require.Equal(t, 1, taken)
	second()
}

// What is short waits for nobody.
func TestB6ShortReadingNeedsNoTurn(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	rest, err := Compute(ended, "call", Long)
	require.NoError(t, err)
	rest()
}
