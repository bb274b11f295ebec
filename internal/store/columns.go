package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// micros is the form in which a time is kept: microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeColumn scans what micros made.
type timeColumn struct{ t *time.Time }

func (c timeColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("cannot read a time from %T", v)
	}
	*c.t = time.Time{}
	if n != 0 {
		*c.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// jsonColumn keeps a list or map as JSON, and one that is nil as NULL, so that "empty" and "not set" stay apart.
type jsonColumn[T any] struct{ v *T }

func asJSON[T any](v *T) jsonColumn[T] { return jsonColumn[T]{v} }

func (c jsonColumn[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(c.v)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return string(text), nil
}

func (c jsonColumn[T]) Scan(v any) error {
	switch text := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(text), c.v)
	default:
		return fmt.Errorf("cannot read JSON from %T", v)
	}
}

// linesColumn keeps a list of IDs, in which no line breaks are (I1), as one on each line; an empty one comes back as nil.
type linesColumn[T ~string] struct{ ids *[]T }

func asLines[T ~string](ids *[]T) linesColumn[T] { return linesColumn[T]{ids} }

func (c linesColumn[T]) Value() (driver.Value, error) {
	texts := make([]string, len(*c.ids))
	for i, id := range *c.ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, "\n"), nil
}

func (c linesColumn[T]) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("cannot read a list of IDs from %T", v)
	}
	*c.ids = nil
	if text != "" {
		for id := range strings.SplitSeq(text, "\n") {
			*c.ids = append(*c.ids, T(id))
		}
	}
	return nil
}

// principalColumn scans a principal from its text. What is in the store was parsed when it came in, so it is split and not checked again.
type principalColumn struct{ p *access.Principal }

func (c principalColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("cannot read a principal from %T", v)
	}
	kind, id, _ := strings.Cut(text, ":")
	*c.p = access.Principal{Kind: access.PrincipalKind(kind), ID: id}
	return nil
}

func scanPrincipal(r row) (p access.Principal, err error) {
	err = r.Scan(principalColumn{&p})
	return p, err
}

// scanString scans the one column of a row into any kind of string.
func scanString[T ~string](r row) (s T, err error) {
	err = r.Scan(&s)
	return s, err
}

// blob makes nil a value: a column of bytes is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
