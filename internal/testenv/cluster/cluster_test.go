package cluster_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/cluster"
)

const folders = `definition user {}
definition folder {
	relation parent: folder
	relation viewer: user
	permission view = viewer + parent->view
}`

func TestMain(m *testing.M) { backend.Main(m) }

func start(t *testing.T) *cluster.Cluster {
	t.Helper()
	return backend.In(t, backend.Cluster).Cluster
}

func permissions(t *testing.T, c *cluster.Cluster, i int) v1.PermissionsServiceClient {
	t.Helper()
	conn, err := c.Dial(i)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return v1.NewPermissionsServiceClient(conn)
}

// nest makes folders in each other, the outermost of which ann views.
func nest(t *testing.T, c *cluster.Cluster, depth int) {
	t.Helper()
	conn, err := c.Dial(0)
	require.NoError(t, err)
	defer conn.Close()
	_, err = v1.NewSchemaServiceClient(conn).WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: folders})
	require.NoError(t, err)
	write := &v1.WriteRelationshipsRequest{}
	add := func(resource, relation, subjectType, subject string) {
		write.Updates = append(write.Updates, &v1.RelationshipUpdate{
			Operation: v1.RelationshipUpdate_OPERATION_TOUCH,
			Relationship: &v1.Relationship{
				Resource: &v1.ObjectReference{ObjectType: "folder", ObjectId: resource}, Relation: relation,
				Subject: &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: subjectType, ObjectId: subject}},
			},
		})
	}
	add("f0", "viewer", "user", "ann")
	for i := range depth {
		add(fmt.Sprintf("f%d", i+1), "parent", "folder", fmt.Sprintf("f%d", i))
	}
	_, err = permissions(t, c, 0).WriteRelationships(t.Context(), write)
	require.NoError(t, err)
}

func views(ctx context.Context, p v1.PermissionsServiceClient, user string, folder int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := p.CheckPermission(ctx, &v1.CheckPermissionRequest{
		Consistency: &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}},
		Resource:    &v1.ObjectReference{ObjectType: "folder", ObjectId: fmt.Sprintf("f%d", folder)}, Permission: "view",
		Subject: &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: user}},
	})
	return answer.GetPermissionship() == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION, err
}

func TestNodesShareTheWorkOfAQuestion(t *testing.T) {
	c := start(t)
	nest(t, c, 20)
	yes, err := views(t.Context(), permissions(t, c, 0), "ann", 20)
	require.NoError(t, err)
	require.True(t, yes)
	for asked := range 2 {
		before := dispatched(t, c, 1-asked)
		p := permissions(t, c, asked)
		no, err := views(t.Context(), p, fmt.Sprintf("stranger%d", asked), 20) // who is in no cache
		require.NoError(t, err)
		require.False(t, no)
		require.Greater(t, dispatched(t, c, 1-asked), before, "the node that was not asked has had no part in it")
	}
}

// dispatched is how many parts of questions the node has answered to others and to itself.
func dispatched(t *testing.T, c *cluster.Cluster, i int) (n float64) {
	t.Helper()
	text, err := c.Metrics(t.Context(), i)
	require.NoError(t, err)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "grpc_server_handled_total{") && strings.Contains(line, `grpc_service="dispatch.v1.DispatchService"`) {
			fields := strings.Fields(line)
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			require.NoError(t, err)
			n += value
		}
	}
	return n
}

func TestAnEmptiedClusterIsLikeANewOne(t *testing.T) {
	c := start(t)
	require.NoError(t, c.Empty(t.Context()), "an empty one")
	nest(t, c, 3)
	require.NoError(t, c.Empty(t.Context()))
	for i := range 2 {
		conn, err := c.Dial(i)
		require.NoError(t, err)
		defer conn.Close()
		_, err = v1.NewSchemaServiceClient(conn).ReadSchema(t.Context(), &v1.ReadSchemaRequest{})
		require.Equal(t, codes.NotFound, status.Code(err))
	}
	nest(t, c, 0)
	no, err := views(t.Context(), permissions(t, c, 1), "ann", 2)
	require.NoError(t, err)
	require.False(t, no)
}

func TestOneNodeAnswersWhileTheOtherIsGone(t *testing.T) {
	c := start(t)
	nest(t, c, 20)
	for gone := range 2 {
		p := permissions(t, c, 1-gone)
		require.NoError(t, c.Kill(gone))
		began := time.Now()
		for folder := range 20 {
			yes, err := views(t.Context(), p, "ann", folder)
			require.NoError(t, err)
			require.True(t, yes)
		}
		require.Less(t, time.Since(began), 2*time.Second, "questions waited for the node that is gone")
		require.NoError(t, c.Restart(t.Context(), gone))
		yes, err := views(t.Context(), permissions(t, c, gone), "ann", 7)
		require.NoError(t, err)
		require.True(t, yes)
	}
}

func TestAMendedClusterIsWhole(t *testing.T) {
	c := start(t)
	nest(t, c, 3)
	require.NoError(t, c.Kill(0))
	require.NoError(t, c.Freeze(1))
	require.NoError(t, c.Mend(t.Context()))
	for i := range 2 {
		yes, err := views(t.Context(), permissions(t, c, i), "ann", 3)
		require.NoError(t, err)
		require.True(t, yes)
	}
}
