package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
)

// parsers reads the formats of strings.
var parsers = map[string]func(string) error{
	formatID:        func(s string) error { _, err := access.ParseID[string](s); return err },
	formatEmail:     func(s string) error { _, err := access.ParseEmail(s); return err },
	formatPrincipal: func(s string) error { _, err := access.ParsePrincipal(s); return err },
	formatSubject:   func(s string) error { _, err := access.ParseSubject(s); return err },
	formatFeature:   func(s string) error { _, err := access.ParseFeatureName(s); return err },
	formatTime:      func(s string) error { _, err := access.ParseTime(s); return err },
}

// validator collects where a value breaks its schema. The schemas are those of the API description, so that what is described and what is
// accepted cannot differ.
type validator struct {
	registry huma.Registry
	faults   []access.FieldError
	rule     string // the rule of the first fault that has one
}

func (v *validator) fault(pointer, format string, args ...any) {
	v.faults = append(v.faults, access.FieldError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// err is what was found, as one error, or nil.
func (v *validator) err() error {
	if len(v.faults) == 0 {
		return nil
	}
	first := v.faults[0]
	detail := first.Detail
	if first.Pointer != "" {
		detail = first.Pointer + ": " + detail
	}
	if more := len(v.faults) - 1; more > 0 {
		detail += fmt.Sprintf(" (and %d more)", more)
	}
	return &access.Error{Kind: access.KindInvalid, Rule: v.rule, Detail: detail, Fields: v.faults}
}

// check holds a value, as parseJSON gives it, against its schema.
func (v *validator) check(s *huma.Schema, value any, pointer string) {
	for s.Ref != "" {
		s = v.registry.SchemaFromRef(s.Ref)
	}
	if value == nil {
		if !s.Nullable {
			v.fault(pointer, "must not be null")
		}
		return
	}
	switch s.Type {
	case huma.TypeObject:
		v.checkObject(s, value, pointer)
	case huma.TypeArray:
		items, ok := value.([]any)
		if !ok {
			v.fault(pointer, "must be a list")
			return
		}
		for i, item := range items {
			v.check(s.Items, item, pointer+"/"+strconv.Itoa(i))
		}
	case huma.TypeString:
		text, ok := value.(string)
		if !ok {
			v.fault(pointer, "must be a string")
			return
		}
		v.checkString(s, text, pointer)
	case huma.TypeBoolean:
		if _, ok := value.(bool); !ok {
			v.fault(pointer, "must be true or false")
		}
	case huma.TypeInteger, huma.TypeNumber:
		v.checkNumber(s, value, pointer)
	}
}

func (v *validator) checkObject(s *huma.Schema, value any, pointer string) {
	fields, ok := value.(map[string]any)
	if !ok {
		v.fault(pointer, "must be an object")
		return
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		at := pointer + "/" + escapePointer(name)
		if known, ok := s.Properties[name]; ok {
			v.check(known, fields[name], at)
		} else if each, ok := s.AdditionalProperties.(*huma.Schema); ok {
			if fault := storable(name); fault != "" {
				v.fault(pointer, "a name in it %s", fault)
				continue
			}
			v.check(each, fields[name], at)
		} else {
			v.fault(at, "is not a field here")
		}
	}
	for _, name := range s.Required {
		if _, sent := fields[name]; !sent {
			v.fault(pointer+"/"+escapePointer(name), "is missing")
		}
	}
}

func (v *validator) checkString(s *huma.Schema, text, pointer string) {
	if len(s.Enum) > 0 {
		if !slices.Contains(s.Enum, any(text)) {
			v.fault(pointer, "must be one of %s", words(s.Enum))
		}
		return
	}
	if parse, ok := parsers[s.Format]; ok {
		if err := parse(text); err != nil {
			var e *access.Error
			if !errors.As(err, &e) {
				e = access.Invalidf("", "%q is not of the format %s", text, s.Format)
			}
			if v.rule == "" {
				v.rule = e.Rule
			}
			v.fault(pointer, "%s", e.Detail)
		}
		return
	}
	if fault := storable(text); fault != "" {
		v.fault(pointer, "%s", fault)
		return
	}
	if s.MaxLength != nil && utf8.RuneCountInString(text) > *s.MaxLength {
		v.fault(pointer, "has at most %d characters", *s.MaxLength)
	}
}

// storable says what keeps a text from being stored by every database, or "".
func storable(text string) string {
	switch {
	case strings.ContainsRune(text, 0):
		return "must not hold U+0000, which not every database can store"
	case !utf8.ValidString(text):
		return "must be valid UTF-8"
	}
	return ""
}

func (v *validator) checkNumber(s *huma.Schema, value any, pointer string) {
	number, ok := value.(json.Number)
	if !ok {
		v.fault(pointer, "must be a number")
		return
	}
	if s.Type == huma.TypeInteger {
		if _, err := strconv.ParseInt(string(number), 10, 32); err != nil {
			v.fault(pointer, "must be a whole number")
			return
		}
	}
	f, err := number.Float64()
	switch {
	case err != nil:
		v.fault(pointer, "is too large a number")
	case s.Minimum != nil && f < *s.Minimum:
		v.fault(pointer, "must be at least %v", *s.Minimum)
	case s.Maximum != nil && f > *s.Maximum:
		v.fault(pointer, "must be at most %v", *s.Maximum)
	}
}

func words(enum []any) string {
	var list []string
	for _, w := range enum {
		if w != nil {
			list = append(list, fmt.Sprint(w))
		}
	}
	return strings.Join(list, ", ")
}

// escapePointer writes a name as a part of a JSON pointer (RFC 6901, 3).
func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
