package spice

import (
	"context"
	"errors"
	"io"
	"strings"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
)

// Trace is how the engine came to an answer: one step, and those that it took from there.
//
// A trace ends where the engine had an answer in its cache, which it has of every question that it was asked since the last change; a step
// about several resources at once does not tell them apart. Whoever needs to be sure asks the step as a question of its own.
type Trace struct {
	Resources  []access.Object // mostly one
	Permission string          // or relation
	Allowed    bool
	Cached     bool // the steps below are not known
	Steps      []Trace
}

// Trace asks how the engine answers the question. An error is never a grant (C4).
func (c *Client) Trace(ctx context.Context, f Freshness, q Question) (Trace, error) {
	resp, err := c.check(ctx, f, q, true)
	if err != nil {
		return Trace{}, err
	}
	t := trace(resp.GetDebugTrace().GetCheck())
	t.Allowed = answer(resp.GetPermissionship(), nil).Allowed
	return t, nil
}

// Objects lists what an arrow over the relation of the resource follows, at most so many: the objects that are its subjects.
func (c *Client) Objects(ctx context.Context, f Freshness, of access.Object, relation string, limit uint32) (found []access.Object, err error) {
	on := object(of.Type, of.ID)
	stream, err := c.permissions.ReadRelationships(ctx, &v1.ReadRelationshipsRequest{
		Consistency: f.consistency(), OptionalLimit: limit,
		RelationshipFilter: &v1.RelationshipFilter{ResourceType: on.GetObjectType(), OptionalResourceId: on.GetObjectId(), OptionalRelation: relation},
	})
	if err != nil {
		return nil, fault(err)
	}
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fault(err)
		}
		o := resp.GetRelationship().GetSubject().GetObject()
		found = append(found, access.Object{Type: access.Type(o.GetObjectType()), ID: Decode(o.GetObjectId())})
	}
}

func trace(step *v1.CheckDebugTrace) Trace {
	t := Trace{Permission: step.GetPermission(), Allowed: granted(step), Cached: step.GetWasCachedResult()}
	for id := range strings.SplitSeq(step.GetResource().GetObjectId(), ",") {
		t.Resources = append(t.Resources, access.Object{Type: access.Type(step.GetResource().GetObjectType()), ID: Decode(id)})
	}
	for _, sub := range step.GetSubProblems().GetTraces() {
		t.Steps = append(t.Steps, trace(sub))
	}
	return t
}

// granted reports whether the step was answered with yes, its condition included.
func granted(step *v1.CheckDebugTrace) bool {
	switch step.GetResult() {
	case v1.CheckDebugTrace_PERMISSIONSHIP_HAS_PERMISSION:
		return true
	case v1.CheckDebugTrace_PERMISSIONSHIP_CONDITIONAL_PERMISSION:
		return step.GetCaveatEvaluationInfo().GetResult() == v1.CaveatEvalInfo_RESULT_TRUE
	}
	return false
}
