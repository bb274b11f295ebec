package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// recallUser is the user as Recall gives it.
func recallUser(t *testing.T, db *DB, newest bool, id access.UserID) (u access.User, known bool) {
	t.Helper()
	require.NoError(t, db.Recall(t.Context(), newest, func(tx *Tx) (err error) {
		u, known, err = tx.User(id)
		return err
	}))
	return u, known
}

// change is a change of facts, with the entry in the record that each has.
func change(t *testing.T, db *DB, fn func(*Tx) error) {
	t.Helper()
	require.NoError(t, changed(t.Context(), db, fn))
}

func changed(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return db.Update(ctx, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.AppendRecord(access.Record{Time: time.Now(), Action: "user.put", Outcome: access.Done})
		return err
	})
}

// testC3RecallKnowsWhatThisProcessChanged recalls facts before and after each change: that somebody is offboarded, that a key is deleted, and that there
// is what was not there.
func testC3RecallKnowsWhatThisProcessChanged(t *testing.T, m maker) {
	db := m.open(t)
	_, known := recallUser(t, db, false, "alice")
	require.False(t, known)
	change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	u, known := recallUser(t, db, false, "alice")
	require.True(t, known)
	require.False(t, u.Gone())
	change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: false}) })
	u, _ = recallUser(t, db, false, "alice")
	require.True(t, u.Gone())

	recallKey := func() (known bool) {
		require.NoError(t, db.Recall(t.Context(), false, func(tx *Tx) (err error) {
			_, known, err = tx.AccountKeyByDigest("digest")
			return err
		}))
		return known
	}
	change(t, db, func(tx *Tx) error {
		return tx.PutAccountKey(access.AccountKey{ID: "k1", Access: access.KeyReadOnly}, "digest")
	})
	require.True(t, recallKey())
	require.True(t, recallKey())
	change(t, db, func(tx *Tx) error { return tx.DeleteAccountKey("k1") })
	require.False(t, recallKey())
}

// testRecallAnswersFromMemory changes a fact behind the store's back, which only memory does not notice.
func testRecallAnswersFromMemory(t *testing.T, m maker) {
	db := m.open(t)
	change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	recallUser(t, db, false, "alice")
	_, err := db.writer.ExecContext(t.Context(), `DELETE FROM users WHERE id = 'alice'`)
	require.NoError(t, err)
	_, known := recallUser(t, db, false, "alice")
	require.True(t, known)
	require.NoError(t, db.View(t.Context(), func(tx *Tx) error {
		_, known, err := tx.User("alice")
		require.False(t, known, "a View never answers from memory")
		return err
	}))
}

// testC3WhatIsReadDuringAChangeIsNotRemembered has a fact read just before it changes, and handed in just after.
func testC3WhatIsReadDuringAChangeIsNotRemembered(t *testing.T, m maker) {
	db := m.open(t)
	change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	require.NoError(t, db.Recall(t.Context(), false, func(tx *Tx) error {
		u, _, err := recalled(tx, fact{kind: "user", id: "alice"}, func() (access.User, bool, error) {
			u, known, err := one(tx, scanUser, selectUsers+` WHERE id = $1`, "alice")
			if err == nil {
				change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice"}) })
			}
			return u, known, err
		})
		require.Equal(t, err == nil, u.Active)
		return err
	}))
	u, _ := recallUser(t, db, false, "alice")
	require.False(t, u.Active)
}

// testRecallIsBounded recalls more than is remembered.
func testRecallIsBounded(t *testing.T, m maker) {
	db := m.open(t)
	generation := db.memory.current()
	for i := range 2*maxRemembered + 1 {
		db.memory.put(generation, fact{kind: "user", id: fmt.Sprint(i)}, remembered[access.User]{})
		require.LessOrEqual(t, len(db.memory.facts), maxRemembered)
	}
}

