package sharing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// fills gives the organization so many members, at once.
func (e *env) fills(org access.OrganizationID, many int) {
	e.t.Helper()
	require.NoError(e.t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		for n := range many {
			u := access.UserID(fmt.Sprintf("crowd%05d", n))
			if err := tx.PutUser(access.User{ID: u, Active: true}); err != nil {
				return err
			}
			if err := tx.PutMembership(access.Membership{Organization: org, User: u, Role: access.OrgMember, Since: e.now}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(e.t, e.carrier.Mend(e.ctx, sharing.Project))
}

// The deletion of a large organization takes the engine several calls. After the first one nobody has anything through the organization, though the
// engine still holds most memberships.
func TestALargeDeletionBeginsWithWhatEverybodyLoses(t *testing.T) {
	e := newEnv(t)
	e.users("", "gus", "olga")
	e.org("globex", "gus")
	e.org("bigco", "olga")
	e.fills("bigco", 2200)
	e.makeBot("desk", "globex", "gus")
	e.makeBot("own", "bigco", "olga")
	e.shared("desk", "organization:bigco", access.UseOnly)
	require.NoError(t, e.putBot(root, "own", sharing.ChatbotPatch{Visibility: access.Some(access.OrganizationVisible)}))
	e.can("crowd02199", "desk", access.Interact)
	e.can("crowd02199", "own", access.Interact)

	writes, lost := 0, 0
	e.wire.Asked = func(method string, _ any) {
		if !strings.HasSuffix(method, "/WriteRelationships") {
			return
		}
		if writes++; writes != 2 {
			return
		}
		for _, bot := range []access.ChatbotID{"desk", "own"} {
			a, err := e.engine.Check(e.ctx, spice.Newest, spice.Question{
				Subject: access.Subject{Type: access.TypeUser, ID: "crowd02199"}, Permission: string(access.Interact),
				Resource: access.Obj(access.TypeChatbot, bot), Context: map[string]any{schema.ParamTime: "2030-01-02T03:04:05Z"},
			})
			require.NoError(t, err)
			require.False(t, a.Allowed, bot)
			lost++
		}
	}
	_, err := e.DeleteOrganization(e.ctx, root, "bigco")
	require.NoError(t, err)
	require.Greater(t, writes, 4, "the change is large")
	require.Equal(t, 2, lost)
}

// What a large deletion reads from the store is its members, once, and nothing more for each of them.
func TestADeletionReadsItsMembersOnce(t *testing.T) {
	e := newEnv(t)
	e.users("", "olga")
	read := map[int]int{}
	for _, many := range []int{10, 510} {
		e.org("bigco", "olga")
		e.fills("bigco", many)
		spans := tracetest.NewSpanRecorder()
		ctx, call := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(e.ctx, "call")
		_, err := e.DeleteOrganization(ctx, root, "bigco")
		require.NoError(t, err)
		call.End()
		read[many] = rowsRead(spans)
	}
	require.Less(t, read[510]-read[10], 500+100)
}
