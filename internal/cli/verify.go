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
		Short: "compare the engine with the facts in the store",
		Long: `Compares the relationships in the engine with those that follow from the facts in the store, tells what differs, which changes the engine does not
take, and what to do about it. It changes nothing unless --repair is given, which makes the engine hold what follows from the facts.

The server of a data directory must not run meanwhile. With --datastore-uri servers may.

The exit status is 0 where nothing is to be done, 1 where something is, and 2 where that could not be found out.`,
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
	cmd.Flags().BoolVar(&repair, "repair", false, "make the engine hold what follows from the facts, and nothing else; changes wait meanwhile")
	return cmd
}
