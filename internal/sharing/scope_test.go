package sharing_test

import (
	"fmt"
	"strings"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// work is what a call has cost.
type work struct {
	Questions int // to the engine
	Rows      int // read from the store
	Reads     int // of the store: statements
}

// costs runs the call and counts its work. The engine is never asked while a snapshot of the store is held.
func (e *env) costs(call func(ctx) error) work {
	e.t.Helper()
	spans := tracetest.NewSpanRecorder()
	traced, call1 := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(e.ctx, "call")
	var w work
	e.wire.Asked = func(method string, request any) {
		w.Questions++
		if bulk, ok := request.(*v1.CheckBulkPermissionsRequest); ok {
			w.Questions += len(bulk.GetItems()) - 1
		}
		require.Equal(e.t, len(spans.Ended())+1, len(spans.Started()), "%s is asked within a transaction", method)
	}
	defer func() { e.wire.Asked = nil }()
	require.NoError(e.t, call(traced))
	call1.End()
	w.Rows, w.Reads = rowsRead(spans), sumOf(spans, "grantway.store.statements")
	return w
}

// rowsRead is how many rows were read from the store in the transactions of the spans.
func rowsRead(spans *tracetest.SpanRecorder) int { return sumOf(spans, "db.response.returned_rows") }

// sumOf adds up what the spans say under the key.
func sumOf(spans *tracetest.SpanRecorder, key attribute.Key) (sum int) {
	for _, s := range spans.Ended() {
		for _, a := range s.Attributes() {
			if a.Key == key {
				sum += int(a.Value.AsInt64())
			}
		}
	}
	return sum
}

// everyList is a page of every list that is not about one thing.
func (e *env) everyList(actor access.Actor) map[string]func(ctx) error {
	p := sharing.Page{Limit: 50}
	in := sharing.InOrganization{}
	lists := map[string]func(ctx) error{
		"users": func(c ctx) error { _, _, err := e.Users(c, actor, sharing.UserQuery{}, p); return err },
		"user by email": func(c ctx) error {
			_, _, err := e.Users(c, actor, sharing.UserQuery{Email: "u7@globex.com"}, p)
			return err
		},
		"organizations": func(c ctx) error { _, _, err := e.Organizations(c, actor, p); return err },
		"teams":         func(c ctx) error { _, _, err := e.Teams(c, actor, in, p); return err },
		"roles":         func(c ctx) error { _, _, err := e.Roles(c, actor, in, p); return err },
		"groups":        func(c ctx) error { _, _, err := e.Groups(c, actor, in, p); return err },
		"chatbots":      func(c ctx) error { _, _, err := e.Chatbots(c, actor, sharing.ChatbotQuery{}, p); return err },
		"of globex": func(c ctx) error {
			_, _, err := e.Chatbots(c, actor, sharing.ChatbotQuery{Organization: "globex"}, p)
			return err
		},
		"requests":      func(c ctx) error { _, _, err := e.Requests(c, actor, sharing.RequestQuery{}, p); return err },
		"keys":          func(c ctx) error { _, _, err := e.Keys(c, actor, in, p); return err },
		"notifications": func(c ctx) error { _, _, err := e.Notifications(c, actor, sharing.NotificationQuery{}, p); return err },
		"record":        func(c ctx) error { _, _, err := e.Records(c, actor, sharing.RecordQuery{}, p); return err },
		"record of a chatbot": func(c ctx) error {
			_, _, err := e.Records(c, actor, sharing.RecordQuery{Resource: access.Obj[access.ChatbotID](access.TypeChatbot, "b7")}, p)
			return err
		},
	}
	if actor.User == "" {
		delete(lists, "notifications")
	}
	return lists
}

// crowd puts many of everything into globex, of which nobody sees anything here: straight into the store, since there are many.
func (e *env) crowd(first, n int) {
	e.t.Helper()
	require.NoError(e.t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		id := func(kind string, i int) string { return fmt.Sprint(kind, i) }
		for i := first; i < n; i++ {
			u := access.UserID(id("u", i))
			bot := access.ChatbotID(id("b", i))
			for _, err := range []error{
				tx.PutUser(access.User{ID: u, Active: true, Type: access.External, Organization: "globex", Email: access.Email(id("u", i) + "@globex.com"), EmailVerified: true}),
				tx.PutMembership(access.Membership{Organization: "globex", User: u, Role: access.OrgMember}),
			} {
				if err != nil {
					return err
				}
			}
			if i%10 > 0 && i > 10 {
				continue
			}
			_, requested := tx.AddRequest(access.Request{Chatbot: bot, Principal: access.Principal{Kind: access.PrincipalTeam, ID: id("t", i)}, Level: access.UseOnly,
				Requester: "user:" + string(u), CreatedAt: e.now, ExpiresAt: e.now.AddDate(1, 0, 0), State: access.RequestPending, Revision: 1})
			_, recorded := tx.AppendRecord(access.Record{Time: e.now, Actor: "user:" + string(u), Action: "chatbot.put", Resource: access.Obj(access.TypeChatbot, bot),
				Organization: "globex", Outcome: access.Done})
			for _, err := range []error{requested, recorded,
				tx.PutOrganization(access.Organization{ID: access.OrganizationID(id("o", i))}),
				tx.PutTeam(access.Team{ID: access.TeamID(id("t", i)), Organization: "globex"}),
				tx.PutRole(access.Role{ID: access.RoleID(id("r", i)), Organization: "globex"}),
				tx.PutGroup(access.Group{ID: access.GroupID(id("g", i)), Organization: "globex"}),
				tx.PutChatbot(access.Chatbot{ID: bot, Organization: "globex", Owner: u, Visibility: access.Shared, Enabled: true}),
				tx.PutAccountKey(access.AccountKey{ID: access.KeyID(id("k", i)), Organization: "globex", Access: access.KeyFull, CreatedAt: e.now}, strings.Repeat("0", 60)+id("", 1000+i)),
			} {
				if err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// B6: whatever others have, a page of a list costs those who see none of it the same, and them as much as what they see.
func TestB6AListCostsWhatItsReaderSees(t *testing.T) {
	e := newEnv(t)
	for _, u := range []access.UserID{"nobody", "olga", "gus"} {
		e.ok(e.PutUser(e.ctx, root, u, sharing.UserPatch{}))
	}
	require.NoError(t, e.putOrg(root, "acme", sharing.OrganizationPatch{Owner: access.Some[access.UserID]("olga")}))
	require.NoError(t, e.putOrg(root, "globex", sharing.OrganizationPatch{Owner: access.Some[access.UserID]("gus")}))
	e.makeTeam("blue", "acme", "olga")
	e.makeRole("tier1", "acme")
	e.makeGroup("friends", "acme")
	confined := e.key("acme")
	e.crowd(0, 10)
	actors := map[string]access.Actor{"nobody": as("nobody"), "the owner of another organization": as("olga"), "a key of another organization": confined}
	for _, read := range e.everyList(as("nobody")) {
		e.costs(read) // what is read once, such as the key that names entries of the record
	}
	before := map[string]work{}
	for name, actor := range actors {
		for list, read := range e.everyList(actor) {
			before[name+": "+list] = e.costs(read)
		}
	}
	e.crowd(10, 20_000)
	for name, actor := range actors {
		for list, read := range e.everyList(actor) {
			require.Equal(t, before[name+": "+list], e.costs(read), "%s: %s", name, list)
		}
	}
	for list, read := range e.everyList(as("nobody")) {
		w := e.costs(read)
		t.Logf("nobody: %s: %+v", list, w)
		require.LessOrEqual(t, w.Questions, 5, list)
		require.LessOrEqual(t, w.Rows, 10, list)
	}
}

// B6: a page of users is read in a few statements, however many it holds, with what shows their addresses to its reader (O7).
func TestB6APageOfUsersIsReadAtOnce(t *testing.T) {
	e := newEnv(t)
	e.ok(e.PutUser(e.ctx, root, "gus", sharing.UserPatch{}))
	require.NoError(t, e.putOrg(root, "globex", sharing.OrganizationPatch{Owner: access.Some[access.UserID]("gus")}))
	e.crowd(0, 1000)
	var page []access.User
	w := e.costs(func(c ctx) (err error) {
		page, _, err = e.Users(c, as("gus"), sharing.UserQuery{}, sharing.Page{Limit: 1000})
		return err
	})
	require.Len(t, page, 1000)
	require.NotEmpty(t, page[500].Email, "it is an owner's")
	t.Logf("%+v", w)
	require.Less(t, w.Reads, 100)
}
