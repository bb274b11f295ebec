// Package strictjson reads JSON from outside: bodies, tokens, lines of imports. It accepts only I-JSON (RFC 7493), so that no two readers can
// understand one text differently: UTF-8, no half of a surrogate pair, no name twice in one object, and names exactly as they are spelled.
//
// Reading costs at most a multiple of the text's length. Depth, names and values are counted while the text is read, before anything is allocated
// for them, and the JSON pointer of a fault is built only if there is a fault. The package must not know any field: callers check values.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits bound what a text may hold. The zero value of a field stands for its default.
type Limits struct {
	Depth  int // levels of objects and arrays within each other; 32 by default
	Name   int // bytes of a name, as it reads without escapes; 256 by default
	Values int // values altogether: each object, array, string, number, truth value and null; 100,000 by default
	// Doubles gives numbers as float64, and refuses those that are beyond it; else they are given as json.Number. A number with more digits than a
	// double holds is given as the next one above it: none is taken for less than it is.
	Doubles bool
}

const (
	defaultDepth  = 32
	defaultName   = 256
	defaultValues = 100_000
	// maxNumber is the longest number, in bytes. A double needs 24.
	maxNumber = 128
)

// Error says what is wrong with a text, and where.
type Error struct {
	Pointer string // the JSON pointer (RFC 6901) of the value or member, or "" for the whole text
	Detail  string // what is wrong, as a sentence without its subject: "appears twice"
}

func (e *Error) Error() string { return e.About("the JSON") }

// About is the sentence, in which whole names the text: "the body is empty", "/a/b appears twice".
func (e *Error) About(whole string) string {
	if e.Pointer != "" {
		whole = e.Pointer
	}
	return whole + " " + e.Detail
}

