package spice

import (
	"slices"

	core "github.com/authzed/spicedb/pkg/proto/core/v1"

	"github.com/grantway/grantway/internal/access"
)

// Rule is how a permission of an extension is made of others: the expression behind its equals sign.
type Rule struct {
	Op    Op
	Name  string // of the relation or permission: of the resource itself, or behind the arrow
	Over  string // the relation over which an arrow leads
	Parts []Rule
}

// Op is what a rule does with its parts.
type Op string

const (
	Named  Op = "named" // a relation or permission of the resource itself
	Arrow  Op = "arrow" // over->name
	AnyOf  Op = "any"   // +
	AllOf  Op = "all"   // &
	AllBut Op = "but"   // the first part, but those of the second
)

// Rule is that of the permission, and false for a relation, and for what is not the extension's.
func (e *Extension) Rule(t access.Type, permission string) (Rule, bool) {
	if !e.Defines(t) {
		return Rule{}, false
	}
	u := e.graph.relations[place{string(t), permission}].GetUsersetRewrite()
	return ruleOf(u), u != nil
}

func ruleOf(u *core.UsersetRewrite) Rule {
	op, children := AnyOf, u.GetUnion().GetChild()
	switch {
	case u.GetIntersection() != nil:
		op, children = AllOf, u.GetIntersection().GetChild()
	case u.GetExclusion() != nil:
		op, children = AllBut, u.GetExclusion().GetChild()
	}
	rule := Rule{Op: op}
	for _, child := range children {
		part := Rule{Op: AnyOf} // of nothing, such as nil
		switch {
		case child.GetUsersetRewrite() != nil:
			part = ruleOf(child.GetUsersetRewrite())
		case child.GetComputedUserset() != nil:
			part = Rule{Op: Named, Name: child.GetComputedUserset().GetRelation()}
		default:
			if a, ok := arrowOf(child); ok {
				part = Rule{Op: Arrow, Over: a.over, Name: a.to}
			}
		}
		rule.Parts = append(rule.Parts, part)
	}
	if len(rule.Parts) == 1 && op != AllBut {
		return rule.Parts[0]
	}
	return rule
}

// Conditions names the caveats that relationships of the relation can have, sorted.
func (e *Extension) Conditions(t access.Type, relation string) (names []string) {
	for _, allowed := range e.graph.relations[place{string(t), relation}].GetTypeInformation().GetAllowedDirectRelations() {
		if name := allowed.GetRequiredCaveat().GetCaveatName(); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
