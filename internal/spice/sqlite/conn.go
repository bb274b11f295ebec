package sqlite

import (
	"errors"
	"fmt"
	"sync"
	"time"

	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// busyTimeout is how long to wait for a program outside this process that holds
// the database's write lock.
const busyTimeout = 5 * time.Second

// run executes one statement that stays prepared on conn for the next time. Each
// row is handed to row, which may be nil. Arguments are string, []byte, int64,
// uint64, revision or nil; anything else is a mistake in this package.
func run(conn *zs.Conn, query string, row func(*zs.Stmt), args ...any) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	if err := bind(stmt, args); err != nil {
		return err
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			return err
		}
		if !more {
			return stmt.Reset()
		}
		if row != nil {
			row(stmt)
		}
	}
}

func bind(stmt *zs.Stmt, args []any) error {
	for i, arg := range args {
		switch value := arg.(type) {
		case string:
			stmt.BindText(i+1, value)
		case []byte:
			stmt.BindBytes(i+1, value)
		case int64:
			stmt.BindInt64(i+1, value)
		case uint64:
			stmt.BindInt64(i+1, int64(value))
		case revision:
			stmt.BindInt64(i+1, int64(value))
		case nil:
			stmt.BindNull(i + 1)
		default:
			return fmt.Errorf("argument %d is a %T, which has no place in a statement", i+1, arg)
		}
	}
	return nil
}

// columnBytes copies a blob out of the current row.
func columnBytes(stmt *zs.Stmt, column int) []byte {
	value := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, value)
	return value
}

// set sets pragmas. Those that matter here cannot be set inside a transaction.
func set(conn *zs.Conn, pragmas ...string) error {
	for _, pragma := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return fmt.Errorf("set %s: %w", pragma, err)
		}
	}
	return nil
}

// openWriter opens the one connection that writes.
func openWriter(path string) (*zs.Conn, error) {
	conn, err := zs.OpenConn(path, zs.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(busyTimeout)
	mode := ""
	err = run(conn, "PRAGMA journal_mode = WAL", func(stmt *zs.Stmt) { mode = stmt.ColumnText(0) })
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the file system does not allow a write-ahead log, only the journal mode %q", mode)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// FULL makes every commit wait until its log is on the disk. The log may grow to
	// 64 MiB before its pages are moved into the file, so that a page which changes
	// often is moved once; a large transaction makes it longer for a while.
	err = set(conn, "synchronous = FULL", "wal_autocheckpoint = 16384", "journal_size_limit = 67108864",
		"cache_size = -65536", "temp_store = MEMORY")
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// A pool keeps connections for readers. It never makes a reader wait for another:
// a query may be asked while the result of another is being walked through, and
// with a limit all of them could end up waiting. Connections beyond keep are
// closed when they come back.
type pool struct {
	path string
	keep int

	mu     sync.Mutex
	idle   []*zs.Conn // The last one was used most recently and has the warmest cache.
	closed bool
}

// take returns a connection that must be given back with put.
func (p *pool) take() (*zs.Conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if last := len(p.idle) - 1; last >= 0 {
		conn := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return conn, nil
	}
	p.mu.Unlock()

	conn, err := zs.OpenConn(p.path, zs.OpenReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open a connection to read: %w", err)
	}
	conn.SetBusyTimeout(busyTimeout)
	if err := set(conn, "cache_size = -8192", "temp_store = MEMORY"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// put takes a connection back.
func (p *pool) put(conn *zs.Conn) error {
	p.mu.Lock()
	if !p.closed && len(p.idle) < p.keep {
		p.idle = append(p.idle, conn)
		conn = nil
	}
	p.mu.Unlock()
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// close closes the idle connections now and the others when they come back.
func (p *pool) close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var err error
	for _, conn := range idle {
		err = errors.Join(err, conn.Close())
	}
	return err
}
