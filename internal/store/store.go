// Package store keeps the facts of the access model in SQL, one file a noun, together with everything that must be committed with them: the record,
// the outbox, and the answers to repeated calls.
//
// It owns the database file, its schema (migrations/) and every SQL statement of the program. It must not authenticate callers or check rules:
// package sharing does that, inside the transaction that Update gives it. It must not call SpiceDB; an outbox entry is opaque to it.
package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"

	"github.com/grantway/grantway/internal/access"
)

// DB is an open store. It is safe for concurrent use.
//
// Its methods, and those of Tx, fail with an error of kind Unavailable when the database cannot answer, and with one of kind Internal
// when it refuses a value (a broken foreign key or uniqueness), since trying that again never helps.
type DB struct {
	dialect dialect
	writer  *sql.DB // in a file one connection: changes are made one at a time
	readers *sql.DB // in a file read-only connections
	turns   *sql.DB // connections to a server for Exclusively alone, which must not wait for those that wait for it; else nil
	close   func() error
	closing sync.Once
	memory  *memory
	path    string // of a file, else ""
	trial   trial
	under   *under // of an overlay, else nil
	between func() // see RunTwice
}

// Tx is one transaction. It carries the context of the call that began it, is not safe for concurrent use, and is dead once the function
// it was given to returns.
//
// After a method has failed for the database's sake, every later one fails alike and the transaction cannot commit. SQLite may have
// undone the transaction by then, and whatever followed would be written outside of it.
type Tx struct {
	ctx    context.Context //nolint:containedctx // the call's: a transaction lasts as long as one Update or View
	sql    statements
	lock   string // the dialect's lockChanges
	broken error

	under      *under  // of an overlay, else nil
	copied     copied  // to it
	memory     *memory // of Recall, else nil
	generation uint64
	loose      bool // each statement is a transaction by itself
	rows       int  // read so far
	ran        int  // statements, so far
}

// statements is what Tx needs of a *sql.Tx.
type statements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Update runs fn in a write transaction and commits. An error of fn rolls back and is returned as it is. fn may run again after a serialization
// failure, so it must not do anything that a rollback does not undo. In a file there is one write transaction at a time, so that fn must not call Update,
// for which it would wait for ever. Where the connection breaks while it commits, nobody knows whether it did: that is an error of kind
// Unavailable, and is not tried again.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	// Also after an error, since the connection may have broken after the commit.
	defer db.memory.forget()
	return traced(ctx, "update", func(ctx context.Context) error { return db.transact(ctx, db.writer, db.dialect.write, fn) })
}

// Exclusively runs fn while no other process that uses the same database runs one: what a start does once for all of them. It waits for its turn as long
// as ctx lasts. fn may call Update and View, and its context ends when the turn is lost, because the connection that holds it broke; that is an error of
// kind Unavailable. A SQLite file has one process anyway.
func (db *DB) Exclusively(ctx context.Context, fn func(context.Context) error) error {
	return db.dialect.exclusively(ctx, db, fn)
}

// LockChanges makes the transaction the one in which facts are changed, of all processes that use the same database: it waits until the others
// have ended, and sees what they have committed. It comes before the first reading. SQLite has one write transaction anyway.
func (tx *Tx) LockChanges() error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.lock == "" {
		return nil
	}
	// It may wait long, and for others: here the caller's context ends the wait, and with it the connection.
	if _, err := tx.sql.ExecContext(tx.ctx, tx.lock); err != nil {
		return tx.fail(err, tx.lock)
	}
	return nil
}

// Attempt runs fn within the transaction, and undoes what it has written if it fails. It is not for use within another Attempt.
func Attempt(tx *Tx, fn func() error) error {
	if err := tx.usable(); err != nil {
		return err
	}
	say := func(statement string) error {
		if _, err := tx.sql.ExecContext(tx.detached(), statement); err != nil {
			return tx.fail(err, statement)
		}
		return nil
	}
	if err := say("SAVEPOINT attempt"); err != nil {
		return err
	}
	tx.copied.attempt = nil
	err := fn()
	if tx.broken != nil {
		return tx.broken
	}
	if err != nil {
		tx.copied.undo()
		if failed := say("ROLLBACK TO SAVEPOINT attempt"); failed != nil {
			return failed
		}
	}
	if failed := say("RELEASE SAVEPOINT attempt"); failed != nil {
		return failed
	}
	return err
}

// View runs fn in a read-only snapshot: what is committed meanwhile is not seen. It waits for no writer.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return traced(ctx, "view", func(ctx context.Context) error { return db.transact(ctx, db.readers, db.dialect.read, fn) })
}

func (db *DB) transact(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*Tx) error) error {
	if between := db.between; between != nil {
		lost := errors.New("another transaction was faster")
		err := db.once(ctx, pool, opts, func(tx *Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return lost
		})
		if !errors.Is(err, lost) {
			return err
		}
		between()
	}
	return db.once(ctx, pool, opts, fn)
}

// RunTwice runs every transaction from now on in vain first, as before a serialization failure, and again after between; nil ends that. It is for tests of
// what transactions compute.
func (db *DB) RunTwice(between func()) { db.between = between }

func (db *DB) once(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, fn func(*Tx) error) error {
	return db.dialect.transact(ctx, pool, opts, func(t *sql.Tx) error {
		tx := &Tx{ctx: ctx, sql: t, lock: db.dialect.lockChanges, under: db.under}
		defer func() { countWork(ctx, tx) }()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.broken
	})
}

// Ping reports whether the store can answer.
func (db *DB) Ping(ctx context.Context) error {
	return db.dialect.ping(ctx, db)
}

const pingQuery = `SELECT name FROM counters WHERE name = '` + counterRecord + `'`

func pingInView(ctx context.Context, db *DB) error {
	return db.View(ctx, func(tx *Tx) error {
		_, _, err := one(tx, scanString[string], pingQuery)
		return err
	})
}

// Snapshot writes a copy of the store, as it is at one moment, to a new file at path, without holding up changes. The copy is a SQLite store, whatever
// this one is.
func (db *DB) Snapshot(ctx context.Context, path string) error {
	return db.dialect.snapshot(ctx, db, path)
}

// Database is what the store is in: SQLite, PostgreSQL or CockroachDB.
func (db *DB) Database() string { return db.dialect.name }

// Close closes the store, and that of a file lets others open it. A change in progress is not cut off. Closing twice is harmless.
func (db *DB) Close() (err error) {
	db.closing.Do(func() { err = db.close() })
	return err
}

// failed gives an error of the database the kind that callers expect. It returns nil for nil, and leaves an error of the domain alone.
func failed(err error) error {
	var known *access.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case refused(err):
		return &access.Error{Kind: access.KindInternal, Detail: "internal server error", Cause: err}
	}
	return access.Unavailable(err)
}

// refused reports whether the database is well and will not take the value, or the statement: a constraint, or a defect.
func refused(err error) bool {
	const sqliteConstraint = 19 // SQLITE_CONSTRAINT, the low byte of its extended codes
	var lite interface{ Code() int }
	if errors.As(err, &lite) && lite.Code()&0xff == sqliteConstraint {
		return true
	}
	if state := sqlState(err); len(state) == 5 {
		return slices.Contains(refusals, state[:2])
	}
	return false
}

// refusals are classes of SQLSTATEs in the SQL standard: data exceptions, integrity constraint violations, and statements that are wrong.
var refusals = []string{"22", "23", "42"}
