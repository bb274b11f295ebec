//go:build unix

// Package budget holds what input costs to its length: the processor time and the bytes that are allocated, which do not depend on how busy the
// machine is. It compares an input with one four times as long, and both with a budget for each byte.
package budget

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Budget is what a byte of input may cost, and what a call may cost however short its input is.
type Budget struct {
	CPU      time.Duration // for each byte
	Bytes    uint64        // allocated, for each byte
	BaseCPU  time.Duration // for each call
	BaseHeap uint64        // allocated, for each call
	// Process counts what other goroutines do, too: for calls that start some. Tests that run at the same time count then.
	Process bool
}

// growth is by how much more than four times as much an input may cost that is four times as long: well below what a cost gives that grows with the
// square of the length, which is four.
const growth = 1.8

// Cost is what a call took.
type Cost struct {
	CPU   time.Duration
	Bytes uint64
}

// Of measures a call.
func (b Budget) Of(call func()) Cost {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bytes, cpu := allocated(), b.used()
	call()
	return Cost{CPU: b.used() - cpu, Bytes: allocated() - bytes}
}

// Check fails where a call with an input of so many bytes costs more than the budget.
func (b Budget) Check(t testing.TB, length int, call func()) Cost {
	t.Helper()
	cost := b.Of(call)
	if most := b.BaseCPU + time.Duration(length)*b.CPU; cost.CPU > most { // once more: a page fault or the garbage of others may have come between
		cost = b.Of(call)
	}
	require.LessOrEqual(t, cost.CPU, b.BaseCPU+time.Duration(length)*b.CPU, "processor time for %d bytes", length)
	require.LessOrEqual(t, cost.Bytes, b.BaseHeap+uint64(length)*b.Bytes, "allocated for %d bytes", length)
	return cost
}

// Linear fails where the inputs that make gives cost more than the budget, or an input four times as long more than four times as much. Of the
// shorter one make is asked for about so many bytes.
func (b Budget) Linear(t *testing.T, length int, input func(length int) []byte, call func([]byte)) {
	t.Helper()
	short, long := input(length), input(4*length)
	call(short) // what is made once is not the input's cost
	var one, four Cost
	for range 3 {
		one = b.Check(t, len(short), func() { call(short) })
		four = b.Check(t, len(long), func() { call(long) })
		if b.grows(one, four, float64(len(long))/float64(len(short))) {
			return
		}
	}
	require.Failf(t, "the cost grows faster than the input", "%d bytes: %v, %d bytes: %v", len(short), one, len(long), four)
}

// grows reports whether the cost grows with the input and not faster.
func (b Budget) grows(one, four Cost, longer float64) bool {
	return float64(four.CPU) <= growth*longer*float64(one.CPU)+float64(b.BaseCPU) &&
		float64(four.Bytes) <= growth*longer*float64(one.Bytes)+float64(b.BaseHeap)
}

func (b Budget) used() time.Duration {
	who := rusageThread
	if b.Process {
		who = syscall.RUSAGE_SELF
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
