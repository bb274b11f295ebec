package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// openNew opens a new store in a file, which is closed with the test.
func openNew(t *testing.T) *DB {
	t.Helper()
	return sqliteStores.open(t)
}

func reopen(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// update runs fn in a transaction that must commit.
func update(t *testing.T, db *DB, fn func(*Tx)) {
	t.Helper()
	require.NoError(t, db.Update(t.Context(), func(tx *Tx) error { fn(tx); return nil }))
}

// view runs fn in a snapshot.
func view(t *testing.T, db *DB, fn func(*Tx)) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *Tx) error { fn(tx); return nil }))
}

// must checks the errors of several writes.
func must(t *testing.T, errs ...error) {
	t.Helper()
	require.NoError(t, errors.Join(errs...))
}

// is checks what a getter gives.
func is[T any](t *testing.T, want T) func(got T, found bool, err error) {
	return func(got T, found bool, err error) {
		t.Helper()
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, got)
	}
}

// absent checks that a getter finds nothing.
func absent[T any](t *testing.T) func(got T, found bool, err error) {
	return func(got T, found bool, err error) {
		t.Helper()
		require.NoError(t, err)
		require.False(t, found)
		require.Zero(t, got)
	}
}

// are checks what a list gives, in order.
func are[T any](t *testing.T, want ...T) func(got []T, err error) {
	return func(got []T, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// seed puts what most facts hang on: users alice and bob, organizations acme and globex, and alice's chatbots help (acme) and sales (globex).
func seed(t *testing.T, tx *Tx) {
	t.Helper()
	must(t,
		tx.PutUser(access.User{ID: "alice", Active: true}), tx.PutUser(access.User{ID: "bob", Active: true}),
		tx.PutOrganization(access.Organization{ID: "acme"}), tx.PutOrganization(access.Organization{ID: "globex"}),
		tx.PutChatbot(access.Chatbot{ID: "help", Organization: "acme", Owner: "alice"}),
		tx.PutChatbot(access.Chatbot{ID: "sales", Organization: "globex", Owner: "alice"}),
	)
}

var errStop = errors.New("stop")

func testRollbackLeavesNothing(t *testing.T, stores maker) {
	db := stores.open(t)
	err := db.Update(t.Context(), func(tx *Tx) error {
		seed(t, tx)
		_, err := tx.AppendRecord(access.Record{Action: "share.put"})
		must(t, err)
		return errStop
	})
	require.Same(t, errStop, err, "an error of the function comes back as it is")
	require.Panics(t, func() {
		_ = db.Update(t.Context(), func(tx *Tx) error { seed(t, tx); panic("stop") })
	})
	update(t, db, func(tx *Tx) {
		are[access.User](t)(tx.Users(UserFilter{}, "", 0))
		are[access.Record](t)(tx.Records(RecordFilter{}, RecordPlace{}, 0))
		seq, err := tx.AppendRecord(access.Record{})
		require.NoError(t, err)
		require.EqualValues(t, 1, seq, "the number of the change that was undone is taken by the next")
	})
}

func testViewIsASnapshot(t *testing.T, stores maker) {
	db := stores.open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, db.Update(ctx, func(w *Tx) error {
		seed(t, w)
		return db.View(ctx, func(r *Tx) error {
			absent[access.User](t)(r.User("alice"))
			return nil
		})
	}), "a view waits for no writer and sees nothing of it")
	require.NoError(t, db.View(ctx, func(r *Tx) error {
		_, found, err := r.User("alice")
		require.True(t, found)
		must(t, err, db.Update(ctx, func(w *Tx) error { return w.PutUser(access.User{ID: "carol"}) }))
		absent[access.User](t)(r.User("carol"))
		return nil
	}))
	view(t, db, func(r *Tx) { is(t, access.User{ID: "carol"})(r.User("carol")) })
}

func testViewCannotWrite(t *testing.T, stores maker) {
	db := stores.open(t)
	err := db.View(t.Context(), func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice"}) })
	require.Error(t, err)
	require.Regexp(t, "read-?only", err.Error())
}

func testUpdatesAreSerialized(t *testing.T, stores maker) {
	db := stores.open(t)
	const writers, changes = 4, 10
	done := make(chan error)
	for range writers {
		go func() {
			var err error
			for range changes {
				err = errors.Join(err, db.Update(context.Background(), func(tx *Tx) error {
					n, err := tx.AppendRecord(access.Record{})
					m, err2 := tx.AppendOutbox([]byte{byte(n)}, time.Time{})
					require.Equal(t, n, m)
					return errors.Join(err, err2)
				}))
			}
			done <- err
		}()
	}
	for range writers {
		require.NoError(t, <-done)
	}
	view(t, db, func(tx *Tx) {
		entries, err := tx.Outbox(0)
		must(t, err)
		require.Len(t, entries, writers*changes)
		for i, e := range entries {
			require.EqualValues(t, i+1, e.Seq)
			require.Equal(t, []byte{byte(i + 1)}, e.Updates)
		}
	})
}

func testABrokenTransactionCannotCommit(t *testing.T, stores maker) {
	db := stores.open(t)
	err := db.Update(t.Context(), func(tx *Tx) error {
		must(t, tx.PutUser(access.User{ID: "alice", Email: "a@b.c", EmailVerified: true}))
		twin := tx.PutUser(access.User{ID: "bob", Email: "a@b.c", EmailVerified: true})
		require.Equal(t, access.KindInternal, access.KindOf(twin))
		require.Equal(t, twin, tx.PutUser(access.User{ID: "carol"}), "every later call fails alike")
		return nil // swallows the error
	})
	require.Equal(t, access.KindInternal, access.KindOf(err))
	view(t, db, func(tx *Tx) { are[access.User](t)(tx.Users(UserFilter{}, "", 0)) })
}

func testAFailedCommitLeavesNothingAndTheStoreUsable(t *testing.T, stores maker) {
	db := stores.open(t)
	err := db.Update(t.Context(), func(tx *Tx) error {
		return tx.PutTeam(access.Team{ID: "t", Organization: "nowhere"})
	})
	if !stores.deferred {
		require.NoError(t, err, "it has no such constraint")
		return
	}
	require.Equal(t, access.KindInternal, access.KindOf(err))
	require.ErrorContains(t, err, "teams")
	update(t, db, func(tx *Tx) {
		absent[access.Team](t)(tx.Team("t"))
		must(t, tx.PutTeam(access.Team{ID: "t", Organization: "acme"}), tx.PutOrganization(access.Organization{ID: "acme"}))
	})
}

func testTheCallersContext(t *testing.T, stores maker) {
	db := stores.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx *Tx) error {
		must(t, tx.PutUser(access.User{ID: "alice"}))
		cancel()
		return tx.PutUser(access.User{ID: "bob"})
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	require.ErrorIs(t, db.View(ctx, func(*Tx) error { return nil }), context.Canceled)

	// Who waits for the change before stops waiting when the caller does.
	require.NoError(t, db.Update(t.Context(), func(tx *Tx) error {
		must(t, tx.LockChanges())
		absent[access.User](t)(tx.User("alice"))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := db.Update(ctx, (*Tx).LockChanges)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		return nil
	}))
	update(t, db, func(tx *Tx) { must(t, tx.LockChanges()) })
}

func TestDiskFull(t *testing.T) {
	db := openNew(t)
	limit := func(pages string) {
		_, err := db.writer.Exec("PRAGMA max_page_count = " + pages)
		require.NoError(t, err)
	}
	limit("1") // SQLite takes this as: no more than there are
	large := strings.Repeat("x", 1<<20)
	err := db.Update(t.Context(), func(tx *Tx) error {
		must(t, tx.PutSetting("small", "x"))
		full := tx.PutSetting("large", large)
		require.Equal(t, access.KindUnavailable, access.KindOf(full))
		_ = tx.PutSetting("after", "must not be written outside of the transaction")
		return nil // swallows the error
	})
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	require.ErrorContains(t, err, "full")
	require.NoError(t, db.Ping(t.Context()))
	limit("1000000")
	update(t, db, func(tx *Tx) {
		for _, name := range []string{"small", "large", "after"} {
			absent[string](t)(tx.Setting(name))
		}
		must(t, tx.PutSetting("large", large))
	})
	view(t, db, func(tx *Tx) { is(t, large)(tx.Setting("large")) })
}

func testAClosedStoreIsUnavailable(t *testing.T, stores maker) {
	db := stores.open(t)
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, db.Close())
	require.NoError(t, db.Close())
	require.Equal(t, access.KindUnavailable, access.KindOf(db.Ping(t.Context())))
	require.Equal(t, access.KindUnavailable, access.KindOf(db.Update(t.Context(), func(*Tx) error { return nil })))
}

func TestCloseWaitsForTheChangeInProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db := reopen(t, path)
	closed := make(chan error)
	update(t, db, func(tx *Tx) {
		go func() { closed <- db.Close() }()
		must(t, tx.PutSetting("a", "b"))
		select {
		case <-closed:
			t.Error("closed while a change was in progress")
		case <-time.After(20 * time.Millisecond):
		}
	})
	require.NoError(t, <-closed)
	view(t, reopen(t, path), func(tx *Tx) { is(t, "b")(tx.Setting("a")) })
}
