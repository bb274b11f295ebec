package httpapi

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// The import and the export are described by hand: package bulk reads and writes files and streams.

func describeImport(op *huma.Operation) {
	op.Description = joinSentences("Takes files as multipart/form-data, or one file as the body. All is checked first: one bad row means that nothing is "+
		"written, unless skip_invalid is true. Each row is judged as the caller's own change. Users need a role other than client in an organization, a team that "+
		"they administer, or update on a chatbot. What is refused is recorded, by a dry run too. The answer is a stream of JSON, one object a line, that ends with a summary or an error.", op.Description)
	op.Parameters = append(op.Parameters,
		query("format", &huma.Schema{Type: huma.TypeString, Enum: []any{"csv", "jsonl", "relationships"}}, "of the files, where their names do not tell"),
		query("dry_run", &huma.Schema{Type: huma.TypeBoolean}, "only checks"),
		query("skip_invalid", &huma.Schema{Type: huma.TypeBoolean}, "writes the good rows and reports the bad ones"),
		query("name", &huma.Schema{Type: huma.TypeString}, "of the one file that is the body"),
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
		Description: "progress, rejected rows, and last a summary or an error",
		Content: map[string]*huma.MediaType{"application/jsonl": {Schema: open(nil, map[string]*huma.Schema{
			"phase":  text("receive, check or write"),
			"rows":   {Type: huma.TypeInteger, Description: "done so far in that phase"},
			"total":  {Type: huma.TypeInteger},
			"reject": properties("file, line, reason, rule and row"),
			"summary": open(nil, map[string]*huma.Schema{
				"rows":    {Type: huma.TypeInteger},
				"kinds":   {Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeInteger}, Description: "the rows that could be read, by kind"},
				"written": {Type: huma.TypeInteger}, "unchanged": {Type: huma.TypeInteger},
				"pending":  {Type: huma.TypeInteger, Description: "rows that wait for somebody's consent, such as an offer of ownership; nothing else has changed"},
				"expired":  {Type: huma.TypeInteger, Description: "rows of shares, requests, invitations and keys whose expiry has passed; they change nothing (S13)"},
				"rejected": {Type: huma.TypeInteger}, "dry_run": {Type: huma.TypeBoolean},
				"refused":  {Type: huma.TypeBoolean, Description: "rows were rejected and nothing was written"},
				"zedtoken": text("a decision asked with this token sees the import"),
			}),
			"error": properties("a problem document"),
		})}},
	}
}

func describeExport(op *huma.Operation) {
	op.Description = joinSentences("Everything, in a form that import takes back. Needs a key that is not confined. As jsonl it has the digests of "+
		"keys, of invitations' tokens and of public links, and never what is secret: a key or a token works where it is imported if the hash key there is "+
		"the one under which its digest was made. A public link works wherever it is imported, and is shown where the hash key is the same.", op.Description)
	op.Parameters = append(op.Parameters,
		query("format", &huma.Schema{Type: huma.TypeString, Enum: []any{"jsonl", "csv", "relationships"}}, "jsonl unless said; csv is a ZIP file of one CSV file a table"),
		query("table", &huma.Schema{Type: huma.TypeString}, "with csv: this table alone"),
	)
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "the file", Content: map[string]*huma.MediaType{
		"application/jsonl": file, "application/zip": file, "text/csv": file, "text/plain": file,
	}}
}

func describeBackup(op *huma.Operation) {
	op.Description = joinSentences("The whole store with the record, as it is at one moment after the call began: a SQLite file that serves under the name store.db in "+
		"the data directory of an embedded server. Needs a key that is not confined. The key that hashes secrets is not in it.", op.Description)
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "the file", Content: map[string]*huma.MediaType{
		"application/vnd.sqlite3": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}

func query(name string, s *huma.Schema, description string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Schema: s, Description: description}
}
