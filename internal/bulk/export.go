package bulk

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spreadsheet"
)

// Export answers GET /v1/export: everything, in a form that Import accepts. A failure in the middle breaks the connection, so that
// half an export is never taken for a whole one.
func (b *Bulk) Export(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	q, err := parameters(r.URL.Query(), "format", "table")
	if err != nil {
		b.problems.Write(w, actor.RequestID, err)
		return
	}
	out := &answer{ResponseWriter: w}
	give := func(query sharing.ExportQuery, each func(sharing.Row) error) error {
		return b.sharing.Export(r.Context(), actor, query, each)
	}
	if err := write(out, Format(q.Get("format")), q.Get("table"), give); err != nil {
		if !out.begun {
			b.problems.Write(w, actor.RequestID, err)
			return
		}
		if r.Context().Err() == nil {
			b.log.Error("an export failed", "request_id", actor.RequestID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// answer notes whether anything was sent.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// giver gives each the rows that a query asks for.
type giver func(q sharing.ExportQuery, each func(sharing.Row) error) error

// write writes an export with its header. Rows are gathered before they are sent, so that what is refused at once is answered alone.
func write(w http.ResponseWriter, f Format, name string, give giver) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var media, file string
	var rows func(io.Writer, giver) error
	switch {
	case f != CSV && name != "":
		return access.Invalidf("", "only a CSV export has tables")
	case f == "" || f == JSONL:
		media, file, rows = jsonLines, "grantway.jsonl", writeJSONL
	case f == Relationships:
		media, file, rows = "text/plain; charset=utf-8", "grantway.relationships", writeRelationships
	case f == CSV && name == "":
		media, file, rows = "application/zip", "grantway.zip", writeTables
	case f == CSV:
		i := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
		if i < 0 {
			return access.Invalidf("", "unknown table %q: use one of %s", name, access.Listed(tableNames()))
		}
		media, file = "text/csv; charset=utf-8", name+".csv"
		rows = func(w io.Writer, give giver) error { return writeTable(w, tables[i], give) }
	default:
		return access.Invalidf("", "unknown format %q: use one of %s", f, access.Listed(Formats))
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+file+`"`)
	if err := rows(out, give); err != nil {
		w.Header().Del("Content-Disposition")
		return err
	}
	return out.Flush()
}

func tableNames() []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	return names
}

func writeJSONL(w io.Writer, give giver) error {
	return give(sharing.ExportQuery{}, func(r sharing.Row) error {
		line, err := encode(r)
		if err != nil {
			return err
		}
		_, err = w.Write(append(line, '\n'))
		return err
	})
}

func writeRelationships(w io.Writer, give giver) error {
	rw, err := newRelationshipWriter(w)
	if err != nil {
		return err
	}
	if err := give(sharing.ExportQuery{}, rw.row); err != nil {
		return err
	}
	return rw.close()
}

// writeTable writes one table. No table can say gates, so gated chatbots are left out: they would stand open where it is imported.
func writeTable(w io.Writer, t *table, give giver) error {
	if err := spreadsheet.Write(w, t.columns()); err != nil {
		return err
	}
	return give(sharing.ExportQuery{Kinds: []sharing.Kind{t.kind}, People: true, Ungated: true}, func(r sharing.Row) error {
		return writeRow(w, t.write(r))
	})
}

// leftOut names the file of a ZIP file that says what the tables do not.
const leftOut = "LEFT-OUT.txt"

// The lines of leftOut are comments, which an import of all files of the ZIP file passes over.
const (
	leftOutPreamble = `// These tables are for spreadsheets. They cannot express, and an import from them lacks:
// organizations' names and limits; platform roles; whether users' addresses are verified, and who is deleted or inactive; users who belong to
// no organization; names of teams, teams without members, and teams in teams; features; public links, keys, requests and
// invitations; chatbots with gates or disabled ones, with everything that names them.
// They name roles and groups and cannot create them: these must exist where the tables are imported.
`
	leftOutEnd = "// Use JSON Lines to move everything.\n"
)

// writeLeftOut writes what the tables do not say, and lists the chatbots that are in none.
func writeLeftOut(w io.Writer, give giver) error {
	if _, err := io.WriteString(w, leftOutPreamble); err != nil {
		return err
	}
	err := give(sharing.ExportQuery{Kinds: []sharing.Kind{sharing.KindPolicy}}, func(r sharing.Row) error {
		_, err := fmt.Fprintf(w, "// chatbot %q is left out: it has gates or is disabled\n", r.Key())
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, leftOutEnd)
	return err
}

// writeTables writes all tables into one ZIP file, and what they leave out.
func writeTables(w io.Writer, give giver) error {
	archive := zip.NewWriter(w)
	for _, t := range tables {
		file, err := archive.Create(t.name + ".csv")
		if err != nil {
			return err
		}
		if err := writeTable(file, t, give); err != nil {
			return err
		}
	}
	file, err := archive.Create(leftOut)
	if err != nil {
		return err
	}
	if err := writeLeftOut(file, give); err != nil {
		return err
	}
	return archive.Close()
}
