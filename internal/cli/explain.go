package cli

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

func newExplain(std streams) *cobra.Command {
	return asking(std, &cobra.Command{
		Use:   "explain",
		Short: "Explain why a subject can or cannot do something",
		Long: `Asks a server like check does, and prints what grants access, or everything that prevents it and who could grant it. Each reason ends
with the rules of the access model that apply. The last lines link to these rules.`,
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
	var pages []string
	for _, rule := range slices.Sorted(maps.Keys(why.Rules)) {
		pages = append(pages, rule+": "+why.Rules[rule])
	}
	list("rules", pages)
	return strings.Join(lines, "\n")
}
