package bulk

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// outcomes reads a file and gives, for each of its rows, its line with the fact that it says, or why it says none.
func outcomes(t *testing.T, f Format, file string) (all []string) {
	t.Helper()
	require.NoError(t, Read(strings.NewReader(file), f, func(l Line) error {
		said := strings.TrimPrefix(fmt.Sprint(l.Err), "invalid: ")
		if l.Err == nil {
			said = l.Rows[0].Key()
		}
		all = append(all, fmt.Sprintf("%d %s", l.Number, said))
		return nil
	}))
	return all
}

func utf16File(text string, mark bool, at func(unit uint16) []byte) string {
	var b strings.Builder
	if mark {
		text = "\ufeff" + text
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		b.Write(at(unit))
	}
	return b.String()
}

// What spreadsheets and cat do to a file without changing what it says is taken.
func TestSpreadsheetsFilesThatAreClearAreTaken(t *testing.T) {
	want := []string{"2 7:support/alice", "3 7:support/bob"}
	const plain = "role,user\nsupport,alice\nsupport,bob\n"
	require.Equal(t, want, outcomes(t, CSV, plain))
	for name, file := range map[string]string{
		"a byte order mark":         "\ufeff" + plain,
		"CR and LF":                 strings.ReplaceAll(plain, "\n", "\r\n"),
		"no line feed at the end":   strings.TrimSuffix(plain, "\n"),
		"CR at the end of the file": strings.TrimSuffix(plain, "\n") + "\r",
		"a header in another case":  strings.Replace(plain, "role,user", "Role, USER ", 1),
		"quotes":                    "\"role\",\"user\"\n\"support\",\"alice\"\n\"support\",\"bob\"\n",
		"padded columns":            "role,user,,\nsupport,alice,,\nsupport,bob,,\n",
		"padded rows":               "role,user\nsupport,alice,,\nsupport,bob,\n,\n,,\n\"\",\n\n",
	} {
		require.Equal(t, want, outcomes(t, CSV, file), name)
	}
	require.Equal(t, []string{"3 7:support/alice"}, outcomes(t, CSV, "sep=,\nrole,user\nsupport,alice\n"))
	require.Equal(t, []string{"3 7:support/alice"}, outcomes(t, CSV, ",,\nrole,user,\nsupport,alice,\n"))
}

