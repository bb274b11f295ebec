package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

func newExplain(std streams) *cobra.Command {
	var r remote
	var a asked
	cmd := &cobra.Command{
		Use:   "explain SUBJECT ACTION RESOURCE",
		Short: "say why a subject may do something, or may not",
		Long: `Asks a server as check does, and prints what grants it, or all that stops it and who could change that. What is in parentheses
names the rules of the access model.

A subject is user:ID, visitor:ID or api_key:SECRET. The exit status is 0 for allowed, 1 for denied and 2 for an error.`,
		Example: `  grantway explain user:alice interact chatbot:helper
  grantway explain user:alice use feature:helper/file_upload --property file_size_mb=12`,
		Args: exactly("SUBJECT", "ACTION", "RESOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := question(args, a)
			if err != nil {
				return misuse(cmd, err)
			}
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			why, answer, err := c.Explain(cmd.Context(), q)
			if err != nil {
				return r.advise(err)
			}
			if err := r.print(std.out, answer, "%s", reasons(why)); err != nil {
				return err
			}
			if !why.Allowed {
				return errDenied
			}
			return nil
		},
	}
	r.addTo(cmd)
	a.addTo(cmd)
	return cmd
}

// reasons is an explanation in lines.
func reasons(why client.Explanation) string {
	lines := []string{verdict(client.Decision{Allowed: why.Allowed})}
	list := func(heading string, sentences []string) {
		if len(sentences) > 0 && heading != "" {
			lines = append(lines, heading)
		}
		for _, s := range sentences {
			lines = append(lines, "  "+s)
		}
	}
	list("", why.Because)
	list("", why.StoppedBy)
	list("could be granted by", why.CouldBeGrantedBy)
	return strings.Join(lines, "\n")
}
