package spice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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

// Without is the mark once another change has been passed over, because the engine refuses it.
func (m Mark) Without(change int64) Mark {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d without\n", m.History, change)
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

// Mark reads the engine's mark as it is now, and the token of the state that has it; the zero Mark, with no token, is none. The engine must have the
// schema.
func (c *Client) Mark(ctx context.Context) (Mark, Token, error) {
	stream, err := c.permissions.ReadRelationships(ctx, &v1.ReadRelationshipsRequest{
		Consistency: Newest.consistency(), RelationshipFilter: markFilter(Mark{}),
	})
	if err != nil {
		return Mark{}, "", fault(err)
	}
	var marks []Mark
	var token Token
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Mark{}, "", fault(err)
		}
		mark, err := ParseMark(strings.TrimPrefix(resp.GetRelationship().GetSubject().GetObject().GetObjectId(), appliedService))
		if err != nil {
			return Mark{}, "", access.Unavailable(err)
		}
		marks, token = append(marks, mark), Token(resp.GetReadAt().GetToken())
	}
	switch len(marks) {
	case 0:
		return Mark{}, "", nil
	case 1:
		return marks[0], token, nil
	}
	return Mark{}, "", access.Unavailable(fmt.Errorf("the engine has %d marks: more than one installation writes to it", len(marks)))
}

// markFilter finds the mark, or any for the zero Mark.
func markFilter(m Mark) *v1.RelationshipFilter {
	p := platform()
	f := &v1.RelationshipFilter{ResourceType: p.GetObjectType(), OptionalResourceId: p.GetObjectId(), OptionalRelation: schema.RelApplied}
	for _, r := range FoldMark(m) {
		f.OptionalSubjectFilter = &v1.SubjectFilter{
			SubjectType: r.GetSubject().GetObject().GetObjectType(), OptionalSubjectId: r.GetSubject().GetObject().GetObjectId(),
		}
	}
	return f
}

// fence is the engine's precondition for writing the changes after the mark.
func fence(from Mark) *v1.Precondition {
	operation := v1.Precondition_OPERATION_MUST_MATCH
	if from == (Mark{}) {
		operation = v1.Precondition_OPERATION_MUST_NOT_MATCH
	}
	return &v1.Precondition{Operation: operation, Filter: markFilter(from)}
}

// ErrMoved says that the engine does not have the mark from which changes follow, and that they were not written: somebody else has written
// meanwhile, or is about to.
var ErrMoved = errors.New("the engine is at another state than the one the changes start from")

// Advance writes changes that follow from a mark and moves the engine to another one, and returns the token of that state. The engine looks at its mark
// in the same transaction: where it has another one than from (where it has any, for the zero Mark), the error is ErrMoved. So whoever was
// held up on the way brings nothing back that was revoked meanwhile.
//
// What does not fit into one call is written in several, each under the same condition, and the last one moves the mark. Whoever else writes from the
// same mark at the same time must write the same changes then; FitsOneCall tells. An error of kind Invalid says that the engine will never take it.
func (c *Client) Advance(ctx context.Context, changes Changes, from, to Mark) (Token, error) {
	var last Changes
	for part := range changes.Parts() {
		if last != nil {
			if _, err := c.writeFenced(ctx, last, from); err != nil {
				return "", err
			}
		}
		last = part
	}
	return c.writeFenced(ctx, slices.Concat(last, Diff(FoldMark(from), FoldMark(to))), from)
}

// writeWithin is how long the engine may take for one call: where it hangs, others get the turn.
const writeWithin = 10 * time.Second

func (c *Client) writeFenced(ctx context.Context, changes Changes, from Mark) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	resp, err := c.permissions.WriteRelationships(ctx, &v1.WriteRelationshipsRequest{
		Updates: changes, OptionalPreconditions: []*v1.Precondition{fence(from)},
	})
	if err == nil {
		return Token(resp.GetWrittenAt().GetToken()), nil
	}
	switch s := status.Convert(err); s.Code() {
	case codes.Aborted: // two wrote at once, and the engine took the other one's
		return "", fmt.Errorf("%w: %s", ErrMoved, s.Message())
	case codes.FailedPrecondition:
		for _, d := range s.Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetReason() == preconditionFailure {
				return "", ErrMoved
			}
		}
		return "", &access.Error{Kind: access.KindInvalid, Detail: "the engine refuses the changes", Cause: err}
	}
	return "", fault(err)
}

var preconditionFailure = v1.ErrorReason_ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE.String()
