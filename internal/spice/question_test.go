package spice_test

import (
	"context"
	"net"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// losing is an engine that cannot answer about some chatbots, for as long as the number says. It allows all else.
type losing struct {
	v1.UnimplementedPermissionsServiceServer
	lost map[string]int
	code codes.Code
	ends int // after so many calls it does not answer at all; 0 for never
	told []*v1.CheckBulkPermissionsRequest
}

func (e *losing) CheckBulkPermissions(_ context.Context, req *v1.CheckBulkPermissionsRequest) (*v1.CheckBulkPermissionsResponse, error) {
	e.told = append(e.told, req)
	if e.ends > 0 && len(e.told) > e.ends {
		return nil, grpcstatus.Error(codes.OutOfRange, "that state is forgotten")
	}
	resp := &v1.CheckBulkPermissionsResponse{CheckedAt: &v1.ZedToken{Token: "of this state"}}
	for _, item := range req.GetItems() {
		pair := &v1.CheckBulkPermissionsPair{Request: item, Response: &v1.CheckBulkPermissionsPair_Item{Item: &v1.CheckBulkPermissionsResponseItem{
			Permissionship: v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION,
		}}}
		if id := spice.Decode(item.GetResource().GetObjectId()); e.lost[id] > 0 {
			e.lost[id]--
			pair.Response = &v1.CheckBulkPermissionsPair_Error{Error: &status.Status{Code: int32(e.code)}}
		}
		resp.Pairs = append(resp.Pairs, pair)
	}
	return resp, nil
}

// asked asks the engine about so many chatbots, and whether alice may use them.
func (e *losing) asked(t *testing.T, chatbots ...string) []spice.Answer {
	t.Helper()
	listener, server := bufconn.Listen(1<<20), grpc.NewServer()
	v1.RegisterPermissionsServiceServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var qs []spice.Question
	for _, id := range chatbots {
		qs = append(qs, spice.Question{
			Subject: access.Subject{Type: access.TypeUser, ID: "alice"}, Permission: "interact", Resource: access.Object{Type: access.TypeChatbot, ID: id},
		})
	}
	answers, err := spice.NewClient(conn).CheckAll(t.Context(), spice.Newest, qs)
	require.NoError(t, err)
	return answers
}

// TestC4ManyQuestionsOutliveANode: those that a node took with it are asked again of the others, at the state that the rest was answered from.
func TestC4ManyQuestionsOutliveANode(t *testing.T) {
	e := &losing{lost: map[string]int{"b": 1, "d": 2}, code: codes.Unavailable}
	allowed := spice.Answer{Allowed: true}
	require.Equal(t, []spice.Answer{allowed, allowed, allowed, allowed}, e.asked(t, "a", "b", "c", "d"))
	var asked [][]string
	for i, req := range e.told {
		var ids []string
		for _, item := range req.GetItems() {
			ids = append(ids, spice.Decode(item.GetResource().GetObjectId()))
		}
		asked = append(asked, ids)
		require.Equal(t, i == 0, req.GetConsistency().GetFullyConsistent())
		require.Equal(t, i > 0, req.GetConsistency().GetAtExactSnapshot().GetToken() == "of this state")
	}
	require.Equal(t, [][]string{{"a", "b", "c", "d"}, {"b", "d"}, {"d"}}, asked)
}

// TestC4WhatStaysUnansweredIsNoGrant: after some tries it is an error, and other errors are not tried again.
func TestC4WhatStaysUnansweredIsNoGrant(t *testing.T) {
	for code, tries := range map[codes.Code]int{codes.Unavailable: 4, codes.ResourceExhausted: 1, codes.InvalidArgument: 1} {
		e := &losing{lost: map[string]int{"b": 100}, code: code}
		answers := e.asked(t, "a", "b")
		require.Equal(t, spice.Answer{Allowed: true}, answers[0])
		require.Error(t, answers[1].Err)
		require.False(t, answers[1].Allowed)
		require.Len(t, e.told, tries, "%s", code)
	}
}

// TestC4OneQuestionThatStaysUnansweredFailsNoOther: what was answered stays so when the rest cannot be asked again.
func TestC4OneQuestionThatStaysUnansweredFailsNoOther(t *testing.T) {
	for _, chatbots := range [][]string{{"a", "b"}, {"b", "b"}} {
		e := &losing{lost: map[string]int{"b": 100}, code: codes.Unavailable, ends: 1}
		answers := e.asked(t, chatbots...)
		require.Equal(t, chatbots[0] == "a", answers[0].Allowed)
		require.Error(t, answers[1].Err)
		require.Len(t, e.told, 2)
	}
}

// TestEqualQuestionsAreAskedOnce: each is answered, in its place.
func TestEqualQuestionsAreAskedOnce(t *testing.T) {
	e := &losing{lost: map[string]int{"b": 100}, code: codes.InvalidArgument}
	answers := e.asked(t, "a", "b", "a", "c", "b", "a")
	for i, id := range []string{"a", "b", "a", "c", "b", "a"} {
		require.Equal(t, id != "b", answers[i].Allowed)
		require.Equal(t, id == "b", answers[i].Err != nil)
	}
	require.Len(t, e.told, 1)
	require.Len(t, e.told[0].GetItems(), 3)
}
