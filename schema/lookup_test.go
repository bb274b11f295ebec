package schema_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
)

var upToDate = &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}

// TestWhatIsListedAndWhatIsAllowedAgree asks for each assertion the other way round (R4): which resources of that type does the subject
// have the permission on? The asserted one is among them if and only if the check allows it.
func TestWhatIsListedAndWhatIsAllowedAgree(t *testing.T) {
	listed := map[verdict]v1.LookupPermissionship{
		allows: v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_HAS_PERMISSION,
		denies: v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_UNSPECIFIED,
		lacks:  v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION,
	}
	each(t, func(t *testing.T, v validation) {
		connection, stop, err := v.open(t).RunV1InMemoryService()
		require.NoError(t, err)
		t.Cleanup(stop)
		client := v1.NewPermissionsServiceClient(connection)
		for _, a := range v.assertions {
			require.Equal(t, listed[a.expects], lookup(t, client, a), "%s", a)
		}
	})
}

// lookup lists the resources of the assertion's type for its subject and returns how the asserted one is listed.
func lookup(t *testing.T, client v1.PermissionsServiceClient, a assertion) v1.LookupPermissionship {
	t.Helper()
	values, err := structpb.NewStruct(a.CaveatContext)
	require.NoError(t, err)
	resource, subject := a.Relationship.Resource, a.Relationship.Subject
	stream, err := client.LookupResources(t.Context(), &v1.LookupResourcesRequest{
		Consistency:        upToDate,
		ResourceObjectType: resource.ObjectType,
		Permission:         resource.Relation,
		Subject:            &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: subject.ObjectType, ObjectId: subject.ObjectID}},
		Context:            values,
	})
	require.NoError(t, err, "%s", a)
	found := v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_UNSPECIFIED
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err, "%s", a)
		// A resource may come more than once; the most certain answer counts.
		if answer.GetResourceObjectId() == resource.ObjectID && found != v1.LookupPermissionship_LOOKUP_PERMISSIONSHIP_HAS_PERMISSION {
			found = answer.GetPermissionship()
		}
	}
}

// TestWhoIsListedCoversWhoIsAllowed asks for each user who is allowed the other way round: who has the permission on the resource?
// The user is among them, or everybody is.
func TestWhoIsListedCoversWhoIsAllowed(t *testing.T) {
	each(t, func(t *testing.T, v validation) {
		connection, stop, err := v.open(t).RunV1InMemoryService()
		require.NoError(t, err)
		t.Cleanup(stop)
		client := v1.NewPermissionsServiceClient(connection)
		for _, a := range v.assertions {
			if a.expects == allows {
				require.True(t, slices.ContainsFunc(subjects(t, client, a), func(id string) bool {
					return id == a.Relationship.Subject.ObjectID || id == tuple.PublicWildcard
				}), "%s", a)
			}
		}
	})
}

// subjects lists the IDs of those of the subject's type who have what the assertion allows, under a condition or not.
func subjects(t *testing.T, client v1.PermissionsServiceClient, a assertion) []string {
	t.Helper()
	values, err := structpb.NewStruct(a.CaveatContext)
	require.NoError(t, err)
	resource := a.Relationship.Resource
	stream, err := client.LookupSubjects(t.Context(), &v1.LookupSubjectsRequest{
		Consistency:       upToDate,
		Resource:          &v1.ObjectReference{ObjectType: resource.ObjectType, ObjectId: resource.ObjectID},
		Permission:        resource.Relation,
		SubjectObjectType: a.Relationship.Subject.ObjectType,
		Context:           values,
	})
	require.NoError(t, err, "%s", a)
	var ids []string
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return ids
		}
		require.NoError(t, err, "%s", a)
		ids = append(ids, answer.GetSubject().GetSubjectObjectId())
	}
}
