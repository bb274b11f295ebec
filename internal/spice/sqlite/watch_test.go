package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
)

func receive(t *testing.T, changes <-chan datastore.RevisionChanges) datastore.RevisionChanges {
	t.Helper()
	select {
	case change, ok := <-changes:
		require.True(t, ok, "the watch has ended")
		return change
	case <-time.After(5 * time.Second):
		require.FailNow(t, "nothing was sent")
		return datastore.RevisionChanges{}
	}
}

func TestWatchTellsHowATransactionEnded(t *testing.T) {
	ds := newDatastore(t)
	before := write(t, ds, touches("document:a#viewer@user:tom")...)
	changes, _ := ds.Watch(t.Context(), before, datastore.WatchJustRelationships())
	_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
		for _, updates := range [][]tuple.RelationshipUpdate{
			{tuple.Delete(tuple.MustParse("document:a#viewer@user:tom"))},
			touches("document:a#viewer@user:tom[weekday]"),
			touches("document:b#viewer@user:tom"),
			{tuple.Delete(tuple.MustParse("document:b#viewer@user:tom"))},
		} {
			if err := tx.WriteRelationships(ctx, updates); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)

	change := receive(t, changes)
	require.Len(t, change.RelationshipChanges, 2)
	require.Equal(t, tuple.UpdateOperationTouch, change.RelationshipChanges[0].Operation)
	require.Equal(t, "document:a#viewer@user:tom[weekday]", tuple.MustString(change.RelationshipChanges[0].Relationship))
	require.Equal(t, tuple.UpdateOperationDelete, change.RelationshipChanges[1].Operation)
	require.Equal(t, 1, rowsAlive(t, ds))
}

func rowsAlive(t *testing.T, ds *Datastore) int {
	t.Helper()
	return len(read(t, atHead(t, ds), "document"))
}

func TestWatchGoesOnAfterARestart(t *testing.T) {
	ds := newDatastore(t)
	first := write(t, ds, touches("document:a#viewer@user:tom")...)
	second := write(t, ds, touches(`document:b#viewer@user:tom[weekday:{"day":"monday"}]`, "document:c#viewer@user:tom[expiration:2300-01-01T00:00:00Z]")...)
	watch, errs := ds.Watch(t.Context(), second, datastore.WatchJustRelationships())
	require.NoError(t, ds.Close())
	require.ErrorIs(t, <-errs, ErrClosed)
	_, open := <-watch
	require.False(t, open)

	again := openDatastore(t, ds.path)
	changes, _ := again.Watch(t.Context(), first, datastore.WatchJustRelationships())
	change := receive(t, changes)
	require.True(t, change.Revision.Equal(second))
	require.Equal(t, touches(`document:b#viewer@user:tom[weekday:{"day":"monday"}]`)[0].DebugString(), change.RelationshipChanges[0].DebugString())
	for i, want := range read(t, again.SnapshotReader(second), "document")[1:] {
		require.Equal(t, want, tuple.MustString(change.RelationshipChanges[i].Relationship))
	}
}

func TestWatchLimitsWhatItHolds(t *testing.T) {
	ds := newDatastore(t)
	before := ds.head.Load().revision
	write(t, ds, touches("document:a#viewer@user:tom", "document:b#viewer@user:tom")...)
	opts := datastore.WatchJustRelationships()
	opts.MaximumBufferedChangesByteSize = 100
	_, errs := ds.Watch(t.Context(), before, opts)
	require.ErrorAs(t, <-errs, &datastore.MaximumChangesSizeExceededError{})
}

func FuzzDecodeEntries(f *testing.F) {
	var log changeLog
	rel := tuple.MustParse(`document:b#viewer@user:tom[weekday:{"day":"monday"}][expiration:2300-01-01T00:00:00Z]`)
	require.NoError(f, log.touched(nil, 1, &rel))
	require.NoError(f, log.deleted(nil, 1, &rel.RelationshipReference))
	require.NoError(f, log.definition(nil, 1, caveatChanged, "weekday", []byte("definition")))
	f.Add(log.entries)
	f.Add([]byte{relationshipTouched, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})

	var kinds []byte
	require.NoError(f, decodeEntries(log.entries, func(e entry) error {
		kinds = append(kinds, e.kind)
		if e.kind == relationshipTouched {
			require.True(f, tuple.Equal(rel, e.relationship))
		}
		return nil
	}))
	require.Equal(f, []byte{relationshipTouched, relationshipDeleted, caveatChanged}, kinds)

	f.Fuzz(func(t *testing.T, encoded []byte) {
		total := 0
		err := decodeEntries(encoded, func(e entry) error {
			total += 1 + len(e.name) + len(e.definition) + len(e.relationship.Resource.ObjectID)
			return nil
		})
		if err == nil {
			require.LessOrEqual(t, total, len(encoded), "more was read than is there")
		}
	})
}
