package embedded

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	authzed "github.com/authzed/authzed-go/v1"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func timestamp(at time.Time) *timestamppb.Timestamp { return timestamppb.New(at) }

// bearer sends an authorization header without TLS.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// outside connects to the engine's address as other programs do.
func outside(t *testing.T, engine *Engine, opts ...grpc.DialOption) *authzed.ClientWithExperimental {
	t.Helper()
	opts = append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	client, err := authzed.NewClientWithExperimentalAPIs(engine.Addr(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func authorized() grpc.DialOption { return grpc.WithPerRPCCredentials(bearer("Bearer secret")) }

func TestOutsideNeedsTheToken(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret", Writable: true, SchemaWritable: true})
	writeSchema(t, engine.Conn())
	for _, header := range []string{"Bearer wrong", "Bearer ", "secret", "Basic secret", "Bearer secret2", ""} {
		client := outside(t, engine, grpc.WithPerRPCCredentials(bearer(header)))
		_, err := client.ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
		require.Equal(t, codes.Unauthenticated, status.Code(err), "%q", header)
		_, err = client.WriteRelationships(t.Context(), touch(viewer("plan", "tom")))
		require.Equal(t, codes.Unauthenticated, status.Code(err), "%q", header)
	}
	_, err := outside(t, engine).ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.Equal(t, codes.Unauthenticated, status.Code(err))

	client := outside(t, engine, authorized())
	_, err = client.ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.NoError(t, err)
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "tom"))
}

func TestOutsideHealthNeedsNoToken(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret"})
	conn, err := grpc.NewClient(engine.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, answer.Status)
}

func TestOutsideReadsOnly(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret"})
	writeSchema(t, engine.Conn())
	share(t, engine.Conn(), viewer("plan", "tom"))
	client := outside(t, engine, authorized())

	answer, err := client.CheckPermission(t.Context(), &v1.CheckPermissionRequest{
		Consistency: fullyConsistent,
		Resource:    &v1.ObjectReference{ObjectType: "document", ObjectId: "plan"},
		Permission:  "view",
		Subject:     &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: "tom"}},
	})
	require.NoError(t, err)
	require.Equal(t, v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION, answer.Permissionship)

	found, err := client.ReadRelationships(t.Context(), &v1.ReadRelationshipsRequest{
		RelationshipFilter: &v1.RelationshipFilter{ResourceType: "document"}, Consistency: fullyConsistent,
	})
	require.NoError(t, err)
	_, err = found.Recv()
	require.NoError(t, err)
	_, err = found.Recv()
	require.ErrorIs(t, err, io.EOF)

	for name, write := range map[string]func() error{
		"WriteRelationships": func() error {
			_, err := client.WriteRelationships(t.Context(), touch(viewer("plan", "sue")))
			return err
		},
		"DeleteRelationships": func() error {
			_, err := client.DeleteRelationships(t.Context(), &v1.DeleteRelationshipsRequest{RelationshipFilter: &v1.RelationshipFilter{ResourceType: "document"}})
			return err
		},
		"WriteSchema": func() error {
			_, err := client.WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: "definition user {}"})
			return err
		},
		"ImportBulkRelationships": func() error {
			stream, err := client.ImportBulkRelationships(t.Context())
			require.NoError(t, err)
			if err := stream.Send(&v1.ImportBulkRelationshipsRequest{Relationships: []*v1.Relationship{viewer("plan", "sue")}}); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			_, err = stream.CloseAndRecv()
			return err
		},
		"BulkImportRelationships": func() error {
			stream, err := client.BulkImportRelationships(t.Context()) //nolint:staticcheck // deprecated, offered all the same, and so refused
			require.NoError(t, err)
			_, err = stream.CloseAndRecv()
			return err
		},
		"RegisterRelationshipCounter": func() error {
			_, err := client.ExperimentalRegisterRelationshipCounter(t.Context(), &v1.ExperimentalRegisterRelationshipCounterRequest{
				Name: "documents", RelationshipFilter: &v1.RelationshipFilter{ResourceType: "document"},
			})
			return err
		},
	} {
		err := write()
		require.Equal(t, codes.PermissionDenied, status.Code(err), name)
		require.ErrorContains(t, err, "for reading only")
		require.ErrorContains(t, err, name)
	}
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "tom"))
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "sue"))
}

func TestOutsideWritesWhereAllowed(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret", Writable: true, SchemaWritable: true})
	client := outside(t, engine, authorized())
	_, err := client.WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: testSchema})
	require.NoError(t, err)
	_, err = client.WriteRelationships(t.Context(), touch(viewer("plan", "tom")))
	require.NoError(t, err)
	require.EqualValues(t, 3, importAll(t, client, 3, func(i int) *v1.Relationship { return viewer("plan", []string{"a", "b", "c"}[i]) }))
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "c"))

	// Errors of the engine arrive with their code and details.
	_, err = client.WriteRelationships(t.Context(), touch(benchRel("nothing", "a", "viewer", "user", "tom", "")))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.NotEmpty(t, status.Convert(err).Details())

	// Metadata passes through in both directions.
	var trailer metadata.MD
	_, err = client.ReadSchema(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "abc"), &v1.ReadSchemaRequest{}, grpc.Trailer(&trailer))
	require.NoError(t, err)
	require.Equal(t, []string{"abc"}, trailer.Get("x-request-id"))
}

