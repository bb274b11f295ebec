package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

const (
	// healthWithin is how long health waits for one answer.
	healthWithin = 3 * time.Second
	// askAgain is how long health --wait waits after an answer that is not the right one.
	askAgain = 100 * time.Millisecond
)

func newHealth(std streams) *cobra.Command {
	var server string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "health",
		Short: "ask whether a server is ready",
		Long: `Asks a server whether it, its store and its engine can answer, as GET /readyz does, and prints "ready". It is for containers that hold no other
program to ask with, and with --wait for scripts that have just started a server. The exit status is 0 for ready and 2 for anything else.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := client.New(server, "", "")
			if err != nil {
				return misuse(cmd, err)
			}
			for begun := time.Now(); ; time.Sleep(askAgain) {
				if err = isReady(cmd.Context(), c); err == nil || time.Since(begun) >= wait {
					break
				}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&server, "server", defaultServer, "`URL` of the server")
	cmd.Flags().DurationVar(&wait, "wait", 0, "ask again for that `DURATION` until the server is ready")
	return cmd
}

func isReady(ctx context.Context, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	return c.Ready(ctx)
}
