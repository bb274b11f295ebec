package spice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/grantway/grantway/internal/access"
)

// Question asks whether the subject has the permission on the resource. Context holds the values for caveats, of JSON's own types.
type Question struct {
	Subject    access.Subject
	Permission string
	Resource   access.Object
	Context    map[string]any
}

// Answer is a decision. One that lacks a value is a denial that names what is missing (C2).
type Answer struct {
	Allowed bool
	Missing []string // the caveat parameters without which nothing can be said
	Err     error    // in CheckAll only: this one question could not be answered
}

// Check asks one question. An error is never a grant (C4).
func (c *Client) Check(ctx context.Context, f Freshness, q Question) (Answer, error) {
	resp, err := c.check(ctx, f, q, false)
	if err != nil {
		return Answer{}, err
	}
	return answer(resp.GetPermissionship(), resp.GetPartialCaveatInfo()), nil
}

func (c *Client) check(ctx context.Context, f Freshness, q Question, traced bool) (*v1.CheckPermissionResponse, error) {
	values, err := structpb.NewStruct(q.Context)
	if err != nil {
		return nil, &access.Error{Kind: access.KindInvalid, Detail: "a value for a condition is not JSON", Cause: err}
	}
	resp, err := c.permissions.CheckPermission(ctx, &v1.CheckPermissionRequest{
		Consistency: f.consistency(),
		Resource:    object(q.Resource.Type, q.Resource.ID),
		Permission:  q.Permission,
		Subject:     subject(q.Subject),
		Context:     values,
		WithTracing: traced,
	})
	if err != nil {
		return nil, fault(err)
	}
	return resp, nil
}

// CheckAll asks many questions at one state of the engine, equal ones once. The answers are in the order of the questions; one that fails alone
// carries its error and is no grant.
func (c *Client) CheckAll(ctx context.Context, f Freshness, qs []Question) ([]Answer, error) {
	var items []*v1.CheckBulkPermissionsRequestItem
	at := make([]int, len(qs)) // where among the items a question is asked
	seen := map[string]int{}
	for i, q := range qs {
		values, err := structpb.NewStruct(q.Context)
		if err != nil {
			return nil, &access.Error{Kind: access.KindInvalid, Detail: "a value for a condition is not JSON", Cause: err}
		}
		item := &v1.CheckBulkPermissionsRequestItem{
			Resource:   object(q.Resource.Type, q.Resource.ID),
			Permission: q.Permission,
			Subject:    subject(q.Subject),
			Context:    values,
		}
		written, err := proto.MarshalOptions{Deterministic: true}.Marshal(item)
		if err != nil {
			return nil, &access.Error{Kind: access.KindInvalid, Detail: "the engine cannot answer this question", Cause: err}
		}
		n, ok := seen[string(written)]
		if !ok {
			n = len(items)
			seen[string(written)] = n
			items = append(items, item)
		}
		at[i] = n
	}
	found, err := c.checkAll(ctx, f, items)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(qs))
	for i, n := range at {
		answers[i] = found[n]
	}
	return answers, nil
}

// checkAll asks the items. Those that fail because a node of the engine has just gone are asked again, at the same state, as gRPC asks a single
// question again.
func (c *Client) checkAll(ctx context.Context, f Freshness, items []*v1.CheckBulkPermissionsRequestItem) ([]Answer, error) {
	if len(items) == 0 {
		return nil, nil
	}
	answers := make([]Answer, len(items))
	var open []int // those that are to be asked
	for i := range items {
		open = append(open, i)
	}
	for wait := firstWait; ; wait *= 4 {
		asked := make([]*v1.CheckBulkPermissionsRequestItem, len(open))
		for i, at := range open {
			asked[i] = items[at]
		}
		resp, err := c.permissions.CheckBulkPermissions(ctx, &v1.CheckBulkPermissionsRequest{Consistency: f.consistency(), Items: asked})
		if err != nil && wait > firstWait {
			return answers, nil // those that were asked again keep their errors
		}
		if err != nil {
			return nil, fault(err)
		}
		if len(resp.GetPairs()) != len(open) {
			return nil, access.Unavailable(fmt.Errorf("%d answers to %d questions", len(resp.GetPairs()), len(open)))
		}
		var again []int
		for i, at := range open {
			if item := resp.GetPairs()[i].GetItem(); item != nil {
				answers[at] = answer(item.GetPermissionship(), item.GetPartialCaveatInfo())
				continue
			}
			failed := statusError(resp.GetPairs()[i].GetError())
			answers[at] = Answer{Err: fault(failed)}
			if grpcstatus.Code(failed) == codes.Unavailable {
				again = append(again, at)
			}
		}
		state := resp.GetCheckedAt().GetToken()
		if len(again) == 0 || wait > lastWait || state == "" {
			return answers, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return answers, nil
		}
		open, f = again, Exactly(Token(state))
	}
}

// firstWait and lastWait are how long CheckAll waits before it asks again, four times as long each time.
const (
	firstWait = 20 * time.Millisecond
	lastWait  = 16 * firstWait
)

func statusError(s *status.Status) error { return grpcstatus.FromProto(s).Err() }

func answer(p v1.CheckPermissionResponse_Permissionship, partial *v1.PartialCaveatInfo) Answer {
	return Answer{
		Allowed: p == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION,
		Missing: partial.GetMissingRequiredContext(),
	}
}

func subject(s access.Subject) *v1.SubjectReference {
	if s.Confined {
		return serviceOf(access.OrganizationID(s.ID))
	}
	return sub(object(s.Type, s.ID))
}

// Resources streams the IDs of the resources of the type on which the subject has the permission, each at least once, in the engine's
// order. Those whose conditions lack a value are left out. It stops with each's error.
func (c *Client) Resources(ctx context.Context, f Freshness, q Question, each func(id string) error) error {
	values, err := structpb.NewStruct(q.Context)
	if err != nil {
		return &access.Error{Kind: access.KindInvalid, Detail: "a value for a condition is not JSON", Cause: err}
	}
	stream, err := c.permissions.LookupResources(ctx, &v1.LookupResourcesRequest{
		Consistency:        f.consistency(),
		ResourceObjectType: string(q.Resource.Type),
		Permission:         q.Permission,
		Subject:            subject(q.Subject),
		Context:            values,
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
		if resp.GetPermissionship() != v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_HAS_PERMISSION {
			continue
		}
		if err := each(Decode(resp.GetResourceObjectId())); err != nil {
			return err
		}
	}
}
