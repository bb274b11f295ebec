package sqlite

import (
	"context"
	"iter"
	"path/filepath"
	"testing"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
)

// newDatastore opens a new database for a test, which closes it.
func newDatastore(t testing.TB, opts ...Option) *Datastore {
	t.Helper()
	return openDatastore(t, filepath.Join(t.TempDir(), "engine.db"), opts...)
}

func openDatastore(t testing.TB, path string, opts ...Option) *Datastore {
	t.Helper()
	ds, err := Open(t.Context(), path, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ds.Close()) })
	return ds
}

// write applies updates in one transaction.
func write(t testing.TB, ds *Datastore, updates ...tuple.RelationshipUpdate) datastore.Revision {
	t.Helper()
	rev, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
		return tx.WriteRelationships(ctx, updates)
	})
	require.NoError(t, err)
	return rev
}

// touches returns a TOUCH for each relationship.
func touches(relationships ...string) []tuple.RelationshipUpdate {
	updates := make([]tuple.RelationshipUpdate, 0, len(relationships))
	for _, relationship := range relationships {
		updates = append(updates, tuple.Touch(tuple.MustParse(relationship)))
	}
	return updates
}

// read returns what the reader sees of a resource type, in order.
func read(t testing.TB, r datastore.Reader, resourceType string) []string {
	t.Helper()
	found, err := r.QueryRelationships(t.Context(), datastore.RelationshipsFilter{OptionalResourceType: resourceType})
	require.NoError(t, err)
	return collect(t, found)
}

func collect(t testing.TB, found datastore.RelationshipIterator) []string {
	t.Helper()
	relationships := []string{}
	for rel, err := range found {
		require.NoError(t, err)
		relationships = append(relationships, tuple.MustString(rel))
	}
	return relationships
}

// atHead returns a reader of the newest revision.
func atHead(t testing.TB, ds *Datastore) datastore.Reader {
	t.Helper()
	newest, err := ds.HeadRevision(t.Context())
	require.NoError(t, err)
	return ds.SnapshotReader(newest.Revision)
}

// pull lets a test take one result at a time.
func pull(found datastore.RelationshipIterator) (next func() bool, stop func()) {
	one, stop := iter.Pull2(iter.Seq2[tuple.Relationship, error](found))
	return func() bool {
		_, err, ok := one()
		return ok && err == nil
	}, stop
}
