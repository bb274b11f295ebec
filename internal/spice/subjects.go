package spice

import (
	"context"
	"errors"
	"fmt"
	"io"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/grantway/grantway/internal/access"
)

// Wildcard is the ID that Subjects reports for a permission open to all subjects of the type.
const Wildcard = "*"

// Subjects gives the candidates among subjects of q.Subject.Type for the permission on the resource, each once and in no order: each that has it,
// or would under a condition, some that have not, and Wildcard where it is open to all. Whether a candidate has it is for Check to say. x is the
// extension of the engine's schema, or nil.
//
// SpiceDB's own LookupSubjects gives each subject once for each way that leads to it, and teams nested in one another have more ways than any memory
// holds. So whatever can be nested is walked here, each object once, and LookupSubjects is left what cannot: the memory is that of the subjects
// and objects found, and the time that of the relationships read.
func (c *Client) Subjects(ctx context.Context, f Freshness, x *Extension, q Question, each func(id string) error) error {
	values, err := structpb.NewStruct(q.Context)
	if err != nil {
		return &access.Error{Kind: access.KindInvalid, Detail: "a value for a condition is not JSON", Cause: err}
	}
	w := &walk{client: c, ctx: ctx, fresh: f, graph: graphOf(x), sought: string(q.Subject.Type), values: values, met: map[met]*candidates{}}
	found := newCandidates()
	if err := w.at(spot{string(q.Resource.Type), Encode(q.Resource.ID), q.Permission}, found); err != nil {
		return err
	}
	for id := range found.named {
		if err := each(Decode(id)); err != nil {
			return err
		}
	}
	if found.all {
		return each(Wildcard)
	}
	return nil
}

// walk is one search for subjects. It follows what relationships add and demand, and leaves it to Check what exclusions and conditions take away.
type walk struct {
	client *Client
	ctx    context.Context //nolint:containedctx // the call's: a walk lasts as long as one search
	fresh  Freshness
	graph  *graph
	sought string // the type
	values *structpb.Struct
	met    map[met]*candidates // intersections; nil for those that are being walked
}

// spot is a relation or permission of one object, by the engine's ID.
type spot struct{ typ, id, relation string }

// met is an intersection on one object.
type met struct {
	at spot
	of any // where it stands in the schema
}

// candidates are subjects by the engine's IDs.
type candidates struct {
	named map[string]struct{}
	all   bool // of the type
	seen  map[spot]bool
}

func newCandidates() *candidates {
	return &candidates{named: map[string]struct{}{}, seen: map[spot]bool{}}
}

func (c *candidates) add(others *candidates) {
	c.all = c.all || others.all
	for id := range others.named {
		c.named[id] = struct{}{}
	}
}

// at adds the candidates of a spot, unless it was added already.
func (w *walk) at(s spot, into *candidates) error {
	if into.seen[s] {
		return nil
	}
	into.seen[s] = true
	here := place{s.typ, s.relation}
	r := w.graph.relations[here]
	switch {
	case r == nil:
		return nil // an arrow may lead to types that have no such permission
	case !w.graph.recursive[here]:
		return w.lookup(s, into)
	case r.GetUsersetRewrite() == nil:
		return w.related(s, into)
	}
	return w.rewritten(s, r.GetUsersetRewrite(), into)
}

// lookup leaves it to the engine.
func (w *walk) lookup(s spot, into *candidates) error {
	stream, err := w.client.permissions.LookupSubjects(w.ctx, &v1.LookupSubjectsRequest{
		Consistency:       w.fresh.consistency(),
		Resource:          &v1.ObjectReference{ObjectType: s.typ, ObjectId: s.id},
		Permission:        s.relation,
		SubjectObjectType: w.sought,
		Context:           w.values,
	})
	if err != nil {
		return fault(err)
	}
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault(err)
		}
		into.subject(resp.GetSubject().GetSubjectObjectId())
	}
}

func (c *candidates) subject(id string) {
	if id == Wildcard {
		c.all = true
		return
	}
	c.named[id] = struct{}{}
}

// related adds the subjects of a relation, and those of its subject sets.
func (w *walk) related(s spot, into *candidates) error {
	var sets []*v1.Relationship
	err := w.read(s, func(r *v1.Relationship) {
		switch subject := r.GetSubject(); {
		case subject.GetOptionalRelation() != "":
			sets = append(sets, r)
		case subject.GetObject().GetObjectType() == w.sought:
			into.subject(subject.GetObject().GetObjectId())
		}
	})
	if err != nil {
		return err
	}
	for _, r := range sets {
		set := r.GetSubject()
		to := spot{set.GetObject().GetObjectType(), set.GetObject().GetObjectId(), set.GetOptionalRelation()}
		if r.GetOptionalCaveat() == nil || !w.graph.opens(place{to.typ, to.relation}, w.sought) {
			if err := w.at(to, into); err != nil {
				return err
			}
			continue
		}
		if err := w.conditional(r, to, into); err != nil {
			return err
		}
	}
	return nil
}

