package store

import (
	"context"
	"database/sql/driver"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/stdlib"
)

// connector makes connections that take any text, as SQLite does. PostgreSQL takes no U+0000, and nothing that is not UTF-8; both come with what
// callers send, such as the names of things that do not exist, which the record keeps.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &textConn{inner.(*stdlib.Conn)}, nil
}

type textConn struct{ *stdlib.Conn }

// CheckNamedValue makes an argument one of database/sql's own types, and escapes it if it is a text.
func (c *textConn) CheckNamedValue(arg *driver.NamedValue) (err error) {
	if arg.Value, err = driver.DefaultParameterConverter.ConvertValue(arg.Value); err != nil {
		return err
	}
	if text, ok := arg.Value.(string); ok {
		arg.Value = escape(text)
	}
	return nil
}

func (c *textConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	found, err := c.Conn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return textRows{found}, nil
}

type textRows struct{ driver.Rows }

func (r textRows) Next(values []driver.Value) error {
	if err := r.Rows.Next(values); err != nil {
		return err
	}
	for i, v := range values {
		if text, ok := v.(string); ok {
			values[i] = unescape(text)
		}
	}
	return nil
}

// What the mark stands before: U+0001 for U+0000, U+0002 for the mark itself, and U+0100 and those after it for bytes that are no UTF-8. Texts that
// are UTF-8 are ordered as before.
const (
	mark     = '\x01'
	markZero = '\x01'
	markMark = '\x02'
	markByte = '\u0100'
)

func escape(s string) string {
	if !strings.ContainsAny(s, "\x00\x01") && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, width := utf8.DecodeRuneInString(s[i:])
		at := i
		i += width
		switch {
		case r == 0:
			b.WriteRune(mark)
			r = markZero
		case r == mark:
			b.WriteRune(mark)
			r = markMark
		case r == utf8.RuneError && width == 1:
			b.WriteRune(mark)
			r = markByte + rune(s[at])
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unescape(s string) string {
	if !strings.ContainsRune(s, mark) {
		return s
	}
	var b strings.Builder
	marked := false
	for _, r := range s {
		switch {
		case !marked && r == mark:
			marked = true
			continue
		case marked && r == markZero:
			b.WriteByte(0)
		case marked && r == markMark:
			b.WriteByte(mark)
		case marked && r >= markByte:
			b.WriteByte(byte(r - markByte))
		default:
			b.WriteRune(r)
		}
		marked = false
	}
	return b.String()
}
