package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/client"
)

// fault is an error with what to do next.
type fault struct {
	error
	hint string
}

func (f *fault) Unwrap() error { return f.error }

// hinted adds what to do next to an error: a whole sentence or two.
func hinted(err error, format string, args ...any) error {
	return &fault{error: err, hint: fmt.Sprintf(format, args...)}
}

// misuse is an error in how the command was called.
func misuse(cmd *cobra.Command, err error) error {
	return hinted(fmt.Errorf("%s: %w", cmd.CommandPath(), err), "Run %s --help for its usage.", cmd.CommandPath())
}

// explain is an error as people read it: what is wrong, and what to do next.
func explain(err error) string {
	if errors.Is(err, context.Canceled) {
		var f *fault
		if !errors.As(err, &f) {
			return "interrupted"
		}
	}
	said := sentence(err)
	if !strings.HasPrefix(said, "grantway ") { // misuse names the command
		said = "grantway: " + said
	}
	lines := []string{said}
	var known *access.Error
	if errors.As(err, &known) {
		for _, field := range known.Fields {
			if len(known.Fields) == 1 && field.Detail == known.Detail {
				break // the first line says it already
			}
			lines = append(lines, fmt.Sprintf("  %s: %s", field.Pointer, field.Detail))
		}
	}
	var f *fault
	if errors.As(err, &f) {
		lines = append(lines, f.hint)
	}
	var answered *client.AnsweredError
	if !errors.As(err, &answered) {
		return strings.Join(lines, "\n")
	}
	if answered.RequestID != "" && (answered.Answer.Kind == access.KindInternal || answered.Answer.Kind == access.KindUnavailable) {
		lines = append(lines, "The server's log has details under request ID "+answered.RequestID+".")
	}
	if answered.RuleURL != "" {
		lines = append(lines, fmt.Sprintf("Rule %s is explained at %s", answered.Answer.Rule, answered.RuleURL))
	}
	return strings.Join(lines, "\n")
}

// sentence leaves out the kind of an error of the domain, which is for programs.
func sentence(err error) string {
	text := err.Error()
	var known *access.Error
	if !errors.As(err, &known) {
		return text
	}
	said := known.Detail
	if known.Rule != "" {
		said += " (" + known.Rule + ")"
	}
	if known.Cause != nil {
		said += ": " + known.Cause.Error()
	}
	return strings.Replace(text, known.Error(), said, 1)
}
