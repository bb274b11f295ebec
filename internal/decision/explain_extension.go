package decision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// onExtension explains a resource of the extension's own types, about which only the engine has facts. The permission's rule says what could grant
// it; the engine is asked about each part, and its trace says where an arrow leads.
func (x *explainer) onExtension(o access.Object) error {
	if x.it.answer.Allowed {
		return x.extensionGrants(o)
	}
	return x.extensionDenies(o)
}

// traced asks the engine for a trace about an extension's resource before the decision, because afterwards the engine would have cached the answer
// without a path.
func (r *round) traced(ctx context.Context, it *item) (err error) {
	if !it.req.Explain || !r.extension.Defines(access.Type(it.req.Resource.Type)) {
		return nil
	}
	it.trace, err = r.engine.Trace(ctx, r.engineState, it.question())
	if access.KindOf(err) == access.KindInvalid {
		return nil
	}
	return err
}

// extensionGrants adds one path from the subject to the permission.
func (x *explainer) extensionGrants(o access.Object) error {
	it := x.it
	if !it.trace.Allowed {
		return nil
	}
	subject := access.Object{Type: it.subject.Type, ID: it.subject.ID}
	path, granted, err := x.below(it.trace)
	if err != nil {
		return err
	}
	slices.Reverse(path)
	for _, step := range path {
		x.because("%s has %s#%s on %s", subject, step.Resources[0].Type, step.Permission, anyOf(step.Resources))
	}
	if granted == untraced {
		x.because("%s has %s#%s on %s; the engine cached the answer without the path", subject, o.Type, it.permission, o)
		return nil
	}
	x.because("%s has %s#%s on %s", subject, o.Type, it.permission, o)
	return nil
}

// verdict is whether a part of a rule grants.
type verdict int

const (
	givesNot verdict = iota
	untraced
	gives
)

// below returns the steps under a granting one, nearest first. They end at the built-in schema, whose relations mean nothing to callers, with what is
// an action there.
func (x *explainer) below(step spice.Trace) ([]spice.Trace, verdict, error) {
	o := step.Resources[0]
	rule, composed := x.extension.Rule(o.Type, step.Permission)
	if !composed || len(step.Resources) > 1 {
		return nil, gives, nil
	}
	return x.grants(o, rule, step)
}

// grants reports whether the rule gives the permission of the step on o, and by which steps.
func (x *explainer) grants(o access.Object, rule spice.Rule, step spice.Trace) ([]spice.Trace, verdict, error) {
	switch rule.Op {
	case spice.Named:
		a, err := x.asksEngine(o, rule.Name, x.it.values)
		if err != nil || !a.Allowed {
			return nil, givesNot, err
		}
		return x.through(stepTo(step, o, rule.Name))
	case spice.Arrow:
		return x.along(rule, step)
	case spice.AllBut:
		if _, taken, err := x.grants(o, rule.Parts[1], step); err != nil || taken == gives {
			return nil, givesNot, err
		}
		return x.grants(o, rule.Parts[0], step)
	case spice.AllOf:
		var all []spice.Trace
		least := gives
		for _, part := range rule.Parts {
			steps, granted, err := x.grants(o, part, step)
			if err != nil || granted == givesNot {
				return nil, givesNot, err
			}
			all, least = append(all, steps...), min(least, granted)
		}
		return all, least, nil
	case spice.AnyOf:
	}
	best := givesNot
	for _, part := range rule.Parts {
		steps, granted, err := x.grants(o, part, step)
		if err != nil || granted == gives {
			return steps, granted, err
		}
		best = max(best, granted)
	}
	return nil, best, nil
}

// through returns a step and those under it.
func (x *explainer) through(step spice.Trace) ([]spice.Trace, verdict, error) {
	steps, granted, err := x.below(step)
	return append([]spice.Trace{step}, steps...), granted, err
}

// along follows an arrow as far as the engine has said where it leads.
func (x *explainer) along(rule spice.Rule, step spice.Trace) ([]spice.Trace, verdict, error) {
	for _, next := range step.Steps {
		if next.Permission != rule.Name || !next.Allowed {
			continue
		}
		switch typ := next.Resources[0].Type; {
		case x.extension.Defines(typ):
			return x.through(next)
		case slices.Contains(access.Actions[typ], access.Action(next.Permission)), slices.Contains(sets[typ], next.Permission):
			return []spice.Trace{next}, gives, nil
		}
		return nil, gives, nil
	}
	if step.Cached {
		return x.follow(rule, step)
	}
	return nil, givesNot, nil
}

// followed is the maximum number of objects of one relation that are checked for a grant, and mostHops the maximum number of arrows followed, because
// objects can form a cycle.
const (
	followed = 100
	mostHops = 50
)

