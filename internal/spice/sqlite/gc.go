package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	zs "zombiezen.com/go/sqlite"
)

const (
	// gcTimeout ends one run of garbage collection; the next continues.
	gcTimeout = 10 * time.Minute
	// gcBatch is how many rows are removed in one transaction, so that writers do
	// not have to wait for long.
	gcBatch = 1000
)

// The statements that remove a number of rows up to a bound.
const (
	deleteDeadRelationships = `DELETE FROM relationship
		WHERE (resource_type, resource_id, relation, subject_type, subject_id, subject_relation, deleted_tx) IN (
			SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation, deleted_tx
			FROM relationship INDEXED BY relationship_deleted
			WHERE deleted_tx < 9223372036854775807 AND deleted_tx <= ? LIMIT ?)`
	deleteExpired = `DELETE FROM relationship
		WHERE (resource_type, resource_id, relation, subject_type, subject_id, subject_relation, deleted_tx) IN (
			SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation, deleted_tx
			FROM relationship INDEXED BY relationship_expiring
			WHERE expiration IS NOT NULL AND expiration < ? LIMIT ?)`
	deleteDeadDocuments = `DELETE FROM document
		WHERE (kind, name, deleted_tx) IN (
			SELECT kind, name, deleted_tx FROM document INDEXED BY document_deleted
			WHERE deleted_tx < 9223372036854775807 AND deleted_tx <= ? LIMIT ?)`
	deleteChanges      = "DELETE FROM change WHERE (tx, seq) IN (SELECT tx, seq FROM change WHERE tx <= ? LIMIT ?)"
	deleteTransactions = "DELETE FROM txn WHERE id IN (SELECT id FROM txn WHERE id < ? LIMIT ?)"
)

var (
	_ datastore.GarbageCollectableDatastore = (*Datastore)(nil)
	_ datastore.GarbageCollector            = (*collection)(nil)
)

// startGC removes what is outside the window in the background, if wanted.
func (ds *Datastore) startGC() error {
	if ds.config.gcInterval <= 0 {
		return nil
	}
	return ds.start(func() {
		err := datastore.StartGarbageCollector(ds.stop, ds, ds.config.gcInterval, ds.config.gcWindow, gcTimeout)
		if err != nil && !errors.Is(err, context.Canceled) {
			ds.config.log.Error("garbage collection has ended", "error", err)
		}
	})
}

// HasGCRun reports whether garbage collection has run since the last reset.
func (ds *Datastore) HasGCRun() bool { return ds.gcHasRun.Load() }

// MarkGCCompleted notes that garbage collection has run.
func (ds *Datastore) MarkGCCompleted() { ds.gcHasRun.Store(true) }

// ResetGCCompleted forgets that garbage collection has run.
func (ds *Datastore) ResetGCCompleted() { ds.gcHasRun.Store(false) }

// BuildGarbageCollector returns a collector for one run.
func (ds *Datastore) BuildGarbageCollector(context.Context) (datastore.GarbageCollector, error) {
	return &collection{ds: ds}, ds.running()
}

// A collection is one run of garbage collection.
type collection struct {
	ds *Datastore
}

// LockForGCRun always succeeds: the file is open in one process only, and runs that
// coincide do each other no harm.
func (c *collection) LockForGCRun(context.Context) (bool, error) { return true, nil }

// UnlockAfterGCRun does nothing.
func (c *collection) UnlockAfterGCRun() error { return nil }

// Close does nothing.
func (c *collection) Close() {}

// Now returns the time by which transactions are dated.
func (c *collection) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// TxIDBefore returns the last revision that began before the time, or NoRevision.
func (c *collection) TxIDBefore(ctx context.Context, before time.Time) (datastore.Revision, error) {
	var last revision
	snapshot := &reader{ds: c.ds, revision: c.ds.head.Load().revision}
	err := snapshot.use(ctx, false, "look for old revisions", func(conn *zs.Conn) error {
		return run(conn, "SELECT id FROM txn WHERE at < ? ORDER BY at DESC LIMIT 1", func(stmt *zs.Stmt) {
			last = revision(stmt.ColumnInt64(0))
		}, before.UnixNano())
	})
	if err != nil || last == 0 {
		return datastore.NoRevision, err
	}
	return last, nil
}

// DeleteBeforeTx removes what only snapshots before the revision can see, and the
// record of the changes that led up to it. The revision itself stays readable.
func (c *collection) DeleteBeforeTx(ctx context.Context, before datastore.Revision) (removed datastore.DeletionCounts, err error) {
	oldest, ok := number(before)
	if !ok || oldest > c.ds.head.Load().revision {
		return removed, datastore.NewInvalidRevisionErr(before, datastore.CouldNotDetermineRevision)
	}
	if oldest == 0 {
		return removed, nil
	}
	// From now on older snapshots are refused, so none can be read half-removed.
	for {
		current := c.ds.collected.Load()
		if current >= uint64(oldest) || c.ds.collected.CompareAndSwap(current, uint64(oldest)) {
			break
		}
	}
	removed.Relationships, err = c.remove(ctx, deleteDeadRelationships, oldest)
	if err != nil {
		return removed, err
	}
	removed.Namespaces, err = c.remove(ctx, deleteDeadDocuments, oldest)
	if err != nil {
		return removed, err
	}
	if _, err = c.remove(ctx, deleteChanges, oldest); err != nil {
		return removed, err
	}
	removed.Transactions, err = c.remove(ctx, deleteTransactions, oldest)
	return removed, err
}

// DeleteExpiredRels removes relationships that had expired when the oldest readable
// revision was written.
func (c *collection) DeleteExpiredRels(ctx context.Context) (int64, error) {
	before := time.Now().Add(-c.ds.config.gcWindow).UnixMicro()
	return c.remove(ctx, deleteExpired, before)
}

// remove repeats a statement that removes a number of rows until none are left.
func (c *collection) remove(ctx context.Context, statement string, bound any) (int64, error) {
	var total int64
	for {
		removed, err := c.removeBatch(ctx, statement, bound)
		total += removed
		if err != nil || removed < gcBatch {
			return total, err
		}
	}
}

func (c *collection) removeBatch(ctx context.Context, statement string, bound any) (int64, error) {
	unlock, err := c.ds.lockWriter(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	conn := c.ds.writer
	if err := run(conn, statement, nil, bound, int64(gcBatch)); err != nil {
		return 0, storageError(ctx, "remove old revisions", err)
	}
	return int64(conn.Changes()), nil
}