// What is not clear is refused, and the message names the cause and the line.
func TestSpreadsheetsFilesThatAreNotClearNameTheCause(t *testing.T) {
	const plain = "role,user\nsupport,alice\n"
	const joined = "do not join files, but import them as several files in one call"
	little := func(unit uint16) []byte { return []byte{byte(unit), byte(unit >> 8)} }
	big := func(unit uint16) []byte { return []byte{byte(unit >> 8), byte(unit)} }
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"semicolons":                 {"organization;user;role\nacme;olga;owner\n", []string{"1 the cells are separated by semicolons: save the file with commas between them (CSV UTF-8)"}},
		"semicolons, padded":         {"role;user,,\nsupport;alice,,\n", []string{"1 the cells are separated by semicolons: save the file with commas between them (CSV UTF-8)"}},
		"tabs":                       {"role\tuser\nsupport\talice\n", []string{"1 the cells are separated by tabs: save the file with commas between them (CSV UTF-8)"}},
		"sep=;":                      {"sep=;\nrole;user\nsupport;alice\n", []string{"1 the cells are separated by semicolons: save the file with commas between them (CSV UTF-8)"}},
		"SEP=; in quotes":            {"\ufeff\"SEP=;\"\r\nrole;user\r\n", []string{"1 the cells are separated by semicolons: save the file with commas between them (CSV UTF-8)"}},
		"UTF-16 with a mark":         {utf16File(plain, true, little), []string{"1 the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)"}},
		"UTF-16, the other order":    {utf16File(plain, true, big), []string{"1 the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)"}},
		"UTF-16 without a mark":      {utf16File(plain, false, little), []string{"1 the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)"}},
		"a workbook":                 {"PK\x03\x04\x14\x00", []string{"1 the file is a ZIP archive: unpack it, or save a spreadsheet as CSV UTF-8"}},
		"gzip":                       {"\x1f\x8b\x08\x00", []string{"1 the file is compressed with gzip: unpack it"}},
		"CR alone":                   {strings.ReplaceAll(plain, "\n", "\r"), []string{"1 a line ends with only a carriage return: save the file with line feeds"}},
		"CR alone in a long file":    {"role,user\r" + strings.Repeat("support,alice\r", maxLine/10), []string{"1 a line ends with only a carriage return: save the file with line feeds"}},
		"CR alone in a part":         {plain + "support,bob\rsupport,carl\nsupport,zoe\n", []string{"2 7:support/alice", "3 a line ends with only a carriage return: save the file with line feeds", "4 7:support/zoe"}},
		"the same header again":      {plain + "\ufeffRole,User\nsupport,bob\n", []string{"2 7:support/alice", "3 this is the header again: " + joined, "4 7:support/bob"}},
		"another header":             {plain + "group,principal\npartners,user:bob\n", []string{"2 7:support/alice", "3 this is the header of another file: " + joined + "; the rest of the file was not read"}},
		"the columns in other order": {plain + "user,role\nbob,support\n", []string{"2 7:support/alice", "3 this is the header of another file: " + joined + "; the rest of the file was not read"}},
		"a longer header":            {plain + "chatbot,principal,access\n", []string{"2 7:support/alice", "3 this is the header of another file: " + joined + "; the rest of the file was not read"}},
		"a column without a name":    {"role,,user\nsupport,,alice\n", []string{"1 column 2 has no name"}},
		"a column twice":             {"role,user,USER\n", []string{`1 the column "user" appears twice`}},
		"more cells than columns":    {"role,user\nsupport,alice,,x\n", []string{"2 the row has 4 fields, but the header has 2"}},
		"Latin-1":                    {"role,user\nsupport,jos\xe9\n", []string{"2 the row is not valid UTF-8: save the file as UTF-8"}},
	} {
		require.Equal(t, c.want, outcomes(t, CSV, c.file), name)
	}
	for _, f := range []Format{JSONL, Relationships} {
		require.Equal(t, []string{"1 the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)"}, outcomes(t, f, utf16File("{}\n", true, little)))
	}
}

// An export holds nothing that a spreadsheet would compute, and is the same facts when it is imported again: also where IDs begin with an apostrophe, or
// read like a header.
func TestExportsAreNotComputed(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "all.jsonl", `{"kind":"organization","organization":"=cmd|' /C calc'!A0","owner":"+1","name":"-1"}
{"kind":"membership","organization":"=cmd|' /C calc'!A0","user":"@sum","role":"member","name":"'quoted'"}
{"kind":"membership","organization":"=cmd|' /C calc'!A0","user":"'=1","role":"member","name":"a;=b"}
{"kind":"role","role":"role"}
{"kind":"role_assignment","role":"role","user":"user"}
{"kind":"chatbot","chatbot":"-","organization":"=cmd|' /C calc'!A0","owner":"@sum","name":"'"}
{"kind":"share","chatbot":"-","principal":"user:=2","access":"use_only"}
{"kind":"user","user":"=2"}
{"kind":"document","document":"@d","chatbot":"-","access":"restricted","allowed":["user:=2","user:a;b"]}
{"kind":"user","user":"a;b"}
`)
	var files []string
	for _, table := range tables {
		file := string(e.export("format=csv&table=" + table.name))
		records, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		require.NoError(t, err)
		for _, cells := range records {
			for _, cell := range cells {
				require.False(t, cell != "" && strings.Contains("=+-@\t\r", cell[:1]), "%s: %q", table.name, cell)
			}
		}
		files = append(files, table.name+".csv", file)
	}
	require.Contains(t, strings.Join(files, ""), "'=cmd|' /C calc'!A0,''=1,member,,\"a;=b\"")
	require.Contains(t, strings.Join(files, ""), "\n\"role\",\"user\"\n")
	again := e.takes(root, files...)
	require.Zero(t, again.Written)
	require.Equal(t, again.Rows, again.Unchanged)
	require.GreaterOrEqual(t, again.Rows, int64(7))
}