// follow finds where an arrow leads if the engine has cached only its answer: it asks about each of the objects.
func (x *explainer) follow(rule spice.Rule, step spice.Trace) ([]spice.Trace, verdict, error) {
	if x.hops++; x.hops > mostHops {
		return nil, untraced, nil
	}
	objects, err := x.engine.Objects(x.ctx, x.engineState, step.Resources[0], rule.Over, followed)
	if err != nil {
		return nil, givesNot, err
	}
	for _, o := range objects {
		a, err := x.asksEngine(o, rule.Name, x.it.values)
		if err != nil {
			return nil, givesNot, err
		}
		if !a.Allowed {
			continue
		}
		next := spice.Trace{Resources: []access.Object{o}, Permission: rule.Name, Allowed: true, Cached: true}
		switch {
		case x.extension.Defines(o.Type):
			return x.through(next)
		case slices.Contains(access.Actions[o.Type], access.Action(rule.Name)), slices.Contains(sets[o.Type], rule.Name):
			return []spice.Trace{next}, gives, nil
		}
		return nil, gives, nil
	}
	if len(objects) == followed {
		return nil, untraced, nil // another one may grant
	}
	return nil, givesNot, nil
}

// stepTo is the step to a relation or permission of the same resource, from the engine's trace, or without one as for a cached answer.
func stepTo(step spice.Trace, o access.Object, name string) spice.Trace {
	for _, next := range step.Steps {
		if next.Permission == name && slices.Equal(next.Resources, []access.Object{o}) {
			return next
		}
	}
	return spice.Trace{Resources: []access.Object{o}, Permission: name, Cached: true}
}

// sets are the relations of built-in types, in addition to their actions, that an extension can use and callers know by that name.
var sets = map[access.Type][]string{
	access.TypeTeam: {schema.RelMember, schema.RelAdmin}, access.TypeRole: {schema.RelAssignee}, access.TypeGroup: {schema.RelMember},
	access.TypeOrganization: {schema.RelOwner}, access.TypeChatbot: {schema.RelOwner},
}

// extensionDenies adds what prevents access.
func (x *explainer) extensionDenies(o access.Object) error {
	it := x.it
	subject := access.Object{Type: it.subject.Type, ID: it.subject.ID}
	for _, name := range it.answer.Missing {
		x.stopped("needs %s", name)
	}
	for _, name := range it.answer.Mistyped {
		x.stopped("%s has another type than the condition needs", name)
	}
	if len(x.said.StoppedBy) == 0 {
		if err := x.obstacles(o, it.permission, it.trace, map[string]bool{}); err != nil {
			return err
		}
	}
	if len(x.said.StoppedBy) == 0 {
		x.stopped("no relationship gives %s %s#%s on %s", subject, o.Type, it.permission, o)
	}
	if _, managed := x.extension.Permission(o.Type, string(access.ManageAccess)); managed {
		x.grantable(fmt.Sprintf("those who have %s on %s", access.ManageAccess, o))
	}
	return nil
}

// obstacles returns what denies the subject a relation or permission of the resource: false conditions, and exclusions.
func (x *explainer) obstacles(o access.Object, name string, step spice.Trace, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	rule, composed := x.extension.Rule(o.Type, name)
	if composed {
		return x.obstaclesOf(o, rule, step, seen)
	}
	conditions := x.extension.Conditions(o.Type, name)
	if len(conditions) == 0 {
		return nil
	}
	// If the answer without values is conditional, a relationship exists, and its condition is false for the values sent and given.
	a, err := x.asksEngine(o, name, map[string]any{})
	if err == nil && len(a.Missing) > 0 {
		x.stopped("the condition %s of %s#%s on %s is false", strings.Join(conditions, " or "), o.Type, name, o)
	}
	return err
}

// obstaclesOf is obstacles for the rule of the permission of a step.
func (x *explainer) obstaclesOf(o access.Object, rule spice.Rule, step spice.Trace, seen map[string]bool) error {
	switch rule.Op {
	case spice.Named:
		return x.obstacles(o, rule.Name, stepTo(step, o, rule.Name), seen)
	case spice.Arrow:
		return nil
	case spice.AllBut:
		_, base, err := x.grants(o, rule.Parts[0], step)
		if err != nil {
			return err
		}
		if base == givesNot {
			return x.obstaclesOf(o, rule.Parts[0], step, seen)
		}
		path, taken, err := x.grants(o, rule.Parts[1], step)
		if err == nil && taken == gives && len(path) > 0 {
			x.stopped("%s:%s has %s#%s on %s, which takes %s away", x.it.subject.Type, x.it.subject.ID, path[0].Resources[0].Type, path[0].Permission,
				anyOf(path[0].Resources), step.Permission)
		}
		return err
	case spice.AnyOf, spice.AllOf:
	}
	for _, part := range rule.Parts {
		_, granted, err := x.grants(o, part, step)
		if err == nil && granted != gives {
			err = x.obstaclesOf(o, part, step, seen)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// anyOf names the resources of a step, of which one or more grant.
func anyOf(resources []access.Object) string {
	names := make([]string, len(resources))
	for i, o := range resources {
		names[i] = o.String()
	}
	return strings.Join(names, " or ")
}
