package fair

import (
	"context"
	"math"
	"runtime"
	"time"
)

// Long is the number of bytes from which reading counts as long work for a processor.
const Long = 16 << 10

// slice is the maximum length of a turn.
const slice = 100 * time.Millisecond

// Processors is the number of processors that the Go runtime gave the program at its start: those of the machine, or of its container. The program
// may run more threads.
var Processors = runtime.GOMAXPROCS(0)

// cores are all processors but one.
var cores = newCores(Processors - 1)

func newCores(n int) *Limiter { return New(Config{Places: n, Waiting: math.MaxInt}) }

// Compute gives the holder a turn on a processor for reading n bytes, or for work that takes as long, until it calls rest. While all processors but
// one work for others, it waits as long as the context allows: one processor stays free for short work, which would otherwise wait for others' time
// slices at each of its many steps. A turn that takes too long ends by itself, and its work continues beside the next one. Work that is not Long
// needs no turn.
func Compute(ctx context.Context, holder string, n int) (rest func(), err error) {
	if n <= Long {
		return func() {}, nil
	}
	return compute(ctx, cores, holder)
}

func compute(ctx context.Context, cores *Limiter, holder string) (rest func(), err error) {
	turn, err := cores.Take(ctx, holder, nil)
	if err != nil {
		return nil, err
	}
	end := time.AfterFunc(slice, turn.Release)
	return func() { end.Stop(); turn.Release() }, nil
}
