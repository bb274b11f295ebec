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

// onExtension explains what only the engine knows of: a resource of the extension's own types. What grants is read from the engine's trace,
// and where the trace ends at a cached answer, from the relations that the subject has to the resource.
func (x *explainer) onExtension(o access.Object) error {
	it := x.it
	subject := access.Object{Type: it.subject.Type, ID: it.subject.ID}
	if !it.answer.Allowed {
		for _, name := range it.answer.Missing {
			x.stopped("needs %s", name)
		}
		for _, name := range it.answer.Mistyped {
			x.stopped("%s is of another type than the condition needs", name)
		}
		if len(x.said.StoppedBy) == 0 {
			x.stopped("no relationship gives %s %s#%s on %s", subject, o.Type, it.permission, o)
		}
		if _, managed := x.extension.Permission(o.Type, string(access.ManageAccess)); managed {
			x.grantable(fmt.Sprintf("whoever has %s on %s", access.ManageAccess, o))
		}
		return nil
	}
	if !it.trace.Allowed {
		return nil
	}
	path := x.grantingSteps(it.trace)
	if last := path[len(path)-1]; last.Cached && x.extension.Defines(last.Resources[0].Type) {
		held, err := x.relationsHeld(last)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			x.because("%s has %s#%s on %s; through what cannot be told, for the engine remembers only its answer",
				subject, last.Resources[0].Type, last.Permission, anyOf(last.Resources))
			path = path[:len(path)-1]
		}
		path = append(path, held...)
	}
	slices.Reverse(path) // from what the subject is to what it asks for
	for _, step := range path {
		x.because("%s has %s#%s on %s", subject, step.Resources[0].Type, step.Permission, anyOf(step.Resources))
	}
	return nil
}

// traced asks the engine how it decides about an extension's resource, before it is asked for the decision: of that it would remember only
// the answer.
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

// grantingSteps are the steps of a trace from its beginning to one that grants. They end where the built-in schema begins, whose own relations mean
// nothing to callers, with what is an action there.
func (x *explainer) grantingSteps(t spice.Trace) []spice.Trace {
	path := []spice.Trace{t}
	for _, step := range t.Steps {
		if !step.Allowed {
			continue
		}
		typ := step.Resources[0].Type
		switch {
		case x.extension.Defines(typ):
			return append(path, x.grantingSteps(step)...)
		case slices.Contains(access.Actions[typ], access.Action(step.Permission)), slices.Contains(sets[typ], step.Permission):
			return append(path, step)
		}
	}
	return path
}

// sets are what an extension may name of the built-in types beside their actions, and callers know by that name.
var sets = map[access.Type][]string{
	access.TypeTeam: {schema.RelMember, schema.RelAdmin}, access.TypeRole: {schema.RelAssignee}, access.TypeGroup: {schema.RelMember},
	access.TypeOrganization: {schema.RelOwner}, access.TypeChatbot: {schema.RelOwner},
}

// relationsHeld asks the engine for those relations on which a step rests that the subject has.
func (x *explainer) relationsHeld(step spice.Trace) ([]spice.Trace, error) {
	var held []spice.Trace
	for _, o := range step.Resources {
		for _, relation := range x.extension.Relations(o.Type, step.Permission) {
			a, err := x.asksEngine(o, relation, x.it.values)
			if err != nil {
				return nil, err
			}
			if a.Allowed {
				held = append(held, spice.Trace{Resources: []access.Object{o}, Permission: relation})
			}
		}
	}
	return held, nil
}

// anyOf names the resources of a step, of which one or more grant.
func anyOf(resources []access.Object) string {
	names := make([]string, len(resources))
	for i, o := range resources {
		names[i] = o.String()
	}
	return strings.Join(names, " or ")
}
