package faults_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSoak uses an installation steadily for GRANTWAY_SOAK, and finds that nothing grows that should not. GRANTWAY_SOAK_RATE calls a second
// arrive whether or not earlier ones have been answered, one of fifty a change, and their latency counts from when they arrive.
func TestSoak(t *testing.T) {
	text := os.Getenv("GRANTWAY_SOAK")
	if text == "" {
		t.Skip("this takes as long as GRANTWAY_SOAK says, such as 15m")
	}
	lasts, err := time.ParseDuration(text)
	require.NoError(t, err)
	rate := number(t, "GRANTWAY_SOAK_RATE", 100)
	seed := uint64(number(t, "GRANTWAY_SEED", int(time.Now().UnixNano())))
	s := &soak{trial: newTrial(t, install(t, number(t, "GRANTWAY_GATEWAYS", 2)), seed), every: 30 * time.Second}
	if lasts < 10*time.Minute {
		s.every = lasts / 20
	}
	for _, p := range s.found() {
		if len(p.things) > 0 && p.things[0].kind != approved {
			s.toys = append(s.toys, p.things...)
		}
	}
	t.Logf("%s, %d gateways, %d calls a second for %s, seed %d", s.mode, len(s.gateways), rate, lasts, seed)
	s.run(lasts, rate)
	t.Logf("%s%s", s.table(), s.print())
	s.flat()
	s.settle()
	s.aftermath()
}

// soak is a steady load and the samples that were taken of it.
type soak struct {
	*trial
	toys  []*thing
	every time.Duration

	mu              sync.Mutex
	checks, changes []time.Duration // since the last sample
	late            int             // arrivals with too many before them that were not answered
	columns         []string
	samples         [][]float64
}

// crowd is how many calls may be under way at the same time.
const crowd = 500

// run lets calls arrive, and takes a sample now and then.
func (s *soak) run(lasts time.Duration, rate int) {
	var running sync.WaitGroup
	free := make(chan struct{}, crowd)
	pause := time.Second / time.Duration(rate)
	began := time.Now()
	sampled := began
	for n := 0; time.Since(began) < lasts; n++ {
		arrival := began.Add(time.Duration(n) * pause)
		time.Sleep(time.Until(arrival))
		select {
		case free <- struct{}{}:
			running.Go(func() {
				s.one(uint64(n), arrival)
				<-free
			})
		default:
			s.mu.Lock()
			s.late++
			s.mu.Unlock()
		}
		if time.Since(sampled) >= s.every {
			sampled = sampled.Add(s.every)
			running.Go(func() { s.sample(time.Since(began)) })
		}
	}
	running.Wait()
}

// one is one call: a change, or a decision.
func (s *soak) one(n uint64, arrival time.Time) {
	rng := s.rng(1000 + n)
	if n%50 > 0 {
		a := &asker{trial: s.trial, rng: rng}
		if a.askOne(s.gateways[n%uint64(len(s.gateways))], s.thing(rng), telling[rng.IntN(len(telling))], freshness(rng.IntN(int(manner)))) {
			s.took(&s.checks, arrival)
		}
		return
	}
	w := &worker{trial: s.trial, rng: rng, name: fmt.Sprintf("call%d%s", n, strings.Repeat("+", int(n/50)%len(s.gateways)))}
	for range 100 {
		x := s.toys[rng.IntN(len(s.toys))]
		if w.change(x, x.values[rng.IntN(len(x.values))]) {
			s.took(&s.changes, arrival)
			return
		}
	}
}

func (s *soak) took(times *[]time.Duration, arrival time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*times = append(*times, time.Since(arrival))
}

