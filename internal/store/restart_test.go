package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// stateError is an error of a driver that has SQLSTATEs.
type stateError string

func (e stateError) Error() string    { return "SQLSTATE " + string(e) }
func (e stateError) SQLState() string { return string(e) }

// failing is a SQLite driver of which the next statements that begin with the words fail, and are not run.
type failing struct {
	sqlite driver.Driver
	path   string
	words  string
	times  int
	err    error
}

func (f *failing) Connect(context.Context) (driver.Conn, error) {
	inner, err := f.sqlite.Open("file:" + f.path + "?" + writable)
	if err != nil {
		return nil, err
	}
	return failingConn{inner.(sqliteConn), f}, nil
}

func (f *failing) Driver() driver.Driver { return f.sqlite }

func (f *failing) fail(statement string) error {
	if f.times == 0 || !strings.HasPrefix(statement, f.words) {
		return nil
	}
	f.times--
	return f.err
}

type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

type failingConn struct {
	sqliteConn
	f *failing
}

func (c failingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.f.fail(query); err != nil {
		return nil, err
	}
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c failingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	return failingTx{tx, c.f}, err
}

type failingTx struct {
	driver.Tx
	f *failing
}

// Commit rolls back where it is to fail, as a server has done that says so.
func (tx failingTx) Commit() error {
	if err := tx.f.fail("COMMIT"); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Tx.Commit()
}

// TestRestarts injects the failures that SQLite never has into both ways of running a transaction: into its function, into a statement, and into
// what commits.
func TestRestarts(t *testing.T) {
	for name, way := range map[string]struct {
		dialect dialect
		commit  string
	}{"fresh transactions": {postgresDialect, "COMMIT"}, "savepoints": {cockroachDialect, "RELEASE"}} {
		for _, words := range []string{"", "INSERT INTO outbox", way.commit} {
			t.Run(strings.TrimSpace(name+" "+words), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "store.db")
				file := reopen(t, path)
				f := &failing{sqlite: file.writer.Driver(), path: path, words: words, err: stateError("40001")}
				pool := sql.OpenDB(f)
				pool.SetMaxOpenConns(1)
				t.Cleanup(func() { must(t, pool.Close()) })
				db := &DB{dialect: way.dialect, writer: pool, readers: file.readers, memory: &memory{}}

				attempts := 0
				change := func(tx *Tx) error {
					attempts++
					seq, err := tx.AppendOutbox(nil, time.Unix(1, 0))
					if err != nil {
						return err
					}
					require.EqualValues(t, 1, seq, "the attempt before was undone")
					if words == "" && f.times > 0 {
						f.times--
						return failed(f.err)
					}
					return nil
				}
				if words == "" {
					f.words = "no statement"
				}
				f.times = 1000
				err := db.Update(t.Context(), change)
				require.Equal(t, access.KindUnavailable, access.KindOf(err), "it does not go on for ever")
				require.Equal(t, maxAttempts, attempts)
				view(t, db, func(tx *Tx) { are[OutboxEntry](t)(tx.Outbox(0)) })

				attempts, f.times = 0, 2
				require.NoError(t, db.Update(t.Context(), change))
				require.Equal(t, 3, attempts)
				view(t, db, func(tx *Tx) {
					entries, err := tx.Outbox(0)
					must(t, err)
					require.Len(t, entries, 1, "its effects are there once")
				})

				attempts = 0
				require.Same(t, errStop, db.Update(t.Context(), func(*Tx) error { attempts++; return errStop }))
				require.Equal(t, 1, attempts)

				attempts, f.times, f.err = 0, 1, driver.ErrBadConn
				if words == way.commit {
					err := db.Update(t.Context(), func(tx *Tx) error { attempts++; return tx.PutSetting("name", "value") })
					require.Equal(t, access.KindUnavailable, access.KindOf(err), "whether it is committed is not known")
					require.Equal(t, 1, attempts)
				}
			})
		}
	}
}

func TestKindsOfFailure(t *testing.T) {
	refusal := access.Conflictf("O1", "the last owner stays")
	for _, tc := range []struct {
		err  error
		want access.Kind
	}{
		{errors.New("the disk is gone"), access.KindUnavailable},
		{stateError("23505"), access.KindInternal},
		{stateError("08006"), access.KindUnavailable},
		{refusal, access.KindConflict},
	} {
		require.Equal(t, tc.want, access.KindOf(failed(tc.err)), tc.err)
	}
	require.NoError(t, failed(nil))
}
