// Command grantway manages who can use chatbots, and answers access checks.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/grantway/grantway/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
