package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
	zs "zombiezen.com/go/sqlite"
)

func rowsIn(t *testing.T, ds *Datastore, table string) int {
	t.Helper()
	count := 0
	require.NoError(t, run(ds.writer, "SELECT count(*) FROM "+table, func(stmt *zs.Stmt) { count = stmt.ColumnInt(0) }))
	return count
}

func TestGarbageCollectionReclaims(t *testing.T) {
	ds := newDatastore(t, WithGCInterval(0), WithGCWindow(50*time.Millisecond))
	var many []string
	for i := range gcBatch + 7 {
		many = append(many, fmt.Sprintf("document:d%d#viewer@user:tom", i))
	}
	first := write(t, ds, touches(many...)...)
	write(t, ds, touches("document:expired#viewer@user:tom[expiration:2020-01-01T00:00:00Z]")...)
	deletes := make([]tuple.RelationshipUpdate, 0, len(many))
	for _, rel := range many {
		deletes = append(deletes, tuple.Delete(tuple.MustParse(rel)))
	}
	write(t, ds, deletes...)
	last := write(t, ds, touches("document:kept#viewer@user:tom")...)
	require.Len(t, read(t, ds.SnapshotReader(first), "document"), len(many))
	require.Equal(t, len(many)+2, rowsIn(t, ds, "relationship"))

	time.Sleep(60 * time.Millisecond)
	require.NoError(t, datastore.RunGarbageCollection(t.Context(), ds, 50*time.Millisecond))

	require.Equal(t, 1, rowsIn(t, ds, "relationship"))
	require.Equal(t, 1, rowsIn(t, ds, "txn"))
	require.Zero(t, rowsIn(t, ds, "change"))
	require.Equal(t, []string{"document:kept#viewer@user:tom"}, read(t, ds.SnapshotReader(last), "document"))

	// What is gone is refused, and not answered from what is left.
	stale := datastore.InvalidRevisionError{}
	_, err := ds.SnapshotReader(first).QueryRelationships(t.Context(), datastore.RelationshipsFilter{OptionalResourceType: "document"})
	require.ErrorAs(t, err, &stale)
	require.Equal(t, datastore.RevisionStale, stale.Reason())
	_, errs := ds.Watch(t.Context(), first, datastore.WatchJustRelationships())
	require.ErrorAs(t, <-errs, &stale)
	require.Equal(t, datastore.RevisionStale, stale.Reason())
	require.ErrorAs(t, ds.CheckRevision(t.Context(), last.(revision)+1), &stale)
	require.Equal(t, datastore.CouldNotDetermineRevision, stale.Reason())

	// The same after the file has been opened again.
	require.NoError(t, ds.Close())
	again := openDatastore(t, ds.path)
	_, errs = again.Watch(t.Context(), first, datastore.WatchJustRelationships())
	require.ErrorAs(t, <-errs, &stale)
	require.Equal(t, datastore.RevisionStale, stale.Reason())
	require.NoError(t, again.CheckRevision(t.Context(), last))
}

func TestGarbageCollectionRunsInTheBackground(t *testing.T) {
	ds := newDatastore(t, WithGCInterval(20*time.Millisecond), WithGCWindow(20*time.Millisecond))
	write(t, ds, touches("document:a#viewer@user:tom")...)
	write(t, ds, tuple.Delete(tuple.MustParse("document:a#viewer@user:tom")))
	require.Eventually(t, func() bool {
		conn, err := ds.readers.take()
		require.NoError(t, err)
		count := -1
		require.NoError(t, run(conn, "SELECT count(*) FROM relationship", func(stmt *zs.Stmt) { count = stmt.ColumnInt(0) }))
		require.NoError(t, ds.readers.put(conn))
		return count == 0
	}, 5*time.Second, 10*time.Millisecond)
}
