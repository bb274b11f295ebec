package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

func newVerify(std streams) *cobra.Command {
	c := server.Config{Listen: unusedListen}
	var repair bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare the engine with the store, and repair it",
		Long: `Compares the relationships in the engine with the facts in the store. Prints the differences, the changes that the engine does not accept, and
what to do. It changes nothing, unless --repair is given, which makes the engine match the facts.

Stop the server of the data directory first. With --datastore-uri, servers can keep running.

The exit status is 0 if there is nothing to do, 1 if there is, and 2 for an error.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			lines, clean, err := server.Verify(cmd.Context(), c, repair)
			if err != nil {
				return served(err)
			}
			for _, line := range lines {
				if _, err := fmt.Fprintln(std.out, line); err != nil {
					return err
				}
			}
			if !clean {
				return errDiffers
			}
			return nil
		},
	}
	addStorageFlags(cmd, &c)
	cmd.Flags().BoolVar(&repair, "repair", false, "make the engine match the facts; changes wait meanwhile")
	return cmd
}
