package spice

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/internal/access"
)

// extensionFile is a schema extension file, taken apart.
type extensionFile struct {
	name          string
	schema        block
	relationships block
	actions       *yaml.Node // a mapping, or nil
	assertions    *yaml.Node // a mapping, or nil
}

// block is a text in the file and where it begins.
type block struct {
	text string
	line int // of its first line, from 1
}

// ParseExtension reads a schema extension file, a SpiceDB validation file: `schema`, `relationships`, and `actions`, a map from resource type to
// a map from action name to permission, and `assertions`, which test it. `validation`, which such a file may also hold, is for SpiceDB's own tools.
// name is the file's, for messages. An error is of kind Invalid and names the file and the line.
func ParseExtension(name string, data []byte) (*Extension, error) {
	f, err := readExtensionFile(name, data)
	if err != nil {
		return nil, err
	}
	compiled, err := f.compile()
	if err != nil {
		return nil, err
	}
	e := &Extension{file: name, schema: compiled.text, graph: newGraph(compiled.definitions())}
	if e.types, err = compiled.tables(); err != nil {
		return nil, err
	}
	if err := f.nameActions(e.types); err != nil {
		return nil, err
	}
	relationships, err := f.parseRelationships(e.types)
	if err != nil {
		return nil, err
	}
	if err := f.validate(compiled, relationships); err != nil {
		return nil, err
	}
	if err := compiled.checkArrows(e.graph); err != nil {
		return nil, err
	}
	if e.assertions, err = f.parseAssertions(e.types); err != nil {
		return nil, err
	}
	for _, r := range relationships {
		e.changes = append(e.changes, r.touch())
	}
	return e, nil
}

// refuse is an error about a line of the file, from 1; 0 stands for the file as a whole.
func (f *extensionFile) refuse(line int, format string, args ...any) error {
	where := f.name
	if line > 0 {
		where = fmt.Sprintf("%s:%d", f.name, line)
	}
	return access.Invalidf("", "%s: %s", where, fmt.Sprintf(format, args...))
}

func readExtensionFile(name string, data []byte) (*extensionFile, error) {
	f := &extensionFile{name: name}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, f.refuse(0, "not a YAML file: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, f.refuse(0, "a schema extension must be a SpiceDB validation file: a map with `schema`, `relationships` and `actions`")
	}
	if err := f.eachPair(doc.Content[0], f.section); err != nil {
		return nil, err
	}
	if strings.TrimSpace(f.schema.text) == "" {
		return nil, f.refuse(0, "`schema` is missing or empty")
	}
	return f, nil
}

// section reads one of the file's parts.
func (f *extensionFile) section(key, value *yaml.Node) (err error) {
	switch key.Value {
	case "schema":
		f.schema, err = f.block(key, value)
	case "relationships":
		f.relationships, err = f.block(key, value)
	case "actions":
		f.actions, err = f.mapping(value, "`actions` must be a map from resource type to a map from action name to permission")
	case "assertions":
		f.assertions, err = f.mapping(value, "`assertions` must be a map with `assertTrue`, `assertCaveated` and `assertFalse`")
	case "validation":
	case "schemaFile":
		err = f.refuse(key.Line, "`schemaFile` is not supported: put the schema itself under `schema`")
	default:
		err = f.refuse(key.Line, "%q is not one of `schema`, `relationships`, `actions`, `assertions`, `validation`", key.Value)
	}
	return err
}

// mapping is the value, if it is a map or nothing.
func (f *extensionFile) mapping(value *yaml.Node, otherwise string) (*yaml.Node, error) {
	switch {
	case value.Tag == "!!null":
		return nil, nil
	case value.Kind != yaml.MappingNode:
		return nil, f.refuse(value.Line, "%s", otherwise)
	}
	return value, nil
}

// eachPair gives the pairs of a map in their order, and refuses a key that is there twice.
func (f *extensionFile) eachPair(of *yaml.Node, each func(key, value *yaml.Node) error) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(of.Content); i += 2 {
		key, value := of.Content[i], of.Content[i+1]
		if seen[key.Value] {
			return f.refuse(key.Line, "%q appears twice", key.Value)
		}
		seen[key.Value] = true
		if err := each(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (f *extensionFile) block(key, value *yaml.Node) (block, error) {
	switch {
	case value.Tag == "!!null":
		return block{line: value.Line}, nil
	case value.Kind != yaml.ScalarNode || value.Tag != "!!str":
		return block{}, f.refuse(value.Line, "`%s` must be a text; begin it with |", key.Value)
	}
	line := value.Line
	if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		line++
	}
	return block{text: value.Value, line: line}, nil
}

// nameActions adds the file's own names for permissions.
func (f *extensionFile) nameActions(types map[access.Type]extensionType) error {
	if f.actions == nil {
		return nil
	}
	return f.eachPair(f.actions, func(key, names *yaml.Node) error {
		t, ok := types[access.Type(key.Value)]
		if !ok {
			return f.refuse(key.Line, "`actions` names the type %q, which the file's own schema does not define", key.Value)
		}
		if names.Kind != yaml.MappingNode {
			return f.refuse(names.Line, "the actions of %q must be a map from action name to permission", key.Value)
		}
		if err := f.nameActionsOf(key.Value, t, names); err != nil {
			return err
		}
		t.actions = nil
		for name := range t.permissions {
			t.actions = append(t.actions, name)
		}
		slices.Sort(t.actions)
		types[access.Type(key.Value)] = t
		return nil
	})
}

func (f *extensionFile) nameActionsOf(typ string, t extensionType, names *yaml.Node) error {
	given := map[string]bool{}
	for i := 0; i+1 < len(names.Content); i += 2 {
		name, permission := names.Content[i], names.Content[i+1]
		if name.Kind != yaml.ScalarNode || permission.Kind != yaml.ScalarNode {
			return f.refuse(name.Line, "an action must be written as name: permission")
		}
		if _, err := access.ParseID[string](name.Value); err != nil {
			return f.refuse(name.Line, "the name of an action must have 1 to %d bytes of UTF-8", access.MaxIDBytes)
		}
		if given[name.Value] {
			return f.refuse(name.Line, "the action %q appears twice", name.Value)
		}
		given[name.Value] = true
		decided, taken := t.permissions[name.Value]
		if taken && decided != permission.Value {
			return f.refuse(name.Line, "%q is a permission of %s itself and cannot stand for another", name.Value, typ)
		}
		if own, ok := t.permissions[permission.Value]; !ok || own != permission.Value {
			return f.refuse(permission.Line, "%s has no permission %q (relations cannot be actions)", typ, permission.Value)
		}
		t.permissions[name.Value] = permission.Value
	}
	return nil
}
