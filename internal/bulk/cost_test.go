package bulk

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantway/grantway/internal/testenv/budget"
)

// perByte is what reading a file may cost: 5 µs of processor time and 2 KiB of memory for a byte, and 20 ms and 4 MiB for any file. The most are
// measured for lines of three bytes that are refused, each with a sentence that names what there is.
var perByte = budget.Budget{CPU: 5 * time.Microsecond, Bytes: 2 << 10, BaseCPU: 20 * time.Millisecond, BaseHeap: 4 << 20}

// read reads a file to its end, as an import does.
func read(format Format, file []byte) {
	_ = Read(bytes.NewReader(file), format, func(Line) error { return nil })
}

// TestCostOfFiles holds the readers to their budget, for files that some would take far more for than their length says.
func TestCostOfFiles(t *testing.T) {
	again := func(text string) func(int) string {
		return func(n int) string { return strings.Repeat(text, n/len(text)) }
	}
	within := func(before, text, after string) func(int) string {
		return func(n int) string { return before + again(text)(n) + after }
	}
	for name, c := range map[string]struct {
		format Format
		file   func(n int) string
	}{
		"deep":                  {JSONL, again(`[`)},
		"deep objects":          {JSONL, again(`{"a":`)},
		"deep, with long names": {JSONL, within(`{"kind":"role","role":"r","name":`, `{"`+strings.Repeat("n", 100)+`":`, "}\n")},
		"deep and closed, with long names": {JSONL, func(n int) string {
			return `{"kind":"role","role":"r","name":` + strings.Repeat(`{"`+strings.Repeat("n", 100)+`":`, n/105) + "1" + strings.Repeat("}", n/105) + "}\n"
		}},
		"deep in a field": {JSONL, within(`{"kind":"role","role":"r","name":`, "[", "}\n")},
		"long names": {JSONL, func(n int) string {
			var b strings.Builder
			for i := 0; b.Len() < n; i++ {
				b.WriteString(`,"` + strings.Repeat("n", 200) + strconv.Itoa(i) + `":1`)
			}
			return `{"kind":"role","role":"r"` + b.String() + "}"
		}},
		"long names in a field": {JSONL, func(n int) string {
			var b strings.Builder
			for i := 0; b.Len() < n; i++ {
				b.WriteString(`,"` + strings.Repeat("n", 200) + strconv.Itoa(i) + `":1`)
			}
			return `{"kind":"feature","chatbot":"b","feature":"f","limits":{` + b.String()[1:] + "}}"
		}},
		"objects":          {JSONL, again("{}\n")},
		"no JSON":          {JSONL, again("x\n")},
		"blank lines":      {JSONL, again("\n")},
		"a long word":      {JSONL, within(`{"kind":"membership","organization":"o","user":"u","role":"`, "r", `"}`)},
		"many cells":       {JSONL, within(`{"kind":"row","chatbot":"b","user":"u","actions":["read"`, `,"read"`, "]}")},
		"many principals":  {JSONL, within(`{"kind":"document","document":"d","chatbot":"b","allowed":["user:u"`, `,"user:u"`, "]}")},
		"many domains":     {JSONL, within(`{"kind":"policy","chatbot":"b","email_domains":["a.b"`, `,"a.b"`, "]}")},
		"a long address":   {JSONL, within(`{"kind":"user","user":"u","email":"x@`, "é一", `.org"}`)},
		"columns":          {CSV, again(",")},
		"quoted columns":   {CSV, again(`"",`)},
		"an open quote":    {CSV, within("role,user\n", "\"a\n", "")},
		"a quote again":    {CSV, within("role,user\n\"", "\"\"\n", "")},
		"quotes":           {CSV, within("role,user\n\"", `""`, "\",u\n")},
		"a long field":     {CSV, within("role,user\nr,", "u", "\n")},
		"cells":            {CSV, within("chatbot,user,actions\nb,u,", "read+", "read\n")},
		"principals":       {CSV, within("document,chatbot,access,allowed\nd,b,restricted,", "user:u;", "user:v\n")},
		"deep principals":  {CSV, within("document,chatbot,access,allowed\nd,b,restricted,", "[", "\n")},
		"rows":             {CSV, within("role,user\n", "r,u\n", "")},
		"bad rows":         {CSV, within("role,user\n", "r\n", "")},
		"addresses":        {CSV, within("group,principal\ng,email:x@", "é一", ".org\n")},
		"a long object":    {Relationships, within("chatbot:", "x", "#use_only@user:a\n")},
		"no relationships": {Relationships, again("x\n")},
		"brackets":         {Relationships, again("[")},
		"a deep caveat":    {Relationships, within(`chatbot:x#use_only@user:a[c:{"a":`, "[", "}]\n")},
		"comments":         {Relationships, again("//\n")},
	} {
		t.Run(name, func(t *testing.T) {
			perByte.Linear(t, 60_000, func(n int) []byte { return []byte(c.file(n)) }, func(file []byte) { read(c.format, file) })
		})
	}
}
