// Package postgres gives each test its own database on a real server.
//
// GRANTWAY_TEST_POSTGRES_URI is the URI of a PostgreSQL on which tests can create databases; scripts/postgres starts one, and scripts/test does so
// by itself. GRANTWAY_TEST_COCKROACH_URI is the same for a CockroachDB. If the variable is not set, the test is skipped.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/stretchr/testify/require"
)

// The variables with the URIs of the servers.
const (
	Variable          = "GRANTWAY_TEST_POSTGRES_URI"
	CockroachVariable = "GRANTWAY_TEST_COCKROACH_URI"
)

// Database makes an empty database in PostgreSQL and gives its URI. It is dropped when the test has ended, whoever is still connected to it.
func Database(t testing.TB) (uri string) {
	t.Helper()
	return create(t, "")
}

// Copy is Database with what is in another one, to which nobody may be connected.
func Copy(t testing.TB, template string) (uri string) {
	t.Helper()
	u, err := url.Parse(template)
	require.NoError(t, err)
	return create(t, " TEMPLATE "+strings.TrimPrefix(u.Path, "/"))
}

func create(t testing.TB, clause string) (uri string) {
	t.Helper()
	server := Server(t)
	name := newName()
	execute(t, server, "CREATE DATABASE "+name+clause)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return in(t, server, name)
}

// Server gives the URI of the PostgreSQL itself.
func Server(t testing.TB) (uri string) {
	t.Helper()
	if uri = os.Getenv(Variable); uri == "" {
		t.Skip("this needs a PostgreSQL: export " + Variable + "=$(scripts/postgres start DIR)")
	}
	return uri
}

// Cockroach is Database in CockroachDB.
func Cockroach(t testing.TB) (uri string) {
	t.Helper()
	server := os.Getenv(CockroachVariable)
	if server == "" {
		t.Skip("this needs a CockroachDB: its URI is to be in " + CockroachVariable)
	}
	name := newName()
	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+name+" CASCADE") })
	return in(t, server, name)
}

func newName() string { return "test_" + strings.ToLower(rand.Text()) }

// in is the URI of another database on the same server.
func in(t testing.TB, server, database string) string {
	t.Helper()
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + database
	return u.String()
}

// execute runs a statement on the server, also when the test's context has ended.
func execute(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	pool, err := sql.Open("pgx", server)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.ExecContext(ctx, statement)
	require.NoError(t, err)
}
