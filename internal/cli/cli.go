// Package cli is the command line: a tree of cobra commands, one file each.
//
// It owns flags, GRANTWAY_ variables, the configuration file, output, and exit statuses. It must not decide about access: serve runs package
// server, and commands that call a server use package client, like any other caller.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit statuses of every command.
const (
	exitOK          = 0
	exitDenied      = 1 // check, explain: the answer is no; compare, verify: there is a difference; doctor: something is wrong
	exitError       = 2
	exitInterrupted = 130 // as shells report a program that Ctrl-C ended
)

// errDenied ends check and explain with exitDenied. The answer has been printed; there is nothing to add.
var errDenied = errors.New("denied")

// streams is where a command reads and prints.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the program with args, which do not include its name, and returns its exit status. It ends early when ctx is cancelled.
func Main(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	std := streams{in: in, out: out, err: err}
	root := newRoot(std)
	root.SetArgs(args)
	failed := root.ExecuteContext(ctx)
	switch {
	case failed == nil:
		return exitOK
	case errors.Is(failed, errDenied), errors.Is(failed, errDiffers), errors.Is(failed, errUnwell):
		return exitDenied
	}
	fmt.Fprintln(std.err, explain(failed))
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitError
}

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "grantway",
		Short: "Manage who can use your chatbots",
		Long: `Grantway manages who can use your chatbots, and answers access checks over AuthZEN.

Every flag can also be set by an environment variable (--public-url by GRANTWAY_PUBLIC_URL) or in the YAML file named by --config
(public-url: …). Flags override variables, and variables override the file.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return misuse(cmd, err) })
	root.PersistentFlags().String(flagConfig, "", "YAML `FILE` with settings, named like the flags")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applySettings(cmd) }
	root.AddCommand(
		newServe(std), newCheck(std), newExplain(std), newShare(std), newUnshare(std), newConsole(std), newImport(std), newExport(std), newCompare(std), newBackup(std),
		newMigrate(std), newVerify(std), newSchema(std), newHealth(std), newDoctor(std), newVersion(std),
	)
	return root
}

// exactly demands one argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return misuse(cmd, fmt.Errorf("needs %d arguments (%s), not %d", len(names), strings.Join(names, " "), len(args)))
		}
		return nil
	}
}
