package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newExport(std streams) *cobra.Command {
	var r remote
	var format, table, path string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write everything in a form that import takes back",
		Long: `Writes what the server holds, but for secrets and the record.

  jsonl          everything: import makes it true again on another server. Keys, public links and invitations are in it as digests:
                 where the other server has the same hash key, whoever has a key or an invitation goes on using it; where it has another
                 one, keys must be made and invitations sent anew. Public links work wherever they are imported
  csv            tables for spreadsheets, in a zip archive that says in LEFT-OUT.txt what they cannot say; chatbots with gates and disabled
                 ones are in none of them
  relationships  what SpiceDB's tools can read; comments in it say what is left out

A file appears under its name only when it is complete.`,
		Example: `  grantway export -o everything.jsonl
  grantway export --format csv --table shares`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			if path != "" {
				return r.advise(writeWhole(path, func(f *os.File) error { return c.Export(cmd.Context(), format, table, f) }))
			}
			if format == "csv" && table == "" {
				return misuse(cmd, errors.New("all as CSV is a zip archive: name a file for it with -o, or one table with --table"))
			}
			return r.advise(c.Export(cmd.Context(), format, table, std.out))
		},
	}
	r.addTo(cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "`FORMAT`: jsonl, csv or relationships")
	cmd.Flags().StringVar(&table, "table", "", "the one `TABLE` to write, with --format csv")
	cmd.Flags().StringVarP(&path, "output-file", "o", "", "`FILE` to write; none is standard output")
	return cmd
}

// writeWhole lets write fill a new file, which gets its name only when it is complete and on disk.
func writeWhole(path string, write func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		if removal := os.Remove(file.Name()); removal != nil {
			err = errors.Join(err, fmt.Errorf("what was written so far is in %s: %w", file.Name(), removal))
		}
	}
	return err
}
