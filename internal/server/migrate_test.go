package server

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/postgres"
)

// The gateways of these stories are this program under other version numbers, and with other schema extensions.
const (
	tickets      = "schema: |-\n  definition ticket {\n    relation owner: user\n    permission read = owner\n  }\nrelationships: |-\n  ticket:1#owner@user:olga\n"
	moreTickets  = "schema: |-\n  definition ticket {\n    relation owner: user\n    relation guest: user\n    permission read = owner + guest\n  }\nrelationships: |-\n  ticket:1#owner@user:olga\n  ticket:1#guest@user:bob\n"
	otherTickets = "schema: |-\n  definition ticket {\n    relation holder: user\n    permission read = holder\n  }\n"
)

// of is a gateway of the version, which runs beside those from the oldest on, with the schema extension, unless that is "".
func of(t *testing.T, uri string, version, oldest int, extension string) Config {
	t.Helper()
	c := Config{
		Data: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", RootKey: "root-key-of-the-test-0123456789", DatastoreURI: uri,
		HashKey: "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90", release: release{version, oldest},
	}
	if extension != "" {
		c.SchemaExtension = filepath.Join(t.TempDir(), "extension.yaml")
		require.NoError(t, os.WriteFile(c.SchemaExtension, []byte(extension), 0o600))
	}
	return c
}

// runs starts the gateway, which runs until the test ends or it is closed.
func runs(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// isRefused demands that the gateway does not start, and gives why.
func isRefused(t *testing.T, c Config) *StartError {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err == nil {
		require.NoError(t, s.Close())
	}
	var why *StartError
	require.ErrorAs(t, err, &why)
	return why
}

func (s *Server) answers(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer root-key-of-the-test-0123456789")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// reads reports whether the user may read the ticket.
func (s *Server) reads(t *testing.T, user string) bool {
	t.Helper()
	code, body := s.answers(t, http.MethodPost, "/access/v1/evaluation", `{"subject": {"type": "user", "id": "`+user+`"}, "action": {"name": "read"},
		"resource": {"type": "ticket", "id": "1"}, "context": {"consistency": "full"}}`)
	require.Equal(t, http.StatusOK, code, body)
	return strings.Contains(body, `"decision":true`)
}

func (s *Server) putsUser(t *testing.T, user string) int {
	t.Helper()
	code, _ := s.answers(t, http.MethodPut, "/v1/users/"+user, `{}`)
	return code
}

// TestTwoVersionsRunSideBySide is a roll-out: the new version is refused, migrates, and runs beside the old one, which can be started again.
func TestTwoVersionsRunSideBySide(t *testing.T) {
	uri := postgres.Database(t)
	old, newer := of(t, uri, 1, 1, ""), of(t, uri, 2, 1, tickets)
	first := runs(t, old)
	require.Less(t, first.putsUser(t, "olga"), 300)

	why := isRefused(t, newer)
	require.Contains(t, why.Problem, "+ definition ticket")
	require.Contains(t, why.Problem, "all relationships are rebuilt from the facts")
	require.Contains(t, why.Problem, "gateways of schema version 1 can keep running beside it")
	require.Contains(t, why.Advice, "grantway migrate")
	plan, err := Difference(t.Context(), newer)
	require.NoError(t, err)
	require.Equal(t, Plan{Schema: []string{"+ definition ticket"}, Refold: true, Beside: []string{"1"}}, plan)
	isRefused(t, newer) // a dry run changes nothing

	plan, err = Migrate(t.Context(), newer, false)
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, plan.Beside)
	second := runs(t, newer)
	require.True(t, second.reads(t, "olga"))
	require.Less(t, first.putsUser(t, "bob"), 300, "the old one goes on")
	require.Less(t, second.putsUser(t, "carla"), 300)
	again := of(t, uri, 1, 1, "")
	require.Less(t, runs(t, again).putsUser(t, "devon"), 300, "and can be started again")
	require.True(t, second.reads(t, "olga"), "and takes nothing away")

	// The old one migrates nothing back.
	_, err = Migrate(t.Context(), of(t, uri, 1, 1, otherTickets), true)
	require.ErrorContains(t, err, "was migrated to version 2 of the schema, by a newer Grantway")
	plan, err = Migrate(t.Context(), newer, false)
	require.NoError(t, err)
	require.Empty(t, plan.String(), "migrating again changes nothing")
}

// TestAVersionThatMustBeAlone is refused until the others are said to be stopped; one that runs on all the same changes nothing, and ends.
func TestAVersionThatMustBeAlone(t *testing.T) {
	uri := postgres.Database(t)
	old, newer := of(t, uri, 1, 1, ""), of(t, uri, 2, 2, "")
	first := runs(t, old)
	require.Less(t, first.putsUser(t, "olga"), 300)
	ended := make(chan error, 1)
	serving, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	started := make(chan struct{})
	go func() { ended <- Run(serving, of(t, uri, 1, 1, ""), func(Started) { close(started) }) }()
	<-started

	_, err := Migrate(t.Context(), newer, false)
	require.ErrorContains(t, err, "gateways of schema version 1 that were started with another schema have to stop")
	require.Less(t, first.putsUser(t, "bob"), 300, "nothing has changed")

	_, err = Migrate(t.Context(), newer, true)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, first.putsUser(t, "carla"))
	require.ErrorIs(t, <-ended, errLeftBehind)
	why := isRefused(t, of(t, uri, 1, 1, ""))
	require.Contains(t, why.Problem, "migrated to version 2 of the schema, by a newer Grantway")
	require.Less(t, runs(t, newer).putsUser(t, "carla"), 300)
}

