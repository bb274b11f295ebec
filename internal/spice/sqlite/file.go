package sqlite

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// applicationID is in the header of every file that this package creates. It
	// reads "GWrl" in ASCII.
	applicationID = 0x4757726c
	// schemaVersion is the user_version of a file with the layout of schema.sql.
	schemaVersion = 1
)

//go:embed schema.sql
var schemaSQL string

// The parts of SQLite's file header that are looked at before SQLite is, with
// their offsets (https://www.sqlite.org/fileformat2.html#the_database_header).
const (
	headerSize          = 100
	headerMagic         = "SQLite format 3\x00"
	offsetPageSize      = 16
	offsetChangeCounter = 24
	offsetPageCount     = 28
	offsetUserVersion   = 60
	offsetApplicationID = 68
	offsetValidFor      = 92
)

// inspect reports whether there is a database at path. It fails with ErrForeign,
// ErrNewer or ErrDamaged where there is something that must not be opened. It only
// reads, so the file and what lies beside it stay as they are.
func inspect(path string) (exists bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		// SQLite throws away the log of a database that does not exist. Whoever lost
		// the database may still want to save what the log holds.
		if log, err := logSize(path); err != nil {
			return false, err
		} else if log > 0 {
			return false, fmt.Errorf("%s is missing, but its log %s-wal is there: %w", path, path, ErrDamaged)
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, fmt.Errorf("%s is not a regular file: %w", path, ErrForeign)
	}
	if err := inspectHeader(path, info.Size()); err != nil {
		return false, err
	}
	return true, checkContent(path)
}

func inspectHeader(path string, size int64) error {
	// A database is complete before it gets its name, so an empty one is not a
	// new one.
	if size == 0 {
		return fmt.Errorf("%s is empty: %w", path, ErrDamaged)
	}
	header := make([]byte, headerSize)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	n, err := io.ReadFull(file, header)
	if closeErr := file.Close(); closeErr != nil {
		return closeErr
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if n < len(headerMagic) || string(header[:len(headerMagic)]) != headerMagic {
		return fmt.Errorf("%s is not an SQLite file: %w", path, ErrForeign)
	}
	if n < headerSize {
		return fmt.Errorf("%s ends after %d bytes: %w", path, n, ErrDamaged)
	}
	field := func(offset int) uint32 { return binary.BigEndian.Uint32(header[offset:]) }
	if id := field(offsetApplicationID); id != applicationID {
		return fmt.Errorf("%s is an SQLite file with application ID %#x instead of %#x: %w", path, id, applicationID, ErrForeign)
	}
	if version := field(offsetUserVersion); version > schemaVersion {
		return fmt.Errorf("%s has layout %d, this program knows %d: %w", path, version, schemaVersion, ErrNewer)
	} else if version == 0 {
		return fmt.Errorf("%s has no layout version: %w", path, ErrDamaged)
	}

	// While there is a log, the file may lawfully be shorter than its header says.
	log, err := logSize(path)
	if err != nil || log > 0 {
		return err
	}
	pageSize := int64(binary.BigEndian.Uint16(header[offsetPageSize:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	want := pageSize * int64(field(offsetPageCount))
	if field(offsetChangeCounter) == field(offsetValidFor) && size < want {
		return fmt.Errorf("%s has %d bytes, its header says %d: %w", path, size, want, ErrDamaged)
	}
	return nil
}

// logSize returns the size of the write-ahead log beside path, 0 without one.
func logSize(path string) (int64, error) {
	info, err := os.Stat(path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// checkContent lets SQLite verify the structure of every page of the file, and
// that it is what schema.sql creates, without writing to it.
func checkContent(path string) (err error) {
	log, err := logSize(path)
	if err != nil {
		return err
	}
	query := "?mode=ro"
	if log == 0 {
		// Without a log SQLite needs neither a lock nor shared memory.
		query += "&immutable=1"
	} else {
		// Reading a log needs shared memory beside it, which a reader may not take
		// away again.
		shm := path + "-shm"
		if _, statErr := os.Stat(shm); errors.Is(statErr, os.ErrNotExist) {
			defer func() {
				if removeErr := os.Remove(shm); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
					err = errors.Join(err, removeErr)
				}
			}()
		}
	}
	conn, err := zs.OpenConn(fileURI(path)+query, zs.OpenReadOnly|zs.OpenURI)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	problems := ""
	err = run(conn, "PRAGMA quick_check(3)", func(stmt *zs.Stmt) {
		if finding := stmt.ColumnText(0); finding != "ok" {
			problems += " " + finding
		}
	})
	if err == nil {
		var version int64
		err = run(conn, "PRAGMA user_version", func(stmt *zs.Stmt) { version = stmt.ColumnInt64(0) })
		if version > schemaVersion {
			return fmt.Errorf("%s has layout %d, this program knows %d: %w", path, version, schemaVersion, ErrNewer)
		}
	}
	if err == nil {
		err = run(conn, "SELECT unique_id, (SELECT max(id) FROM txn) FROM meta", nil)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	if problems != "" {
		return fmt.Errorf("%s: %w:%s", path, ErrDamaged, problems)
	}
	return nil
}

// create makes a new, empty database at path. It appears there complete or not at
// all, so that a file that is found there later is never half a database.
func create(path string) error {
	building := path + ".new"
	for _, leftover := range []string{building, building + "-journal"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	file, err := os.OpenFile(building, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := build(building); err != nil {
		return fmt.Errorf("create %s: %w", path, errors.Join(err, os.Remove(building)))
	}
	if err := os.Rename(building, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

func build(path string) (err error) {
	conn, err := zs.OpenConn(path, zs.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = set(conn, "synchronous = FULL", fmt.Sprintf("application_id = %d", applicationID), fmt.Sprintf("user_version = %d", schemaVersion))
	if err != nil {
		return err
	}
	if err := sqlitex.ExecuteScript(conn, schemaSQL, nil); err != nil {
		return err
	}
	if err := run(conn, "INSERT INTO meta (one, unique_id) VALUES (1, ?)", nil, uuid.NewString()); err != nil {
		return err
	}
	// There is a revision to read at from the beginning.
	return run(conn, "INSERT INTO txn (id, at) VALUES (1, ?)", nil, time.Now().UnixNano())
}

// syncDirectory makes a rename in the directory outlive a power failure.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// fileURI returns path as SQLite's file: URI, for parameters to be added to.
func fileURI(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}