func TestOutsideWatchEndsWithTheEngine(t *testing.T) {
	engine, err := Start(t.Context(), Config{Path: t.TempDir() + "/engine.db", Listen: "127.0.0.1:0", Token: "secret"})
	require.NoError(t, err)
	writeSchema(t, engine.Conn())
	before := share(t, engine.Conn(), viewer("plan", "ann"))
	watch, err := outside(t, engine, authorized()).Watch(t.Context(), &v1.WatchRequest{OptionalStartCursor: before})
	require.NoError(t, err)
	share(t, engine.Conn(), viewer("plan", "tom"))
	answer, err := watch.Recv()
	require.NoError(t, err)
	require.Len(t, answer.Updates, 1)

	// A watch never ends by itself, so it is not waited for.
	inside, err := v1.NewWatchServiceClient(engine.Conn()).Watch(t.Context(), &v1.WatchRequest{})
	require.NoError(t, err)
	began := time.Now()
	require.NoError(t, engine.Close())
	require.Less(t, time.Since(began), gracePeriod)
	_, err = watch.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
	_, err = inside.Recv()
	require.Equal(t, codes.Canceled, status.Code(err))
}

// TestEveryMethodIsClassified fails when the API gets a method that nobody has
// decided about.
func TestEveryMethodIsClassified(t *testing.T) {
	writes := map[string]bool{
		v1.PermissionsService_WriteRelationships_FullMethodName:                         true,
		v1.PermissionsService_DeleteRelationships_FullMethodName:                        true,
		v1.PermissionsService_ImportBulkRelationships_FullMethodName:                    true,
		v1.SchemaService_WriteSchema_FullMethodName:                                     true,
		v1.ExperimentalService_BulkImportRelationships_FullMethodName:                   true,
		v1.ExperimentalService_ExperimentalRegisterRelationshipCounter_FullMethodName:   true,
		v1.ExperimentalService_ExperimentalUnregisterRelationshipCounter_FullMethodName: true,
	}
	found := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("authzed.api.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := "/" + string(service.FullName()) + "/" + string(service.Methods().Get(j).Name())
				require.NotEqual(t, reads[method], writes[method], "%s must be a read or a write", method)
				found++
			}
		}
		return true
	})
	require.GreaterOrEqual(t, found, len(writes)+20)
}

// B6: an address that opens connections without end keeps no other one out.
func TestB6OutsideConnectionsAreSharedByAddress(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret", MaxConnections: 8})
	writeSchema(t, engine.Conn())
	var greedy []net.Conn
	for range 20 { // that say nothing
		conn, err := net.Dial("tcp", engine.Addr())
		require.NoError(t, err)
		defer conn.Close()
		greedy = append(greedy, conn)
	}
	from := grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}).DialContext(ctx, "tcp", address)
	})
	_, err := outside(t, engine, authorized(), from).ReadSchema(t.Context(), &v1.ReadSchemaRequest{}, grpc.WaitForReady(true))
	require.NoError(t, err)
	served := 0
	for _, conn := range greedy {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		if _, err := conn.Read(make([]byte, 1)); err == nil { // the engine greets whom it serves
			served++
		}
	}
	require.Equal(t, 6, served, "all but a quarter")
}

// A connection has a number of streams, and a message a size, beyond which the engine is not asked.
func TestOutsideConnectionsAreLimited(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret"})
	writeSchema(t, engine.Conn())
	client := outside(t, engine, authorized())
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	for range maxStreams {
		_, err := client.Watch(watching, &v1.WatchRequest{OptionalObjectTypes: []string{"document"}})
		require.NoError(t, err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := client.ReadSchema(soon, &v1.ReadSchemaRequest{})
	require.Equal(t, codes.DeadlineExceeded, status.Code(err), "it waits until a stream ends")
	_, err = outside(t, engine, authorized()).ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.NoError(t, err, "another connection has streams of its own")
	stop()
	_, err = client.ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.NoError(t, err)

	_, err = client.CheckPermission(t.Context(), &v1.CheckPermissionRequest{Permission: strings.Repeat("x", maxRequest)})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.ErrorContains(t, err, "received message larger than max")
}

// Whoever may write relationships does not replace the schema: a server whose engine has another one may not start again.
func TestOutsideWritesNoSchema(t *testing.T) {
	engine := start(t, Config{Listen: "127.0.0.1:0", Token: "secret", Writable: true})
	writeSchema(t, engine.Conn())
	client := outside(t, engine, authorized())
	_, err := client.WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: testSchema + "\ndefinition more {}"})
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	require.ErrorContains(t, err, "--schema-extension")
	_, err = client.WriteRelationships(t.Context(), touch(viewer("plan", "tom")))
	require.NoError(t, err)
}
