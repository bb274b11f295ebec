package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/spice/zed"
	"github.com/grantway/grantway/schema"
)

func newSchema(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print, validate and compare schemas",
		Args:  exactly(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSchemaPrint(std), newSchemaValidate(std), newSchemaDiff(std))
	return cmd
}

func newSchemaPrint(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "print",
		Short: "Print the built-in schema",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(std.out, schema.Text)
			return err
		},
	}
}

func newSchemaValidate(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a schema extension and run its assertions",
		Long: `Checks the file as serve --schema-extension does. Then runs its assertions and expected relations against its relationships, in
an engine in memory.`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			x, failed, err := zed.Validate(cmd.Context(), args[0], data, time.Now())
			if err != nil {
				return err
			}
			if len(failed) > 0 {
				return errors.New(strings.Join(failed, "\n"))
			}
			_, err = fmt.Fprintf(std.out, "%s is a valid schema extension; it defines %v\n", args[0], x.Types())
			return err
		},
	}
}

func newSchemaDiff(std streams) *cobra.Command {
	c := server.Config{Listen: unusedListen}
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what migrate would change in the engine's schema",
		Long: `Compares the engine's schema with that of this program and --schema-extension, and prints a line for each difference: + added, - removed,
~ changed. Stop the server of the data directory first.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			plan, err := server.Difference(cmd.Context(), c)
			if err != nil {
				return served(err)
			}
			return printPlan(std.out, server.Plan{Schema: plan.Schema}, "There is no difference.")
		},
	}
	addStorageFlags(cmd, &c)
	return cmd
}
