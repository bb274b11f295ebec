package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printUsage prints what comes after a command's description. Unlike cobra's own it shows the default of every flag, also where that is
// nothing, and the variable that means the same.
func printUsage(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	if cmd.Runnable() && cmd.HasParent() {
		fmt.Fprintf(w, "Usage:\n  %s\n", cmd.UseLine())
	} else {
		fmt.Fprintf(w, "Usage:\n  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(w, "\nCommands:")
		for _, child := range cmd.Commands() {
			if child.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-10s %s\n", child.Name(), child.Short)
			}
		}
		fmt.Fprintf(w, "\n%s COMMAND --help tells more about one.\n", cmd.CommandPath())
	}
	printFlags(w, "Flags", cmd.LocalFlags())
	printFlags(w, "Flags of every command", cmd.InheritedFlags())
	return nil
}

func printFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		value, text := pflag.UnquoteUsage(f)
		if value != "" {
			name += " " + value
		}
		if f.Name == flagHelp {
			fmt.Fprintf(w, "  %s\n      %s\n", name, text)
			return
		}
		fmt.Fprintf(w, "  %s\n      %s (default %s; %s)\n", name, text, shownDefault(f), variable(f.Name))
	})
}

func shownDefault(f *pflag.Flag) string {
	switch value := strings.Trim(f.DefValue, "[]"); {
	case value != "":
		return value
	default:
		return "none"
	}
}

// markDefault says what holds where a flag without a default of its own is not given.
func markDefault(cmd *cobra.Command, flag, text string) { cmd.Flags().Lookup(flag).DefValue = text }
