package embedded

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/spice/sqlite"
)

const testSchema = `
use expiration

caveat is_weekday(weekday bool) { weekday }

definition user {}

definition document {
	relation viewer: user | user:* | user with is_weekday | user with expiration
	permission view = viewer
}
`

func start(t *testing.T, config Config) *Engine {
	t.Helper()
	if config.Path == "" {
		config.Path = filepath.Join(t.TempDir(), "engine.db")
	}
	engine, err := Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return engine
}

func writeSchema(t *testing.T, conn grpc.ClientConnInterface) {
	t.Helper()
	_, err := v1.NewSchemaServiceClient(conn).WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: testSchema})
	require.NoError(t, err)
}

func viewer(document, user string) *v1.Relationship {
	return benchRel("document", document, "viewer", "user", user, "")
}

func share(t *testing.T, conn grpc.ClientConnInterface, relationships ...*v1.Relationship) *v1.ZedToken {
	t.Helper()
	answer, err := v1.NewPermissionsServiceClient(conn).WriteRelationships(t.Context(), touch(relationships...))
	require.NoError(t, err)
	return answer.WrittenAt
}

var (
	minimizeLatency = &v1.Consistency{Requirement: &v1.Consistency_MinimizeLatency{MinimizeLatency: true}}
	fullyConsistent = &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}
)

func mayView(t *testing.T, conn grpc.ClientConnInterface, consistency *v1.Consistency, document, user string) bool {
	t.Helper()
	answer, err := v1.NewPermissionsServiceClient(conn).CheckPermission(t.Context(), &v1.CheckPermissionRequest{
		Consistency: consistency,
		Resource:    &v1.ObjectReference{ObjectType: "document", ObjectId: document},
		Permission:  "view",
		Subject:     &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: user}},
	})
	require.NoError(t, err)
	return answer.Permissionship == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION
}

func unshare(t *testing.T, conn grpc.ClientConnInterface, document, user string) {
	t.Helper()
	request := touch(viewer(document, user))
	request.Updates[0].Operation = v1.RelationshipUpdate_OPERATION_DELETE
	_, err := v1.NewPermissionsServiceClient(conn).WriteRelationships(t.Context(), request)
	require.NoError(t, err)
}

func TestRestartKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	first, err := Start(t.Context(), Config{Path: path})
	require.NoError(t, err)
	writeSchema(t, first.Conn())
	token := share(t, first.Conn(), viewer("plan", "tom"))
	require.NoError(t, first.Close())
	require.NoError(t, first.Close(), "closing twice is harmless")

	second := start(t, Config{Path: path})
	schema, err := v1.NewSchemaServiceClient(second.Conn()).ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
	require.NoError(t, err)
	require.Contains(t, schema.SchemaText, "definition document")
	require.True(t, mayView(t, second.Conn(), fullyConsistent, "plan", "tom"))
	require.False(t, mayView(t, second.Conn(), fullyConsistent, "plan", "sue"))
	asFresh := &v1.Consistency{Requirement: &v1.Consistency_AtLeastAsFresh{AtLeastAsFresh: token}}
	require.True(t, mayView(t, second.Conn(), asFresh, "plan", "tom"))
}

// TestCheckSeesTheWriteBeforeIt changes and asks in turn, with the caches on.
func TestCheckSeesTheWriteBeforeIt(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	for name, consistency := range map[string]*v1.Consistency{"minimize-latency": minimizeLatency, "fully-consistent": fullyConsistent} {
		for i := range 50 {
			document := fmt.Sprintf("%s-%d", name, i%5)
			share(t, engine.Conn(), viewer(document, "tom"))
			require.True(t, mayView(t, engine.Conn(), consistency, document, "tom"), "%s %d", name, i)
			unshare(t, engine.Conn(), document, "tom")
			require.False(t, mayView(t, engine.Conn(), consistency, document, "tom"), "%s %d", name, i)
		}
	}
}

func TestSnapshotStaysReadable(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	token := share(t, engine.Conn(), viewer("plan", "tom"))
	unshare(t, engine.Conn(), "plan", "tom")
	exactly := &v1.Consistency{Requirement: &v1.Consistency_AtExactSnapshot{AtExactSnapshot: token}}
	require.True(t, mayView(t, engine.Conn(), exactly, "plan", "tom"))
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "tom"))
}

