package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// line is one line of the table: a kind of load.
type line struct {
	name     string
	callers  int
	full     bool // fully consistent, else minimize_latency
	repeated bool // the same 100 questions again and again, so that SpiceDB's cache has the answers, but for the first after each quantization window
}

// figures are what one of the two did in its turns.
type figures struct {
	took []time.Duration
	busy time.Duration // how long its turns were, together
	cpu  time.Duration // of the gateway meanwhile
}

func (f *figures) percentile(p float64) time.Duration {
	slices.Sort(f.took)
	return f.took[min(len(f.took)-1, int(p*float64(len(f.took))))]
}

func (f *figures) perSecond() float64 { return float64(len(f.took)) / f.busy.Seconds() }

// measure asks both and prints the table.
func measure(ctx context.Context, p *place, s settings) error {
	d, err := newDirect(p)
	if err != nil {
		return err
	}
	defer d.client.Close()
	g, err := newGateway(ctx, p)
	if err != nil {
		return err
	}
	if err := agree(ctx, s, d, g); err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "one check\tcallers\tdirect p50\tp95\t/s\tgateway p50\tp95\t/s\tp50 ratio\tthroughput ratio\tgateway CPU\t")
	for _, repeated := range []bool{false, true} {
		for _, full := range []bool{true, false} {
			for _, callers := range []int{1, 8} {
				l := line{callers: callers, full: full, repeated: repeated, name: name(full, repeated)}
				direct, through, err := l.run(ctx, s, p, d, g)
				if err != nil {
					return err
				}
				fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%.0f\t%s\t%s\t%.0f\t%.2f\t%.2f\t%d µs\t\n", l.name, callers,
					ms(direct.percentile(.5)), ms(direct.percentile(.95)), direct.perSecond(),
					ms(through.percentile(.5)), ms(through.percentile(.95)), through.perSecond(),
					float64(through.percentile(.5))/float64(direct.percentile(.5)), through.perSecond()/direct.perSecond(),
					through.cpu.Microseconds()/int64(len(through.took)))
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return batches(ctx, s, d, g)
}

func name(full, repeated bool) string {
	kind := "minimize_latency"
	if full {
		kind = "fully consistent"
	}
	if repeated {
		return kind + ", repeated"
	}
	return kind + ", new"
}

// agree asks both a number of questions first: who answers otherwise is not measured.
func agree(ctx context.Context, s settings, d, g asker) error {
	draw := &questions{random: rand.New(rand.NewPCG(s.seed, 0)), organizations: s.organizations}
	yes := 0
	for range 300 {
		q := draw.next()
		a, err := d.one(ctx, q, true)
		if err != nil {
			return err
		}
		b, err := g.one(ctx, q, true)
		if err != nil {
			return err
		}
		if a != b {
			return fmt.Errorf("%+v: SpiceDB says %t and the gateway %t", q, a, b)
		}
		if a {
			yes++
		}
	}
	fmt.Printf("300 questions were answered alike by both, %d of them with yes\n\n", yes)
	return nil
}

// run lets both have their turns, in alternating order.
func (l line) run(ctx context.Context, s settings, p *place, d, g asker) (direct, through figures, err error) {
	var repeated []question
	if l.repeated {
		draw := &questions{random: rand.New(rand.NewPCG(s.seed, 1)), organizations: s.organizations}
		for range 100 {
			repeated = append(repeated, draw.next())
		}
	}
	turn := func(n int, a asker, f *figures) {
		if err != nil {
			return
		}
		var some figures
		before := p.cpu()
		if some, err = l.turn(ctx, s, n, a, repeated); err != nil || n < 4 { // the first turns only warm up
			return
		}
		f.took, f.busy, f.cpu = append(f.took, some.took...), f.busy+some.busy, f.cpu+p.cpu()-before
	}
	for round := range s.rounds + 2 {
		if round%2 == 0 {
			turn(2*round, d, &direct)
			turn(2*round+1, g, &through)
		} else {
			turn(2*round, g, &through)
			turn(2*round+1, d, &direct)
		}
	}
	return direct, through, err
}

// turn asks from all callers at once until the turn is over.
func (l line) turn(ctx context.Context, s settings, n int, a asker, repeated []question) (figures, error) {
	var mu sync.Mutex
	var all figures
	var failed error
	var running sync.WaitGroup
	began := time.Now()
	for caller := range l.callers {
		running.Go(func() {
			draw := &questions{random: rand.New(rand.NewPCG(s.seed+uint64(n), uint64(caller)+2)), organizations: s.organizations, repeated: repeated}
			var took []time.Duration
			var err error
			for err == nil && time.Since(began) < s.turn {
				q, asked := draw.next(), time.Now()
				_, err = a.one(ctx, q, l.full)
				took = append(took, time.Since(asked))
			}
			mu.Lock()
			defer mu.Unlock()
			all.took = append(all.took, took...)
			if err != nil {
				failed = err
			}
		})
	}
	running.Wait()
	all.busy = time.Since(began)
	return all, failed
}

// batches compares a hundred questions in one call with one: a list of chatbots, each with one action, and a shorter one, each with five.
func batches(ctx context.Context, s settings, d, g asker) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\nbatch of 100\tdirect p50\tp95\tgateway p50\tp95\tgateway / direct\tone check p50\tbatch / one\t")
	for _, actions := range [][]string{{"interact"}, {"interact", "read", "update", "test", "deploy"}} {
		for _, full := range []bool{true, false} {
			draw := &questions{random: rand.New(rand.NewPCG(s.seed, 7)), organizations: s.organizations}
			var direct, through, one figures
			timed := func(f *figures, ask func() error) error {
				began := time.Now()
				err := ask()
				f.took = append(f.took, time.Since(began))
				return err
			}
			for range 3 * s.rounds {
				for f, a := range map[*figures]asker{&direct: d, &through: g} { // a map, for its random order
					qs := draw.page(actions...)
					if err := timed(f, func() error { _, err := a.many(ctx, qs, full); return err }); err != nil {
						return err
					}
				}
				for range 5 {
					q := draw.next()
					if err := timed(&one, func() error { _, err := g.one(ctx, q, full); return err }); err != nil {
						return err
					}
				}
			}
			fmt.Fprintf(out, "%d × %d, %s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%.2f\t\n", 100/len(actions), len(actions), name(full, false),
				ms(direct.percentile(.5)), ms(direct.percentile(.95)), ms(through.percentile(.5)), ms(through.percentile(.95)),
				float64(through.percentile(.5))/float64(direct.percentile(.5)), ms(one.percentile(.5)),
				float64(through.percentile(.5))/float64(one.percentile(.5)))
		}
	}
	return out.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

// describe says on what the figures were taken.
func describe(w io.Writer, s settings) error {
	ctx := context.Background()
	cpu := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for l := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(l, "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	fmt.Fprintf(w, "machine: %d × %s, %s/%s, %s\n", runtime.NumCPU(), cpu, runtime.GOOS, runtime.GOARCH, runtime.Version())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(w, "load before: %s", load)
	}
	fmt.Fprintf(w, "grantway: %s\n", versionOf(ctx, s.grantway))
	if s.spicedb != "" {
		fmt.Fprintf(w, "spicedb: %s\n", versionOf(ctx, s.spicedb))
	}
	_, err := fmt.Fprintf(w, "data: %d organizations × (%d members, %d teams, %d chatbots), seed %d; %d turns of %s each a line\n",
		s.organizations, members, teams, chatbots, s.seed, s.rounds, s.turn)
	return err
}
