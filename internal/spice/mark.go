package spice

import (
	"context"
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
}

// appliedService begins the ID of the service that a mark names.
const appliedService = "applied/"

// FoldMark is the mark as a relationship; the zero Mark is none.
func FoldMark(m Mark) Relationships {
	if m == (Mark{}) {
		return nil
	}
	id := fmt.Sprintf("%s%s/%d", appliedService, m.Installation, m.Change)
	return Relationships{rel(platform(), schema.RelApplied, sub(&v1.ObjectReference{ObjectType: schema.TypeService, ObjectId: id}))}
}

// Mark reads the engine's mark; the zero Mark is none. The engine must have the schema.
func (c *Client) Mark(ctx context.Context) (Mark, error) {
	var marks []Mark
	err := c.ReadAll(ctx, string(access.TypePlatform), func(r *v1.Relationship) error {
		if r.GetRelation() != schema.RelApplied {
			return nil
		}
		installation, change, ok := strings.Cut(strings.TrimPrefix(r.GetSubject().GetObject().GetObjectId(), appliedService), "/")
		n, err := strconv.ParseInt(change, 10, 64)
		if !ok || err != nil {
			return access.Unavailable(fmt.Errorf("the engine's mark %q cannot be read", r.GetSubject().GetObject().GetObjectId()))
		}
		marks = append(marks, Mark{Installation: installation, Change: n})
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
