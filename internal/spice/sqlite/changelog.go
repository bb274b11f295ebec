package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"google.golang.org/protobuf/types/known/structpb"
	zs "zombiezen.com/go/sqlite"
)

// flushSize is how many bytes of entries are collected before they become a row.
const flushSize = 64 << 10

// The kinds of entries in the change log.
const (
	relationshipTouched byte = iota + 1
	relationshipDeleted
	namespaceChanged
	namespaceDeleted
	caveatChanged
	caveatDeleted
)

// The optional parts of a touched relationship.
const (
	hasCaveat byte = 1 << iota
	hasContext
	hasExpiration
)

// A changeLog collects what one transaction changes, in order, as the rows that
// watchers read. Where an object is changed twice, the later entry is what counts.
type changeLog struct {
	entries []byte
	rows    int64
}

func (l *changeLog) touched(conn *zs.Conn, rev revision, rel *tuple.Relationship) error {
	l.key(relationshipTouched, &rel.RelationshipReference)
	name, caveatContext, err := caveatArgs(rel.OptionalCaveat)
	if err != nil {
		return err
	}
	text, caveated := name.(string)
	encoded, contextual := caveatContext.([]byte)
	var parts byte
	if caveated {
		parts |= hasCaveat
	}
	if contextual {
		parts |= hasContext
	}
	if rel.OptionalExpiration != nil {
		parts |= hasExpiration
	}
	l.entries = append(l.entries, parts)
	if caveated {
		l.text(text)
	}
	if contextual {
		l.text(string(encoded))
	}
	if rel.OptionalExpiration != nil {
		l.entries = binary.AppendVarint(l.entries, rel.OptionalExpiration.UnixMicro())
	}
	return l.flushIfLarge(conn, rev)
}

func (l *changeLog) deleted(conn *zs.Conn, rev revision, ref *tuple.RelationshipReference) error {
	l.key(relationshipDeleted, ref)
	return l.flushIfLarge(conn, rev)
}

// definition records a change of an object definition or a caveat. The value is
// nil for a deletion.
func (l *changeLog) definition(conn *zs.Conn, rev revision, kind byte, name string, value []byte) error {
	l.entries = append(l.entries, kind)
	l.text(name)
	l.text(string(value))
	return l.flushIfLarge(conn, rev)
}

func (l *changeLog) key(kind byte, ref *tuple.RelationshipReference) {
	l.entries = append(l.entries, kind)
	for _, part := range keyOf(ref) {
		l.text(part)
	}
}

func (l *changeLog) text(text string) {
	l.entries = binary.AppendUvarint(l.entries, uint64(len(text)))
	l.entries = append(l.entries, text...)
}

func (l *changeLog) flushIfLarge(conn *zs.Conn, rev revision) error {
	if len(l.entries) < flushSize {
		return nil
	}
	return l.flush(conn, rev)
}

// flush writes what has been collected.
func (l *changeLog) flush(conn *zs.Conn, rev revision) error {
	if len(l.entries) == 0 {
		return nil
	}
	l.rows++
	err := run(conn, "INSERT INTO change (tx, seq, entries) VALUES (?, ?, ?)", nil, rev, l.rows, l.entries)
	l.entries = l.entries[:0]
	return err
}

// An entry is one change that was read back. Either relationship or definition
// is set; a deletion carries only what identifies its object.
type entry struct {
	kind         byte
	relationship tuple.Relationship
	name         string
	definition   []byte
}

var errBadLog = errors.New("an entry of the change log cannot be read")

// decodeEntries hands each entry of a row to use.
func decodeEntries(encoded []byte, use func(entry) error) error {
	d := decoder{rest: encoded}
	for len(d.rest) > 0 {
		e := entry{kind: d.byte()}
		switch e.kind {
		case relationshipTouched, relationshipDeleted:
			e.relationship = d.relationship(e.kind == relationshipTouched)
		case namespaceChanged, namespaceDeleted, caveatChanged, caveatDeleted:
			e.name, e.definition = d.text(), []byte(d.text())
		default:
			return fmt.Errorf("%w: kind %d is unknown", errBadLog, e.kind)
		}
		if d.err != nil {
			return d.err
		}
		if err := use(e); err != nil {
			return err
		}
	}
	return nil
}

// A decoder reads from rest until something is wrong.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.err = errBadLog
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) text() string {
	length, n := binary.Uvarint(d.rest)
	if n <= 0 || length > uint64(len(d.rest)-n) {
		d.err, d.rest = errBadLog, nil
		return ""
	}
	text := string(d.rest[n : n+int(length)])
	d.rest = d.rest[n+int(length):]
	return text
}

func (d *decoder) relationship(touched bool) tuple.Relationship {
	var key [keyColumns]string
	for i := range key {
		key[i] = d.text()
	}
	rel := relationshipOf(key)
	if !touched {
		return rel
	}
	parts := d.byte()
	if parts&hasCaveat != 0 {
		rel.OptionalCaveat = &core.ContextualizedCaveat{CaveatName: d.text(), Context: &structpb.Struct{}}
		if parts&hasContext != 0 {
			caveatContext, err := decodeContext([]byte(d.text()))
			if err != nil {
				d.err = err
			}
			rel.OptionalCaveat.Context = caveatContext
		}
	}
	if parts&hasExpiration != 0 {
		micros, n := binary.Varint(d.rest)
		if n <= 0 {
			d.err, d.rest = errBadLog, nil
			return rel
		}
		d.rest = d.rest[n:]
		at := time.UnixMicro(micros).UTC()
		rel.OptionalExpiration = &at
	}
	return rel
}
