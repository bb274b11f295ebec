package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	zs "zombiezen.com/go/sqlite"
)

// Watch sends every change that was committed after the revision, one transaction
// at a time, and then those that follow, until ctx ends. A watcher that falls too
// far behind is disconnected. Everything that a transaction changed is in memory
// while it is being sent.
func (ds *Datastore) Watch(ctx context.Context, after datastore.Revision, opts datastore.WatchOptions) (<-chan datastore.RevisionChanges, <-chan error) {
	length := opts.WatchBufferLength
	if length == 0 {
		length = ds.config.watchBufferLength
	}
	w := &watcher{ds: ds, options: opts, changes: make(chan datastore.RevisionChanges, length)}
	errs := make(chan error, 1)
	err := w.begin(after)
	if err == nil {
		err = ds.start(func() {
			defer close(errs)
			defer close(w.changes)
			errs <- w.run(ctx)
		})
	}
	if err != nil {
		close(w.changes)
		errs <- err
	}
	return w.changes, errs
}

type watcher struct {
	ds      *Datastore
	options datastore.WatchOptions
	changes chan datastore.RevisionChanges
	sent    revision // Everything up to here has been sent.
}

// begin checks whether everything after the revision can be sent.
func (w *watcher) begin(after datastore.Revision) error {
	if w.options.EmissionStrategy == datastore.EmitImmediatelyStrategy {
		return errors.New("emit immediately strategy is unsupported: a transaction is sent whole")
	}
	n, ok := number(after)
	if !ok || n > w.ds.head.Load().revision {
		return datastore.NewInvalidRevisionErr(after, datastore.CouldNotDetermineRevision)
	}
	if uint64(n) < w.ds.collected.Load() {
		return datastore.NewInvalidRevisionErr(after, datastore.RevisionStale)
	}
	w.sent = n
	return nil
}

// run sends until there is a reason to end, which it returns.
func (w *watcher) run(ctx context.Context) error {
	for {
		newest := w.ds.head.Load()
		for w.sent < newest.revision {
			if err := w.advance(ctx); err != nil {
				if ctx.Err() != nil {
					return datastore.NewWatchCanceledErr()
				}
				return err
			}
		}
		select {
		case <-newest.passed:
		case <-ctx.Done():
			return datastore.NewWatchCanceledErr()
		case <-w.ds.stop.Done():
			return ErrClosed
		}
	}
}

