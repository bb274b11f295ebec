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
	var dryRun, othersStopped bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "bring a store and its engine up to date with this version",
		Long: `Brings the store's tables and the engine's schema up to date without serving, and prints what changed, a line each: + is added, - is removed,
~ becomes another. A server with a data directory of its own does the same when it starts.

Gateways that share a store with --datastore-uri start only on a schema that fits them. Roll out a new version, or a new schema extension, so: run
its grantway migrate --dry-run, then grantway migrate, with the flags of serve; then replace one gateway after the other. Migrate says which
gateways may run on meanwhile, and be started again. Where there are none it refuses, until all are stopped and it is told so. What
relationships still use is never taken away: delete them first.`,
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
			_, err = fmt.Fprintln(std.out, "What the engine's schema becomes is compared once the tables are up to date.")
			return err
		},
	}
	addStorageFlags(cmd, &c)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change, and change nothing")
	cmd.Flags().BoolVar(&othersStopped, "others-stopped", false, "migrate although others cannot run beside this version: they have been stopped")
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
