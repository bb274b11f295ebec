package server

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A small heap may grow to five times its size between two collections, a large one to twice its size, and no heap by more than both 256 MiB and
// what lives.
func TestTheHeapGrowsByWhatTheServerCanSpare(t *testing.T) {
	require.Equal(t, 400, gcPercent(0))
	require.Equal(t, 400, gcPercent(30<<20))
	require.Equal(t, 256, gcPercent(100<<20))
	require.Equal(t, 100, gcPercent(4<<30))
	require.Positive(t, liveBytes())
}

func TestEachCollectionIsNoticed(t *testing.T) {
	calls := make(chan struct{}, 100)
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	afterEachCollection(func() {
		select {
		case <-ended: // the others of this program collect, too
		case calls <- struct{}{}:
		}
	})
	<-calls
	for range 3 {
		runtime.GC()
		select {
		case <-calls:
		case <-time.After(30 * time.Second):
			t.Fatal("a collection was not noticed")
		}
	}
}