func TestWildcardSubjects(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	share(t, engine.Conn(), viewer("plan", "*"), viewer("plan", "tom"), viewer("other", "tom"))
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "sue"))
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "tom"))
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "other", "sue"))
}

func TestWatchSeesChanges(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	from := share(t, engine.Conn(), viewer("plan", "tom"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := v1.NewWatchServiceClient(engine.Conn()).Watch(ctx, &v1.WatchRequest{OptionalStartCursor: from})
	require.NoError(t, err)
	share(t, engine.Conn(), viewer("plan", "sue"))
	unshare(t, engine.Conn(), "plan", "tom")

	var seen []string
	for len(seen) < 2 {
		answer, err := watch.Recv()
		require.NoError(t, err)
		for _, update := range answer.Updates {
			seen = append(seen, update.Operation.String()+" "+update.Relationship.Subject.Object.ObjectId)
		}
	}
	require.Equal(t, []string{"OPERATION_TOUCH sue", "OPERATION_DELETE tom"}, seen)
}

func TestExpiredRelationshipIsNotSeen(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	past, future := viewer("plan", "tom"), viewer("plan", "sue")
	past.OptionalExpiresAt = timestamp(time.Now().Add(-time.Minute))
	future.OptionalExpiresAt = timestamp(time.Now().Add(time.Hour))
	share(t, engine.Conn(), past, future)
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "tom"))
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, "plan", "sue"))
}

func TestLargestWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("one large write takes the race detector longer than all other tests here, and shares nothing")
	}
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	var many []*v1.Relationship
	for i := range maxUpdatesPerWrite {
		many = append(many, viewer(fmt.Sprintf("document-%d", i), "tom"))
	}
	share(t, engine.Conn(), many...)
	require.True(t, mayView(t, engine.Conn(), fullyConsistent, fmt.Sprintf("document-%d", maxUpdatesPerWrite-1), "tom"))

	_, err := v1.NewPermissionsServiceClient(engine.Conn()).WriteRelationships(t.Context(), touch(append(many, viewer("one-more", "tom"))...))
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestImportRefusesWhatExists(t *testing.T) {
	engine := start(t, Config{})
	writeSchema(t, engine.Conn())
	client := v1.NewPermissionsServiceClient(engine.Conn())
	one := func(int) *v1.Relationship { return viewer("plan", "tom") }
	require.EqualValues(t, 1, importAll(t, client, 1, one))
	stream, err := client.ImportBulkRelationships(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&v1.ImportBulkRelationshipsRequest{Relationships: []*v1.Relationship{viewer("new", "tom"), one(0)}}))
	_, err = stream.CloseAndRecv()
	require.Equal(t, codes.AlreadyExists, status.Code(err))
	require.False(t, mayView(t, engine.Conn(), fullyConsistent, "new", "tom"), "an import is kept whole or not at all")
}

func TestEnginesSideBySide(t *testing.T) {
	first, second := start(t, Config{}), start(t, Config{})
	writeSchema(t, first.Conn())
	writeSchema(t, second.Conn())
	share(t, first.Conn(), viewer("plan", "tom"))
	require.True(t, mayView(t, first.Conn(), fullyConsistent, "plan", "tom"))
	require.False(t, mayView(t, second.Conn(), fullyConsistent, "plan", "tom"))
}

func TestStartFailures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	_, err := Start(t.Context(), Config{Path: path, Listen: "127.0.0.1:0"})
	require.ErrorContains(t, err, "needs a token")

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = Start(t.Context(), Config{Path: path, Listen: taken.Addr().String(), Token: "secret"})
	require.ErrorContains(t, err, "address already in use")

	// What failed has left the file free.
	start(t, Config{Path: path})
	_, err = Start(t.Context(), Config{Path: path})
	require.ErrorIs(t, err, sqlite.ErrInUse)
}

// TestEngineOutlivesTheContextOfItsStart guards against an engine that ends with
// the request or the time-out that it was started in.
func TestEngineOutlivesTheContextOfItsStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	engine, err := Start(ctx, Config{Path: filepath.Join(t.TempDir(), "engine.db")})
	require.NoError(t, err)
	cancel()
	writeSchema(t, engine.Conn())
	require.NoError(t, engine.Close())
}
