package spice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	caveattypes "github.com/authzed/spicedb/pkg/caveats/types"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// Extension is a user's own definitions beside the built-in ones: what a schema extension file says. A nil *Extension defines nothing.
//
// Its definitions stand beside the built-in ones and may point at them; they change none of them, and its relationships are about
// resources of its own types only.
type Extension struct {
	file    string
	schema  string // the built-in schema and the extension's
	graph   *graph // of both
	changes Changes
	types   map[access.Type]extensionType

	assertions []Assertion
}

// extensionType is what can be asked about one definition of the extension.
type extensionType struct {
	permissions map[string]string   // from an action's name to the permission that decides it
	actions     []string            // the names, sorted
	relations   map[string][]string // by permission, what gives it without the help of other resources, sorted
	parameters  []Parameter         // of the extension's caveats that such a decision can meet, sorted by name
	limits      bool                // such a decision can meet the limits of a feature
}

// Parameter is a parameter of one of the extension's caveats.
type Parameter struct {
	Name string
	Type string // as the schema spells it, such as list<string>
	kind caveattypes.VariableType
}

// Read gives a value of JSON's own types as the engine reads it, or false where it is not of the parameter's type. Times are read as everywhere.
func (p Parameter) Read(value any) (any, bool) {
	if text, ok := value.(string); ok && p.Type == givenTypes[ParamNow] {
		t, err := access.ParseInstant(text)
		if err != nil {
			return nil, false
		}
		value = t.UTC().Format(time.RFC3339Nano)
	}
	_, err := p.kind.ConvertValue(value)
	return value, err == nil
}

// Parameters that the server itself gives to an extension's caveats, and the types that they have.
const (
	ParamSubjectID  = "subject_id"
	ParamResourceID = "resource_id"
	ParamNow        = "now"
)

var givenTypes = map[string]string{ParamSubjectID: "string", ParamResourceID: "string", ParamNow: "timestamp"}

// Schema is the text to give the engine: the built-in schema, and the extension's after it.
func (e *Extension) Schema() string {
	if e == nil {
		return schema.Text
	}
	return e.schema
}

// Changes writes the extension's relationships. Doing it twice is harmless. A relationship that was taken out of the file is not
// removed by it.
func (e *Extension) Changes() Changes {
	if e == nil {
		return nil
	}
	return slices.Clone(e.changes)
}

// Types lists the extension's definitions, sorted.
func (e *Extension) Types() []access.Type {
	if e == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(e.types))
}

// Permission is the permission that decides the action on resources of the type, and false where the extension knows no such type or action.
func (e *Extension) Permission(t access.Type, action string) (string, bool) {
	if e == nil {
		return "", false
	}
	permission, ok := e.types[t].permissions[action]
	return permission, ok
}

// Actions lists what can be asked about resources of the type, sorted: its permissions by their own names, and the names that the
// file gives them. It is nil for a type that is not the extension's.
func (e *Extension) Actions(t access.Type) []string {
	if e == nil {
		return nil
	}
	return slices.Clone(e.types[t].actions)
}

// Relations lists the relations of the definition on which the permission rests, sorted: those that it adds or demands, also by way of other
// permissions of the definition, but neither those that it takes away nor those of other resources.
func (e *Extension) Relations(t access.Type, permission string) []string {
	if e == nil {
		return nil
	}
	return slices.Clone(e.types[t].relations[permission])
}

// Defines reports whether the type is one of the extension's.
func (e *Extension) Defines(t access.Type) bool {
	if e == nil {
		return false
	}
	_, ok := e.types[t]
	return ok
}

// Parameters lists the parameters of the extension's own caveats that a decision about the type can meet, sorted by name. Those of the
// built-in caveats are not among them, whatever their names.
func (e *Extension) Parameters(t access.Type) []Parameter {
	if e == nil {
		return nil
	}
	return slices.Clone(e.types[t].parameters)
}

// MeetsLimits reports whether a decision about the type can meet the limits of a feature (F1).
func (e *Extension) MeetsLimits(t access.Type) bool {
	return e != nil && e.types[t].limits
}

// Install gives the engine the schema, with the extension's unless e is nil, and the extension's relationships. Doing it twice is
// harmless. Where the engine still holds relationships of a definition that is gone, the error is of kind Conflict and nothing changes.
func (c *Client) Install(ctx context.Context, e *Extension) (Token, error) {
	token, err := c.WriteSchema(ctx, e.Schema())
	if err != nil {
		return "", orphaned(e, err)
	}
	if written, err := c.Apply(ctx, e.Changes()); err != nil {
		return "", err
	} else if written != "" {
		token = written
	}
	return token, nil
}

// orphaned says what to do about relationships whose definition is gone.
func orphaned(e *Extension, err error) error {
	var refused *access.Error
	if !errors.As(err, &refused) || refused.Kind != access.KindConflict {
		return err
	}
	from := "there is no schema extension"
	if e != nil {
		from = fmt.Sprintf("the schema extension is %s", e.file)
	}
	return &access.Error{
		Kind: access.KindConflict,
		Detail: fmt.Sprintf("%s (%s; definitions of an earlier one can be removed only when no relationship uses them: put the definition back, "+
			"delete its relationships, then remove it)", refused.Detail, from),
		Cause: refused.Cause,
	}
}
