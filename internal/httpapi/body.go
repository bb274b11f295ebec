package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
)

// maxDepth is how deep a body nests. The deepest that the API knows has three levels.
const maxDepth = 32

// readBody reads the whole body, if it is not too long.
func readBody(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(r.Body)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, access.Refuse(access.KindTooLarge, "", "a body has at most %d bytes", tooLong.Limit)
	}
	if err != nil {
		return nil, &access.Error{Kind: access.KindInvalid, Detail: "the body ends before its announced length, or took too long to arrive", Cause: err}
	}
	return raw, nil
}

// checkJSONType refuses a body that does not say that it is JSON.
func checkJSONType(h http.Header) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "application/json" || len(h.Values("Content-Type")) > 1 {
		return access.Invalidf("", "send the body as Content-Type: application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return access.Invalidf("", "JSON is UTF-8, not %q", charset)
	}
	return nil
}

// parseJSON reads one JSON value: maps, slices, strings, json.Number, booleans and nil. What other readers would understand differently is refused:
// a name that comes twice, and what is not UTF-8.
func parseJSON(raw []byte) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, access.Invalidf("", "the body is empty; send a JSON object")
	}
	if !utf8.Valid(raw) || loneSurrogate(raw) {
		return nil, access.Invalidf("", "the body is not valid UTF-8")
	}
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		at := ""
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			at = fmt.Sprintf(", at byte %d", syntax.Offset)
		}
		return nil, access.Invalidf("", "the body is not one JSON value: %s%s", err, at)
	}
	p := parser{json.NewDecoder(bytes.NewReader(raw))}
	p.UseNumber()
	return p.value("", 0)
}

// parser walks through JSON that is known to be well-formed.
type parser struct{ *json.Decoder }

func (p parser) value(pointer string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, faultAt(pointer, "the body nests too deep")
	}
	token, err := p.Token()
	if err != nil {
		return nil, access.Invalidf("", "the body is not one JSON value: %s", err)
	}
	switch token {
	case json.Delim('{'):
		fields := map[string]any{}
		for p.More() {
			name, err := p.Token()
			if err != nil {
				return nil, access.Invalidf("", "the body is not one JSON value: %s", err)
			}
			at := pointer + "/" + escapePointer(name.(string))
			if _, twice := fields[name.(string)]; twice {
				return nil, faultAt(at, "comes twice")
			}
			if fields[name.(string)], err = p.value(at, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := p.Token()
		return fields, err
	case json.Delim('['):
		items := []any{}
		for p.More() {
			item, err := p.value(pointer+"/"+strconv.Itoa(len(items)), depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := p.Token()
		return items, err
	}
	return token, nil
}

func faultAt(pointer, detail string) error {
	v := validator{}
	v.fault(pointer, "%s", detail)
	return v.err()
}

// loneSurrogate reports whether well-formed JSON has an escaped half of a surrogate pair, which stands for no character. encoding/json
// would read it as U+FFFD, and so two names as one.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // the escaped character
		unit, ok := escapedUnit(raw, i)
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			continue
		}
		i += 5 // behind the first escape
		if low, ok := escapedUnit(raw, i+1); unit > 0xDBFF || raw[min(i, len(raw)-1)] != '\\' || !ok || low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 5 // at the last digit of the second
	}
	return false
}

// escapedUnit is the UTF-16 code unit that is escaped at i, by a u and four hexadecimal digits.
func escapedUnit(raw []byte, i int) (uint64, bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
	return unit, err == nil
}
