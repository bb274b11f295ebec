package httpapi

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// The import and the export are described by hand: package bulk reads and writes files and streams.

func describeImport(op *huma.Operation) {
	op.Description = joinSentences("Takes files as multipart/form-data, or one file as the body. All rows are checked first: if one is invalid, nothing is "+
		"written, unless skip_invalid is true. Each row is checked as the caller's own change. Users need a role other than client in an organization, a team that "+
		"they administer, or update on a chatbot. Refused rows are recorded, in a dry run too. The answer is a stream of JSON Lines that ends with a summary or an error.", op.Description)
	op.Parameters = append(op.Parameters,
		query("format", &huma.Schema{Type: huma.TypeString, Enum: []any{"csv", "jsonl", "relationships"}}, "format of the files, if their names do not show it"),
		query("dry_run", &huma.Schema{Type: huma.TypeBoolean}, "only check, write nothing"),
		query("skip_invalid", &huma.Schema{Type: huma.TypeBoolean}, "write the valid rows and report the invalid ones"),
		query("name", &huma.Schema{Type: huma.TypeString}, "name of the file in the body"),
	)
	file := &huma.Schema{Type: huma.TypeString}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data":  {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": listSchema(file)}}},
		"text/csv":             {Schema: file},
		"application/jsonl":    {Schema: file},
		"application/x-ndjson": {Schema: file},
		"text/plain":           {Schema: file},
	}}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "progress, rejected rows, and finally a summary or an error",
		Content: map[string]*huma.MediaType{"application/jsonl": {Schema: open(nil, map[string]*huma.Schema{
			"phase":  text("receive, check or write"),
			"rows":   {Type: huma.TypeInteger, Description: "rows rows rows rows done so far in that phase"},
			"total":  {Type: huma.TypeInteger},
			"reject": properties("file, line, reason, rule and row"),
			"summary": open(nil, map[string]*huma.Schema{
				"rows":    {Type: huma.TypeInteger},
				"kinds":   {Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeInteger}, Description: "valid rows, by kind"},
				"written": {Type: huma.TypeInteger}, "unchanged": {Type: huma.TypeInteger},
				"pending":  {Type: huma.TypeInteger, Description: "rows that need somebody's consent, such as an offer of ownership; they have changed nothing else yet"},
				"expired":  {Type: huma.TypeInteger, Description: "rows of shares, requests, invitations and keys whose expiry has passed; they change nothing (S13)"},
				"rejected": {Type: huma.TypeInteger}, "dry_run": {Type: huma.TypeBoolean},
				"refused":  {Type: huma.TypeBoolean, Description: "some rows were rejected, so nothing was written"},
				"zedtoken": text("send it with a decision to have it include the import"),
			}),
			"error": properties("a problem document"),
		})}},
	}
}

func describeExport(op *huma.Operation) {
	op.Description = joinSentences("Everything, in a form that import accepts. Requires a key that is not confined. jsonl contains digests of "+
		"keys, invitation tokens and public links, never secrets. An imported key or token works if the other server has the hash key "+
		"that its digest was made with. An imported public link always works, and is shown if the hash key is the same.", op.Description)
	op.Parameters = append(op.Parameters,
		query("format", &huma.Schema{Type: huma.TypeString, Enum: []any{"jsonl", "csv", "relationships"}}, "default jsonl; csv is a ZIP file with a CSV file for each table"),
		query("table", &huma.Schema{Type: huma.TypeString}, "with csv: only this table"),
	)
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "the file", Content: map[string]*huma.MediaType{
		"application/jsonl": file, "application/zip": file, "text/csv": file, "text/plain": file,
	}}
}

func describeBackup(op *huma.Operation) {
	op.Description = joinSentences("The whole store including the record, as of one moment after the call began: a SQLite file, to be used as store.db in "+
		"the data directory of an embedded server. Requires a key that is not confined. The key that hashes secrets is not in it.", op.Description)
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "the file", Content: map[string]*huma.MediaType{
		"application/vnd.sqlite3": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}

func query(name string, s *huma.Schema, description string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Schema: s, Description: description}
}
