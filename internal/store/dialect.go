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

// dialect is all in which the databases differ, apart from opening them: the statements are the same for each. The migrations too, but
// for two spellings that a dialect has to translate when it is added: COLLATE BINARY, and DEFERRABLE, which CockroachDB does not know.
type dialect struct {
	goose       goose.Dialect
	write, read *sql.TxOptions
	transact    func(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error
	exclusively func(ctx context.Context, pool *sql.DB, fn func(context.Context) error) error
}

// sqliteDialect isolates by itself: a write transaction begins with the write lock (_txlock=immediate in its connection string), and a read
// transaction is a snapshot. Its driver ignores isolation levels.
var sqliteDialect = dialect{
	goose:       goose.DialectSQLite3,
	write:       &sql.TxOptions{},
	read:        &sql.TxOptions{ReadOnly: true},
	transact:    inFreshTransactions,
	exclusively: func(ctx context.Context, _ *sql.DB, fn func(context.Context) error) error { return fn(ctx) },
}

// cockroachDialect restarts a transaction inside a savepoint, which keeps its place in the queue. No connection string leads here yet. The runner
// is right for CockroachDB alone: there RELEASE commits, and crdb ignores what COMMIT says. Elsewhere a failed commit would be answered as done.
var cockroachDialect = dialect{
	goose:    goose.DialectPostgres,
	write:    &sql.TxOptions{Isolation: sql.LevelSerializable},
	read:     &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true},
	transact: inSavepoints,
}

func inSavepoints(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	var own error
	err := crdb.ExecuteTx(ctx, pool, opts, func(tx *sql.Tx) error {
		own = fn(tx)
		return own
	})
	if own != nil && errors.Is(err, own) {
		return own
	}
	return failed(err)
}

// maxAttempts bounds the retries of one change. Changes are made one at a time in a process, so that only other servers on the same
// database can get in the way.
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
	conn, err := pool.Conn(ctx)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), opts)
	if err != nil {
		return failed(err)
	}
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
