package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// Unmarshal reads a text into what v points to. A member that a struct does not have is refused, also one that it has in another case, which
// encoding/json would take for the same. The error is an *Error, one of encoding/json, or that of a type that reads itself.
func Unmarshal(text []byte, v any, l Limits) error {
	value, err := Parse(text, l)
	if err != nil {
		return err
	}
	if err := Names(value, v); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// Names refuses a value that has a member which what v points to does not have, also one that it has in another case. The error is an *Error.
func Names(value, v any) error {
	var c checker
	return c.check(reflect.TypeOf(v), value)
}

// checker holds the names in a value against the fields of a type.
type checker struct{ path Path }

var (
	readsJSON = reflect.TypeFor[json.Unmarshaler]()
	readsText = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (c *checker) check(t reflect.Type, value any) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(readsJSON) || p.Implements(readsText) {
		return nil // it reads itself
	}
	switch value := value.(type) {
	case map[string]any:
		return c.members(t, value)
	case []any:
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
			return nil // encoding/json says so
		}
		for i, item := range value {
			c.path.Push(Step{Index: i})
			if err := c.check(t.Elem(), item); err != nil {
				return err
			}
			c.path.Pop()
		}
	}
	return nil
}

func (c *checker) members(t reflect.Type, members map[string]any) error {
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		return nil // any, or what encoding/json refuses
	}
	for name, value := range members {
		c.path.Push(Step{Name: name, Named: true})
		var of reflect.Type
		if t.Kind() == reflect.Map {
			of = t.Elem()
		} else if of = fieldsOf(t)[name]; of == nil {
			return &Error{Pointer: c.path.Pointer(), Detail: "is not a known field"}
		}
		if err := c.check(of, value); err != nil {
			return err
		}
		c.path.Pop()
	}
	return nil
}

var structs sync.Map // of map[string]reflect.Type by reflect.Type

// fieldsOf gives the types of a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := structs.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if !f.IsExported() || tag == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = f.Type
	}
	structs.Store(t, fields)
	return fields
}
