package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// maxLine is how long one row of a file may be, in bytes: more than the longest of an export, that of full gates with the longest IDs.
const maxLine = 4 << 20

// Line is what one row of a file came to.
type Line struct {
	Number int64         // of the file's line on which the row begins, from 1
	Raw    []byte        // the row as it stands, without its end; cut if it is too long; valid until the next row is read
	Rows   []sharing.Row // what it says, in the compared form; nil with Err
	Err    error         // why it says nothing, of kind Invalid
}

// Each takes every row of a file, good or bad. An error from it ends the reading.
type Each func(Line) error

// lines reads a file line by line in memory that does not grow with it.
type lines struct {
	in     *bufio.Reader
	buf    []byte
	number int64 // of the line that next gave last
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func newLines(r io.Reader) *lines {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		in.Discard(len(byteOrderMark)) //nolint:errcheck // these bytes were just seen
	}
	return &lines{in: in}
}

// foreign says what a file is whose first bytes are not those of a text in UTF-8. Of such a file no line can be read.
func (l *lines) foreign() error {
	begin, _ := l.in.Peek(4) // a shorter file is looked at as far as it goes
	for mark, what := range map[string]error{
		"\xff\xfe": errUTF16, "\xfe\xff": errUTF16, "PK\x03\x04": errZIP, "\x1f\x8b": errGzip,
	} {
		if bytes.HasPrefix(begin, []byte(mark)) {
			return what
		}
	}
	// Without a mark, a text that begins with ASCII has a zero in every other byte.
	if len(begin) == 4 && (begin[0] == 0 && begin[2] == 0 || begin[1] == 0 && begin[3] == 0) {
		return errUTF16
	}
	return nil
}

// next gives the next line with its end. Of one that is longer than maxLine it gives the beginning, and says so. At the end of the file
// it gives io.EOF. The line is valid until the next call.
func (l *lines) next() (line []byte, whole bool, err error) {
	l.buf = l.buf[:0]
	l.number++
	whole = true
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.buf)+len(part) <= maxLine {
			l.buf = append(l.buf, part...)
		} else {
			if whole {
				l.buf = append(l.buf, part[:maxLine-len(l.buf)]...)
			}
			whole = false
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.buf) > 0, err == nil:
			return l.buf, whole, nil
		}
		return nil, false, err
	}
}

// withoutEnd is the line without its line feed or carriage return and line feed.
func withoutEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

var (
	errTooLong = access.Invalidf("", "the row is longer than %d bytes", maxLine)
	errNotUTF8 = access.Invalidf("", "the row is not valid UTF-8: save the file as UTF-8")
	errUTF16   = access.Invalidf("", "the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
	errZIP     = access.Invalidf("", "the file is a ZIP archive: unpack it, or save a spreadsheet as CSV UTF-8")
	errGzip    = access.Invalidf("", "the file is compressed with gzip: unpack it")
	errNUL     = access.Invalidf("", "the row contains U+0000, which not every database can store")
)

// maxReason is how much of a reason is kept, in bytes: some repeat what they refuse.
const maxReason = 2048

// asInvalid is an error of kind Invalid that is none yet.
func asInvalid(err error) error {
	var known *access.Error
	if !errors.As(err, &known) {
		known = access.Invalidf("", "%s", err)
	}
	if len(known.Detail) <= maxReason {
		return known
	}
	short := *known
	short.Detail = strings.ToValidUTF8(known.Detail[:maxReason], "") + "…"
	return &short
}

// checked is a line that says the row, if that is in its form.
func checked(number int64, raw []byte, row sharing.Row, err error) Line {
	if err == nil {
		err = row.Check()
	}
	if err != nil {
		return Line{Number: number, Raw: raw, Err: asInvalid(err)}
	}
	rows := []sharing.Row{row}
	if u, ok := row.(*sharing.UserRow); ok && u.Organization != "" {
		rows = append(rows, &sharing.HomeRow{User: u.User, Organization: u.Organization})
	}
	return Line{Number: number, Raw: raw, Rows: rows}
}