// TestC3AnotherProcessRevokesAndItIsKnown changes facts in one process and recalls them in another: at once where the newest is asked for, as with a
// ZedToken, and otherwise within the time that is allowed.
func TestC3AnotherProcessRevokesAndItIsKnown(t *testing.T) {
	uri := postgres.Database(t)
	here, there := reopen(t, uri), reopen(t, uri)
	change(t, here, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	u, _ := recallUser(t, there, false, "alice")
	require.True(t, u.Active)

	change(t, here, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice"}) })
	u, _ = recallUser(t, there, true, "alice")
	require.False(t, u.Active, "the newest was asked for")
	u, _ = recallUser(t, there, false, "alice")
	require.False(t, u.Active, "and is known from then on")

	change(t, here, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	u, _ = recallUser(t, there, false, "alice")
	require.False(t, u.Active, "a moment old, which is allowed")
	there.memory.mu.Lock()
	there.memory.seenAt = there.memory.seenAt.Add(-staleAfter)
	there.memory.mu.Unlock()
	u, _ = recallUser(t, there, false, "alice")
	require.True(t, u.Active, "too old to be believed without a look")
}

// TestC3OneLookServesACall recalls the newest for one call again and again, for which one look suffices: a change that comes after the call was asked need
// not be known to it. To a call that is asked after the change it is known.
func TestC3OneLookServesACall(t *testing.T) {
	uri := postgres.Database(t)
	here, there := reopen(t, uri), reopen(t, uri)
	active := func(asked time.Time) (yes bool) {
		ctx := access.Asked(t.Context(), asked)
		require.NoError(t, there.Recall(ctx, true, func(tx *Tx) error {
			u, _, err := tx.User("alice")
			yes = u.Active
			return err
		}))
		return yes
	}
	looked := func() time.Time {
		there.memory.mu.Lock()
		defer there.memory.mu.Unlock()
		return there.memory.seenAt
	}
	early := time.Now()
	change(t, here, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	first := time.Now()
	require.True(t, active(first))
	at := looked()
	change(t, here, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice"}) })
	second := time.Now()
	require.True(t, active(first), "the call was asked before the change")
	require.True(t, active(early), "and so was an earlier one")
	require.Equal(t, at, looked(), "there was one look")
	require.False(t, active(second), "this one was asked after it")
	require.False(t, active(first), "and what is known is known to all")
}

// TestC3NobodyIsServedByALookFromBeforeTheChange has many change something in one process and ask the other for it at once: those who come while somebody
// looks wait for the next look, whether or not they say when they were asked.
func TestC3NobodyIsServedByALookFromBeforeTheChange(t *testing.T) {
	uri := postgres.Database(t)
	here, there := reopen(t, uri), reopen(t, uri)
	var running sync.WaitGroup
	for i := range 8 {
		id := access.UserID(fmt.Sprint("user-", i))
		running.Go(func() {
			for n := range 40 {
				name := fmt.Sprint(n)
				if err := changed(t.Context(), here, func(tx *Tx) error { return tx.PutUser(access.User{ID: id, Name: name}) }); err != nil {
					t.Error(err)
					return
				}
				ctx := t.Context()
				if i%2 == 0 {
					ctx = access.Asked(ctx, time.Now())
				}
				for range 2 { // who is calling, and about whom
					var u access.User
					err := there.Recall(ctx, true, func(tx *Tx) (err error) {
						u, _, err = tx.User(id)
						return err
					})
					if err != nil || u.Name != name {
						t.Errorf("%s is named %q, not %q: %v", id, u.Name, name, err)
						return
					}
				}
			}
		})
	}
	running.Wait()
}

// TestC4NothingIsRecalledOnceTheDatabaseIsAway answers from memory for as long as it may be that nothing has changed, and with an error afterwards.
func TestC4NothingIsRecalledOnceTheDatabaseIsAway(t *testing.T) {
	uri := postgres.Database(t)
	db := reopen(t, uri)
	change(t, db, func(tx *Tx) error { return tx.PutUser(access.User{ID: "alice", Active: true}) })
	recallUser(t, db, false, "alice")
	require.NoError(t, db.Close())
	u, _ := recallUser(t, db, false, "alice")
	require.True(t, u.Active)
	db.memory.mu.Lock()
	db.memory.seenAt = db.memory.seenAt.Add(-staleAfter)
	db.memory.mu.Unlock()
	for _, newest := range []bool{false, true} {
		err := db.Recall(t.Context(), newest, func(*Tx) error { t.Error("nothing is to be recalled"); return nil })
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
	}
}
