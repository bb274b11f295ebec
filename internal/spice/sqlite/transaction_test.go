package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	zs "zombiezen.com/go/sqlite"
)

func TestIgnoredErrorDoesNotCommitHalf(t *testing.T) {
	ds := newDatastore(t)
	write(t, ds, touches("document:b#viewer@user:tom")...)
	before := ds.head.Load().revision

	_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
		err := tx.WriteRelationships(ctx, []tuple.RelationshipUpdate{
			tuple.Create(tuple.MustParse("document:a#viewer@user:tom")),
			tuple.Create(tuple.MustParse("document:b#viewer@user:tom")),
		})
		require.ErrorAs(t, err, &datastore.CreateRelationshipExistsError{})
		return nil
	})
	require.ErrorAs(t, err, &datastore.CreateRelationshipExistsError{})
	require.Equal(t, before, ds.head.Load().revision)
	require.Equal(t, []string{"document:b#viewer@user:tom"}, read(t, atHead(t, ds), "document"))
}

func TestPanicRollsBackAndFreesTheWriter(t *testing.T) {
	ds := newDatastore(t)
	require.Panics(t, func() {
		_, _ = ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
			require.NoError(t, tx.WriteRelationships(ctx, touches("document:a#viewer@user:tom")))
			panic("as if the caller had a bug")
		})
	})
	require.Empty(t, read(t, atHead(t, ds), "document"))
	write(t, ds, touches("document:b#viewer@user:tom")...)
}

