package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/client"
)

func newExport(std streams) *cobra.Command {
	var r remote
	var format, table, path string
	var record bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export everything in a form that import accepts",
		Long: `Writes everything the server stores except secrets and the record, and prints the number of rows on standard error.

  jsonl          everything, for import on another server. Keys and invitations are included as digests: they keep working if the other
                 server has the same hash key; otherwise create new keys and resend the invitations. Public links always keep working
  csv            tables for spreadsheets, in a zip archive; its LEFT-OUT.txt says what CSV cannot express. Disabled chatbots and chatbots
                 with gates are left out
  relationships  for SpiceDB's tools; comments in the file say what is left out

It leaves out expired shares and keys, requests and invitations that have ended, notifications, and the
answers to repeated calls. The record stays where it was made: --record writes it, as jsonl or csv, to keep beside the new server, which
begins a record of its own.

A file appears under its name only when it is complete.`,
		Example: `  grantway export -o everything.jsonl
  grantway export --record -o record.jsonl
  grantway export --format csv --table shares`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.client()
			if err != nil {
				return misuse(cmd, err)
			}
			write := func(w io.Writer) error { return c.Export(cmd.Context(), format, table, w) }
			switch {
			case record && table != "":
				return misuse(cmd, errors.New("--table cannot be used with --record"))
			case record:
				write = func(w io.Writer) error { return c.ExportRecord(cmd.Context(), format, w) }
			case format == "csv" && table == "" && path == "":
				return misuse(cmd, errors.New("a CSV export is a zip archive: name a file with -o, or choose one table with --table"))
			case format == "jsonl":
				write = counted(std.err, write)
			}
			if path != "" {
				return r.advise(writeWhole(path, func(f *os.File) error { return write(f) }))
			}
			return r.advise(write(std.out))
		},
	}
	r.addTo(cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "`FORMAT`: jsonl, csv or relationships")
	cmd.Flags().StringVar(&table, "table", "", "write only this `TABLE` (with --format csv)")
	cmd.Flags().BoolVar(&record, "record", false, "export the record instead, as jsonl or csv")
	cmd.Flags().StringVarP(&path, "output-file", "o", "", "write to this `FILE` instead of standard output")
	return cmd
}

// counted tells how much of each kind is written, once all of it is.
func counted(told io.Writer, write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		held := client.NewHoldings()
		lines, into := io.Pipe()
		counting := make(chan error, 1)
		go func() {
			err := held.Count(lines)
			lines.CloseWithError(err)
			counting <- err
		}()
		err := write(io.MultiWriter(w, into))
		into.CloseWithError(err)
		if counted := <-counting; err == nil {
			err = counted
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(told, listKinds(held.Kinds))
		return err
	}
}

// listKinds says how many there are of each kind.
func listKinds(kinds map[string]int64) string {
	if len(kinds) == 0 {
		return "nothing"
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, kinds[kind]))
	}
	return strings.Join(parts, ", ")
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
			err = errors.Join(err, fmt.Errorf("the rows written so far are in %s: %w", file.Name(), removal))
		}
	}
	return err
}
