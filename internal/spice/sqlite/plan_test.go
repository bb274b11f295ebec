package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
	zs "zombiezen.com/go/sqlite"
)

// plan returns what SQLite intends to do for a statement, one step a line.
func plan(t *testing.T, ds *Datastore, statement string) string {
	t.Helper()
	conn, err := ds.readers.take()
	require.NoError(t, err)
	var steps []string
	require.NoError(t, run(conn, "EXPLAIN QUERY PLAN "+statement, func(stmt *zs.Stmt) {
		steps = append(steps, stmt.ColumnText(3))
	}))
	require.NoError(t, ds.readers.put(conn))
	return strings.Join(steps, "\n")
}

const (
	byKey          = "SEARCH relationship USING PRIMARY KEY "
	bySubjectIndex = "SEARCH relationship USING INDEX relationship_by_subject "
)

// TestQueriesUseIndexes holds the shapes of queries that SpiceDB asks while it
// decides, and says which columns each is found by.
func TestQueriesUseIndexes(t *testing.T) {
	ds := newDatastore(t)
	user := datastore.SubjectsSelector{
		OptionalSubjectType: "user",
		OptionalSubjectIds:  []string{"tom"},
		RelationFilter:      datastore.SubjectRelationFilter{}.WithEllipsisRelation(),
	}
	usersets := datastore.SubjectsSelector{RelationFilter: datastore.SubjectRelationFilter{}.WithOnlyNonEllipsisRelations()}
	cursor := options.ToCursor(tuple.MustParse("document:a#viewer@user:tom"))
	three := []string{"a", "b", "c"}

	for name, c := range map[string]struct {
		selection func(s *selection) error
		want      string
	}{
		"a check for one subject": {func(s *selection) error {
			return s.filter(datastore.RelationshipsFilter{
				OptionalResourceType: "document", OptionalResourceIds: []string{"a"}, OptionalResourceRelation: "viewer",
				OptionalSubjectsSelectors: []datastore.SubjectsSelector{user},
			})
		}, byKey + "(resource_type=? AND resource_id=? AND relation=? AND subject_type=? AND subject_id=? AND subject_relation=? AND deleted_tx>?)"},
		"a check of many resources": {func(s *selection) error {
			return s.filter(datastore.RelationshipsFilter{
				OptionalResourceType: "document", OptionalResourceIds: three, OptionalResourceRelation: "viewer",
				OptionalSubjectsSelectors: []datastore.SubjectsSelector{user},
			})
		}, byKey + "(resource_type=? AND resource_id=? AND relation=? AND subject_type=? AND subject_id=? AND subject_relation=? AND deleted_tx>?)"},
		"a check for a subject or everybody": {func(s *selection) error {
			everybody := user
			everybody.OptionalSubjectIds = []string{"*"}
			return s.filter(datastore.RelationshipsFilter{
				OptionalResourceType: "document", OptionalResourceIds: []string{"a"}, OptionalResourceRelation: "viewer",
				OptionalSubjectsSelectors: []datastore.SubjectsSelector{user, everybody},
			})
		}, byKey + "(resource_type=? AND resource_id=? AND relation=? AND subject_type=? AND subject_id=? AND subject_relation=? AND deleted_tx>?)"},
		"the subject sets of a resource": {func(s *selection) error {
			return s.filter(datastore.RelationshipsFilter{
				OptionalResourceType: "document", OptionalResourceIds: []string{"a"}, OptionalResourceRelation: "viewer",
				OptionalSubjectsSelectors: []datastore.SubjectsSelector{usersets},
			})
		}, "SEARCH relationship USING INDEX relationship_subject_sets (resource_type=? AND resource_id=? AND relation=? AND deleted_tx>?)"},
		"the subjects of resources": {func(s *selection) error {
			return s.filter(datastore.RelationshipsFilter{
				OptionalResourceType: "document", OptionalResourceIds: three, OptionalResourceRelation: "viewer",
			})
		}, byKey + "(resource_type=? AND resource_id=? AND relation=?)"},
		"resources by a prefix, in order": {func(s *selection) error {
			err := s.filter(datastore.RelationshipsFilter{OptionalResourceType: "document", OptionalResourceIDPrefix: "acme/"})
			s.sort(options.ByResource)
			return err
		}, byKey + "(resource_type=? AND resource_id>? AND resource_id<?)"},
		"a page of a type": {func(s *selection) error {
			err := s.filter(datastore.RelationshipsFilter{OptionalResourceType: "document"})
			s.sort(options.ByResource)
			return firstError(err, s.bound(">", cursor))
		}, byKey + "(resource_type=? AND (resource_id,relation,subject_type,subject_id,subject_relation)>(?,?,?,?,?))"},
		"the resources of a subject": {func(s *selection) error {
			return reverse(s, user)
		}, bySubjectIndex + "(subject_type=? AND subject_id=? AND subject_relation=? AND resource_type=? AND relation=?)"},
		"a page of the resources of a subject": {func(s *selection) error {
			err := reverse(s, user)
			s.sort(options.BySubject)
			return firstError(err, s.bound(">", cursor))
		}, bySubjectIndex + "(subject_type=? AND subject_id=? AND subject_relation=? AND resource_type=? AND relation=? AND resource_id>?)"},
		"the resources of many subjects, in order": {func(s *selection) error {
			many := user
			many.OptionalSubjectIds = three
			err := reverse(s, many)
			s.sort(options.BySubject)
			return err
		}, bySubjectIndex + "(subject_type=? AND subject_id=? AND subject_relation=? AND resource_type=? AND relation=?)"},
		"everything about a subject": {func(s *selection) error {
			return s.filter(datastore.RelationshipsFilter{OptionalSubjectsSelectors: []datastore.SubjectsSelector{user}})
		}, bySubjectIndex + "(subject_type=? AND subject_id=? AND subject_relation=?)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &selection{}
			require.NoError(t, c.selection(s))
			s.at(1, time.Now())
			// A single step is also a plan that sorts nothing.
			require.Equal(t, c.want, plan(t, ds, s.statement()))
		})
	}
}

func reverse(s *selection, subjects datastore.SubjectsSelector) error {
	err := s.subject(subjects)
	s.fix(resourceType, "document")
	s.fix(relation, "viewer")
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestWritesAndGarbageCollectionUseIndexes(t *testing.T) {
	ds := newDatastore(t)
	for _, statement := range []string{
		selectSQL, retireSQL, eraseSQL,
		deleteDeadRelationships, deleteDeadDocuments, deleteChanges, deleteTransactions, deleteExpired,
		"SELECT id FROM txn WHERE at >= ? ORDER BY at LIMIT 1",
		"SELECT entries FROM change WHERE tx = ? ORDER BY seq",
	} {
		steps := plan(t, ds, statement)
		require.Contains(t, steps, "SEARCH")
		require.NotContains(t, steps, "SCAN", "%s\n%s", statement, steps)
		require.NotContains(t, steps, "TEMP B-TREE FOR ORDER", "%s\n%s", statement, steps)
	}
}
