package cli

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

// unusedListen satisfies a configuration of which only the storage is opened.
const unusedListen = "127.0.0.1:0"

func newMigrate(std streams) *cobra.Command {
	c := server.Config{Listen: unusedListen}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "bring a data directory up to date with this version",
		Long: `Brings the store's tables and the engine's schema up to date without serving, and prints what changed in the schema. serve does the same when it
starts. grantway schema diff tells what would change.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			lines, err := server.Migrate(cmd.Context(), c)
			if err != nil {
				return served(err)
			}
			return printDifference(std.out, lines, "The schema was up to date.")
		},
	}
	addStorageFlags(cmd, &c)
	return cmd
}

func printDifference(w io.Writer, lines []string, none string) error {
	if len(lines) == 0 {
		lines = []string{none}
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
