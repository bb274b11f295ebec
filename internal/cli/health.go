package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

// healthWithin is how long health waits for the answer.
const healthWithin = 3 * time.Second

func newHealth(std streams) *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "ask whether a server is ready",
		Long: `Asks a server whether it, its store and its engine can answer, as GET /readyz does, and prints "ready". It is for containers that hold no other
program to ask with. The exit status is 0 for ready and 2 for anything else.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := client.New(server, "", "")
			if err != nil {
				return misuse(cmd, err)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthWithin)
			defer cancel()
			if err := c.Ready(ctx); err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&server, "server", defaultServer, "`URL` of the server")
	return cmd
}
