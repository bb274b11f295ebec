package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/pressly/goose/v3"
)

// The databases in which a store can be.
const (
	SQLite      = "sqlite"
	PostgreSQL  = "postgres"
	CockroachDB = "cockroachdb"
)

// dialect is all in which the databases differ, apart from opening them: the statements are the same for each.
type dialect struct {
	name        string
	goose       goose.Dialect
	spelling    func(migration string) string // of a migration
	write, read *sql.TxOptions
	transact    func(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error
	exclusively func(ctx context.Context, db *DB, fn func(context.Context) error) error
	lockChanges string // the statement that makes others wait who run it, or ""
	ping        func(ctx context.Context, db *DB) error
	snapshot    func(ctx context.Context, db *DB, path string) error
	tryWrite    func(ctx context.Context, db *DB) error
	sizeQuery   string // how large the store is, in bytes, or ""
}

// sqliteDialect isolates by itself: a write transaction begins with the write lock (_txlock=immediate in its connection string), and a read
// transaction is a snapshot. Its driver ignores isolation levels. A file has one process, which starts once.
var sqliteDialect = dialect{
	name:        SQLite,
	goose:       goose.DialectSQLite3,
	spelling:    func(migration string) string { return migration },
	write:       &sql.TxOptions{},
	read:        &sql.TxOptions{ReadOnly: true},
	transact:    inFreshTransactions,
	exclusively: func(ctx context.Context, _ *DB, fn func(context.Context) error) error { return fn(ctx) },
	ping:        pingInView,
	snapshot:    vacuumInto,
	tryWrite:    tryFile,
	sizeQuery:   "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
}

// lockChanges holds up the other changes, of this and of all other processes, until the transaction ends. The counter of the outbox comes first in
// the order in which counters are locked.
const lockChanges = `SELECT value FROM counters WHERE name = '` + counterOutbox + `' FOR UPDATE`

// postgresDialect writes under READ COMMITTED: whoever changes facts runs lockChanges first, so that there is one of them at a time, and its
// statements see all that the one before has committed. A stricter level would only have it look at a snapshot from before the wait, and fail.
// What is written without the lock (uses of keys, entries of the record, emails) is single rows, and each locks itself.
var postgresDialect = dialect{
	name:        PostgreSQL,
	goose:       goose.DialectPostgres,
	spelling:    spellPostgres,
	write:       &sql.TxOptions{Isolation: sql.LevelReadCommitted},
	read:        &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	transact:    inFreshTransactions,
	exclusively: inTurn,
	lockChanges: lockChanges,
	ping:        pingServer,
	snapshot:    copyToFile,
	tryWrite:    tryServer,
	// Twice the tables, since the copy is filled in one transaction, and SQLite's log holds all of it before the file does.
	sizeQuery: "SELECT 2 * SUM(pg_table_size(c.oid))::BIGINT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
		"WHERE n.nspname = '" + schema + "' AND c.relkind = 'r'",
}

// cockroachDialect restarts a transaction inside a savepoint, which keeps its place in the queue. The runner is right for CockroachDB alone: there
// RELEASE commits, and crdb ignores what COMMIT says. Elsewhere a failed commit would be answered as done. lockChanges only saves restarts
// here; it is SERIALIZABLE that makes changes one at a time.
var cockroachDialect = dialect{
	name:        CockroachDB,
	goose:       goose.DialectPostgres,
	spelling:    spellCockroach,
	write:       &sql.TxOptions{Isolation: sql.LevelSerializable},
	read:        &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true},
	transact:    inSavepoints,
	exclusively: inTurn,
	lockChanges: lockChanges,
	ping:        pingServer,
	snapshot:    copyToFile,
	tryWrite:    tryServer,
}

func inSavepoints(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	var own error
	err := crdb.ExecuteTx(crdb.WithMaxRetries(ctx, maxAttempts-1), pool, opts, func(tx *sql.Tx) error {
		own = fn(tx)
		return own
	})
	if own != nil && errors.Is(err, own) {
		return own
	}
	return failed(err)
}

// maxAttempts bounds the restarts of one transaction. Changes are made one at a time, so that little can get in the way.
const maxAttempts = 10

// inFreshTransactions runs fn and commits, and does so again, in a new transaction, after a serialization failure: PostgreSQL cannot
// continue the old one.
func inFreshTransactions(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := inTransaction(ctx, pool, opts, fn)
		if attempt == maxAttempts || !lostRace(err) {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(attempt) * 10 * time.Millisecond))
		select {
		case <-ctx.Done():
			pause.Stop()
			return failed(ctx.Err())
		case <-pause.C:
		}
	}
}

// inTransaction runs fn once. The statements do not see ctx end: it only bounds the wait for a connection, and Tx looks at it between
// statements. Otherwise a caller that hangs up could have the driver interrupt whatever its connection does next.
func inTransaction(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) (err error) {
	conn, tx, err := begin(ctx, pool, opts)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	defer func() {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			discard(conn)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		// SQLite keeps a transaction open whose commit failed, and database/sql forgets it. The next change would join it.
		err = explainCommit(ctx, conn, err)
		discard(conn)
		return failed(err)
	}
	return nil
}

// begin begins a transaction. A connection that turns out to be broken, as each one is that was idle while the database was restarted, is discarded and
// another one taken, until one is new.
func begin(ctx context.Context, pool *sql.DB, opts *sql.TxOptions) (*sql.Conn, *sql.Tx, error) {
	for {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		tx, err := conn.BeginTx(context.WithoutCancel(ctx), opts)
		if err == nil {
			return conn, tx, nil
		}
		broken := errors.Is(conn.PingContext(ctx), driver.ErrBadConn) && ctx.Err() == nil
		discard(conn)
		_ = conn.Close()
		if !broken {
			return nil, nil, err
		}
	}
}

// discard closes the connection for good instead of giving it back to its pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// lostRace reports whether the transaction failed only because of another one: a serialization failure or a deadlock.
func lostRace(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01":
		return true
	}
	return false
}

// sqlState is the SQLSTATE of an error from a driver that has them, or "".
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}
