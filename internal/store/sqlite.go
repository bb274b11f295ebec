package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// applicationID marks a SQLite file as a store of Grantway ("GrWy"), in the field of its header that is meant for that.
const applicationID = 0x47725779

// ErrInUse is what Open and Lock fail with where another process has the file.
var ErrInUse = errors.New("the store is in use by another process")

// openFile opens the store in the file, and creates it, readable by its owner only, if there is none. It refuses a file that is damaged, is no
// store of Grantway, was written by a newer one, or is open in another process, and leaves that file as it was.
func openFile(ctx context.Context, path string) (*DB, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := recognize(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("store: %w", err)
	}
	release, err := Lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	db, err := openLocked(ctx, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), release())
	}
	db.close = func() error { return errors.Join(db.readers.Close(), closeWriter(db.writer), release()) }
	return db, nil
}

// openLocked opens the file of which the caller holds the lock.
func openLocked(ctx context.Context, path string) (*DB, error) {
	if err := recognize(path); errors.Is(err, os.ErrNotExist) {
		if err := create(ctx, path); err != nil {
			return nil, fmt.Errorf("%s: cannot create the store: %w", path, err)
		}
	} else if err != nil {
		return nil, err
	}
	if err := inspect(ctx, path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	writer, err := openPool(path, writable, 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, sqliteDialect, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: cannot migrate: %w", path, err), writer.Close())
	}
	readers, err := openPool(path, readOnly, max(4, 2*runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &DB{dialect: sqliteDialect, writer: writer, readers: readers, memory: &memory{}, path: path}, nil
}

// resolve follows symbolic links, so that one file has one name, and with it one lock.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file, nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

// recognize reads the header of the file without SQLite, which would write beside it. An empty file is as good as none: os.ErrNotExist.
func recognize(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var header [100]byte // https://www.sqlite.org/fileformat.html#the_database_header
	n, err := io.ReadFull(f, header[:])
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s is empty: %w", path, os.ErrNotExist)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case !strings.HasPrefix(string(header[:n]), "SQLite format 3\x00"):
		return fmt.Errorf("%s is not a SQLite database", path)
	case n < len(header):
		return fmt.Errorf("%s is damaged: it ends within its header", path)
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		return fmt.Errorf("%s is a SQLite database of another application", path)
	}
	return nil
}

// create makes a new store under another name, whole, and then gives it its own. A crash leaves no half of one.
func create(ctx context.Context, path string) error {
	draft := path + ".new"
	for _, leftover := range []string{draft, draft + "-wal", draft + "-shm", draft + "-journal"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := createEmpty(draft); err != nil {
		return err
	}
	pool, err := openPool(draft, writable, 1)
	if err != nil {
		return err
	}
	_, err = pool.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	if err == nil {
		err = migrate(ctx, sqliteDialect, pool)
	}
	if err := errors.Join(err, pool.Close()); err != nil {
		return err
	}
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// createEmpty makes the file itself, since SQLite would let others read it. SQLite gives its side files the same permissions.
func createEmpty(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// inspect refuses a file that is damaged or newer than this program, and writes nothing, not even beside it: without a log, which only a crash
// leaves, the file is whole by itself, and under our lock nobody changes it, so that SQLite can do without its side files.
func inspect(ctx context.Context, path string) error {
	options := readOnly
	if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
		options += "&immutable=1"
	}
	pool, err := openPool(path, options, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	// quick_check reads every page. It is the price for not writing on into a damaged file.
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return damaged(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the store is damaged: %s", verdict)
	}
	return checkVersion(ctx, sqliteDialect, pool)
}

// damaged tells a file that is no good from one that could not be read.
func damaged(err error) error {
	const corrupt, notADatabase = 11, 26 // SQLITE_CORRUPT, SQLITE_NOTADB
	var lite interface{ Code() int }
	if errors.As(err, &lite) && (lite.Code()&0xff == corrupt || lite.Code()&0xff == notADatabase) {
		return fmt.Errorf("the store is damaged: %w", err)
	}
	return err
}

// The connection strings of the two pools. synchronous=FULL makes a commit survive a loss of power, also with a write-ahead log; mode=rw and
// mode=ro never create a file; the limit keeps a log that grew large from staying large.
const (
	writable = "mode=rw&_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)" +
		"&_pragma=journal_size_limit(67108864)&_pragma=synchronous(FULL)"
	readOnly = "mode=ro&_pragma=busy_timeout(5000)"
)

// openPool makes a pool of connections that are kept: opening one costs more than most queries.
func openPool(path, options string, connections int) (*sql.DB, error) {
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	pool, err := sql.Open("sqlite", "file:"+escaped+"?"+options)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// closeWriter takes the one connection, which waits for whoever has it, before it closes the pool: database/sql itself would not wait,
// and the lock on the file would be gone before the last commit.
func closeWriter(writer *sql.DB) error {
	conn, err := writer.Conn(context.Background())
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	return errors.Join(writer.Close(), conn.Close())
}

// vacuumInto is Snapshot of a file.
func vacuumInto(ctx context.Context, db *DB, path string) error {
	if err := createEmpty(path); err != nil {
		return failed(fmt.Errorf("store: snapshot: %w", err))
	}
	conn, err := db.readers.Conn(ctx)
	if err == nil {
		defer conn.Close()
		if _, err = conn.ExecContext(ctx, "VACUUM INTO $1", path); err == nil {
			return nil
		}
		discard(conn) // it may have been interrupted, and inTransaction says why that is no good
	}
	return failed(errors.Join(fmt.Errorf("store: snapshot to %s: %w", path, err), os.Remove(path)))
}

// explainCommit adds to a failed commit which fact names something that is not there; SQLite itself does not say, and its foreign keys are checked then. The transaction must
// still be open on the connection.
func explainCommit(ctx context.Context, conn *sql.Conn, err error) error {
	if !refused(err) || sqlState(err) != "" { // a server says which
		return fmt.Errorf("store: commit: %w", err)
	}
	var child, parent string
	var rowID, key any
	row := conn.QueryRowContext(context.WithoutCancel(ctx), "PRAGMA foreign_key_check")
	if row.Scan(&child, &rowID, &parent, &key) != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	return fmt.Errorf("store: commit: a row of %s names a row of %s that is not there: %w", child, parent, err)
}
