package embedded

import (
	"context"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/cmd/server"
	"github.com/authzed/spicedb/pkg/zedtoken"
	"google.golang.org/grpc"
)

// exact makes the engine answer from the state that is the newest when a question is asked, whatever consistency it asks for.
//
// SpiceDB looks the newest revision up once for all who ask for full consistency at the same time, and gives it to whoever comes before the last of
// them has taken it (pkg datastore/proxy, singleflight): with dozens of callers some in a hundred are answered from a state before a write that was
// answered earlier. What it calls the optimized revision is looked up for each, and package sqlite has the newest one at hand, which no token is
// newer than.
func exact(c *server.Config) {
	unary := server.NewUnaryMiddleware().WithName("newest").WithInterceptor(
		func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			askForNewest(req)
			return handler(ctx, req)
		}).Done()
	stream := server.NewStreamMiddleware().WithName("newest").WithInterceptor(
		func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(srv, newestStream{ss})
		}).Done()
	c.UnaryMiddlewareModification = append(c.UnaryMiddlewareModification, server.MiddlewareModification[grpc.UnaryServerInterceptor]{
		DependencyMiddlewareName: server.DefaultInternalMiddlewareConsistency, Operation: server.OperationPrepend,
		Middlewares: []server.ReferenceableMiddleware[grpc.UnaryServerInterceptor]{unary},
	})
	c.StreamingMiddlewareModification = append(c.StreamingMiddlewareModification, server.MiddlewareModification[grpc.StreamServerInterceptor]{
		DependencyMiddlewareName: server.DefaultInternalMiddlewareConsistency, Operation: server.OperationPrepend,
		Middlewares: []server.ReferenceableMiddleware[grpc.StreamServerInterceptor]{stream},
	})
}

type newestStream struct{ grpc.ServerStream }

func (s newestStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil {
		askForNewest(m)
	}
	return err
}

// askForNewest has a question asked of the optimized revision that asks for the newest one, or for one at least as fresh as a token's.
func askForNewest(req any) {
	question, ok := req.(interface{ GetConsistency() *v1.Consistency })
	if !ok {
		return
	}
	c := question.GetConsistency()
	if token := c.GetAtLeastAsFresh(); token != nil {
		if _, err := zedtoken.Decode(token); err != nil {
			return // for SpiceDB to refuse
		}
	} else if !c.GetFullyConsistent() {
		return
	}
	c.Requirement = &v1.Consistency_MinimizeLatency{MinimizeLatency: true}
}
