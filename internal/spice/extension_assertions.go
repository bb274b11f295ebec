package spice

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/authzed/spicedb/pkg/tuple"
	"gopkg.in/yaml.v3"

	"github.com/grantway/grantway/internal/access"
)

// Assertion is one of the tests that a schema extension holds for itself: whether a subject has a permission.
type Assertion struct {
	Line     int
	Text     string // as it stands in the file
	Outcome  Outcome
	Question tuple.Relationship // about the permission that the action means, its IDs in the form that Encode gives them
	Context  map[string]any     // the values that the assertion names
}

// Outcome is what an assertion expects.
type Outcome string

// The outcomes, as a validation file spells them. Caveated is for want of values.
const (
	AssertTrue     Outcome = "assertTrue"
	AssertCaveated Outcome = "assertCaveated"
	AssertFalse    Outcome = "assertFalse"
)

var outcomes = []Outcome{AssertTrue, AssertCaveated, AssertFalse}

// Assertions are those of the file, in its order.
func (e *Extension) Assertions() []Assertion { return slices.Clone(e.assertions) }

// parseAssertions reads the file's assertions. They may name actions as well as permissions.
func (f *extensionFile) parseAssertions(types map[access.Type]extensionType) (all []Assertion, err error) {
	if f.assertions == nil {
		return nil, nil
	}
	err = f.eachPair(f.assertions, func(key, list *yaml.Node) error {
		outcome := Outcome(key.Value)
		if !slices.Contains(outcomes, outcome) {
			return f.refuse(key.Line, "%q is not one of `assertTrue`, `assertCaveated`, `assertFalse`", key.Value)
		}
		if list.Kind != yaml.SequenceNode && list.Tag != "!!null" {
			return f.refuse(list.Line, "`%s` must be a list of assertions", key.Value)
		}
		for _, item := range list.Content {
			a, err := parseAssertion(item, types)
			if err != nil {
				return f.refuse(item.Line, "not an assertion: %s", err)
			}
			a.Outcome = outcome
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

func parseAssertion(item *yaml.Node, types map[access.Type]extensionType) (Assertion, error) {
	a := Assertion{Line: item.Line, Text: strings.TrimSpace(item.Value)}
	if item.Kind != yaml.ScalarNode {
		return a, errForm
	}
	spelled, rest, err := spell(a.Text, func(typ, name string) string {
		if permission, ok := types[access.Type(typ)].permissions[name]; ok {
			return permission
		}
		return name
	})
	if err != nil {
		return a, err
	}
	subject, values, given := strings.Cut(rest, " with ")
	if given {
		if err := json.Unmarshal([]byte(values), &a.Context); err != nil || a.Context == nil {
			return a, errors.New(`the part after "with" must be a JSON object`)
		}
	}
	if a.Question, err = tuple.Parse(spelled + strings.TrimSpace(subject)); err != nil {
		return a, errForm
	}
	if a.Question.OptionalCaveat != nil || a.Question.OptionalExpiration != nil {
		return a, errors.New(`write values after it, such as: with {"hour": 9}`)
	}
	return a, canonical(&a.Question)
}