func TestWaitingForTheWriterEndsWithTheContext(t *testing.T) {
	ds := newDatastore(t)
	_, err := ds.ReadWriteTx(t.Context(), func(context.Context, datastore.ReadWriteTransaction) error {
		impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := ds.ReadWriteTx(impatient, func(context.Context, datastore.ReadWriteTransaction) error {
			return errors.New("two writers at once")
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return nil
	})
	require.NoError(t, err)
}

func TestCancelledTransactionLeavesNothing(t *testing.T) {
	ds := newDatastore(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := ds.ReadWriteTx(ctx, func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
		require.NoError(t, tx.WriteRelationships(ctx, touches("document:a#viewer@user:tom")))
		cancel()
		return tx.WriteRelationships(ctx, touches("document:b#viewer@user:tom"))
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, read(t, atHead(t, ds), "document"))
	write(t, ds, touches("document:c#viewer@user:tom")...)
}

func TestTransactionIsUselessWhenItIsOver(t *testing.T) {
	ds := newDatastore(t)
	var kept datastore.ReadWriteTransaction
	_, err := ds.ReadWriteTx(t.Context(), func(_ context.Context, tx datastore.ReadWriteTransaction) error {
		kept = tx
		return nil
	})
	require.NoError(t, err)
	require.ErrorContains(t, kept.WriteRelationships(t.Context(), touches("document:a#viewer@user:tom")), "over")
	_, err = kept.LegacyListAllNamespaces(t.Context())
	require.ErrorContains(t, err, "over")
	require.Empty(t, read(t, atHead(t, ds), "document"))
}

// TestReadingWhileWriting asks the same query inside its own results, and changes
// what it reads.
func TestReadingWhileWriting(t *testing.T) {
	ds := newDatastore(t)
	var many []string
	for i := range 3*batch + 5 {
		many = append(many, fmt.Sprintf("document:d%04d#viewer@user:tom", i))
	}
	write(t, ds, touches(many...)...)
	filter := datastore.RelationshipsFilter{OptionalResourceType: "document"}

	_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
		outer, err := tx.QueryRelationships(ctx, filter, options.WithSort(options.ByResource))
		require.NoError(t, err)
		seen := 0
		for rel, err := range outer {
			require.NoError(t, err)
			require.Equal(t, many[seen], tuple.MustString(rel))
			seen++
			if seen%batch == 1 {
				require.Equal(t, len(many)-seen+1, len(read(t, tx, "document")))
			}
			require.NoError(t, tx.WriteRelationships(ctx, []tuple.RelationshipUpdate{tuple.Delete(rel)}))
		}
		require.Equal(t, len(many), seen)

		// One that is left open does not keep the transaction from ending.
		write := touches(many...)
		require.NoError(t, tx.WriteRelationships(ctx, write))
		left, err := tx.QueryRelationships(ctx, filter)
		require.NoError(t, err)
		next, stop := pull(left)
		t.Cleanup(stop)
		require.True(t, next())
		return nil
	})
	require.NoError(t, err)
	require.Len(t, read(t, atHead(t, ds), "document"), len(many))
}

// TestReadersDoNotWaitForEachOther holds more results open than connections are kept.
func TestReadersDoNotWaitForEachOther(t *testing.T) {
	ds := newDatastore(t)
	var many []string
	for i := range 2 * batch {
		many = append(many, fmt.Sprintf("document:d%04d#viewer@user:tom", i))
	}
	write(t, ds, touches(many...)...)
	reader := atHead(t, ds)
	for range ds.readers.keep + 5 {
		found, err := reader.QueryRelationships(t.Context(), datastore.RelationshipsFilter{OptionalResourceType: "document"})
		require.NoError(t, err)
		next, stop := pull(found)
		defer stop()
		require.True(t, next())
	}
	// Stopping early gives the connection back.
	fresh := newDatastore(t)
	write(t, fresh, touches(many...)...)
	for range 50 {
		found, err := atHead(t, fresh).QueryRelationships(t.Context(), datastore.RelationshipsFilter{OptionalResourceType: "document"})
		require.NoError(t, err)
		for range found {
			break
		}
	}
	require.Len(t, fresh.readers.idle, 1)
}

func TestFullDisk(t *testing.T) {
	ds := newDatastore(t)
	write(t, ds, touches("document:before#viewer@user:tom")...)
	pages := 0
	require.NoError(t, run(ds.writer, "PRAGMA page_count", func(stmt *zs.Stmt) { pages = stmt.ColumnInt(0) }))
	require.NoError(t, set(ds.writer, fmt.Sprintf("max_page_count = %d", pages+20)))

	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprintf("document:much-%d#viewer@user:tom", i))
	}
	for range 3 {
		_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) error {
			if err := tx.WriteRelationships(ctx, touches("document:half#viewer@user:tom")); err != nil {
				return err
			}
			err := tx.WriteRelationships(ctx, touches(many...))
			require.ErrorIs(t, err, ErrFull)
			require.Error(t, tx.WriteRelationships(ctx, touches("document:after#viewer@user:tom")), "SQLite has rolled back")
			return nil
		})
		require.ErrorIs(t, err, ErrFull)
		require.Equal(t, codes.ResourceExhausted, status.Code(err))
		require.Equal(t, []string{"document:before#viewer@user:tom"}, read(t, atHead(t, ds), "document"))
	}

	require.NoError(t, set(ds.writer, "max_page_count = 1000000"))
	write(t, ds, touches(many...)...)
	require.Len(t, read(t, atHead(t, ds), "document"), len(many)+1)
}

func TestDeleteInPages(t *testing.T) {
	ds := newDatastore(t)
	var updates []string
	for i := range deletePage + 10 {
		updates = append(updates, fmt.Sprintf("document:d%d#viewer@user:tom", i), fmt.Sprintf("document:d%d#viewer@user:sue", i))
	}
	write(t, ds, touches(updates...)...)
	var deleted uint64
	_, err := ds.ReadWriteTx(t.Context(), func(ctx context.Context, tx datastore.ReadWriteTransaction) (err error) {
		deleted, _, err = tx.DeleteRelationships(ctx, &v1.RelationshipFilter{
			ResourceType: "document", OptionalSubjectFilter: &v1.SubjectFilter{SubjectType: "user", OptionalSubjectId: "tom"},
		})
		return err
	})
	require.NoError(t, err)
	require.EqualValues(t, deletePage+10, deleted)
	require.Len(t, read(t, atHead(t, ds), "document"), deletePage+10)
}

func TestWriterKeepsOrderWhenTheClockIsSetBack(t *testing.T) {
	ds := newDatastore(t)
	future := *ds.head.Load()
	future.at = time.Now().Add(time.Hour).UnixNano()
	require.NoError(t, run(ds.writer, "UPDATE txn SET at = ?", nil, future.at))
	ds.head.Store(&future)
	write(t, ds, touches("document:a#viewer@user:tom")...)
	require.Greater(t, ds.head.Load().at, future.at)
}
