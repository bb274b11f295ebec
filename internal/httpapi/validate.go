package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/strictjson"
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

// maxText is the longest text, in characters, where its schema names no other length.
const maxText = 4096

// maxFaults is after how many faults a validator looks no further.
const maxFaults = 20

// validator collects where a value breaks its schema. The schemas are those of the API description, so that what is described and what is
// accepted cannot differ.
type validator struct {
	registry huma.Registry
	path     strictjson.Path // of the value that is being checked
	faults   []access.FieldError
	rule     string // the rule of the first fault that has one
	refused  int    // how many of the faults are values in their form that a rule refuses
}

// fault notes what is wrong with the value that is being checked.
func (v *validator) fault(format string, args ...any) {
	v.faults = append(v.faults, access.FieldError{Pointer: v.path.Pointer(), Detail: fmt.Sprintf(format, args...)})
}

// faultIn notes what is wrong with a member of the value that is being checked.
func (v *validator) faultIn(name, detail string) {
	v.in(name, func() { v.fault("%s", detail) })
}

// in does something with a member of the value that is being checked.
func (v *validator) in(name string, do func()) {
	v.path.Push(strictjson.Step{Name: name, Named: true})
	do()
	v.path.Pop()
}

// full reports whether more faults would help nobody.
func (v *validator) full() bool { return len(v.faults) >= maxFaults }

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
	switch more := len(v.faults) - 1; {
	case v.full():
		detail += fmt.Sprintf(" (and at least %d more)", more)
	case more > 0:
		detail += fmt.Sprintf(" (and %d more)", more)
	}
	kind := access.KindInvalid
	if v.refused == len(v.faults) {
		kind = access.KindUnprocessable
	}
	return &access.Error{Kind: kind, Rule: v.rule, Detail: detail, Fields: v.faults}
}

// check holds a value, as parseJSON gives it, against its schema.
func (v *validator) check(s *huma.Schema, value any) {
	for s.Ref != "" {
		s = v.registry.SchemaFromRef(s.Ref)
	}
	if value == nil {
		if !s.Nullable {
			v.fault("must not be null")
		}
		return
	}
	switch s.Type {
	case huma.TypeObject:
		v.checkObject(s, value)
	case huma.TypeArray:
		v.checkArray(s, value)
	case huma.TypeString:
		text, ok := value.(string)
		if !ok {
			v.fault("must be a string")
			return
		}
		v.checkString(s, text)
	case huma.TypeBoolean:
		if _, ok := value.(bool); !ok {
			v.fault("must be true or false")
		}
	case huma.TypeInteger, huma.TypeNumber:
		v.checkNumber(s, value)
	}
}

func (v *validator) checkArray(s *huma.Schema, value any) {
	items, ok := value.([]any)
	if !ok {
		v.fault("must be a list")
		return
	}
	for i, item := range items {
		if v.full() {
			return
		}
		v.path.Push(strictjson.Step{Index: i})
		v.check(s.Items, item)
		v.path.Pop()
	}
}

func (v *validator) checkObject(s *huma.Schema, value any) {
	fields, ok := value.(map[string]any)
	if !ok {
		v.fault("must be an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if v.full() {
			return
		}
		if known, ok := s.Properties[name]; ok {
			v.in(name, func() { v.check(known, fields[name]) })
		} else if each, ok := s.AdditionalProperties.(*huma.Schema); ok {
			if fault := storable(name); fault != "" {
				v.fault("a field name in it %s", fault)
				continue
			}
			v.in(name, func() { v.check(each, fields[name]) })
		} else {
			v.faultIn(name, "is not a known field")
		}
	}
	for _, name := range s.Required {
		if _, sent := fields[name]; !sent {
			v.faultIn(name, "is missing")
		}
	}
}

func (v *validator) checkString(s *huma.Schema, text string) {
	if len(s.Enum) > 0 {
		if !slices.Contains(s.Enum, any(text)) {
			v.fault("must be one of %s", words(s.Enum))
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
			if e.Kind == access.KindUnprocessable {
				v.refused++
			}
			v.fault("%s", e.Detail)
		}
		return
	}
	if fault := storable(text); fault != "" {
		v.fault("%s", fault)
		return
	}
	most := maxText
	if s.MaxLength != nil {
		most = *s.MaxLength
	}
	if utf8.RuneCountInString(text) > most {
		v.fault("must have at most %d characters", most)
	}
}

// storable says what keeps a text from being stored by every database, or "".
func storable(text string) string {
	switch {
	case strings.ContainsRune(text, 0):
		return "must not contain U+0000, which not every database can store"
	case !utf8.ValidString(text):
		return "must be valid UTF-8"
	}
	return ""
}

func (v *validator) checkNumber(s *huma.Schema, value any) {
	number, ok := value.(json.Number)
	if !ok {
		v.fault("must be a number")
		return
	}
	if s.Type == huma.TypeInteger {
		if _, err := strconv.ParseInt(string(number), 10, 32); err != nil {
			v.fault("must be a whole number")
			return
		}
	}
	f, err := number.Float64()
	switch {
	case err != nil:
		v.fault("is too large")
	case s.Minimum != nil && f < *s.Minimum:
		v.fault("must be at least %v", *s.Minimum)
	case s.Maximum != nil && f > *s.Maximum:
		v.fault("must be at most %v", *s.Maximum)
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
