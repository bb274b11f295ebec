package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

// errDiffers ends compare with exitDenied. The differences have been printed.
var errDiffers = errors.New("the servers differ")

// shownDisagreements is how many questions are printed to which two servers give different answers.
const shownDisagreements = 20

func newCompare(std streams) *cobra.Command {
	var to, from remote
	var questions int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare the data and the decisions of two servers",
		Long: `Counts what both servers hold, kind by kind, and asks both the same random questions: the subjects, actions, resources and values (addresses, public
links, IP addresses, sizes) are drawn from the data of the first server. It changes nothing. Each server needs a full key that is not confined.

Use it at the end of a move: export, import, compare. Make no changes on the first server meanwhile. The exit status is 0 if the servers are
alike, 1 if they differ, and 2 if they could not be compared.`,
		Example: `  grantway compare --from http://old.internal:8080 --from-key $OLD_KEY --questions 10000`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			here, err := to.client()
			if err != nil {
				return misuse(cmd, err)
			}
			if from.server == "" {
				return misuse(cmd, errors.New("--from URL is missing: name the server to compare with"))
			}
			if from.key == "" {
				from.key = to.key
			}
			from.output = to.output
			there, err := from.client()
			if err != nil {
				return misuse(cmd, err)
			}
			if !cmd.Flags().Changed("seed") {
				seed = rand.Uint64()
			}
			c, err := client.Compare(cmd.Context(), there, here, questions, seed, func(int) {})
			if err != nil {
				return to.advise(err)
			}
			return reportComparison(std.out, &to, c, seed)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from.server, "from", "", "`URL` of the server to compare with, where the facts came from")
	flags.StringVar(&from.key, "from-key", "", "account `KEY` for that server; prefer the variable")
	markDefault(cmd, "from-key", "that of --key")
	flags.IntVar(&questions, "questions", 1000, "`NUMBER` of random questions")
	flags.Uint64Var(&seed, "seed", 0, "`SEED` of the random questions, to repeat them")
	markDefault(cmd, "seed", "another one each time")
	to.addTo(cmd)
	return cmd
}

// reportComparison prints a comparison. It fails where there is a difference.
func reportComparison(w io.Writer, r *remote, c client.Comparison, seed uint64) error {
	differing := kindsThatDiffer(c)
	hashesAlike := c.From.HashesAlike(c.To)
	if r.output == outputJSON {
		answer, err := json.Marshal(map[string]any{
			"from": c.From.Kinds, "to": c.To.Kinds, "kinds_that_differ": differing, "hash_keys_alike": hashesAlike, "seed": seed,
			"questions": c.Questions, "granted": c.Granted, "disagreements": c.Differing,
		})
		if err != nil {
			return err
		}
		if err := r.print(w, answer, ""); err != nil {
			return err
		}
	} else if err := tellComparison(w, c, differing, hashesAlike, seed); err != nil {
		return err
	}
	if len(differing)+len(c.Differing) > 0 {
		return errDiffers
	}
	return nil
}

// kindsThatDiffer lists the kinds in which the servers' data differ.
func kindsThatDiffer(c client.Comparison) []string {
	differing := []string{}
	for _, kind := range kindsOf(c) {
		if !c.From.Same(c.To, kind) {
			differing = append(differing, kind)
		}
	}
	return differing
}

func kindsOf(c client.Comparison) []string {
	all := maps.Clone(c.From.Kinds)
	maps.Copy(all, c.To.Kinds)
	return slices.Sorted(maps.Keys(all))
}

func tellComparison(w io.Writer, c client.Comparison, differing []string, hashesAlike bool, seed uint64) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "from\there\t\t")
	for _, kind := range kindsOf(c) {
		note := ""
		if slices.Contains(differing, kind) {
			note = "  differs"
		}
		fmt.Fprintf(table, "%d\t%d\t  %s%s\n", c.From.Kinds[kind], c.To.Kinds[kind], kind, note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	switch {
	case len(c.From.HashKeys) == 0:
	case hashesAlike:
		fmt.Fprintln(w, "Both servers have the same hash key: keys and invitations work on both. The first account key works only as GRANTWAY_ROOT_KEY.")
	default:
		fmt.Fprintln(w, "The hash keys DIFFER: keys and invitations of the first server do not work here. Start this server with the GRANTWAY_HASH_KEY "+
			"(or hash.key) of the first one, or create new keys and resend the invitations.")
	}
	for i, d := range c.Differing {
		if i == shownDisagreements {
			fmt.Fprintf(w, "… and %d more\n", len(c.Differing)-i)
			break
		}
		question, err := json.Marshal(d.Question)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s there, %s here: %s\n", word(d.From), word(d.To), question)
	}
	agreed := c.Questions - len(c.Differing)
	_, err := fmt.Fprintf(w, "%d questions (seed %d): %d answered alike, %d of them allowed (%.1f %%); %d answered differently\n",
		c.Questions, seed, agreed, c.Granted, 100*float64(c.Granted)/float64(max(1, agreed)), len(c.Differing))
	return err
}

func word(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}
