package postgres

import (
	"database/sql"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADatabaseIsGoneAfterItsTest(t *testing.T) {
	var names []string
	t.Run("its test", func(t *testing.T) {
		for range 2 {
			uri := Database(t)
			u, err := url.Parse(uri)
			require.NoError(t, err)
			names = append(names, u.Path[1:])
			pool, err := sql.Open("pgx", uri)
			require.NoError(t, err)
			require.NoError(t, pool.Ping())
			t.Cleanup(func() { pool.Close() }) // after the database, whose end it does not hold up
		}
		require.NotEqual(t, names[0], names[1])
	})
	pool, err := sql.Open("pgx", Server(t))
	require.NoError(t, err)
	defer pool.Close()
	var left int
	require.NoError(t, pool.QueryRow("SELECT count(*) FROM pg_database WHERE datname = ANY ($1)", names).Scan(&left))
	require.Zero(t, left)
}
