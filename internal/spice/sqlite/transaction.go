package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"google.golang.org/protobuf/proto"
	zs "zombiezen.com/go/sqlite"
)

const (
	// maxAttempts is how often a transaction is tried that could not get the write
	// lock because of a program outside this process.
	maxAttempts = 5
	firstPause  = 10 * time.Millisecond // Doubles with each attempt.
)

// A transaction is the one write transaction that is open.
type transaction struct {
	reader
	log changeLog

	mu     sync.Mutex // Guards the writer connection and what follows.
	open   map[*rows]struct{}
	failed error // Why the transaction can no longer be committed.
	over   bool
}

var _ datastore.ReadWriteTransaction = (*transaction)(nil)

// ReadWriteTx runs fn in a write transaction and returns its revision. Where fn or
// the storage fails there is no trace of it. Transactions run one after another,
// in the order in which they were asked for; waiting ends with ctx. A failed write
// fails the transaction, even if fn ignores its error.
func (ds *Datastore) ReadWriteTx(ctx context.Context, fn datastore.TxUserFunc, opts ...options.RWTOptionsOption) (datastore.Revision, error) {
	settings := options.NewRWTOptionsWithOptions(opts...)
	pause := firstPause
	for attempt := 1; ; attempt++ {
		rev, err := ds.attempt(ctx, fn, settings)
		if err == nil || !retryable(err) || settings.DisableRetries || attempt == maxAttempts {
			return rev, err
		}
		select {
		case <-ctx.Done():
			return datastore.NoRevision, err
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (ds *Datastore) attempt(ctx context.Context, fn datastore.TxUserFunc, settings *options.RWTOptions) (datastore.Revision, error) {
	if err := ctx.Err(); err != nil {
		return datastore.NoRevision, err
	}
	unlock, err := ds.lockWriter(ctx)
	if err != nil {
		return datastore.NoRevision, err
	}
	defer unlock()

	tx := &transaction{open: map[*rows]struct{}{}}
	tx.reader = reader{ds: ds, revision: ds.head.Load().revision + 1, tx: tx}
	at := max(time.Now().UnixNano(), ds.head.Load().at+1) // The clock may have been set back.

	ds.writer.SetInterrupt(ctx.Done())
	defer tx.rollback()
	if err := tx.begin(ctx, settings, at); err != nil {
		return datastore.NoRevision, err
	}
	if err := fn(ctx, tx); err != nil {
		// Callers recognise their own errors, so they get them back as they were.
		return datastore.NoRevision, err
	}
	return tx.commit(ctx, at)
}

// lockWriter waits for the right to use the writer connection. The caller calls
// unlock when done.
func (ds *Datastore) lockWriter(ctx context.Context) (unlock func(), err error) {
	if err := ds.running(); err != nil {
		return nil, err
	}
	select {
	case <-ds.writing:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-ds.stop.Done():
		return nil, ErrClosed
	}
	return func() { ds.writing <- struct{}{} }, nil
}

func (tx *transaction) begin(ctx context.Context, settings *options.RWTOptions, at int64) error {
	conn := tx.ds.writer
	if err := run(conn, "BEGIN IMMEDIATE", nil); err != nil {
		return storageError(ctx, "begin a transaction", err)
	}
	if want := settings.SchemaHashPrecondition; want != "" {
		switch tx.ds.head.Load().schemaHash {
		case want:
		case "":
			return datastore.ErrSchemaNotFound
		default:
			return datastore.ErrSchemaHashPreconditionFailed
		}
	}
	var metadata any
	if len(settings.Metadata.GetFields()) > 0 {
		encoded, err := proto.Marshal(settings.Metadata)
		if err != nil {
			return fmt.Errorf("encode transaction metadata: %w", err)
		}
		metadata = encoded
	}
	err := run(conn, "INSERT INTO txn (id, at, metadata) VALUES (?, ?, ?)", nil, tx.revision, at, metadata)
	if err != nil {
		return storageError(ctx, "begin a transaction", err)
	}
	return nil
}

// usable returns why the transaction cannot be worked with, if so. The lock must
// be held.
func (tx *transaction) usable() error {
	switch {
	case tx.over:
		return errors.New("the transaction is over")
	case tx.failed != nil:
		return fmt.Errorf("the transaction has failed: %w", tx.failed)
	case tx.ds.writer.AutocommitEnabled():
		// SQLite rolls back by itself when it has no space or is interrupted. What
		// followed would be written outside any transaction.
		return errors.New("the transaction has been rolled back")
	}
	return nil
}

// write runs one writing operation. If that fails half-way, its half cannot be
// taken back alone, so the transaction has failed.
func (tx *transaction) write(ctx context.Context, doing string, operation func(*zs.Conn) error) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.usable(); err != nil {
		return err
	}
	err := operation(tx.ds.writer)
	if err == nil {
		return nil
	}
	if zs.ErrCode(err) != zs.ResultError {
		err = storageError(ctx, doing, err)
	}
	tx.failed = err
	return err
}

func (tx *transaction) commit(ctx context.Context, at int64) (datastore.Revision, error) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.usable(); err != nil {
		return datastore.NoRevision, err
	}
	conn := tx.ds.writer
	if err := tx.log.flush(conn, tx.revision); err != nil {
		return datastore.NoRevision, storageError(ctx, "record changes", err)
	}
	hash, err := schemaHash(conn, tx.revision)
	if err != nil {
		return datastore.NoRevision, storageError(ctx, "read the schema hash", err)
	}
	if err := ctx.Err(); err != nil {
		return datastore.NoRevision, err
	}
	// From here on the caller gets to know the outcome, so that it is not
	// interrupted any more.
	conn.SetInterrupt(nil)
	if err := run(conn, "COMMIT", nil); err != nil {
		return datastore.NoRevision, storageError(ctx, "commit", err)
	}
	old := tx.ds.head.Load()
	tx.ds.head.Store(&head{revision: tx.revision, at: at, schemaHash: hash, passed: make(chan struct{})})
	close(old.passed)
	return tx.revision, nil
}

// rollback ends the transaction: it closes what is still being read, and undoes
// what has not been committed.
func (tx *transaction) rollback() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	conn := tx.ds.writer
	conn.SetInterrupt(nil)
	for rows := range tx.open {
		if err := rows.close(); err != nil {
			tx.ds.config.log.Error("close a query of a transaction", "error", err)
		}
	}
	tx.over = true
	if conn.AutocommitEnabled() {
		return
	}
	if err := run(conn, "ROLLBACK", nil); err != nil {
		// The connection stays inside the transaction, so later ones fail to begin:
		// nothing wrong can be written, and the failure shows.
		tx.ds.config.log.Error("roll back a transaction", "error", err)
	}
}
