package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

func newExplain(std streams) *cobra.Command {
	return asking(std, &cobra.Command{
		Use:   "explain",
		Short: "say why a subject may do something, or may not",
		Long: `Asks a server as check does, and prints what grants it, or all that stops it and who could change that. What is in parentheses
names the rules of the access model.`,
	}, func(ctx context.Context, c *client.Client, q client.Question) (reply, error) {
		why, answer, err := c.Explain(ctx, q)
		return reply{why.Allowed, reasons(why), answer}, err
	})
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
