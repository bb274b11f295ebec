package embedded

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
)

// TestC3TheNewestStateIncludesWhatWasAnswered writes and takes away, and asks at once for the newest state, while many others ask for it too: SpiceDB would
// give all of them the revision that it looked up for the first.
func TestC3TheNewestStateIncludesWhatWasAnswered(t *testing.T) {
	e, err := Start(t.Context(), Config{Path: filepath.Join(t.TempDir(), "engine.db")})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	permissions, schemas := v1.NewPermissionsServiceClient(e.Conn()), v1.NewSchemaServiceClient(e.Conn())
	_, err = schemas.WriteSchema(t.Context(), &v1.WriteSchemaRequest{Schema: "definition user {}\ndefinition doc {\n\trelation viewer: user\n}"})
	require.NoError(t, err)
	newest := &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}
	doc := func(id string) *v1.ObjectReference { return &v1.ObjectReference{ObjectType: "doc", ObjectId: id} }
	alice := &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: "alice"}}
	may := func(ctx context.Context, id string) (bool, error) {
		resp, err := permissions.CheckPermission(ctx, &v1.CheckPermissionRequest{
			Consistency: newest, Resource: doc(id), Permission: "viewer", Subject: alice,
		})
		return resp.GetPermissionship() == v1.CheckPermissionResponse_PERMISSIONSHIP_HAS_PERMISSION, err
	}
	reads := func(ctx context.Context, id string) (bool, error) {
		stream, err := permissions.ReadRelationships(ctx, &v1.ReadRelationshipsRequest{
			Consistency: newest, RelationshipFilter: &v1.RelationshipFilter{ResourceType: "doc", OptionalResourceId: id},
		})
		if err != nil {
			return false, err
		}
		some, err := stream.Recv()
		for err == nil {
			_, err = stream.Recv()
		}
		return some != nil, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for range 64 {
		running.Go(func() {
			for ctx.Err() == nil {
				_, _ = may(ctx, "others")
			}
		})
	}
	rounds := 100
	if testing.Short() { // the race detector needs fewer to see what is shared
		rounds = 20
	}
	var wrong atomic.Int64
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			id := fmt.Sprint(w)
			for n := range rounds {
				is, operation := n%2 == 0, v1.RelationshipUpdate_OPERATION_TOUCH
				if !is {
					operation = v1.RelationshipUpdate_OPERATION_DELETE
				}
				_, err := permissions.WriteRelationships(ctx, &v1.WriteRelationshipsRequest{Updates: []*v1.RelationshipUpdate{{
					Operation: operation, Relationship: &v1.Relationship{Resource: doc(id), Relation: "viewer", Subject: alice},
				}}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, ask := range []func(context.Context, string) (bool, error){may, reads} {
					if seen, err := ask(ctx, id); err != nil || seen != is {
						wrong.Add(1)
					}
				}
			}
		})
	}
	writers.Wait()
	require.Zero(t, wrong.Load(), "of %d", 4*2*rounds)
}
