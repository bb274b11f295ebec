package embedded

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/fair"
)

// reads are the methods that change nothing. A method that is not here counts as
// one that writes, so that new ones are refused until somebody has looked at them.
var reads = map[string]bool{
	v1.PermissionsService_ReadRelationships_FullMethodName:                  true,
	v1.PermissionsService_CheckPermission_FullMethodName:                    true,
	v1.PermissionsService_CheckBulkPermissions_FullMethodName:               true,
	v1.PermissionsService_ExpandPermissionTree_FullMethodName:               true,
	v1.PermissionsService_LookupResources_FullMethodName:                    true,
	v1.PermissionsService_LookupSubjects_FullMethodName:                     true,
	v1.PermissionsService_ExportBulkRelationships_FullMethodName:            true,
	v1.SchemaService_ReadSchema_FullMethodName:                              true,
	v1.SchemaService_ReflectSchema_FullMethodName:                           true,
	v1.SchemaService_ComputablePermissions_FullMethodName:                   true,
	v1.SchemaService_DependentRelations_FullMethodName:                      true,
	v1.SchemaService_DiffSchema_FullMethodName:                              true,
	v1.WatchService_Watch_FullMethodName:                                    true,
	v1.ExperimentalService_BulkExportRelationships_FullMethodName:           true,
	v1.ExperimentalService_BulkCheckPermission_FullMethodName:               true,
	v1.ExperimentalService_ExperimentalReflectSchema_FullMethodName:         true,
	v1.ExperimentalService_ExperimentalComputablePermissions_FullMethodName: true,
	v1.ExperimentalService_ExperimentalDependentRelations_FullMethodName:    true,
	v1.ExperimentalService_ExperimentalDiffSchema_FullMethodName:            true,
	v1.ExperimentalService_ExperimentalCountRelationships_FullMethodName:    true,
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":             true,
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo":        true,
	grpc_health_v1.Health_Check_FullMethodName:                              true,
	grpc_health_v1.Health_List_FullMethodName:                               true,
	grpc_health_v1.Health_Watch_FullMethodName:                              true,
}

// A listener offers the engine to clients outside the process. It decides who may
// call what, and passes the rest through to the connection inside without looking
// at the messages.
type listener struct {
	engine   *grpc.ClientConn
	token    string
	writable bool
	schema   bool // writable, too
	server   *grpc.Server
	socket   *fair.Listener
	release  func()        // ends what the socket does in the background
	closing  chan struct{} // closed by close
}

// listen serves the engine at the socket, which it closes in the end.
func listen(config Config, socket net.Listener, engine *grpc.ClientConn) *listener {
	accepting, release := context.WithCancel(context.Background())
	l := &listener{
		engine: engine, token: config.Token, writable: config.Writable, schema: config.SchemaWritable, release: release, closing: make(chan struct{}),
		socket: fair.Listen(accepting, socket, cmp.Or(config.MaxConnections, defaultConnections), nil),
	}
	l.server = grpc.NewServer(
		grpc.ForceServerCodec(frameCodec{}), grpc.UnknownServiceHandler(l.serve),
		grpc.MaxConcurrentStreams(maxStreams), grpc.MaxRecvMsgSize(maxRequest), grpc.MaxSendMsgSize(maxMessage), grpc.MaxHeaderListSize(maxHeaders),
		grpc.ConnectionTimeout(greetWithin),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleAfter, Time: pingAfter, Timeout: pingWithin}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
	)
	go func() {
		if err := l.server.Serve(l.socket); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			config.Logger.Error("the engine's SpiceDB API has stopped", "address", config.Listen, "error", err)
		}
	}()
	return l
}

func (l *listener) addr() string { return l.socket.Addr().String() }

// close stops listening. Requests that are under way have the grace period to
// finish; watches, which never finish, end at once.
func (l *listener) close() {
	defer l.release()
	close(l.closing)
	force := time.AfterFunc(gracePeriod, l.server.Stop)
	defer force.Stop()
	l.server.GracefulStop()
}

