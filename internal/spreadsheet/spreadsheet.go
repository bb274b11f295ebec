// Package spreadsheet writes CSV for spreadsheets, and reads the cells back.
//
// It owns the escape that stops a spreadsheet from computing text that somebody else has chosen, such as an ID that begins with an equals sign. It
// must not know what the cells mean.
package spreadsheet

import (
	"io"
	"strings"
)

// computed are the characters at the beginning of a cell that a spreadsheet computes (https://owasp.org/www-community/attacks/CSV_Injection), and the
// apostrophe that escapes them.
const computed = "=+-@\t\r'"

// Escape puts an apostrophe before a cell that a spreadsheet would compute, or that begins with an apostrophe itself. Unescape reverses it.
func Escape(cell string) string {
	if cell != "" && strings.IndexByte(computed, cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

// Unescape takes the apostrophe off that Escape has put before a cell. Before anything else an apostrophe stays.
func Unescape(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(computed, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}

// Write writes the cells, escaped, as one record of CSV (RFC 4180), and quotes those that need it: also those with another separator of some
// spreadsheets in them.
func Write(w io.Writer, cells []string) error {
	return write(w, cells, func(cell string) bool {
		return strings.ContainsAny(cell, "\",;\t\r\n") || strings.TrimSpace(cell) != cell
	})
}

// WriteQuoted is Write with every cell in quotes.
func WriteQuoted(w io.Writer, cells []string) error {
	return write(w, cells, func(string) bool { return true })
}

func write(w io.Writer, cells []string, quoted func(string) bool) error {
	var record strings.Builder
	for i, cell := range cells {
		if i > 0 {
			record.WriteByte(',')
		}
		if cell = Escape(cell); quoted(cell) {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		record.WriteString(cell)
	}
	record.WriteByte('\n')
	_, err := io.WriteString(w, record.String())
	return err
}