// TestASchemaExtensionIsNotRemovedByAnotherGateway: one that was started without it is refused and changes nothing. Only migrate takes away, and not
// what relationships still use.
func TestASchemaExtensionIsNotRemovedByAnotherGateway(t *testing.T) {
	uri := postgres.Database(t)
	with, without := of(t, uri, 1, 1, tickets), of(t, uri, 1, 1, "")
	first := runs(t, with)
	require.True(t, first.reads(t, "olga"))
	require.Contains(t, isRefused(t, without).Problem, "- definition ticket")
	require.True(t, first.reads(t, "olga"))

	// More of it is rolled out as a new version is. What the file says of relationships comes with it.
	more := of(t, uri, 1, 1, moreTickets)
	require.Contains(t, isRefused(t, more).Problem, "+ definition ticket: relation guest")
	_, err := Migrate(t.Context(), more, false)
	require.NoError(t, err)
	require.True(t, runs(t, more).reads(t, "bob"))
	require.True(t, runs(t, of(t, uri, 1, 1, tickets)).reads(t, "olga"), "one with less of it can be started again")

	// A relation that is used is not taken away, and nothing changes.
	code, body := first.answers(t, http.MethodPut, "/v1/users/olga", `{}`)
	require.Less(t, code, 300, body)
	b, err := openBackend(t.Context(), mustCheck(t, of(t, uri, 1, 1, "")))
	require.NoError(t, err)
	x, err := readExtension(of(t, uri, 1, 1, strings.Replace(tickets, "ticket:1", "ticket:2", 1)).SchemaExtension)
	require.NoError(t, err)
	_, err = b.engine.Apply(t.Context(), x.Changes()) // as a client of the engine may
	require.NoError(t, err)
	require.NoError(t, b.close())
	_, err = Migrate(t.Context(), of(t, uri, 1, 1, otherTickets), true)
	var why *StartError
	require.ErrorAs(t, err, &why)
	require.Contains(t, why.Advice, "that relationships still use")
	require.True(t, first.reads(t, "olga"))
	require.Less(t, first.putsUser(t, "devon"), 300)
}

func mustCheck(t *testing.T, c Config) Config {
	t.Helper()
	require.NoError(t, c.check())
	return c
}

