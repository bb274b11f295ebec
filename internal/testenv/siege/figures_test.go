package siege_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// What the others do.
type work string

const (
	decisions work = "decisions"
	batches   work = "batches"
	searches  work = "searches"
	changes   work = "changes"
	exports   work = "exports"
)

var works = []work{decisions, batches, searches, changes, exports}

// The goals.
const (
	mostSlower = 3       // times the p95 of before
	mostMemory = 1 << 30 // bytes
)

// figures is what the others noticed.
type figures struct {
	mu     sync.Mutex
	took   map[work]*[after + 1][]time.Duration
	errors map[work]*[after + 1][]string
}

// add counts a call that was due once each every. One that takes longer stands for those that its caller could not make meanwhile, too: else a
// server that stands still would be seen by a single slow call.
func (f *figures) add(w work, phase int32, took, every time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.took == nil {
		f.took, f.errors = map[work]*[after + 1][]time.Duration{}, map[work]*[after + 1][]string{}
	}
	if f.took[w] == nil {
		f.took[w], f.errors[w] = new([after + 1][]time.Duration), new([after + 1][]string)
	}
	for ; ; took -= every {
		f.took[w][phase] = append(f.took[w][phase], took)
		if took <= every {
			break
		}
	}
	if err != nil {
		f.errors[w][phase] = append(f.errors[w][phase], strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

// at is the percentile of a kind of work in a phase.
func (f *figures) at(w work, phase int32, percentile float64) time.Duration {
	all := f.took[w][phase]
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(percentile*float64(len(all))))]
}

// slower is how many times longer the p95 was during the attack than before.
func (f *figures) slower(w work) float64 {
	return float64(f.at(w, during, 0.95)) / float64(max(f.at(w, before, 0.95), time.Microsecond))
}

// verdict is which goals were missed.
func (s *siege) verdict() []string {
	missed := slices.Clone(s.missed)
	for _, w := range works {
		if s.calls.took[w] == nil {
			continue
		}
		for phase, name := range map[int32]string{before: "before", during: "during", after: "after"} {
			if n := len(s.calls.errors[w][phase]); n > 0 {
				missed = append(missed, fmt.Sprintf("%d %s failed %s: %s", n, w, name, s.calls.errors[w][phase][0]))
			}
		}
		if slower := s.calls.slower(w); slower > mostSlower && w != exports { // of which there are too few for a percentile
			missed = append(missed, fmt.Sprintf("%s took %.1f times as long", w, slower))
		}
	}
	if s.peak > mostMemory {
		missed = append(missed, fmt.Sprintf("the server took %d MiB", s.peak>>20))
	}
	return missed
}

// printTable prints all that was measured, a line for each attack and kind of work.
func printTable(w io.Writer, all []*siege) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "attack\tothers'\tbefore p50/p95 ms\tduring p50/p95 ms\tafter p50/p95 ms\tp95 ratio\terrors\tpeak MiB\tCPU\tverdict")
	for _, s := range all {
		verdict := s.verdict()
		first := true
		for _, k := range works {
			took := s.calls.took[k]
			if took == nil {
				continue
			}
			name, peak, cpu, held := "", "", "", ""
			if first {
				name, peak = s.name, fmt.Sprint(s.peak>>20)
				cpu = fmt.Sprintf("%.0f %%", 100*s.cpu.Seconds()/(settings.length.Seconds()*float64(settings.rounds)))
				held = "held"
				if len(verdict) > 0 {
					held = "MISSED"
				}
			}
			first = false
			errors := s.calls.errors[k]
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%.1f\t%d/%d/%d\t%s\t%s\t%s\n", name, k, s.calls.pair(k, before), s.calls.pair(k, during), s.calls.pair(k, after),
				s.calls.slower(k), len(errors[before]), len(errors[during]), len(errors[after]), peak, cpu, held)
		}
	}
	out.Flush()
	for _, s := range all {
		fmt.Fprintf(w, "\n%s: %s\n", s.name, s.does)
		s.printAnswers(w)
		for _, n := range s.notes {
			fmt.Fprintf(w, "  %s\n", n)
		}
		if missed := s.verdict(); len(missed) > 0 {
			fmt.Fprintf(w, "  missed: %s\n", strings.Join(missed, "\n          "))
		}
	}
}

func (f *figures) pair(w work, phase int32) string {
	ms := func(p float64) float64 { return float64(f.at(w, phase, p).Microseconds()) / 1000 }
	return fmt.Sprintf("%.1f / %.1f", ms(0.5), ms(0.95))
}

func TestASlowCallStandsForThoseThatItHeldUp(t *testing.T) {
	var f figures
	for range 90 {
		f.add(decisions, before, time.Millisecond, 100*time.Millisecond, nil)
		f.add(decisions, during, time.Millisecond, 100*time.Millisecond, nil)
	}
	f.add(decisions, during, 2*time.Second, 100*time.Millisecond, nil)
	require.Equal(t, time.Millisecond, f.at(decisions, before, 0.95))
	require.Equal(t, 1500*time.Millisecond, f.at(decisions, during, 0.95), "20 calls of 110 were due in these 2 seconds")
}
