package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	zs "zombiezen.com/go/sqlite"
)

// A Datastore is an open relationship database. It is safe for concurrent use.
type Datastore struct {
	config   config
	path     string
	uniqueID string
	lock     *fileLock
	readers  *pool

	// Holding the one token of writing is the right to use writer.
	writing chan struct{}
	writer  *zs.Conn

	head      atomic.Pointer[head]
	pinned    pin
	collected atomic.Uint64 // The oldest revision that garbage collection has left readable.
	gcHasRun  atomic.Bool

	// stop ends the background work, which background waits for.
	stop       context.Context //nolint:containedctx // ends with Close
	cancel     context.CancelFunc
	background sync.WaitGroup
	starting   sync.Mutex // Held while work is added, or Close forbids it.
	closeOnce  sync.Once
	closeErr   error
}

var _ datastore.Datastore = (*Datastore)(nil)

// A head is the newest committed revision.
type head struct {
	revision   revision
	at         int64 // The start of its transaction, in nanoseconds since 1970.
	schemaHash string
	// passed is closed when there is a newer one.
	passed chan struct{}
}

// Open opens the database at path, and creates it where there is no file. The
// directory must exist. The caller closes the datastore.
//
// A file that must not be written to is left as it is, with an error that wraps
// ErrForeign, ErrDamaged, ErrNewer or ErrInUse and says what is wrong with it.
func Open(ctx context.Context, path string, opts ...Option) (*Datastore, error) {
	settings := config{
		gcWindow:          defaultGCWindow,
		gcInterval:        defaultGCInterval,
		watchBufferLength: defaultWatchBufferLength,
		log:               slog.Default(),
	}
	for _, opt := range opts {
		opt(&settings)
	}
	if settings.quantization > settings.gcWindow {
		return nil, fmt.Errorf("the quantization of %s is longer than the garbage collection window of %s", settings.quantization, settings.gcWindow)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	ds, err := open(path, settings)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	ds.lock = lock
	return ds, ds.startGC()
}

// open does the part of Open that needs the lock.
func open(path string, settings config) (*Datastore, error) {
	exists, err := inspect(path)
	if err != nil {
		return nil, err
	}
	if !exists {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	writer, err := openWriter(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	ds := &Datastore{
		config:  settings,
		path:    path,
		readers: &pool{path: path, keep: max(4, 2*runtime.GOMAXPROCS(0))},
		writing: make(chan struct{}, 1),
		writer:  writer,
	}
	ds.stop, ds.cancel = context.WithCancel(context.Background())
	if err := ds.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), writer.Close())
	}
	ds.writing <- struct{}{}
	return ds, nil
}

// load reads what the datastore keeps in memory.
func (ds *Datastore) load() error {
	newest := &head{passed: make(chan struct{})}
	err := run(ds.writer, "SELECT unique_id FROM meta", func(stmt *zs.Stmt) { ds.uniqueID = stmt.ColumnText(0) })
	if err != nil {
		return err
	}
	err = run(ds.writer, "SELECT id, at FROM txn ORDER BY id DESC LIMIT 1", func(stmt *zs.Stmt) {
		newest.revision, newest.at = revision(stmt.ColumnInt64(0)), stmt.ColumnInt64(1)
	})
	if err != nil {
		return err
	}
	if ds.uniqueID == "" || newest.revision == 0 {
		return fmt.Errorf("there is no identity or no revision: %w", ErrDamaged)
	}
	err = run(ds.writer, "SELECT min(id) FROM txn", func(stmt *zs.Stmt) { ds.collected.Store(uint64(stmt.ColumnInt64(0))) })
	if err != nil {
		return err
	}
	newest.schemaHash, err = schemaHash(ds.writer, newest.revision)
	ds.head.Store(newest)
	return err
}

// Close waits for the write transaction that is under way, ends watches, and gives
// the file free. Reads that are under way may fail.
func (ds *Datastore) Close() error {
	ds.closeOnce.Do(func() {
		ds.starting.Lock()
		ds.cancel()
		ds.starting.Unlock()
		<-ds.writing // It is never returned, so no writer follows.
		ds.background.Wait()
		ds.closeErr = errors.Join(ds.readers.close(), ds.writer.Close(), ds.lock.release())
	})
	return ds.closeErr
}

// start runs work in the background until Close.
func (ds *Datastore) start(work func()) error {
	ds.starting.Lock()
	defer ds.starting.Unlock()
	if err := ds.running(); err != nil {
		return err
	}
	ds.background.Go(work)
	return nil
}

// running returns ErrClosed after Close.
func (ds *Datastore) running() error {
	if ds.stop.Err() != nil {
		return ErrClosed
	}
	return nil
}

// A pin is a revision that OptimizedRevision keeps returning for a while.
type pin struct {
	sync.Mutex
	head  *head
	until time.Time
}

// HeadRevision returns the newest committed revision.
func (ds *Datastore) HeadRevision(context.Context) (datastore.RevisionWithSchemaHash, error) {
	return ds.withHash(ds.head.Load())
}

