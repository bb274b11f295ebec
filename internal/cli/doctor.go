package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

// errUnwell ends doctor with exitDenied. The faults have been printed.
var errUnwell = errors.New("something between callers and server is wrong")

func newDoctor(std streams) *cobra.Command {
	var r remote
	var e client.Examination
	var mebibytes int64
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what proxies in front of a server change",
		Long: `Makes harmless calls to a server at the address that callers use, and compares what it sent with what arrived: IDs in paths, methods, headers, the
caller's address, the length of bodies and headers, slow and broken answers. For each it prints that it is good, or what is wrong and how to fix it.

Run it from where callers are, with the address that they use. It needs an unconfined account key; read_only is enough. It changes nothing, and
leaves one refused call in the record. Slow answers make it take as long as --call-timeout of the server.

The exit status is 0 if nothing is wrong, 1 if something is, and 2 if the checks could not run.`,
		Example: `  grantway doctor --server https://pdp.example.com`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			if !cmd.Flags().Changed("slow") {
				e.Slow = -1
			}
			e.Import = mebibytes << 20
			findings, err := c.Examine(cmd.Context(), e)
			if err != nil {
				return r.advise(err)
			}
			return reportFindings(std.out, &r, findings)
		},
	}
	r.addServerTo(cmd)
	cmd.Flags().Int64Var(&mebibytes, "import-size", 16, "size of the largest import to try, in `MEBIBYTES`; 0 tries none")
	cmd.Flags().DurationVar(&e.Slow, "slow", 0, "`DURATION` of the slowest answer to try; 0 tries none")
	markDefault(cmd, "slow", "--call-timeout of the server")
	return cmd
}

// reportFindings prints what was found. It fails where something is wrong.
func reportFindings(w io.Writer, r *remote, findings []client.Finding) error {
	bad := slices.ContainsFunc(findings, func(f client.Finding) bool { return f.Verdict == client.Wrong })
	if r.output == outputJSON {
		answer, err := json.Marshal(map[string]any{"server": r.server, "good": !bad, "findings": findings})
		if err != nil {
			return err
		}
		if err := r.print(w, answer, ""); err != nil {
			return err
		}
	} else if err := tellFindings(w, findings); err != nil {
		return err
	}
	if bad {
		return errUnwell
	}
	return nil
}

func tellFindings(w io.Writer, findings []client.Finding) error {
	count := map[client.Verdict]int{}
	for _, f := range findings {
		count[f.Verdict]++
		word := string(f.Verdict)
		if f.Verdict == client.Wrong {
			word = "WRONG"
		}
		fmt.Fprintf(w, "%-5s  %-23s  %s\n", word, f.Check, f.Says)
		if f.Change != "" {
			fmt.Fprintf(w, "%32s%s\n", "", f.Change)
		}
	}
	_, err := fmt.Fprintf(w, "%d good, %d to look at, %d wrong\n", count[client.Good], count[client.Look], count[client.Wrong])
	return err
}
