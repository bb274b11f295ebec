package spice

import (
	"slices"
	"sync"

	core "github.com/authzed/spicedb/pkg/proto/core/v1"

	"github.com/grantway/grantway/schema"
)

// graph is a compiled schema as a search walks it.
type graph struct {
	relations map[place]*core.Relation
	reached   map[place]map[place]bool // from each place, itself only if it leads back
	recursive map[place]bool           // what can lead back to itself, or to something that does
}

// place is a relation or permission of a type.
type place struct{ typ, relation string }

// builtinGraph is the graph of the built-in schema.
var builtinGraph = sync.OnceValue(func() *graph {
	compiled, err := compileSchema(schema.Text)
	if err != nil {
		panic(err) // a defect: it is a part of the program
	}
	return newGraph(compiled.ObjectDefinitions)
})

// graphOf is the graph of the schema that the engine has with the extension.
func graphOf(e *Extension) *graph {
	if e == nil {
		return builtinGraph()
	}
	return e.graph
}

func newGraph(definitions []*core.NamespaceDefinition) *graph {
	g := &graph{relations: map[place]*core.Relation{}, reached: map[place]map[place]bool{}, recursive: map[place]bool{}}
	for _, d := range definitions {
		for _, r := range d.GetRelation() {
			g.relations[place{d.GetName(), r.GetName()}] = r
		}
	}
	for p := range g.relations {
		g.reached[p] = g.reach(p)
	}
	for p := range g.relations {
		g.recursive[p] = g.reached[p][p]
		for other := range g.reached[p] {
			g.recursive[p] = g.recursive[p] || g.reached[other][other]
		}
	}
	return g
}

// opens reports whether the place can be open to everybody of the type.
func (g *graph) opens(p place, typ string) bool {
	open := func(p place) bool {
		return slices.ContainsFunc(g.relations[p].GetTypeInformation().GetAllowedDirectRelations(), func(a *core.AllowedRelation) bool {
			return a.GetPublicWildcard() != nil && a.GetNamespace() == typ
		})
	}
	for other := range g.reached[p] {
		if open(other) {
			return true
		}
	}
	return open(p)
}

// reach is all that a place leads to.
func (g *graph) reach(from place) map[place]bool {
	seen, next := map[place]bool{}, g.steps(from)
	for len(next) > 0 {
		p := next[len(next)-1]
		next = next[:len(next)-1]
		if !seen[p] {
			seen[p] = true
			next = append(next, g.steps(p)...)
		}
	}
	return seen
}

// steps is what a place leads to directly.
func (g *graph) steps(from place) []place {
	var next []place
	r := g.relations[from]
	for _, allowed := range r.GetTypeInformation().GetAllowedDirectRelations() {
		if to := (place{allowed.GetNamespace(), allowed.GetRelation()}); g.relations[to] != nil {
			next = append(next, to)
		}
	}
	var rewrite func(u *core.UsersetRewrite)
	arrow := func(over, to string) {
		for _, allowed := range g.relations[place{from.typ, over}].GetTypeInformation().GetAllowedDirectRelations() {
			if p := (place{allowed.GetNamespace(), to}); g.relations[p] != nil {
				next = append(next, p)
			}
		}
	}
	rewrite = func(u *core.UsersetRewrite) {
		for _, child := range operands(u) {
			if t := child.GetTupleToUserset(); t != nil {
				arrow(t.GetTupleset().GetRelation(), t.GetComputedUserset().GetRelation())
			}
			if t := child.GetFunctionedTupleToUserset(); t != nil {
				arrow(t.GetTupleset().GetRelation(), t.GetComputedUserset().GetRelation())
			}
			if c := child.GetComputedUserset(); c != nil {
				next = append(next, place{from.typ, c.GetRelation()})
			}
			if nested := child.GetUsersetRewrite(); nested != nil {
				rewrite(nested)
			}
		}
	}
	rewrite(r.GetUsersetRewrite())
	return next
}

// operands are what an operation adds or demands: all but what an exclusion takes away.
func operands(u *core.UsersetRewrite) []*core.SetOperation_Child {
	switch {
	case u.GetUnion() != nil:
		return u.GetUnion().GetChild()
	case u.GetIntersection() != nil:
		return u.GetIntersection().GetChild()
	case len(u.GetExclusion().GetChild()) > 0:
		return u.GetExclusion().GetChild()[:1]
	}
	return nil
}
