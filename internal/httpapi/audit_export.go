package httpapi

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spreadsheet"
)

type auditExportQuery struct {
	Format string `query:"format" enum:"jsonl,csv" doc:"default jsonl. In csv, cells that a spreadsheet would compute (=, +, -, @, tab, CR) and cells that start with an apostrophe get an extra apostrophe"`
	auditFilter
}

// auditExport is the endpoint that gives the record as a file of any length. A failure in the middle breaks the connection, so that half a file
// is never taken for a whole one.
type auditExport struct {
	api     *api
	binding *binding
}

func (x *auditExport) prepare(a *api, _ route, op *huma.Operation) (err error) {
	if x.binding, err = newBinding(a.registry, reflect.TypeFor[auditExportQuery]()); err != nil {
		return err
	}
	x.binding.describe(op)
	op.Description = joinSentences("The entries of the list, oldest first.", op.Description)
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "the file", Content: map[string]*huma.MediaType{"application/jsonl": file, "text/csv": file},
	}
	return nil
}

func (x *auditExport) serve(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	var in auditExportQuery
	if _, err := x.binding.read(r, &in); err != nil {
		return err
	}
	q, err := in.query()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	media, name, write := "application/jsonl", "record.jsonl", auditLines(out)
	if in.Format == "csv" {
		media, name, write = "text/csv; charset=utf-8", "record.csv", auditTable(out)
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if err := x.api.Sharing.EachRecord(r.Context(), actor, q, write); err != nil {
		w.Header().Del("Content-Disposition")
		return err
	}
	return out.Flush()
}

// auditLines writes entries as JSON Lines.
func auditLines(w io.Writer) func(access.Record) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(r access.Record) error { return e.Encode(showEntry(r)) }
}

var auditColumns = []string{
	"id", "time", "actor", "key", "action", "resource_type", "resource_id", "organization", "subject", "address", "request_id", "outcome", "rule",
	"detail", "before", "after", "effects", "count", "last_time",
}

// auditTable writes entries as CSV, after a header.
func auditTable(w *bufio.Writer) func(access.Record) error {
	_ = spreadsheet.Write(w, auditColumns) // the buffer holds it, and its Flush reports what goes wrong later
	return func(r access.Record) error {
		return spreadsheet.Write(w, []string{
			r.ID, r.Time.UTC().Format(time.RFC3339Nano), r.Actor, string(r.Key), r.Action, string(r.Resource.Type), r.Resource.ID,
			string(r.Organization), r.Subject, r.Address, r.RequestID, string(r.Outcome), r.Rule, r.Detail, r.Before, r.After, r.Effects,
			strconv.FormatInt(1+r.Repeats, 10), lastTime(r).Format(time.RFC3339Nano),
		})
	}
}