// conditional adds the candidates of a subject set that is there under a condition. Where that would be everybody, as for a public link, the
// engine is asked whether the condition holds, or else a search would go through the whole directory for a link that was not sent.
func (w *walk) conditional(r *v1.Relationship, to spot, into *candidates) error {
	found := newCandidates()
	if err := w.at(to, found); err != nil {
		return err
	}
	if found.all && !into.all {
		resp, err := w.client.permissions.CheckPermission(w.ctx, &v1.CheckPermissionRequest{
			Consistency: w.fresh.consistency(), Resource: r.GetResource(), Permission: r.GetRelation(), Subject: r.GetSubject(), Context: w.values,
		})
		if err != nil {
			if err := fault(err); access.KindOf(err) != access.KindInvalid {
				return err
			}
		} else if resp.GetPermissionship() == v1.CheckPermissionResponse_PERMISSIONSHIP_NO_PERMISSION {
			return nil
		}
	}
	into.add(found)
	return nil
}

// rewritten adds the candidates of a permission.
func (w *walk) rewritten(s spot, u *core.UsersetRewrite, into *candidates) error {
	var parts []func(*candidates) error
	for _, child := range operands(u) {
		parts = append(parts, func(into *candidates) error { return w.operand(s, child, into) })
	}
	if u.GetIntersection() != nil {
		return w.intersect(met{s, u}, parts, into)
	}
	return unite(parts, into)
}

// unite adds the candidates of all parts.
func unite(parts []func(*candidates) error, into *candidates) error {
	for _, part := range parts {
		if err := part(into); err != nil {
			return err
		}
	}
	return nil
}

// operand adds the candidates of one operand of a permission.
func (w *walk) operand(s spot, child *core.SetOperation_Child, into *candidates) error {
	switch kind := child.GetChildType().(type) {
	case *core.SetOperation_Child_ComputedUserset:
		return w.at(spot{s.typ, s.id, kind.ComputedUserset.GetRelation()}, into)
	case *core.SetOperation_Child_UsersetRewrite:
		return w.rewritten(s, kind.UsersetRewrite, into)
	case *core.SetOperation_Child_TupleToUserset:
		parts, err := w.arrow(s, kind.TupleToUserset.GetTupleset().GetRelation(), kind.TupleToUserset.GetComputedUserset().GetRelation())
		if err != nil {
			return err
		}
		return unite(parts, into)
	case *core.SetOperation_Child_FunctionedTupleToUserset:
		t := kind.FunctionedTupleToUserset
		parts, err := w.arrow(s, t.GetTupleset().GetRelation(), t.GetComputedUserset().GetRelation())
		if err != nil {
			return err
		}
		if t.GetFunction() == core.FunctionedTupleToUserset_FUNCTION_ALL {
			return w.intersect(met{s, t}, parts, into)
		}
		return unite(parts, into)
	case *core.SetOperation_Child_XSelf:
		if s.typ == w.sought {
			into.subject(s.id)
		}
		return nil
	case *core.SetOperation_Child_XNil:
		return nil
	}
	return access.Unavailable(fmt.Errorf("%s#%s: a search cannot follow %T", s.typ, s.relation, child.GetChildType()))
}

// arrow is one part for each object that the relation names.
func (w *walk) arrow(s spot, relation, to string) ([]func(*candidates) error, error) {
	var parts []func(*candidates) error
	err := w.read(spot{s.typ, s.id, relation}, func(r *v1.Relationship) {
		o := r.GetSubject().GetObject()
		parts = append(parts, func(into *candidates) error { return w.at(spot{o.GetObjectType(), o.GetObjectId(), to}, into) })
	})
	return parts, err
}

// intersect adds those of one part, which are more than those of all. It is the first that is not open to everyone, so that what is open to everyone
// and narrowed to a few has few candidates. A part that leads back here is open to everyone: that makes too many candidates, and never too few.
func (w *walk) intersect(m met, parts []func(*candidates) error, into *candidates) error {
	if found, ok := w.met[m]; ok {
		if found == nil {
			into.all = true
			return nil
		}
		into.add(found)
		return nil
	}
	w.met[m] = nil
	all := newCandidates()
	for _, part := range parts {
		found := newCandidates()
		if err := part(found); err != nil {
			return err
		}
		if !found.all {
			all = found
			break
		}
		all.add(found)
	}
	w.met[m] = all
	into.add(all)
	return nil
}

// read streams the relationships of a spot.
func (w *walk) read(s spot, each func(*v1.Relationship)) error {
	stream, err := w.client.permissions.ReadRelationships(w.ctx, &v1.ReadRelationshipsRequest{
		Consistency:        w.fresh.consistency(),
		RelationshipFilter: &v1.RelationshipFilter{ResourceType: s.typ, OptionalResourceId: s.id, OptionalRelation: s.relation},
	})
	if err != nil {
		return fault(err)
	}
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault(err)
		}
		each(resp.GetRelationship())
	}
}
