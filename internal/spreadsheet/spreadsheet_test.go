package spreadsheet_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/spreadsheet"
)

func TestNoCellIsComputed(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "alice": "alice", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@sum": "'@sum", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"'": "''", "'=1": "''=1", "'n Roll": "''n Roll", "a=1": "a=1", " =1": " =1",
	} {
		require.Equal(t, want, spreadsheet.Escape(cell), "%q", cell)
		require.Equal(t, cell, spreadsheet.Unescape(want), "%q", cell)
	}
	for _, cell := range []string{"'n Roll", "'", "o'=1"} {
		require.Equal(t, cell, spreadsheet.Unescape(cell), "nobody has escaped it: %q", cell)
	}
}

func TestCellsThatNeedItAreQuoted(t *testing.T) {
	var b strings.Builder
	require.NoError(t, spreadsheet.Write(&b, []string{"a", "b,c", `d"e`, "f;=g", "\th", "i\nj", " k", ""}))
	require.NoError(t, spreadsheet.WriteQuoted(&b, []string{"a", "=b"}))
	require.Equal(t, "a,\"b,c\",\"d\"\"e\",\"f;=g\",\"'\th\",\"i\nj\",\" k\",\n\"a\",\"'=b\"\n", b.String())
}

func FuzzCells(f *testing.F) {
	f.Add("=1", "a;b")
	f.Add("''", "\"")
	f.Fuzz(func(t *testing.T, first, second string) {
		if strings.Contains(first+second, "\r") {
			t.Skip("encoding/csv makes a line feed of CR and LF")
		}
		var b strings.Builder
		require.NoError(t, spreadsheet.Write(&b, []string{first, second}))
		got, err := csv.NewReader(strings.NewReader(b.String())).Read()
		require.NoError(t, err)
		for i, cell := range []string{first, second} {
			require.Equal(t, cell, spreadsheet.Unescape(got[i]))
			require.False(t, got[i] != "" && strings.Contains("=+-@\t", got[i][:1]), "%q", got[i])
		}
	})
}