// sample takes one sample of everything.
func (s *soak) sample(at time.Duration) {
	s.mu.Lock()
	checks, changes, late := s.checks, s.changes, s.late
	s.checks, s.changes, s.late = nil, nil, 0
	s.mu.Unlock()
	var columns []string
	var values []float64
	add := func(column string, value float64) {
		columns, values = append(columns, column), append(values, value)
	}
	add("minute", at.Minutes())
	for _, x := range []struct {
		name  string
		times []time.Duration
	}{{"check", checks}, {"change", changes}} {
		slices.Sort(x.times)
		add(x.name+"s", float64(len(x.times)))
		for _, q := range []int{50, 95, 99} {
			ms := 0.
			if n := len(x.times); n > 0 {
				ms = float64(x.times[min(n*q/100, n-1)]) / float64(time.Millisecond)
			}
			add(fmt.Sprintf("%s p%d ms", x.name, q), ms)
		}
	}
	add("late", float64(late))
	for _, g := range s.gateways {
		figures := s.figuresOf(g)
		name := func(what string) string { return fmt.Sprintf("g%d %s", g.number, what) }
		add(name("RSS MB"), figures["process_resident_memory_bytes"]/1e6)
		add(name("heap MB"), figures["go_memstats_heap_inuse_bytes"]/1e6)
		add(name("goroutines"), figures["go_goroutines"])
		add(name("files"), figures["process_open_fds"])
		add(name("outbox s"), figures["grantway_outbox_oldest_seconds"])
	}
	all, growing := s.size()
	add("record MB", growing/1e6)
	add("rest MB", (all-growing)/1e6)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.columns, s.samples = columns, append(s.samples, values)
}

// figuresOf are the metrics of a gateway, those of one name added up.
func (s *soak) figuresOf(g *gateway) map[string]float64 {
	status, text, err := g.call(s.Context(), sending{method: "GET", path: "/metrics"})
	if err != nil || status >= 300 {
		s.Errorf("the metrics of gateway %d: %d %v", g.number, status, err)
		return nil
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), " ")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if n, err := strconv.ParseFloat(value[strings.LastIndexByte(value, ' ')+1:], 64); err == nil {
			all[name] += n
		}
	}
	return all
}

// size is that of all data in bytes, and of what is meant to grow: the record, the notifications and the emails.
func (s *soak) size() (all, growing float64) {
	if s.facts == "" {
		_ = filepath.WalkDir(s.data, func(_ string, f fs.DirEntry, err error) error {
			if info, e := f.Info(); err == nil && e == nil { // a file may go while its directory is read
				all += float64(info.Size())
			}
			return nil
		})
		return all, 0
	}
	pool, err := sql.Open("pgx", s.facts)
	require.NoError(s, err)
	defer pool.Close()
	const tables = `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'grantway' AND c.relkind = 'r' AND c.relname ~ '^(record|notification|mail)'`
	for statement, size := range map[string]*float64{tables: &growing, "SELECT pg_database_size(current_database())": &all} {
		if err := pool.QueryRow(statement).Scan(size); err != nil {
			s.Errorf("the size of the data: %v", err)
		}
	}
	return all, growing
}

// table is all samples, and how much each figure has changed in the second half, by the straight line that fits best.
func (s *soak) table() string {
	var out strings.Builder
	out.WriteString("\n")
	for i, column := range s.columns {
		fmt.Fprintf(&out, "  %2d %s", i, column)
	}
	out.WriteString("\n")
	for _, values := range s.samples {
		for _, v := range values {
			fmt.Fprintf(&out, "%9.1f", v)
		}
		out.WriteString("\n")
	}
	out.WriteString("second half: mean, and change from its beginning to its end\n")
	for i, column := range s.columns[1:] {
		mean, drift := s.half(i + 1)
		fmt.Fprintf(&out, "  %-16s %10.2f %+9.2f (%+.1f %%)\n", column, mean, drift, 100*drift/max(mean, 1e-9))
	}
	return out.String()
}

// half is the mean of a column in the second half, and by how much its best straight line rises there.
func (s *soak) half(column int) (mean, drift float64) {
	rows := s.samples[len(s.samples)/2:]
	n := float64(len(rows))
	var x, y, xx, xy float64
	for i, row := range rows {
		at, v := float64(i), row[column]
		x, y, xx, xy = x+at, y+v, xx+at*at, xy+at*v
	}
	if d := n*xx - x*x; d > 0 {
		drift = (n*xy - x*y) / d * (n - 1)
	}
	return y / n, drift
}

// steep is how much a figure may rise in the second half.
const steep = .1

// flat fails where memory, goroutines or open files rise.
func (s *soak) flat() {
	for i, column := range s.columns {
		for _, what := range []string{"RSS", "goroutines", "files"} {
			if mean, drift := s.half(i); strings.Contains(column, what) && drift > steep*mean+2 {
				s.Errorf("%s rises by %.1f from %.1f", column, drift, mean)
			}
		}
	}
}