// TestAnInterruptedMigrationIsRepeated: until all facts are folded anew, the new version does not start.
func TestAnInterruptedMigrationIsRepeated(t *testing.T) {
	uri := postgres.Database(t)
	first := runs(t, of(t, uri, 1, 1, ""))
	require.Less(t, first.putsUser(t, "olga"), 300)
	newer := of(t, uri, 2, 1, "")
	b, err := openBackend(t.Context(), mustCheck(t, newer))
	require.NoError(t, err)
	s, err := b.standing(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, b.store.Update(t.Context(), s.next.put)) // here it dies
	require.NoError(t, b.close())

	require.Contains(t, isRefused(t, newer).Problem, "all relationships are rebuilt from the facts")
	require.Less(t, first.putsUser(t, "bob"), 300)
	plan, err := Migrate(t.Context(), newer, false)
	require.NoError(t, err)
	require.True(t, plan.Refold)
	runs(t, newer)
}

// TestAnEmbeddedServerMigratesByItself: nobody else uses its engine. An older program is refused there.
func TestAnEmbeddedServerMigratesByItself(t *testing.T) {
	c := of(t, "", 1, 1, tickets)
	s, err := Open(t.Context(), c)
	require.NoError(t, err)
	require.True(t, s.reads(t, "olga"))
	require.NoError(t, s.Close())

	newer := of(t, "", 2, 1, moreTickets)
	newer.Data = c.Data
	s, err = Open(t.Context(), newer)
	require.NoError(t, err)
	require.True(t, s.reads(t, "bob"))
	require.NoError(t, s.Close())
	_, err = Open(t.Context(), c)
	require.ErrorContains(t, err, "by a newer Grantway")
	require.False(t, errors.Is(err, errLeftBehind))
}

// What is to be done to tables is said before it is done, and a dry run leaves a database as it was.
func TestADryRunChangesNoTables(t *testing.T) {
	uri := postgres.Database(t)
	db, err := sql.Open("pgx", uri)
	require.NoError(t, err)
	defer db.Close()
	tables := func() (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_tables WHERE schemaname IN ('public', 'grantway')").Scan(&n))
		return n
	}
	c := of(t, uri, 2, 1, tickets)
	before := tables()
	plan, err := Difference(t.Context(), c)
	require.NoError(t, err)
	require.Contains(t, plan.Tables, "the store's tables: 00001_facts")
	require.Contains(t, plan.String(), "the engine's tables: from nothing to ")
	require.Equal(t, before, tables())

	plan, err = Migrate(t.Context(), c, false)
	require.NoError(t, err)
	require.Contains(t, plan.Tables, "the store's tables: 00001_facts")
	require.NotEmpty(t, plan.Schema)
	require.Positive(t, tables())
	plan, err = Difference(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, plan.Tables)

	// As if a version of before had made the tables.
	_, err = db.ExecContext(t.Context(), "DELETE FROM grantway.goose_db_version WHERE version_id = 20")
	require.NoError(t, err)
	plan, err = Difference(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "the store's tables: 00020_sessions", plan.String())
	var applied bool
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT EXISTS (SELECT 1 FROM grantway.goose_db_version WHERE version_id = 20)").Scan(&applied))
	require.False(t, applied)
}

// A first start that is killed in the middle leaves nothing that a later one cannot finish.
func TestAFirstStartThatWasInterruptedIsFinishedByTheNext(t *testing.T) {
	for name, note := range map[string]string{
		"before it noted what it had installed": "DELETE FROM grantway.settings WHERE name = 'engine.installed'",
		"before it folded the facts": "UPDATE grantway.settings SET value = regexp_replace(value, '\"folded\":[0-9]+', '\"folded\":0') " +
			"WHERE name = 'engine.installed'",
	} {
		t.Run(name, func(t *testing.T) {
			uri := postgres.Database(t)
			c := of(t, uri, 2, 1, tickets)
			s, err := Open(t.Context(), c)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			db, err := sql.Open("pgx", uri)
			require.NoError(t, err)
			defer db.Close()
			done, err := db.ExecContext(t.Context(), note)
			require.NoError(t, err)
			n, err := done.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
			isRefused(t, of(t, uri, 2, 1, otherTickets)) // another one is not what was begun
			runs(t, c)
		})
	}
}
