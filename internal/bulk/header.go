package bulk

import (
	"regexp"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// header is the first record of a CSV file, which tells what its rows are about.
type header struct {
	*table
	columns []string // the names, without empty ones at the end
	quoted  bool     // whether its first cell is written in quotes
}

// separatorHint is a line before the header that tells a spreadsheet what separates cells.
var separatorHint = regexp.MustCompile(`(?i)^"?sep=(.)"?,*$`)

// separators are what spreadsheets write between cells in place of commas.
var separators = map[string]string{";": "semicolons", "\t": "tabs", "|": "vertical bars"}

func separatedBy(separator string) error {
	return access.Invalidf("", "the cells are separated by %s: save the file with commas between them (CSV UTF-8)", separators[separator])
}

// skipsHint reports whether the record is a hint that commas separate cells. It refuses one of another separator.
func skipsHint(raw []byte) (bool, error) {
	hint := separatorHint.FindSubmatch(raw)
	if hint == nil {
		return false, nil
	}
	if separator := string(hint[1]); separators[separator] != "" {
		return false, separatedBy(separator)
	}
	return string(hint[1]) == ",", nil
}

// parseHeader finds the kind of file by its header: columns in any order and case, padded with empty ones at the end.
func parseHeader(cells []string, raw []byte) (*header, error) {
	h := &header{columns: columnNames(cells), quoted: isQuoted(raw)}
	if len(h.columns) == 1 {
		for separator := range separators {
			if strings.Contains(h.columns[0], separator) {
				return nil, separatedBy(separator)
			}
		}
	}
	if i := slices.Index(h.columns, ""); i >= 0 {
		return nil, access.Invalidf("", "column %d has no name", i+1)
	}
	var err error
	h.table, err = tableOf(h.columns)
	return h, err
}

// columnNames are the cells as names of columns.
func columnNames(cells []string) []string {
	names := make([]string, len(cells))
	for i, cell := range cells {
		names[i] = strings.ToLower(strings.TrimSpace(cell))
	}
	if len(names) > 0 {
		names[0] = strings.TrimPrefix(names[0], string(byteOrderMark))
	}
	return withoutPadding(names, 0)
}

// withoutPadding is the cells without empty ones at the end, as far as there are more than least.
func withoutPadding(cells []string, least int) []string {
	for len(cells) > least && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

func isQuoted(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// isHeader reports whether the cells could be a header.
func isHeader(cells []string) bool {
	// No header has a longer name than mcp_server and organization; what follows is for few rows.
	if len(cells) < 2 || len(cells[0]) > 2*len("organization") {
		return false
	}
	if first := columnNames(cells[:1]); len(first) == 0 || !columnWords[first[0]] {
		return false
	}
	_, err := tableOf(columnNames(cells))
	return err == nil
}

// columnWords are the names of all columns.
var columnWords = func() map[string]bool {
	words := map[string]bool{}
	for _, t := range tables {
		for _, c := range t.columns() {
			words[c] = true
		}
	}
	return words
}()

// again refuses a row that is a header, as in files that were joined by cat: the rows behind it may be about something else. ends says that they are.
// A row of an export that only reads like one is in quotes where the header is not.
func (h *header) again(cells []string, raw []byte) (ends bool, err error) {
	if isQuoted(raw) != h.quoted || !isHeader(cells) {
		return false, nil
	}
	if slices.Equal(columnNames(cells), h.columns) {
		return false, access.Invalidf("", "this is the header again: do not join files, but import them as several files in one call")
	}
	return true, access.Invalidf("", "this is the header of another file: do not join files, but import them as several files in one call; the rest of the file was not read")
}

// row is the cells of a row, without those that only pad it.
func (h *header) row(cells []string) ([]string, error) {
	cells = withoutPadding(cells, len(h.columns))
	if len(cells) != len(h.columns) {
		return nil, access.Invalidf("", "the row has %d fields, but the header has %d", len(cells), len(h.columns))
	}
	return cells, nil
}
