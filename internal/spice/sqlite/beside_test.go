package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
)

const (
	besideWriters = 3
	besideReaders = 4
	besideRounds  = 40 // an even number: what one round writes, the next one deletes
)

// TestReadersBesideWriters has readers look at the newest revision while several
// writers change it and a watch follows. None sees half a transaction.
func TestReadersBesideWriters(t *testing.T) {
	ds := newDatastore(t)
	changes, _ := ds.Watch(t.Context(), ds.head.Load().revision, datastore.WatchJustRelationships())
	reads := beside(t, ds, func() {
		var last datastore.Revision = revision(0)
		for range besideWriters * besideRounds {
			change := receive(t, changes)
			require.Len(t, change.RelationshipChanges, 2)
			require.True(t, change.Revision.GreaterThan(last))
			last = change.Revision
		}
	})
	require.Positive(t, reads)
}

// TestGarbageCollectionBesideReaders removes what nobody can see any longer while
// others read: a reader gets all of its snapshot, or hears that it is stale.
func TestGarbageCollectionBesideReaders(t *testing.T) {
	ds := newDatastore(t, WithGCInterval(0), WithGCWindow(time.Millisecond))
	reads := beside(t, ds, func() {
		for range besideRounds {
			require.NoError(t, datastore.RunGarbageCollection(t.Context(), ds, time.Millisecond))
		}
	})
	require.Positive(t, reads)
	time.Sleep(2 * time.Millisecond)
	require.NoError(t, datastore.RunGarbageCollection(t.Context(), ds, time.Millisecond))
	require.Zero(t, rowsIn(t, ds, "relationship"))
}

// beside runs main while writers write and delete, and readers read, until the
// writers are done. Each writer's transactions write or delete both viewers of its
// document. It returns how many snapshots were read.
func beside(t *testing.T, ds *Datastore, main func()) (reads int64) {
	t.Helper()
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	var whole atomic.Int64
	for w := range besideWriters {
		writers.Go(func() {
			both := touches(fmt.Sprintf("document:d%d#viewer@user:tom", w), fmt.Sprintf("document:d%d#viewer@user:sue", w))
			neither := []tuple.RelationshipUpdate{tuple.Delete(both[0].Relationship), tuple.Delete(both[1].Relationship)}
			for n := range besideRounds {
				_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
					return tx.WriteRelationships(ctx, [][]tuple.RelationshipUpdate{both, neither}[n%2])
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range besideReaders {
		readers.Go(func() {
			for {
				seen, err := viewersAtHead(t.Context(), ds)
				var stale datastore.InvalidRevisionError
				switch {
				case err == nil:
					whole.Add(1)
				case !errors.As(err, &stale) || stale.Reason() != datastore.RevisionStale || ds.config.gcWindow > time.Minute:
					t.Error(err)
					return
				}
				for document, viewers := range seen {
					if viewers != 2 {
						t.Errorf("%s has %d of its two viewers", document, viewers)
					}
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	main()
	writers.Wait()
	close(written)
	readers.Wait()
	return whole.Load()
}

// viewersAtHead counts the viewers of each document in the newest revision.
func viewersAtHead(ctx context.Context, ds *Datastore) (map[string]int, error) {
	newest, err := ds.HeadRevision(ctx)
	if err != nil {
		return nil, err
	}
	found, err := ds.SnapshotReader(newest.Revision).QueryRelationships(ctx, datastore.RelationshipsFilter{OptionalResourceType: "document"})
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for relationship, err := range found {
		if err != nil {
			return nil, err
		}
		seen[relationship.Resource.ObjectID]++
	}
	return seen, nil
}
