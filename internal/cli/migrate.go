package cli

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

// unusedListen satisfies a configuration that is used only to open the storage.
const unusedListen = "127.0.0.1:0"

func newMigrate(std streams) *cobra.Command {
	c := server.Config{Listen: unusedListen}
	var dryRun, othersStopped bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the store and the engine to this version",
		Long: `Updates the store's tables and the engine's schema to this version, and prints a line for each change: + added, - removed, ~ changed. A
server with its own data directory does this when it starts.

Gateways that share a store (--datastore-uri) start only with a schema that fits them. To roll out a new version or schema extension, run
grantway migrate --dry-run, then grantway migrate, with the flags of serve. Then replace one gateway after the other. The command says
which older gateways can keep running. If none can, it refuses until you stop all gateways and repeat it with --others-stopped.
Definitions that relationships still use are never removed: delete the relationships first.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			var plan server.Plan
			var err error
			if dryRun {
				plan, err = server.Difference(cmd.Context(), c)
			} else {
				plan, err = server.Migrate(cmd.Context(), c, othersStopped)
			}
			if err != nil {
				return served(err)
			}
			if err := printPlan(std.out, plan, "Everything was up to date."); err != nil || !dryRun || len(plan.Tables) == 0 {
				return err
			}
			_, err = fmt.Fprintln(std.out, "The engine's schema is compared once the tables are up to date.")
			return err
		},
	}
	addStorageFlags(cmd, &c)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, change nothing")
	cmd.Flags().BoolVar(&othersStopped, "others-stopped", false, "confirm that all other gateways have been stopped")
	return cmd
}

// printPlan prints a line for each change, or that there is none.
func printPlan(w io.Writer, plan server.Plan, none string) error {
	text := plan.String()
	if text == "" {
		text = none
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
