package sqlite

import (
	"bytes"
	"context"
	"fmt"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"github.com/authzed/spicedb/pkg/tuple"
	zs "zombiezen.com/go/sqlite"
)

const (
	keyCondition = "resource_type = ? AND resource_id = ? AND relation = ? AND subject_type = ? AND subject_id = ? AND subject_relation = ? AND deleted_tx = 9223372036854775807"

	insertSQL = `INSERT INTO relationship (resource_type, resource_id, relation, subject_type, subject_id, subject_relation,
		deleted_tx, created_tx, caveat_name, caveat_context, expiration)
		VALUES (?, ?, ?, ?, ?, ?, 9223372036854775807, ?, ?, ?, ?)`
	selectSQL = "SELECT caveat_name, caveat_context, expiration FROM relationship WHERE " + keyCondition
	retireSQL = "UPDATE relationship SET deleted_tx = ? WHERE " + keyCondition + " AND created_tx < ?"
	// No snapshot has seen a row that this transaction created, so it leaves none
	// behind.
	eraseSQL = "DELETE FROM relationship WHERE " + keyCondition
)

// WriteRelationships applies the updates in their order. A CREATE of what exists,
// even if expired, returns CreateRelationshipExistsError. A TOUCH that changes
// nothing, and a DELETE of what does not exist, do nothing.
func (tx *transaction) WriteRelationships(ctx context.Context, updates []tuple.RelationshipUpdate) error {
	return tx.write(ctx, "write relationships", func(conn *zs.Conn) error {
		for i := range updates {
			rel := &updates[i].Relationship
			var err error
			switch updates[i].Operation {
			case tuple.UpdateOperationCreate:
				err = tx.insert(conn, rel)
			case tuple.UpdateOperationTouch:
				err = tx.touch(conn, rel)
			case tuple.UpdateOperationDelete:
				_, err = tx.remove(conn, &rel.RelationshipReference)
			default:
				err = fmt.Errorf("unknown update operation %d", updates[i].Operation)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (tx *transaction) insert(conn *zs.Conn, rel *tuple.Relationship) error {
	stmt, err := conn.Prepare(insertSQL)
	if err != nil {
		return err
	}
	key := keyOf(&rel.RelationshipReference)
	for i := range key {
		stmt.BindText(i+1, key[i])
	}
	name, caveatContext, err := caveatArgs(rel.OptionalCaveat)
	if err != nil {
		return err
	}
	stmt.BindInt64(keyColumns+1, int64(tx.revision))
	if name, ok := name.(string); ok {
		stmt.BindText(keyColumns+2, name)
	}
	if encoded, ok := caveatContext.([]byte); ok {
		stmt.BindBytes(keyColumns+3, encoded)
	}
	if at := rel.OptionalExpiration; at != nil {
		stmt.BindInt64(keyColumns+4, at.UnixMicro())
	}
	if _, err := stmt.Step(); err != nil {
		if zs.ErrCode(err) == zs.ResultConstraintPrimaryKey {
			return datastore.NewCreateRelationshipExistsError(rel)
		}
		return err
	}
	return tx.log.touched(conn, tx.revision, rel)
}

func (tx *transaction) touch(conn *zs.Conn, rel *tuple.Relationship) error {
	name, caveatContext, err := caveatArgs(rel.OptionalCaveat)
	if err != nil {
		return err
	}
	exists, same := false, false
	key := keyOf(&rel.RelationshipReference)
	err = run(conn, selectSQL, func(stmt *zs.Stmt) {
		exists = true
		same = sameText(stmt, 0, name) && sameBlob(stmt, 1, caveatContext) && sameInt(stmt, 2, expirationArg(rel.OptionalExpiration))
	}, keyArgs(key)...)
	if err != nil || same {
		return err
	}
	if exists {
		if err := tx.discard(conn, key); err != nil {
			return err
		}
	}
	return tx.insert(conn, rel)
}

func sameText(stmt *zs.Stmt, column int, want any) bool {
	text, ok := want.(string)
	return ok == !stmt.ColumnIsNull(column) && (!ok || stmt.ColumnText(column) == text)
}

func sameBlob(stmt *zs.Stmt, column int, want any) bool {
	blob, ok := want.([]byte)
	return ok == !stmt.ColumnIsNull(column) && (!ok || bytes.Equal(columnBytes(stmt, column), blob))
}

func sameInt(stmt *zs.Stmt, column int, want any) bool {
	number, ok := want.(int64)
	return ok == !stmt.ColumnIsNull(column) && (!ok || stmt.ColumnInt64(column) == number)
}

// remove deletes a relationship and reports whether there was one.
func (tx *transaction) remove(conn *zs.Conn, ref *tuple.RelationshipReference) (bool, error) {
	if err := tx.discard(conn, keyOf(ref)); err != nil {
		return false, err
	}
	if conn.Changes() == 0 {
		return false, nil
	}
	return true, tx.log.deleted(conn, tx.revision, ref)
}

// discard ends the life of a row, if there is one. Afterwards conn.Changes is 1 or 0.
func (tx *transaction) discard(conn *zs.Conn, key [keyColumns]string) error {
	args := keyArgs(key)
	if err := run(conn, retireSQL, nil, append(append([]any{tx.revision}, args...), tx.revision)...); err != nil {
		return err
	}
	if conn.Changes() > 0 {
		return nil
	}
	return run(conn, eraseSQL, nil, args...)
}

func keyArgs(key [keyColumns]string) []any {
	args := make([]any, len(key), len(key)+2)
	for i := range key {
		args[i] = key[i]
	}
	return args
}

// DeleteRelationships deletes what matches the filter, expired relationships
// included, and returns how many it deleted. With a limit that is reached, more
// may match.
func (tx *transaction) DeleteRelationships(ctx context.Context, filter *v1.RelationshipFilter, opts ...options.DeleteOptionsOption) (uint64, bool, error) {
	limit := uint64(alive)
	if o := options.NewDeleteOptionsWithOptions(opts...); o.DeleteLimit != nil && *o.DeleteLimit > 0 {
		limit = *o.DeleteLimit
	}
	wanted, err := datastore.RelationshipsFilterFromPublicFilter(filter)
	if err != nil {
		return 0, false, fmt.Errorf("delete relationships: %w", err)
	}
	var deleted uint64
	var after options.Cursor
	for deleted < limit {
		// The matches are collected in pages, because rows move in the index that is
		// being read when they are deleted, and all matches might not fit into memory.
		page := min(limit-deleted, deletePage)
		matches, err := tx.page(ctx, wanted, page, after)
		if err != nil {
			return deleted, false, err
		}
		err = tx.write(ctx, "delete relationships", func(conn *zs.Conn) error {
			for i := range matches {
				removed, err := tx.remove(conn, &matches[i].RelationshipReference)
				if err != nil {
					return err
				}
				if removed {
					deleted++
				}
			}
			return nil
		})
		if err != nil {
			return deleted, false, err
		}
		if uint64(len(matches)) < page {
			return deleted, false, nil
		}
		after = options.ToCursor(matches[len(matches)-1])
	}
	return deleted, true, nil
}

// deletePage is how many relationships are looked for before they are deleted.
const deletePage = 10_000

func (tx *transaction) page(ctx context.Context, filter datastore.RelationshipsFilter, size uint64, after options.Cursor) ([]tuple.Relationship, error) {
	matches, err := tx.QueryRelationships(ctx, filter, options.WithSort(options.ChooseEfficient),
		options.WithLimit(&size), options.WithAfter(after), options.WithSkipCaveats(true), options.WithSkipExpiration(true))
	if err != nil {
		return nil, err
	}
	return datastore.IteratorToSlice(matches)
}

// BulkLoad creates every relationship of the source and returns how many. One that
// exists returns CreateRelationshipExistsError.
func (tx *transaction) BulkLoad(ctx context.Context, source datastore.BulkWriteRelationshipSource) (uint64, error) {
	var loaded uint64
	for {
		rel, err := source.Next(ctx)
		if err != nil {
			return loaded, err
		}
		if rel == nil {
			return loaded, nil
		}
		if err := tx.write(ctx, "load relationships", func(conn *zs.Conn) error { return tx.insert(conn, rel) }); err != nil {
			return loaded, err
		}
		loaded++
	}
}
