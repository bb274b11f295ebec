package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

const (
	// tryEvery is how often a write is tried at most, however often somebody asks.
	tryEvery = 2 * time.Second
	// tryWithin is how long a try waits for the one connection that writes to a file.
	tryWithin = time.Second
	// busyFor is how long the answer of the last try stands while changes keep that connection busy.
	busyFor = 30 * time.Second
	// spare is how much has to fit on the volume of a file, in bytes. Smaller writes may go into space that SQLite's log has already, and succeed
	// on a full disk.
	spare = 1 << 20
)

// trial is the last try to write.
type trial struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// CanWrite reports whether the store takes changes: it writes a row, and where the store is a file also makes sure that the volume has room for
// another MiB. It fails where the disk is full and where the file or the database is read-only. It tries every 2 seconds at most, and gives the last
// answer in between and while a long change is under way.
func (db *DB) CanWrite(ctx context.Context) error {
	t := &db.trial
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.at.IsZero() && time.Since(t.at) < tryEvery {
		return t.err
	}
	err := db.dialect.tryWrite(ctx, db)
	if errors.Is(err, errBusy) && (t.at.IsZero() || time.Since(t.at) < busyFor) {
		return t.err
	}
	t.at, t.err = time.Now(), failed(err)
	return t.err
}

// errBusy says that changes are under way, which is a good sign unless it lasts.
var errBusy = errors.New("store: the writing connection is busy")

// tryRow is a row that stands for any change.
const tryRow = `INSERT INTO counters (name, value) VALUES ('try', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`

// tryFile is tryWrite of a file.
func tryFile(ctx context.Context, db *DB) error {
	waiting, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	conn, err := db.writer.Conn(waiting)
	if err != nil {
		if waiting.Err() != nil {
			return errBusy
		}
		return fmt.Errorf("store: try: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), tryRow); err != nil {
		discard(conn)
		return fmt.Errorf("store: try: %w", err)
	}
	return trySpace(db.path + "-try")
}

// trySpace writes a file of the spare size and removes it. Its content is random, since a file system may keep what repeats in less.
func trySpace(path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("store: try: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	block := make([]byte, 64<<10)
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32()) // nothing secret
	}
	random := rand.NewChaCha8(seed)
	for written := 0; written < spare; written += len(block) {
		_, _ = random.Read(block)
		if _, err := f.Write(block); err != nil {
			return fmt.Errorf("store: try: %w", err)
		}
	}
	return nil
}

// tryServer is tryWrite of a database. Its connections for reading write, too.
func tryServer(ctx context.Context, db *DB) error {
	if _, err := db.readers.ExecContext(ctx, tryRow); err != nil {
		return fmt.Errorf("store: try: %w", err)
	}
	return nil
}

// Size is about how many bytes a Snapshot takes while it is made, or 0 where the database does not say.
func (db *DB) Size(ctx context.Context) (n int64, err error) {
	if db.dialect.sizeQuery == "" {
		return 0, nil
	}
	var size sql.NullInt64
	if err := db.readers.QueryRowContext(ctx, db.dialect.sizeQuery).Scan(&size); err != nil {
		return 0, failed(fmt.Errorf("store: size: %w", err))
	}
	return size.Int64, nil
}
