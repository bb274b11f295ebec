package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
)

// readCSV reads a CSV file (RFC 4180): its header tells what its rows are about. Spaces are part of a field, an empty field is one that is
// left out, blank lines are passed over.
func readCSV(r io.Reader, each Each) error {
	c := &csvReader{lines: newLines(r)}
	var columns []string
	var t *table
	for {
		fields, bad, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var line Line
		switch {
		case bad != nil:
			line = Line{Number: c.start, Raw: c.raw, Err: bad}
		case t == nil:
			if t, err = tableOf(fields); err != nil {
				// Without a header no row can be understood.
				return each(Line{Number: c.start, Raw: c.raw, Err: err})
			}
			columns = fields
			continue
		case len(fields) != len(columns):
			line = Line{Number: c.start, Raw: c.raw, Err: access.Invalidf("", "the row has %d fields, and the header has %d", len(fields), len(columns))}
		default:
			row, err := t.read(func(column string) string {
				if i := slices.Index(columns, column); i >= 0 {
					return fields[i]
				}
				return ""
			})
			line = checked(c.start, c.raw, row, err)
		}
		if err := each(line); err != nil {
			return err
		}
		if c.lost || bad != nil && t == nil {
			return nil
		}
	}
}

// csvReader splits a file into records and these into fields.
type csvReader struct {
	lines *lines
	start int64  // the line on which the record begins
	raw   []byte // the record as it stands
	lost  bool   // a quote was not closed: what follows cannot be told apart
}

// next gives the fields of the next record, or what is wrong with it, or io.EOF.
func (c *csvReader) next() (fields []string, bad, err error) {
	for {
		line, whole, err := c.lines.next()
		if err != nil {
			return nil, nil, err
		}
		c.start = c.lines.number
		c.raw = append(c.raw[:0], line...)
		if !whole {
			return nil, errTooLong, nil
		}
		if len(withoutEnd(c.raw)) > 0 {
			break
		}
	}
	for {
		fields, open, bad := split(withoutEnd(c.raw))
		if bad == nil && open {
			if bad, err := c.more(); bad != nil || err != nil {
				return nil, bad, err
			}
			continue
		}
		c.raw = withoutEnd(c.raw)
		if bad == nil && !utf8.Valid(c.raw) {
			bad = errNotUTF8
		}
		if bad == nil && bytes.IndexByte(c.raw, 0) >= 0 {
			bad = errNUL
		}
		return fields, bad, nil
	}
}

// more adds lines to a record whose last field goes on, up to one that can close it: one with an odd number of quotes.
func (c *csvReader) more() (bad, err error) {
	for {
		line, whole, err := c.lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil || !whole || len(c.raw)+len(line) > maxLine {
			c.lost = true
			return access.Invalidf("", "a quote is opened and not closed within %d bytes; what follows was not read", maxLine), nil
		}
		c.raw = append(c.raw, line...)
		if bytes.Count(line, []byte{'"'})%2 == 1 {
			return nil, nil
		}
	}
}

// maxFields is how many fields a record has at most: many more than any header.
const maxFields = 100

var errManyFields = access.Invalidf("", "the row has more than %d fields", maxFields)

// split splits a record without its end into fields. open says that it ends within quotes.
func split(record []byte) (fields []string, open bool, bad error) {
	for rest := record; ; {
		if len(rest) == 0 || rest[0] != '"' {
			end := bytes.IndexByte(rest, ',')
			field := rest
			if end >= 0 {
				field = rest[:end]
			}
			if bytes.IndexByte(field, '"') >= 0 {
				return nil, false, access.Invalidf("", "field %d has a quote within it: enclose the field in quotes and double those within it", len(fields)+1)
			}
			if len(fields) == maxFields {
				return nil, false, errManyFields
			}
			fields = append(fields, string(field))
			if end < 0 {
				return fields, false, nil
			}
			rest = rest[end+1:]
			continue
		}
		var field []byte
		for rest = rest[1:]; ; {
			end := bytes.IndexByte(rest, '"')
			if end < 0 {
				return nil, true, nil
			}
			field = append(field, rest[:end]...)
			rest = rest[end+1:]
			if len(rest) == 0 || rest[0] != '"' {
				break
			}
			field, rest = append(field, '"'), rest[1:]
		}
		if len(fields) == maxFields {
			return nil, false, errManyFields
		}
		fields = append(fields, string(field))
		switch {
		case len(rest) == 0:
			return fields, false, nil
		case rest[0] != ',':
			return nil, false, access.Invalidf("", "field %d goes on behind its closing quote", len(fields))
		}
		rest = rest[1:]
	}
}

// writeRecord writes fields as one record.
func writeRecord(w io.Writer, fields []string) error {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = f
		if strings.ContainsAny(f, "\",\r\n") || strings.TrimSpace(f) != f {
			quoted[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(quoted, ","))
	return err
}
