package sqlite

import (
	"fmt"
	"time"

	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	zs "zombiezen.com/go/sqlite"
)

// relationshipOf is the inverse of keyOf.
func relationshipOf(key [keyColumns]string) tuple.Relationship {
	return tuple.Relationship{RelationshipReference: tuple.RelationshipReference{
		Resource: tuple.ObjectAndRelation{ObjectType: key[resourceType], ObjectID: key[resourceID], Relation: key[relation]},
		Subject:  tuple.ObjectAndRelation{ObjectType: key[subjectType], ObjectID: key[subjectID], Relation: key[subjectRelation]},
	}}
}

// scan turns the current row of a selection's statement into a relationship.
func (s *selection) scan(stmt *zs.Stmt) (tuple.Relationship, error) {
	key := s.fixed
	column := 0
	for i := range key {
		if key[i] == "" {
			key[i] = stmt.ColumnText(column)
			column++
		}
	}
	rel := relationshipOf(key)
	if !s.skipCaveats {
		caveat, err := scanCaveat(stmt, column)
		if err != nil {
			return tuple.Relationship{}, err
		}
		rel.OptionalCaveat = caveat
		column += 2
	}
	if !s.skipExpiration {
		rel.OptionalExpiration = scanExpiration(stmt, column)
	}
	return rel, nil
}

// scanCaveat reads a caveat's name from column and its context from the next. A
// caveat that was written without a context has an empty one.
func scanCaveat(stmt *zs.Stmt, column int) (*core.ContextualizedCaveat, error) {
	if stmt.ColumnIsNull(column) {
		return nil, nil
	}
	caveat := &core.ContextualizedCaveat{CaveatName: stmt.ColumnText(column), Context: &structpb.Struct{}}
	if stmt.ColumnIsNull(column + 1) {
		return caveat, nil
	}
	context, err := decodeContext(columnBytes(stmt, column+1))
	caveat.Context = context
	return caveat, err
}

func scanExpiration(stmt *zs.Stmt, column int) *time.Time {
	if stmt.ColumnIsNull(column) {
		return nil
	}
	at := time.UnixMicro(stmt.ColumnInt64(column)).UTC()
	return &at
}

// caveatArgs returns a caveat as the arguments of a statement: its name and its
// encoded context, each nil where there is none or it is empty.
func caveatArgs(caveat *core.ContextualizedCaveat) (name, context any, err error) {
	if caveat == nil || caveat.CaveatName == "" {
		return nil, nil, nil
	}
	if len(caveat.Context.GetFields()) == 0 {
		return caveat.CaveatName, nil, nil
	}
	encoded, err := encodeContext(caveat.Context)
	return caveat.CaveatName, encoded, err
}

// expirationArg returns an expiration as the argument of a statement.
func expirationArg(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UnixMicro()
}

func encodeContext(context *structpb.Struct) ([]byte, error) {
	// With sorted keys the same context always has the same bytes.
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(context)
	if err != nil {
		return nil, fmt.Errorf("encode a caveat context: %w", err)
	}
	return encoded, nil
}

func decodeContext(encoded []byte) (*structpb.Struct, error) {
	context := &structpb.Struct{}
	if err := proto.Unmarshal(encoded, context); err != nil {
		return nil, fmt.Errorf("decode a caveat context: %w", err)
	}
	return context, nil
}