// OptimizedRevision returns the newest committed revision, or one that was the
// newest at some time within the quantization.
func (ds *Datastore) OptimizedRevision(ctx context.Context) (datastore.RevisionWithSchemaHash, error) {
	if ds.config.quantization <= 0 {
		return ds.HeadRevision(ctx)
	}
	ds.pinned.Lock()
	defer ds.pinned.Unlock()
	if now := time.Now(); !now.Before(ds.pinned.until) {
		ds.pinned.head, ds.pinned.until = ds.head.Load(), now.Add(ds.config.quantization)
	}
	return ds.withHash(ds.pinned.head)
}

func (ds *Datastore) withHash(h *head) (datastore.RevisionWithSchemaHash, error) {
	if err := ds.running(); err != nil {
		return datastore.RevisionWithSchemaHash{}, err
	}
	return datastore.RevisionWithSchemaHash{Revision: h.revision, SchemaHash: h.schemaHash}, nil
}

// CheckRevision returns an InvalidRevisionError for a revision that has not been
// committed, or that is older than the garbage collection window. The newest one
// is valid however old it is.
func (ds *Datastore) CheckRevision(_ context.Context, rev datastore.Revision) error {
	if err := ds.running(); err != nil {
		return err
	}
	n, ok := number(rev)
	newest := ds.head.Load().revision
	if !ok || n == 0 || n > newest {
		return datastore.NewInvalidRevisionErr(rev, datastore.CouldNotDetermineRevision)
	}
	if n == newest {
		return nil
	}
	conn, err := ds.readers.take()
	if err != nil {
		return err
	}
	oldest := newest
	since := time.Now().Add(-ds.config.gcWindow).UnixNano()
	err = run(conn, "SELECT id FROM txn WHERE at >= ? ORDER BY at LIMIT 1", func(stmt *zs.Stmt) {
		oldest = revision(stmt.ColumnInt64(0))
	}, since)
	if err := errors.Join(err, ds.readers.put(conn)); err != nil {
		return fmt.Errorf("check revision %s: %w", n, err)
	}
	if n < oldest {
		return datastore.NewInvalidRevisionErr(rev, datastore.RevisionStale)
	}
	return nil
}

// RevisionFromString reads a revision back from its String.
func (ds *Datastore) RevisionFromString(text string) (datastore.Revision, error) {
	return parseRevision(text)
}

// MetricsID names the kind of datastore in metrics.
func (ds *Datastore) MetricsID() (string, error) { return "sqlite", nil }

// UniqueID returns the identity that the file got when it was created, a UUID.
func (ds *Datastore) UniqueID(context.Context) (string, error) { return ds.uniqueID, nil }

// ReadyState is ready from Open to Close.
func (ds *Datastore) ReadyState(context.Context) (datastore.ReadyState, error) {
	if err := ds.running(); err != nil {
		return datastore.ReadyState{Message: err.Error()}, nil //nolint:nilerr // that it is closed is the answer
	}
	return datastore.ReadyState{IsReady: true}, nil
}

// Features returns OfflineFeatures.
func (ds *Datastore) Features(context.Context) (*datastore.Features, error) {
	return ds.OfflineFeatures()
}

// OfflineFeatures says that changes can be watched. A checkpoint is sent only when
// something was committed, after the changes that led to it.
func (ds *Datastore) OfflineFeatures() (*datastore.Features, error) {
	return &datastore.Features{
		Watch:                   datastore.Feature{Status: datastore.FeatureSupported},
		ContinuousCheckpointing: datastore.Feature{Status: datastore.FeatureUnsupported, Reason: "checkpoints follow commits"},
		WatchEmitsImmediately:   datastore.Feature{Status: datastore.FeatureUnsupported, Reason: "a transaction is sent whole"},
		IntegrityData:           datastore.Feature{Status: datastore.FeatureUnsupported, Reason: "there is no place for signatures"},
	}, nil
}

// Statistics counts the relationships and the relations of each object type. It
// reads one index from end to end, which takes some 0.1 s per million.
func (ds *Datastore) Statistics(ctx context.Context) (datastore.Stats, error) {
	newest := ds.head.Load()
	snapshot := &reader{ds: ds, revision: newest.revision}
	types, err := snapshot.LegacyListAllNamespaces(ctx)
	if err != nil {
		return datastore.Stats{}, err
	}
	var count uint64
	err = snapshot.use(ctx, false, "count relationships", func(conn *zs.Conn) error {
		return run(conn, "SELECT count(*) FROM relationship WHERE deleted_tx = 9223372036854775807", func(stmt *zs.Stmt) {
			count = uint64(stmt.ColumnInt64(0))
		})
	})
	if err != nil {
		return datastore.Stats{}, err
	}
	return datastore.Stats{
		UniqueID:                   ds.uniqueID,
		EstimatedRelationshipCount: count,
		ObjectTypeStatistics:       datastore.ComputeObjectTypeStats(types),
	}, nil
}
