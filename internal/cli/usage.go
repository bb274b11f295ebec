package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

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
		fmt.Fprintf(w, "\nRun %s COMMAND --help for details.\n", cmd.CommandPath())
	}
	printFlags(w, "Flags", cmd.LocalFlags())
	printFlags(w, "Flags of every command", cmd.InheritedFlags())
	return nil
}

// helpWidth is how wide the help is, in columns.
const helpWidth = 120

// printFlags prints a line for each flag, in two columns; a long description goes on below itself.
func printFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	var names []string
	var texts [][]string
	width := 0
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
		words := strings.Fields(text)
		if f.Name != flagHelp {
			words = append(words, fmt.Sprintf("(default %s; %s)", shownDefault(f), variable(f.Name)))
		}
		names, texts, width = append(names, name), append(texts, words), max(width, len(name))
	})
	fmt.Fprintf(w, "\n%s:\n", title)
	for i, name := range names {
		for n, line := range wrap(texts[i], helpWidth-width-4) {
			if n > 0 {
				name = ""
			}
			fmt.Fprintf(w, "  %-*s  %s\n", width, name, line)
		}
	}
}

// wrap joins words to lines of at most that many characters; a longer word has a line of its own.
func wrap(words []string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
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
