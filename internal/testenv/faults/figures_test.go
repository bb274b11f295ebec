package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures is what was counted.
type figures struct {
	sent atomic.Int64 // changes

	count      sync.Mutex
	answers    map[string]int // changes by what they were
	changes    []time.Duration
	decisions  [manner][2]int // by how they were asked for and what they were
	stale      []time.Duration
	errors     map[string]int
	blames     map[string]int
	faults     map[string]int
	recoveries map[string][]time.Duration
}

func newFigures() *figures {
	return &figures{
		answers: map[string]int{}, errors: map[string]int{}, blames: map[string]int{}, faults: map[string]int{}, recoveries: map[string][]time.Duration{},
	}
}

func (f *figures) changed(s sending, took time.Duration) {
	f.count.Lock()
	defer f.count.Unlock()
	parts := strings.Split(s.path, "/")
	what := s.method + " " + parts[2]
	if len(parts) > 4 {
		what += " … " + parts[4]
	}
	f.answers[what]++
	f.changes = append(f.changes, took)
}

func (f *figures) judged(q inquiry, v verdict) {
	f.count.Lock()
	defer f.count.Unlock()
	f.decisions[q.fresh][0]++
	if v.age > 0 {
		f.decisions[q.fresh][1]++
		f.stale = append(f.stale, v.age)
	}
}

func (f *figures) erred(what string) {
	f.count.Lock()
	defer f.count.Unlock()
	f.errors[what]++
}

// blame counts what must not be, and says how often it was.
func (f *figures) blame(what string) int {
	f.count.Lock()
	defer f.count.Unlock()
	f.blames[what]++
	return f.blames[what]
}

// blamed is how much there was that must not be.
func (f *figures) blamed() (n int) {
	f.count.Lock()
	defer f.count.Unlock()
	for _, times := range f.blames {
		n += times
	}
	return n
}

func (f *figures) broke(what string) {
	f.count.Lock()
	defer f.count.Unlock()
	f.faults[what]++
}

func (f *figures) recovered(from string, took time.Duration) {
	f.count.Lock()
	defer f.count.Unlock()
	f.recoveries[from] = append(f.recoveries[from], took)
}

// print is all of it as a table.
func (f *figures) print() string {
	f.count.Lock()
	defer f.count.Unlock()
	var out strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "  %-44s %s\n", name, fmt.Sprintf(format, args...))
	}
	out.WriteString("\nfaults, and the time until the next change that was sent after them was answered (p50 / max):\n")
	for _, what := range slices.Sorted(maps.Keys(f.faults)) {
		line(what, "%6d   %s", f.faults[what], spread(f.recoveries[what], .5, 1))
	}
	done := 0
	for _, n := range f.answers {
		done += n
	}
	fmt.Fprintf(&out, "changes sent: %d, answered as done: %d, within %s (p50 / p95 / max)\n", f.sent.Load(), done, spread(f.changes, .5, .95, 1))
	for _, what := range slices.Sorted(maps.Keys(f.answers)) {
		line(what, "%6d", f.answers[what])
	}
	out.WriteString("decisions judged:\n")
	for i, n := range f.decisions {
		line("asked for as "+freshness(i).String(), "%6d, of an older state: %d", n[0], n[1])
	}
	line("how much older (p50 / p95 / max)", "%s", spread(f.stale, .5, .95, 1))
	out.WriteString("errors, none of which is a decision:\n")
	for _, what := range slices.Sorted(maps.Keys(f.errors)) {
		line(what, "%6d", f.errors[what])
	}
	out.WriteString("what must not be:\n")
	for _, what := range slices.Sorted(maps.Keys(f.blames)) {
		line(what, "%6d", f.blames[what])
	}
	for _, what := range []string{"lost", "revoked access seen again", "wrong decision", "mailed twice"} {
		if f.blames[what] == 0 {
			line(what, "%6d", 0)
		}
	}
	return out.String()
}

// spread is the quantiles of the durations.
func spread(all []time.Duration, quantiles ...float64) string {
	if len(all) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(all))
	var parts []string
	for _, q := range quantiles {
		parts = append(parts, sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Round(100*time.Microsecond).String())
	}
	return strings.Join(parts, " / ")
}
