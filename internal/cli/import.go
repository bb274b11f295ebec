package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

// shownRejects is the number of invalid rows printed on the terminal; all are in the rejects file.
const shownRejects = 20

// stdinName is what standard input is called as a file.
const stdinName = "stdin"

// importing is the flags of import.
type importing struct {
	remote
	client.ImportOptions
	rejects string
}

func newImport(std streams) *cobra.Command {
	var i importing
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Import organizations, chatbots, shares and everything else",
		Long: `Sends the files, in any order, to a server. The server checks all rows before it writes any: if a row is invalid, nothing is written,
unless --skip-invalid is given. The file - is standard input. Importing the same rows again changes nothing, so you can continue an
interrupted import by repeating the command. Shares, requests, invitations and keys that have expired are counted, and change nothing.

CSV files have a header: organization,user,role[,email,name,type] · team,organization,user,role · chatbot,organization,owner[,visibility] ·
chatbot,principal,access[,expires_at] · chatbot,user,actions · role,user · group,principal · document,chatbot,access,allowed, or mcp_server or
metric instead of document. Actions are separated by + (read+test), and allowed principals by ; (user:alice;group:partners). Files from
spreadsheets are accepted with a byte order mark, CRLF, empty columns and rows at the end, and a header in another case. Cells must be
separated by commas, in UTF-8. An apostrophe before =, +, -, @, tab, CR or another apostrophe, as exports write it, is removed.
JSON Lines contain one object a line, with "kind" and the same names. Relationship files contain lines such as chatbot:x#use_only@user:alice.`,
		Example: `  grantway import members.csv chatbots.csv shares.jsonl
  grantway import --dry-run members.csv
  zcat members.csv.gz | grantway import --format csv -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(cmd, errors.New("name at least one FILE"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return i.run(cmd, std, args) },
	}
	i.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&i.Format, "format", "", "`FORMAT` of all files: csv, jsonl or relationships; by default their extensions decide")
	flags.BoolVar(&i.DryRun, "dry-run", false, "check everything, write nothing")
	flags.BoolVar(&i.SkipInvalid, "skip-invalid", false, "write the valid rows even if others are invalid")
	flags.StringVar(&i.rejects, "rejects", "", "write invalid rows, with line and reason, to this new `FILE`, as JSON Lines; it is created only if there are any")
	markDefault(cmd, "rejects", defaultRejects+" with --skip-invalid (with a number if it exists), else none")
	return cmd
}

func (i *importing) run(cmd *cobra.Command, std streams, args []string) error {
	c, err := i.client()
	if err != nil {
		return misuse(cmd, err)
	}
	sources, size, err := i.sources(std.in, args)
	if err != nil {
		return misuse(cmd, err)
	}
	rejects, err := newRejects(i.rejects, i.SkipInvalid, std.err)
	if err != nil {
		return misuse(cmd, err)
	}
	bar := newProgress(std.err, size)
	summary, err := c.Import(cmd.Context(), sources, i.ImportOptions, bar.sent, func(e client.Event) error {
		if e.Reject != nil {
			bar.clear()
			return rejects.add(*e.Reject)
		}
		bar.event(e)
		return nil
	})
	bar.finish()
	if err := errors.Join(err, rejects.close()); err != nil {
		if errors.Is(err, context.Canceled) {
			return hinted(errors.New("interrupted"), "Rows already written stay. Repeat the command to continue.")
		}
		return i.advise(err)
	}
	return i.report(std.out, summary, rejects)
}

// sources are the files, and how many bytes they have together, or -1 where that is not known.
func (i *importing) sources(stdin io.Reader, args []string) ([]client.Source, int64, error) {
	var sources []client.Source
	var size int64
	for _, name := range args {
		if name == "-" {
			if i.Format == "" {
				return nil, 0, errors.New("standard input needs --format csv, jsonl or relationships")
			}
			size = -1
			sources = append(sources, client.Source{Name: stdinName, Open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, 0, err
		}
		if info.IsDir() {
			return nil, 0, fmt.Errorf("%s is a directory: name the files in it", name)
		}
		if size >= 0 {
			size += info.Size()
		}
		sources = append(sources, client.Source{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	return sources, size, nil
}

// withoutHashKey leaves out the row that is no fact, as an export does not count it.
func withoutHashKey(kinds map[string]int64) map[string]int64 {
	facts := maps.Clone(kinds)
	delete(facts, "hash_key")
	return facts
}

// report tells how the import ended. It fails if nothing was written because of bad rows.
func (i *importing) report(w io.Writer, s client.Summary, rejects *rejectsFile) error {
	answer, err := json.Marshal(s)
	if err != nil {
		return err
	}
	did := "written"
	if s.DryRun {
		did = "would be written"
	}
	if err := i.print(w, answer, "%d rows: %d %s, %d pending, %d unchanged, %d expired, %d rejected\n%s", s.Rows, s.Written, did, s.Pending, s.Unchanged, s.Expired, s.Rejected,
		listKinds(withoutHashKey(s.Kinds))); err != nil {
		return err
	}
	switch {
	case s.Rejected == 0:
		return nil
	case !s.Refused:
		_, err := fmt.Fprintf(rejects.told, "The invalid rows are in %s, with line and reason.\n", rejects.path)
		return err
	}
	bad := "1 row is invalid"
	if s.Rejected > 1 {
		bad = fmt.Sprintf("%d rows are invalid", s.Rejected)
	}
	return hinted(fmt.Errorf("nothing was written, because %s", bad),
		"Correct them and import again, or import the valid rows with --skip-invalid.")
}
