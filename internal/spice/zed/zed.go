// Package zed compares schemas, and tests schema extensions with the assertions in their files.
//
// It is for people who change a schema, and is not used by a running server. It must not write to an engine.
package zed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authzed/spicedb/pkg/caveats/types"
	"github.com/authzed/spicedb/pkg/diff"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"github.com/authzed/spicedb/pkg/schemadsl/compiler"
	"github.com/authzed/spicedb/pkg/schemadsl/input"
)

func compile(text string) (*compiler.CompiledSchema, error) {
	return compiler.Compile(compiler.InputSchema{Source: input.Source("schema"), SchemaString: text}, compiler.AllowUnprefixedObjectType())
}

// Compare lists what has to change in the first schema to make it the second, a line each, in a fixed order. There is nothing to change
// between schemas that differ in comments, order and layout only.
func Compare(have, want string) ([]string, error) {
	from, err := compile(have)
	if err != nil {
		return nil, fmt.Errorf("the schema to compare from: %w", err)
	}
	to, err := compile(want)
	if err != nil {
		return nil, fmt.Errorf("the schema to compare with: %w", err)
	}
	d, err := diff.DiffSchemas(
		diff.NewDiffableSchemaFromCompiledSchema(from), diff.NewDiffableSchemaFromCompiledSchema(to), types.Default.TypeSet)
	if err != nil {
		return nil, err
	}
	return lines(d), nil
}

func lines(d *diff.SchemaDiff) []string {
	var all []string
	add := func(sign, noun string, names []string) {
		for _, name := range names {
			all = append(all, sign+" "+noun+" "+name)
		}
	}
	add("-", "definition", d.RemovedNamespaces)
	add("-", "caveat", d.RemovedCaveats)
	add("+", "caveat", d.AddedCaveats)
	add("+", "definition", d.AddedNamespaces)
	for name, change := range d.ChangedNamespaces {
		for _, delta := range change.Deltas() {
			if text, sign, tells := namespaceDelta(delta); tells {
				all = append(all, sign+" definition "+name+": "+text)
			}
		}
	}
	for name, change := range d.ChangedCaveats {
		for _, delta := range change.Deltas() {
			if text, sign, tells := caveatDelta(delta); tells {
				all = append(all, sign+" caveat "+name+": "+text)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		// By name first, so that what happened to one definition stands together.
		if c := strings.Compare(a[2:], b[2:]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return all
}

// allowed spells a type of subject as the schema does.
func allowed(a *core.AllowedRelation) string {
	text := a.GetNamespace()
	switch {
	case a.GetPublicWildcard() != nil:
		text += ":*"
	case a.GetRelation() != "" && a.GetRelation() != "...":
		text += "#" + a.GetRelation()
	}
	var traits []string
	if c := a.GetRequiredCaveat(); c != nil {
		traits = append(traits, c.GetCaveatName())
	}
	if a.GetRequiredExpiration() != nil {
		traits = append(traits, "expiration")
	}
	if len(traits) > 0 {
		text += " with " + strings.Join(traits, " and ")
	}
	return text
}
