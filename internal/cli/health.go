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
		Short: "Check whether a server is ready",
		Long: `Asks a server whether it, its store and its engine are ready (GET /readyz), and prints "ready". Use it in containers without another HTTP
client, and with --wait in scripts that have just started a server. The exit status is 0 for ready, and 2 otherwise.`,
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
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait this `DURATION` for the server to be ready")
	return cmd
}

func isReady(ctx context.Context, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	return c.Ready(ctx)
}
