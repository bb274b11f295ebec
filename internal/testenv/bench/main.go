// Command bench measures the cost of the gateway compared with direct calls to SpiceDB. scripts/bench builds what it needs and runs it.
//
// It asks both the same kinds of questions about the same data, in short turns, so that other load on the machine affects both. The ratio of the
// two in one run counts; absolute figures depend on the machine. It never fails because of a slow machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// settings is the command line.
type settings struct {
	grantway, spicedb string // the programs
	postgres          string // an administrative URI, under which the databases are made
	organizations     int
	rounds            int
	turn              time.Duration
	seed              uint64
	only              string
}

func main() {
	var s settings
	flag.StringVar(&s.grantway, "grantway", "", "the `PROGRAM` grantway")
	flag.StringVar(&s.spicedb, "spicedb", "", "the `PROGRAM` spicedb; without it only the embedded engine is measured")
	flag.StringVar(&s.postgres, "postgres", "", "administrative `URI` of a PostgreSQL")
	flag.IntVar(&s.organizations, "organizations", 100, "how many organizations of 100 members, 10 teams and 20 chatbots there are")
	flag.IntVar(&s.rounds, "rounds", 32, "how many turns each of the two gets for one line of the table")
	flag.DurationVar(&s.turn, "turn", time.Second/4, "how long one turn is: far shorter than SpiceDB's quantization window, whose beginning is slow")
	flag.Uint64Var(&s.seed, "seed", 1, "of the data and the questions")
	flag.StringVar(&s.only, "only", "", "`COLUMN` to measure: remote; all if it is left out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the columns one after the other, each with servers of its own.
func run(ctx context.Context, s settings) error {
	if err := describe(os.Stdout, s); err != nil {
		return err
	}
	columns := []func(context.Context, settings, *place) error{embedded, remote}
	if s.spicedb == "" {
		columns = columns[:1]
	}
	if s.only == "remote" {
		columns = columns[1:]
	}
	for _, start := range columns {
		if err := column(ctx, s, start); err != nil {
			return err
		}
	}
	return nil
}

// column starts the servers of one column, loads the data and measures.
func column(ctx context.Context, s settings, start func(context.Context, settings, *place) error) error {
	p := &place{}
	defer p.close()
	if err := start(ctx, s, p); err != nil {
		return fmt.Errorf("%w\n%s", err, p.logs())
	}
	began := time.Now()
	rows, err := load(ctx, p, s)
	if err != nil {
		return fmt.Errorf("loading the data: %w\n%s", err, p.logs())
	}
	fmt.Printf("\n%s\n%d rows were imported in %s\n\n", p.name, rows, time.Since(began).Round(time.Second))
	return measure(ctx, p, s)
}
