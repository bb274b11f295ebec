package spice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/grantway/grantway/internal/access"
)

// maxUpdatesPerWrite is how many updates go into one WriteRelationships call: SpiceDB's own default limit, less two for the mark.
// maxBytesPerWrite keeps a call below the size that gRPC servers take.
const (
	maxUpdatesPerWrite = 1000 - 2
	maxBytesPerWrite   = 2 << 20
)

// Token is a ZedToken: a decision asked with it is at least as fresh as the change that was answered with it.
type Token string

// Client is the engine, embedded or remote.
type Client struct {
	permissions v1.PermissionsServiceClient
	schema      v1.SchemaServiceClient
}

// NewClient talks to the engine at the other end of conn.
func NewClient(conn grpc.ClientConnInterface) *Client {
	return &Client{permissions: v1.NewPermissionsServiceClient(conn), schema: v1.NewSchemaServiceClient(conn)}
}

// WriteSchema makes text the engine's schema. The engine refuses a schema without a definition that relationships still use; that error is
// of kind Conflict.
func (c *Client) WriteSchema(ctx context.Context, text string) (Token, error) {
	resp, err := c.schema.WriteSchema(ctx, &v1.WriteSchemaRequest{Schema: text})
	if err != nil {
		if code := status.Code(err); code == codes.InvalidArgument || code == codes.FailedPrecondition {
			return "", &access.Error{Kind: access.KindConflict, Detail: "the engine refuses the schema: " + status.Convert(err).Message(), Cause: err}
		}
		return "", fault(err)
	}
	return Token(resp.GetWrittenAt().GetToken()), nil
}

// Schema reads the engine's schema; it is "" where none was written.
func (c *Client) Schema(ctx context.Context) (string, error) {
	resp, err := c.schema.ReadSchema(ctx, &v1.ReadSchemaRequest{})
	if status.Code(err) == codes.NotFound {
		return "", nil
	}
	if err != nil {
		return "", fault(err)
	}
	return resp.GetSchemaText(), nil
}

// Apply writes the changes in their order, in as few calls as the engine's limit allows, and returns the token of the last call. Doing it
// twice is harmless. With no changes it returns "".
func (c *Client) Apply(ctx context.Context, changes Changes) (Token, error) {
	var token Token
	for part := range changes.Parts() {
		resp, err := c.permissions.WriteRelationships(ctx, &v1.WriteRelationshipsRequest{Updates: part})
		if err != nil {
			return "", fault(err)
		}
		token = Token(resp.GetWrittenAt().GetToken())
	}
	return token, nil
}

// Parts are the changes in their order, as many at a time as one call takes.
func (c Changes) Parts() iter.Seq[Changes] {
	return func(yield func(Changes) bool) {
		begin, bytes := 0, 0
		for i, u := range c {
			size := proto.Size(u)
			if i > begin && (i-begin == maxUpdatesPerWrite || bytes+size > maxBytesPerWrite) {
				if !yield(c[begin:i]) {
					return
				}
				begin, bytes = i, 0
			}
			bytes += size
		}
		if begin < len(c) {
			yield(c[begin:])
		}
	}
}

// FitsOneCall reports whether the changes are written in one call, so that others see all of them at once.
func (c Changes) FitsOneCall() bool {
	for part := range c.Parts() {
		return len(part) == len(c)
	}
	return true
}

// ReadAll streams every relationship whose resource has the type, in no particular order.
func (c *Client) ReadAll(ctx context.Context, f Freshness, resourceType string, each func(*v1.Relationship) error) error {
	stream, err := c.permissions.ReadRelationships(ctx, &v1.ReadRelationshipsRequest{
		Consistency:        f.consistency(),
		RelationshipFilter: &v1.RelationshipFilter{ResourceType: resourceType},
	})
	if err != nil {
		return fault(err)
	}
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault(err)
		}
		if err := each(resp.GetRelationship()); err != nil {
			return err
		}
	}
}

// Freshness says how old the state may be that a question is answered from.
type Freshness struct {
	token Token
	full  bool
	exact bool
}

// Newest asks for the newest state.
var Newest = Freshness{full: true}

// AtLeast asks for a state that includes the token's change; "" asks for the fastest one.
func AtLeast(token Token) Freshness { return Freshness{token: token} }

// Exactly asks for the state of the token, for as long as the engine keeps it.
func Exactly(token Token) Freshness { return Freshness{token: token, exact: true} }

func (f Freshness) consistency() *v1.Consistency {
	switch {
	case f.full:
		return &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}}
	case f.exact:
		return &v1.Consistency{Requirement: &v1.Consistency_AtExactSnapshot{AtExactSnapshot: &v1.ZedToken{Token: string(f.token)}}}
	case f.token != "":
		return &v1.Consistency{Requirement: &v1.Consistency_AtLeastAsFresh{AtLeastAsFresh: &v1.ZedToken{Token: string(f.token)}}}
	}
	return &v1.Consistency{Requirement: &v1.Consistency_MinimizeLatency{MinimizeLatency: true}}
}

// fault turns an engine's error into one of the domain: what was wrong with the question is Invalid, all else Unavailable (C4).
func fault(err error) error {
	if s := status.Convert(err); s.Code() == codes.InvalidArgument {
		return &access.Error{Kind: access.KindInvalid, Detail: "the engine refuses the question", Cause: fmt.Errorf("%s: %w", s.Message(), err)}
	}
	return access.Unavailable(err)
}