// Parse reads one value: nil, bool, string, json.Number or float64, []any and map[string]any. The error is an *Error.
func Parse(text []byte, l Limits) (any, error) {
	p := parser{text: text, limits: Limits{
		Depth: orElse(l.Depth, defaultDepth), Name: orElse(l.Name, defaultName), Values: orElse(l.Values, defaultValues), Doubles: l.Doubles,
	}}
	if !utf8.Valid(text) {
		return nil, &Error{Detail: "is not valid UTF-8"}
	}
	p.space()
	if p.at == len(text) {
		return nil, &Error{Detail: "is empty"}
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(text) {
		return nil, p.syntax()
	}
	return v, nil
}

func orElse(n, unset int) int {
	if n == 0 {
		return unset
	}
	return n
}

// parser reads the text once, from its beginning to its end.
type parser struct {
	text   []byte
	at     int // the byte that is read next
	limits Limits
	values int // read so far
	path   Path
}

// fault says what is wrong with the value that is being read.
func (p *parser) fault(format string, args ...any) error {
	return &Error{Pointer: p.path.Pointer(), Detail: fmt.Sprintf(format, args...)}
}

// syntax says that the next byte is none that JSON has there.
func (p *parser) syntax() error {
	if p.at >= len(p.text) {
		return &Error{Detail: "is not valid JSON: it ends too early"}
	}
	r, _ := utf8.DecodeRune(p.text[p.at:])
	return &Error{Detail: fmt.Sprintf("is not valid JSON: unexpected %q at byte %d", r, p.at+1)}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next gives the next byte that is no space, or 0 at the end, and leaves it unread.
func (p *parser) next() byte {
	if p.space(); p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value() (any, error) {
	if p.values++; p.values > p.limits.Values {
		return nil, &Error{Detail: fmt.Sprintf("has more than %d values", p.limits.Values)}
	}
	switch c := p.next(); {
	case c == '{' || c == '[':
		if len(p.path) >= p.limits.Depth {
			return nil, p.fault("nests deeper than %d levels", p.limits.Depth)
		}
		p.at++
		if c == '{' {
			return p.object()
		}
		return p.array()
	case c == '"':
		p.at++
		return p.string()
	case c == '-' || isDigit(c):
		return p.number()
	}
	for word, v := range words {
		if bytes.HasPrefix(p.text[p.at:], []byte(word)) {
			p.at += len(word)
			return v, nil
		}
	}
	return nil, p.syntax()
}

var words = map[string]any{"true": true, "false": false, "null": nil}

// end reads what follows a member or an item: a comma, or the end of its object or array.
func (p *parser) end(closing byte) (last bool, err error) {
	switch p.next() {
	case closing:
		p.at++
		return true, nil
	case ',':
		p.at++
		return false, nil
	}
	return false, p.syntax()
}

func (p *parser) array() (any, error) {
	items := []any{}
	if p.next() == ']' {
		p.at++
		return items, nil
	}
	for {
		p.path.Push(Step{Index: len(items)})
		item, err := p.value()
		if err != nil {
			return nil, err
		}
		p.path.Pop()
		items = append(items, item)
		if last, err := p.end(']'); last || err != nil {
			return items, err
		}
	}
}

func (p *parser) object() (any, error) {
	members := map[string]any{}
	if p.next() == '}' {
		p.at++
		return members, nil
	}
	for {
		if p.next() != '"' {
			return nil, p.syntax()
		}
		p.at++
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if len(name) > p.limits.Name {
			return nil, p.fault("has a name longer than %d bytes", p.limits.Name)
		}
		p.path.Push(Step{Name: name, Named: true})
		if _, twice := members[name]; twice {
			return nil, p.fault("appears twice")
		}
		if p.next() != ':' {
			return nil, p.syntax()
		}
		p.at++
		if members[name], err = p.value(); err != nil {
			return nil, err
		}
		p.path.Pop()
		if last, err := p.end('}'); last || err != nil {
			return members, err
		}
	}
}

// number reads a number as JSON spells it: no leading zeros, digits on both sides of a point.
func (p *parser) number() (any, error) {
	start := p.at
	p.skip("-")
	if digits := p.digits(); digits == 0 || digits > 1 && p.text[p.at-digits] == '0' {
		return nil, p.syntax()
	}
	if p.skip(".") && p.digits() == 0 {
		return nil, p.syntax()
	}
	if p.skip("eE") {
		p.skip("+-")
		if p.digits() == 0 {
			return nil, p.syntax()
		}
	}
	if p.at-start > maxNumber {
		return nil, p.fault("is a number longer than %d bytes", maxNumber)
	}
	literal := string(p.text[start:p.at])
	if !p.limits.Doubles {
		return json.Number(literal), nil
	}
	n, err := double(literal)
	if err != nil {
		return nil, p.fault("is a number outside the range of a double")
	}
	return n, nil
}

// skip passes over the next byte if it is one of these.
func (p *parser) skip(these string) bool {
	if p.at < len(p.text) && strings.IndexByte(these, p.text[p.at]) >= 0 {
		p.at++
		return true
	}
	return false
}

func (p *parser) digits() (n int) {
	for p.at < len(p.text) && isDigit(p.text[p.at]) {
		p.at++
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// string reads on behind an opening quote.
func (p *parser) string() (string, error) {
	start := p.at
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return string(p.text[start : p.at-1]), nil
		case c == '\\':
			return p.escaped(append([]byte(nil), p.text[start:p.at]...))
		case c < ' ':
			return "", p.syntax()
		}
	}
	return "", p.syntax()
}

// escaped reads on at a backslash, behind what the string has held so far.
func (p *parser) escaped(held []byte) (string, error) {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return string(held), nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			held = utf8.AppendRune(held, r)
		case c < ' ':
			return "", p.syntax()
		default:
			held = append(held, c)
			p.at++
		}
	}
	return "", p.syntax()
}

// escapes are the characters that follow a backslash, and at the same place what they stand for.
const (
	escapes   = `"\/bfnrt`
	escapedAs = "\"\\/\b\f\n\r\t"
)

// escape reads one escaped character.
func (p *parser) escape() (rune, error) {
	p.at++
	if p.at < len(p.text) && p.text[p.at] == 'u' {
		return p.unicode()
	}
	if p.at < len(p.text) {
		if i := strings.IndexByte(escapes, p.text[p.at]); i >= 0 {
			p.at++
			return rune(escapedAs[i]), nil
		}
	}
	return 0, p.syntax()
}

// unicode reads the escape of one character, of two units where it is a surrogate pair.
func (p *parser) unicode() (rune, error) {
	unit, err := p.unit()
	if err != nil || !utf16.IsSurrogate(unit) {
		return unit, err
	}
	if bytes.HasPrefix(p.text[p.at:], []byte(`\u`)) {
		p.at++
		low, err := p.unit()
		if err != nil {
			return 0, err
		}
		if r := utf16.DecodeRune(unit, low); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, p.fault("contains half of a surrogate pair, which is not a character")
}

// unit reads a u and four hexadecimal digits.
func (p *parser) unit() (rune, error) {
	digits := p.at + 1
	for p.at = digits; p.at < digits+4; p.at++ {
		if p.at >= len(p.text) || strings.IndexByte("0123456789abcdefABCDEF", p.text[p.at]) < 0 {
			return 0, p.syntax()
		}
	}
	unit, err := strconv.ParseUint(string(p.text[digits:p.at]), 16, 16)
	return rune(unit), err
}
