package bulk

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spreadsheet"
)

// readCSV reads a CSV file (RFC 4180): its header tells what its rows are about. Spaces are part of a cell, an empty cell is one that is left out.
// Rows without anything in them are passed over. The apostrophe by which an export escapes a cell is taken off.
func readCSV(in *lines, each Each) error {
	c := &csvReader{lines: in}
	for !c.lost {
		cells, bad, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var row sharing.Row
		if bad == nil {
			if row, bad = c.read(cells); row == nil && bad == nil {
				continue
			}
		}
		line := Line{Number: c.start, Raw: c.raw, Err: bad}
		if bad == nil {
			line = checked(c.start, c.raw, row, nil)
		}
		if err := each(line); err != nil {
			return err
		}
		c.lost = c.lost || c.header == nil // without a header no row can be understood
	}
	return nil
}

// read gives what a record says: nothing, if it is the header, a hint at the separator, or empty.
func (c *csvReader) read(cells []string) (sharing.Row, error) {
	if len(withoutPadding(cells, 0)) == 0 {
		return nil, nil
	}
	if c.header == nil {
		if skip, err := skipsHint(c.raw); skip || err != nil {
			return nil, err
		}
		var err error
		c.header, err = parseHeader(cells, c.raw)
		if err != nil {
			c.header = nil
		}
		return nil, err
	}
	ends, err := c.header.again(cells, c.raw)
	if c.lost = ends; err != nil {
		return nil, err
	}
	if cells, err = c.header.row(cells); err != nil {
		return nil, err
	}
	row, err := c.header.read(func(column string) string {
		if i := slices.Index(c.header.columns, column); i >= 0 {
			return spreadsheet.Unescape(cells[i])
		}
		return ""
	})
	if err != nil {
		return nil, asInvalid(err)
	}
	return row, nil
}

// csvReader splits a file into records and these into fields.
type csvReader struct {
	lines  *lines
	start  int64   // the line on which the record begins
	raw    []byte  // the record as it stands
	header *header // nil until it is read
	lost   bool    // what follows cannot be understood
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
		if !whole && c.header == nil && bytes.IndexByte(c.raw, '\r') >= 0 {
			return nil, errBareReturn, nil
		}
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
			return access.Invalidf("", "a quote is not closed within %d bytes; the rest of the file was not read", maxLine), nil
		}
		c.raw = append(c.raw, line...)
		if bytes.Count(line, []byte{'"'})%2 == 1 {
			return nil, nil
		}
	}
}

// maxFields is how many fields a record has at most: many more than any header.
const maxFields = 100

var (
	errManyFields = access.Invalidf("", "the row has more than %d fields", maxFields)
	errBareReturn = access.Invalidf("", "a line ends with only a carriage return: save the file with line feeds")
)

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
				return nil, false, access.Invalidf("", "field %d contains a quote: enclose the field in quotes, and double the quotes in it", len(fields)+1)
			}
			if bytes.IndexByte(field, '\r') >= 0 {
				return nil, false, errBareReturn
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
			return nil, false, access.Invalidf("", "field %d continues after its closing quote", len(fields))
		}
		rest = rest[1:]
	}
}

// writeRow writes a row. One that reads like a header is quoted, so that it is not taken for one.
func writeRow(w io.Writer, cells []string) error {
	if isHeader(cells) {
		return spreadsheet.WriteQuoted(w, cells)
	}
	return spreadsheet.Write(w, cells)
}
