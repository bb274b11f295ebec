package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/authzed/spicedb/pkg/datastore"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	zs "zombiezen.com/go/sqlite"
)

// The kinds of documents.
const (
	kindNamespace  = "namespace"
	kindCaveat     = "caveat"
	kindSchema     = "schema"
	kindSchemaHash = "schema_hash"
	kindCounter    = "counter"
)

// A document is one version of something that has a name.
type document struct {
	name    string
	value   []byte
	created revision
}

// documents returns the documents of a kind that a snapshot sees, sorted by name.
// With names it returns those of them that exist.
func documents(conn *zs.Conn, snapshot revision, kind string, names []string) ([]document, error) {
	const query = "SELECT name, value, created_tx FROM document WHERE kind = ? AND created_tx <= ? AND deleted_tx > ?"
	var found []document
	row := func(stmt *zs.Stmt) {
		found = append(found, document{
			name:    stmt.ColumnText(0),
			value:   columnBytes(stmt, 1),
			created: revision(stmt.ColumnInt64(2)),
		})
	}
	if names == nil {
		err := run(conn, query+" ORDER BY name", row, kind, snapshot, snapshot)
		return found, err
	}
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := run(conn, query+" AND name = ?", row, kind, snapshot, snapshot, name); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// replace makes value the living version of a document.
func (tx *transaction) replace(conn *zs.Conn, kind, name string, value []byte) error {
	if _, err := tx.drop(conn, kind, name); err != nil {
		return err
	}
	return tx.add(conn, kind, name, value)
}

// add creates a document that has no living version. With one it fails.
func (tx *transaction) add(conn *zs.Conn, kind, name string, value []byte) error {
	return run(conn, "INSERT INTO document (kind, name, deleted_tx, created_tx, value) VALUES (?, ?, 9223372036854775807, ?, ?)",
		nil, kind, name, tx.revision, value)
}

// drop ends the life of a document and reports whether there was one.
func (tx *transaction) drop(conn *zs.Conn, kind, name string) (bool, error) {
	err := run(conn, "UPDATE document SET deleted_tx = ? WHERE kind = ? AND name = ? AND deleted_tx = 9223372036854775807 AND created_tx < ?",
		nil, tx.revision, kind, name, tx.revision)
	if err != nil {
		return false, err
	}
	if conn.Changes() == 0 {
		// No snapshot has seen a version that this transaction created.
		err = run(conn, "DELETE FROM document WHERE kind = ? AND name = ? AND deleted_tx = 9223372036854775807", nil, kind, name)
	}
	return conn.Changes() > 0, err
}

// read returns documents as the reader sees them.
func (r *reader) read(ctx context.Context, kind string, names []string) (found []document, err error) {
	err = r.use(ctx, false, "read the "+kind+" documents", func(conn *zs.Conn) (err error) {
		found, err = documents(conn, r.revision, kind, names)
		return err
	})
	return found, err
}

const (
	unifiedSchema = "unified"
	currentHash   = "current"
)

// ReadStoredSchema returns the unified schema, or ErrSchemaNotFound.
func (r *reader) ReadStoredSchema(ctx context.Context) (*datastore.ReadOnlyStoredSchema, error) {
	found, err := r.read(ctx, kindSchema, []string{unifiedSchema})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, datastore.ErrSchemaNotFound
	}
	schema := &core.StoredSchema{}
	if err := schema.UnmarshalVT(found[0].value); err != nil {
		return nil, fmt.Errorf("decode the stored schema: %w", err)
	}
	return datastore.NewReadOnlyStoredSchemaWithSize(schema, len(found[0].value)), nil
}

// WriteStoredSchema replaces the unified schema and its hash.
func (tx *transaction) WriteStoredSchema(ctx context.Context, schema *core.StoredSchema) error {
	if schema == nil {
		return errors.New("write the stored schema: there is none")
	}
	encoded, err := schema.MarshalVT()
	if err != nil {
		return fmt.Errorf("encode the stored schema: %w", err)
	}
	return tx.write(ctx, "write the stored schema", func(conn *zs.Conn) error {
		if err := tx.replace(conn, kindSchema, unifiedSchema, encoded); err != nil {
			return err
		}
		// A schema without a hash must not keep the hash of the one before.
		if hash := schema.GetV1().GetSchemaHash(); hash != "" {
			return tx.replace(conn, kindSchemaHash, currentHash, []byte(hash))
		}
		_, err := tx.drop(conn, kindSchemaHash, currentHash)
		return err
	})
}

// schemaHash returns the hash of the unified schema, "" where there is none.
func schemaHash(conn *zs.Conn, snapshot revision) (string, error) {
	found, err := documents(conn, snapshot, kindSchemaHash, []string{currentHash})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return string(found[0].value), nil
}