// permit decides whether a call may be made.
func (l *listener) permit(ctx context.Context, method string) error {
	if strings.HasPrefix(method, "/"+grpc_health_v1.Health_ServiceDesc.ServiceName+"/") {
		return nil // Load balancers ask for health and have no token.
	}
	sent, _ := metadata.FromIncomingContext(ctx)
	authorization := sent.Get("authorization")
	if len(authorization) != 1 {
		return status.Error(codes.Unauthenticated, "a bearer token is required")
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "bearer") || subtle.ConstantTimeCompare([]byte(token), []byte(l.token)) != 1 {
		return status.Error(codes.Unauthenticated, "the bearer token is not the engine's token")
	}
	if !l.writable && !reads[method] {
		return status.Errorf(codes.PermissionDenied, "the engine is offered for reading only; %s is a write", method)
	}
	if method == v1.SchemaService_WriteSchema_FullMethodName && !l.schema {
		return status.Error(codes.PermissionDenied, "the schema of the embedded engine is Grantway's: add definitions to it with --schema-extension")
	}
	return nil
}

// serve passes one call of any method through to the engine.
func (l *listener) serve(_ any, outside grpc.ServerStream) error {
	method, ok := grpc.MethodFromServerStream(outside)
	if !ok {
		return status.Error(codes.Internal, "the call has no method")
	}
	if err := l.permit(outside.Context(), method); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(outside.Context())
	defer cancel()
	if method == v1.WatchService_Watch_FullMethodName {
		go func() {
			select {
			case <-l.closing:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	sent, _ := metadata.FromIncomingContext(ctx)
	sent = sent.Copy()
	sent.Delete("authorization")

	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	inside, err := l.engine.NewStream(metadata.NewOutgoingContext(ctx, sent), desc, method, grpc.ForceCodec(frameCodec{}))
	if err != nil {
		return err
	}
	go func() {
		if err := passRequests(outside, inside); err != nil {
			// The client is gone or the engine has hung up. The answer says which.
			cancel()
		}
	}()
	err = passAnswers(inside, outside)
	select {
	case <-l.closing:
		if status.Code(err) == codes.Canceled && outside.Context().Err() == nil {
			return status.Error(codes.Unavailable, "the engine is closing")
		}
	default:
	}
	return err
}

func passRequests(from grpc.ServerStream, to grpc.ClientStream) error {
	for {
		var message frame
		if err := from.RecvMsg(&message); errors.Is(err, io.EOF) {
			return to.CloseSend()
		} else if err != nil {
			return err
		}
		if err := to.SendMsg(&message); errors.Is(err, io.EOF) {
			return nil // The engine has answered already; passAnswers has the answer.
		} else if err != nil {
			return err
		}
	}
}

func passAnswers(from grpc.ClientStream, to grpc.ServerStream) error {
	header, err := from.Header()
	if err != nil {
		return err
	}
	if err := to.SendHeader(header); err != nil {
		return err
	}
	for {
		var message frame
		err := from.RecvMsg(&message)
		if err != nil {
			to.SetTrailer(from.Trailer())
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := to.SendMsg(&message); err != nil {
			return err
		}
	}
}

// A frame is a message that is not decoded.
type frame struct{ bytes []byte }

// A frameCodec takes messages as the bytes that they are.
type frameCodec struct{}

func (frameCodec) Name() string { return "proto" }

func (frameCodec) Marshal(message any) ([]byte, error) {
	f, ok := message.(*frame)
	if !ok {
		return nil, status.Errorf(codes.Internal, "cannot pass a %T through", message)
	}
	return f.bytes, nil
}

func (frameCodec) Unmarshal(data []byte, message any) error {
	f, ok := message.(*frame)
	if !ok {
		return status.Errorf(codes.Internal, "cannot pass a %T through", message)
	}
	// The transport uses data again.
	f.bytes = append([]byte(nil), data...)
	return nil
}
