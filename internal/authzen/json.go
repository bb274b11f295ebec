package authzen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may lie in one another.
const maxDepth = 100

// decode reads a JSON text as I-JSON (RFC 7493) wants it: UTF-8 without lone surrogates, no name twice in one object, no number beyond a
// double. encoding/json would take all of these, and match names in any case; here a name is what it is. The values are nil, bool,
// float64, string, []any and map[string]any.
func decode(text []byte) (any, error) {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, fmt.Errorf("the body is missing")
	case !utf8.Valid(text):
		return nil, fmt.Errorf("the body is not UTF-8")
	case !json.Valid(text):
		return nil, fmt.Errorf("the body is not JSON")
	case loneSurrogate(text):
		return nil, fmt.Errorf("a text in the body has a lone surrogate")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return value(d, maxDepth)
}

// value reads the next value of a text that is known to be JSON.
func value(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON")
	}
	switch t := token.(type) {
	case json.Number:
		n, err := strconv.ParseFloat(t.String(), 64)
		if err != nil || math.IsInf(n, 0) {
			return nil, fmt.Errorf("a number in the body is beyond what a double holds")
		}
		return n, nil
	case json.Delim:
		if depth == 0 {
			return nil, fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
		}
		if t == '[' {
			return array(d, depth-1)
		}
		return object(d, depth-1)
	}
	return token, nil
}

func array(d *json.Decoder, depth int) (any, error) {
	items := []any{}
	for d.More() {
		item, err := value(d, depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.Token()
	return items, err
}

func object(d *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("the name %q is twice in one object", key)
		}
		if members[key], err = value(d, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return members, err
}

// loneSurrogate reports whether a text that is known to be JSON escapes half of a surrogate pair, for which there is no UTF-8.
func loneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // valid JSON has a character behind a backslash, and four digits behind \u
		if text[i] != 'u' {
			continue
		}
		switch n := hex4(text[i+1:]); {
		case 0xD800 <= n && n < 0xDC00:
			rest := text[i+5:]
			if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
				return true
			}
			if low := hex4(rest[2:]); low < 0xDC00 || 0xDFFF < low {
				return true
			}
			i += 10
		case 0xDC00 <= n && n <= 0xDFFF:
			return true
		default:
			i += 4
		}
	}
	return false
}

// hex4 is the number that four hexadecimal digits spell, or 0.
func hex4(digits []byte) uint64 {
	n, err := strconv.ParseUint(string(digits[:4]), 16, 32)
	if err != nil {
		return 0
	}
	return n
}
