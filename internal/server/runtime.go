package server

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/grantway/grantway/internal/fair"
)

// headroom is by how many bytes the heap may grow between two collections, within 1 and 4 times what lives; Go's default is once. A server
// with little to keep would else collect all the time while others keep it busy: that was a third of its work.
const headroom = 256 << 20

// TuneRuntime has the Go runtime share the processors between many short calls and a few long ones. What the variables GOMAXPROCS and GOGC set
// stays as it is.
//
// A decision is many short steps. The Go scheduler lets whatever runs go on for 10 ms before the next step gets its turn; the kernel runs a thread
// that wakes up almost at once. So there are two threads for each processor, and the kernel chooses between them.
func TuneRuntime() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * fair.Processors)
	}
	if os.Getenv("GOGC") == "" {
		afterEachCollection(func() { debug.SetGCPercent(gcPercent(liveBytes())) })
	}
}

// gcPercent is what Go calls GOGC, for a heap with so many live bytes.
func gcPercent(live uint64) int {
	return int(min(max(100*headroom/max(live, 1), 100), 400))
}

// liveBytes is what the last collection left.
func liveBytes() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return headroom // this runtime does not say it
	}
	return s[0].Value.Uint64()
}

// afterEachCollection calls do now and after each collection: an object that nothing refers to is finalized by each one, and replaced.
func afterEachCollection(do func()) {
	do()
	type collected struct{ _ [16]byte } // too large for the allocator to put others beside it
	runtime.SetFinalizer(new(collected), func(*collected) { afterEachCollection(do) })
}
