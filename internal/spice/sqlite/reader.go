package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"github.com/authzed/spicedb/pkg/tuple"
	zs "zombiezen.com/go/sqlite"
)

// A reader reads one snapshot. Without a transaction it uses connections of the
// pool; inside one it uses the transaction's and sees what that has written.
type reader struct {
	ds       *Datastore
	revision revision
	tx       *transaction
	invalid  error // Why this snapshot cannot be read.
}

var _ datastore.Reader = (*reader)(nil)

// SnapshotReader returns a reader of rev. Whether rev can be read is reported by
// the reader's methods.
func (ds *Datastore) SnapshotReader(rev datastore.Revision) datastore.Reader {
	n, ok := number(rev)
	r := &reader{ds: ds, revision: n}
	switch {
	case !ok || n == 0 || n > ds.head.Load().revision:
		r.invalid = datastore.NewInvalidRevisionErr(rev, datastore.CouldNotDetermineRevision)
	case uint64(n) < ds.collected.Load():
		r.invalid = datastore.NewInvalidRevisionErr(rev, datastore.RevisionStale)
	}
	return r
}

// use runs read on a connection that sees the snapshot. A long read is interrupted
// when ctx ends. Errors say what was being done.
func (r *reader) use(ctx context.Context, long bool, doing string, read func(*zs.Conn) error) error {
	if r.invalid != nil {
		return r.invalid
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.tx != nil {
		r.tx.mu.Lock()
		defer r.tx.mu.Unlock()
		if err := r.tx.usable(); err != nil {
			return err
		}
		if err := read(r.ds.writer); err != nil {
			return storageError(ctx, doing, err)
		}
		return nil
	}
	conn, err := r.ds.readers.take()
	if err != nil {
		return err
	}
	if long {
		conn.SetInterrupt(ctx.Done())
	}
	err = read(conn)
	if long {
		conn.SetInterrupt(nil)
	}
	if putErr := r.ds.readers.put(conn); putErr != nil {
		err = errors.Join(err, putErr)
	}
	if err != nil {
		return storageError(ctx, doing, err)
	}
	return nil
}

// QueryRelationships reads relationships from the resource side. They are read
// while they are being iterated over, which may be done once.
func (r *reader) QueryRelationships(ctx context.Context, filter datastore.RelationshipsFilter, opts ...options.QueryOptionsOption) (datastore.RelationshipIterator, error) {
	o := options.NewQueryOptionsWithOptions(opts...)
	s := &selection{limit: o.Limit, skipCaveats: o.SkipCaveats, skipExpiration: o.SkipExpiration}
	if err := s.filter(filter); err != nil {
		return nil, err
	}
	s.sort(o.Sort)
	if err := s.bound(">", o.After); err != nil {
		return nil, err
	}
	if err := s.bound("<=", o.BeforeOrEqual); err != nil {
		return nil, err
	}
	return r.relationships(ctx, s)
}

// ReverseQueryRelationships reads relationships from the subject side.
func (r *reader) ReverseQueryRelationships(ctx context.Context, filter datastore.SubjectsFilter, opts ...options.ReverseQueryOptionsOption) (datastore.RelationshipIterator, error) {
	o := options.NewReverseQueryOptionsWithOptions(opts...)
	s := &selection{limit: o.LimitForReverse, skipCaveats: o.SkipCaveatsForReverse, skipExpiration: o.SkipExpirationForReverse}
	if err := s.subject(filter.AsSelector()); err != nil {
		return nil, err
	}
	if o.ResRelation != nil {
		s.fix(resourceType, o.ResRelation.Namespace)
		s.fix(relation, o.ResRelation.Relation)
	}
	s.sort(o.SortForReverse)
	if err := s.bound(">", o.AfterForReverse); err != nil {
		return nil, err
	}
	return r.relationships(ctx, s)
}

// relationships returns the results of a selection as a stream.
func (r *reader) relationships(ctx context.Context, s *selection) (datastore.RelationshipIterator, error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	s.at(r.revision, time.Now())
	rows := &rows{reader: r, selection: s, query: s.statement()}
	return func(yield func(tuple.Relationship, error) bool) {
		defer rows.abandon()
		for more := true; more; {
			var found []tuple.Relationship
			var err error
			found, more, err = rows.next(ctx)
			for _, rel := range found {
				if !yield(rel, nil) {
					return
				}
			}
			if err != nil {
				yield(tuple.Relationship{}, storageError(ctx, "read relationships", err))
				return
			}
		}
	}, nil
}
