// Package faults_test breaks a whole installation while it is used, and says what was lost: gateways, SpiceDB nodes and PostgreSQL are killed,
// connections are cut and hang, and meanwhile workers change access and ask for decisions through all gateways. Each worker knows what it was
// answered, and so what may be decided at each moment (thing). scripts/faults runs it; scripts/soak runs the same installation for a while
// without breaking it.
package faults_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/grantway/grantway/internal/cli"
)

// runInstead makes the test binary be the program, so that a test can kill the real process.
const runInstead = "GRANTWAY_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runInstead) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}
