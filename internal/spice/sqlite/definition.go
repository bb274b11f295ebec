package sqlite

import (
	"context"
	"fmt"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/authzed/spicedb/pkg/datastore"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	zs "zombiezen.com/go/sqlite"
)

// definitions decodes documents into definitions of type T.
func definitions[T any, D interface {
	*T
	datastore.SchemaDefinition
	UnmarshalVT([]byte) error
}](found []document) ([]datastore.RevisionedDefinition[D], error) {
	decoded := make([]datastore.RevisionedDefinition[D], 0, len(found))
	for _, document := range found {
		definition := D(new(T))
		if err := definition.UnmarshalVT(document.value); err != nil {
			return nil, fmt.Errorf("decode the definition of %s: %w", document.name, err)
		}
		decoded = append(decoded, datastore.RevisionedDefinition[D]{
			Definition:          definition,
			LastWrittenRevision: document.created,
		})
	}
	return decoded, nil
}

func (r *reader) namespaces(ctx context.Context, names []string) ([]datastore.RevisionedNamespace, error) {
	found, err := r.read(ctx, kindNamespace, names)
	if err != nil {
		return nil, err
	}
	return definitions[core.NamespaceDefinition](found)
}

func (r *reader) caveats(ctx context.Context, names []string) ([]datastore.RevisionedCaveat, error) {
	found, err := r.read(ctx, kindCaveat, names)
	if err != nil {
		return nil, err
	}
	return definitions[core.CaveatDefinition](found)
}

// LegacyReadNamespaceByName returns an object definition and the revision that
// wrote it, or NamespaceNotFoundError.
func (r *reader) LegacyReadNamespaceByName(ctx context.Context, name string) (*core.NamespaceDefinition, datastore.Revision, error) {
	found, err := r.namespaces(ctx, []string{name})
	if err != nil {
		return nil, datastore.NoRevision, err
	}
	if len(found) == 0 {
		return nil, datastore.NoRevision, datastore.NewNamespaceNotFoundErr(name)
	}
	return found[0].Definition, found[0].LastWrittenRevision, nil
}

// LegacyListAllNamespaces returns all object definitions, sorted by name.
func (r *reader) LegacyListAllNamespaces(ctx context.Context) ([]datastore.RevisionedNamespace, error) {
	return r.namespaces(ctx, nil)
}

// LegacyLookupNamespacesWithNames returns those of the named definitions that exist.
func (r *reader) LegacyLookupNamespacesWithNames(ctx context.Context, names []string) ([]datastore.RevisionedNamespace, error) {
	return r.namespaces(ctx, append([]string{}, names...))
}

// LegacyReadCaveatByName returns a caveat and the revision that wrote it, or
// CaveatNameNotFoundError.
func (r *reader) LegacyReadCaveatByName(ctx context.Context, name string) (*core.CaveatDefinition, datastore.Revision, error) {
	found, err := r.caveats(ctx, []string{name})
	if err != nil {
		return nil, datastore.NoRevision, err
	}
	if len(found) == 0 {
		return nil, datastore.NoRevision, datastore.NewCaveatNameNotFoundErr(name)
	}
	return found[0].Definition, found[0].LastWrittenRevision, nil
}

// LegacyListAllCaveats returns all caveats, sorted by name.
func (r *reader) LegacyListAllCaveats(ctx context.Context) ([]datastore.RevisionedCaveat, error) {
	return r.caveats(ctx, nil)
}

// LegacyLookupCaveatsWithNames returns those of the named caveats that exist.
func (r *reader) LegacyLookupCaveatsWithNames(ctx context.Context, names []string) ([]datastore.RevisionedCaveat, error) {
	return r.caveats(ctx, append([]string{}, names...))
}

// A definitionToWrite is an object definition or a caveat, encoded.
type definitionToWrite struct {
	name  string
	value []byte
}

// define replaces definitions. Two of one name are a mistake of the caller.
func (tx *transaction) define(ctx context.Context, kind string, change byte, written []definitionToWrite) error {
	return tx.write(ctx, "write the "+kind+" documents", func(conn *zs.Conn) error {
		for _, definition := range written {
			if _, err := tx.drop(conn, kind, definition.name); err != nil {
				return err
			}
		}
		for _, definition := range written {
			if err := tx.add(conn, kind, definition.name, definition.value); err != nil {
				return fmt.Errorf("%s: %w", definition.name, err)
			}
			if err := tx.log.definition(conn, tx.revision, change, definition.name, definition.value); err != nil {
				return err
			}
		}
		return nil
	})
}

// undefine deletes a definition and reports whether there was one.
func (tx *transaction) undefine(ctx context.Context, kind string, change byte, name string) (existed bool, err error) {
	err = tx.write(ctx, "delete a "+kind+" document", func(conn *zs.Conn) (err error) {
		existed, err = tx.drop(conn, kind, name)
		if err != nil || !existed {
			return err
		}
		return tx.log.definition(conn, tx.revision, change, name, nil)
	})
	return existed, err
}

// LegacyWriteNamespaces replaces object definitions.
func (tx *transaction) LegacyWriteNamespaces(ctx context.Context, namespaces ...*core.NamespaceDefinition) error {
	written := make([]definitionToWrite, 0, len(namespaces))
	for _, namespace := range namespaces {
		value, err := namespace.MarshalVT()
		if err != nil {
			return fmt.Errorf("encode the definition of %s: %w", namespace.Name, err)
		}
		written = append(written, definitionToWrite{namespace.Name, value})
	}
	return tx.define(ctx, kindNamespace, namespaceChanged, written)
}

// LegacyWriteCaveats replaces caveats.
func (tx *transaction) LegacyWriteCaveats(ctx context.Context, caveats []*core.CaveatDefinition) error {
	written := make([]definitionToWrite, 0, len(caveats))
	for _, caveat := range caveats {
		value, err := caveat.MarshalVT()
		if err != nil {
			return fmt.Errorf("encode the caveat %s: %w", caveat.Name, err)
		}
		written = append(written, definitionToWrite{caveat.Name, value})
	}
	return tx.define(ctx, kindCaveat, caveatChanged, written)
}

// LegacyDeleteNamespaces deletes object definitions and, if asked to, the
// relationships of their objects. One that does not exist returns
// NamespaceNotFoundError.
func (tx *transaction) LegacyDeleteNamespaces(ctx context.Context, names []string, option datastore.DeleteNamespacesRelationshipsOption) error {
	for _, name := range names {
		existed, err := tx.undefine(ctx, kindNamespace, namespaceDeleted, name)
		if err != nil {
			return err
		}
		if !existed {
			return datastore.NewNamespaceNotFoundErr(name)
		}
		if option == datastore.DeleteNamespacesAndRelationships {
			if _, _, err := tx.DeleteRelationships(ctx, &v1.RelationshipFilter{ResourceType: name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// LegacyDeleteCaveats deletes caveats. Those that do not exist are passed over.
func (tx *transaction) LegacyDeleteCaveats(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := tx.undefine(ctx, kindCaveat, caveatDeleted, name); err != nil {
			return err
		}
	}
	return nil
}