// advance sends what the transaction after the last one changed.
func (w *watcher) advance(ctx context.Context) error {
	next := w.sent + 1
	c := collector{options: w.options, relationships: map[tuple.RelationshipReference]int{}, definitions: map[string]entry{}}
	snapshot := &reader{ds: w.ds, revision: next}
	var found bool
	err := snapshot.use(ctx, true, "read changes", func(conn *zs.Conn) error {
		var err error
		found, err = c.load(conn, next)
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return datastore.NewInvalidRevisionErr(w.sent, datastore.RevisionStale)
	}
	change, err := c.change(next)
	if err != nil {
		return err
	}
	if change != nil {
		if err := w.send(ctx, *change); err != nil {
			return err
		}
	}
	if w.options.Content&datastore.WatchCheckpoints != 0 {
		if err := w.send(ctx, datastore.RevisionChanges{Revision: next, IsCheckpoint: true}); err != nil {
			return err
		}
	}
	w.sent = next
	return nil
}

// send hands a change to the watcher's consumer, who has some time to take it.
func (w *watcher) send(ctx context.Context, change datastore.RevisionChanges) error {
	select {
	case w.changes <- change:
		return nil
	default:
	}
	patience := w.options.WatchBufferWriteTimeout
	if patience <= 0 {
		patience = defaultWatchWriteTimeout
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case w.changes <- change:
		return nil
	case <-timer.C:
		return datastore.NewWatchDisconnectedErr()
	case <-ctx.Done():
		return datastore.NewWatchCanceledErr()
	case <-w.ds.stop.Done():
		return ErrClosed
	}
}

// A collector reduces the entries of one transaction to the last for each object.
type collector struct {
	options       datastore.WatchOptions
	updates       []tuple.RelationshipUpdate
	relationships map[tuple.RelationshipReference]int // The index in updates.
	definitions   map[string]entry
	metadata      []byte
	bytes         uint64
}

// load reads the entries and reports whether the transaction is still recorded.
func (c *collector) load(conn *zs.Conn, rev revision) (found bool, err error) {
	err = run(conn, "SELECT metadata FROM txn WHERE id = ?", func(stmt *zs.Stmt) {
		found = true
		c.metadata = columnBytes(stmt, 0)
	}, rev)
	if err != nil || !found {
		return found, err
	}
	var decodeErr error
	err = run(conn, "SELECT entries FROM change WHERE tx = ? ORDER BY seq", func(stmt *zs.Stmt) {
		if decodeErr == nil {
			decodeErr = decodeEntries(columnBytes(stmt, 0), c.add)
		}
	}, rev)
	return found, errors.Join(err, decodeErr)
}

func (c *collector) add(e entry) error {
	switch e.kind {
	case relationshipTouched, relationshipDeleted:
		if c.options.Content&datastore.WatchRelationships == 0 {
			return nil
		}
		update := tuple.Touch(e.relationship)
		if e.kind == relationshipDeleted {
			update = tuple.Delete(e.relationship)
		}
		if at, ok := c.relationships[e.relationship.RelationshipReference]; ok {
			c.updates[at] = update
			return nil
		}
		c.relationships[e.relationship.RelationshipReference] = len(c.updates)
		c.updates = append(c.updates, update)
		c.bytes += uint64(e.relationship.SizeVT())
	default:
		if c.options.Content&datastore.WatchSchema == 0 {
			return nil
		}
		kind := kindNamespace
		if e.kind == caveatChanged || e.kind == caveatDeleted {
			kind = kindCaveat
		}
		c.definitions[kind+" "+e.name] = e
		c.bytes += uint64(len(e.definition))
	}
	if limit := c.options.MaximumBufferedChangesByteSize; limit > 0 && c.bytes > limit {
		return datastore.NewMaximumChangesSizeExceededError(limit)
	}
	return nil
}

// change returns what is to be sent, nil if there is nothing.
func (c *collector) change(rev revision) (*datastore.RevisionChanges, error) {
	if len(c.updates) == 0 && len(c.definitions) == 0 && len(c.metadata) == 0 {
		return nil, nil
	}
	change := &datastore.RevisionChanges{Revision: rev, RelationshipChanges: c.updates}
	for _, e := range c.definitions {
		switch e.kind {
		case namespaceDeleted:
			change.DeletedNamespaces = append(change.DeletedNamespaces, e.name)
		case caveatDeleted:
			change.DeletedCaveats = append(change.DeletedCaveats, e.name)
		case namespaceChanged:
			definition := &core.NamespaceDefinition{}
			if err := definition.UnmarshalVT(e.definition); err != nil {
				return nil, fmt.Errorf("decode the definition of %s: %w", e.name, err)
			}
			change.ChangedDefinitions = append(change.ChangedDefinitions, definition)
		case caveatChanged:
			definition := &core.CaveatDefinition{}
			if err := definition.UnmarshalVT(e.definition); err != nil {
				return nil, fmt.Errorf("decode the caveat %s: %w", e.name, err)
			}
			change.ChangedDefinitions = append(change.ChangedDefinitions, definition)
		}
	}
	if len(c.metadata) > 0 {
		metadata := &structpb.Struct{}
		if err := proto.Unmarshal(c.metadata, metadata); err != nil {
			return nil, fmt.Errorf("decode transaction metadata: %w", err)
		}
		change.Metadatas = []*structpb.Struct{metadata}
	}
	return change, nil
}
