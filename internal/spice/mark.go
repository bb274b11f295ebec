package spice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// Mark says whose changes the engine holds, and up to which one. It is a relationship itself, written together with each change, so that it
// goes wherever a copy of the engine's data goes: a server that finds another mark than it expects knows that the engine is not at the
// state of its store.
type Mark struct {
	Installation string // letters, digits and hyphens
	Change       int64  // the number of the outbox entry that was applied last
	History      string // a digest of all that was applied up to it, in hexadecimal: copies that went different ways differ in it
}

// Next is the mark once another change has been applied.
func (m Mark) Next(change int64, updates []byte) Mark {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %d\n", m.History, change, len(updates))
	h.Write(updates)
	return Mark{Installation: m.Installation, Change: change, History: hex.EncodeToString(h.Sum(nil))}
}

// appliedService begins the ID of the service that a mark names.
const appliedService = "applied/"

// FoldMark is the mark as a relationship; the zero Mark is none.
func FoldMark(m Mark) Relationships {
	if m == (Mark{}) {
		return nil
	}
	id := appliedService + m.String()
	return Relationships{rel(platform(), schema.RelApplied, sub(&v1.ObjectReference{ObjectType: schema.TypeService, ObjectId: id}))}
}

// String writes the mark as ParseMark reads it.
func (m Mark) String() string { return fmt.Sprintf("%s/%d/%s", m.Installation, m.Change, m.History) }

// ParseMark reads what String wrote.
func ParseMark(s string) (Mark, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Mark{}, fmt.Errorf("the mark %q cannot be read", s)
	}
	change, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return Mark{}, fmt.Errorf("the mark %q cannot be read: %w", s, err)
	}
	return Mark{Installation: parts[0], Change: change, History: parts[2]}, nil
}

// Mark reads the engine's mark; the zero Mark is none. The engine must have the schema.
func (c *Client) Mark(ctx context.Context) (Mark, error) {
	var marks []Mark
	err := c.ReadAll(ctx, string(access.TypePlatform), func(r *v1.Relationship) error {
		if r.GetRelation() != schema.RelApplied {
			return nil
		}
		mark, err := ParseMark(strings.TrimPrefix(r.GetSubject().GetObject().GetObjectId(), appliedService))
		if err != nil {
			return access.Unavailable(err)
		}
		marks = append(marks, mark)
		return nil
	})
	if err != nil || len(marks) == 0 {
		return Mark{}, err
	}
	if len(marks) > 1 {
		return Mark{}, access.Unavailable(fmt.Errorf("the engine has %d marks: more than one installation writes to it", len(marks)))
	}
	return marks[0], nil
}
