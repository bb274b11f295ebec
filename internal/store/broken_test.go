package store

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/postgres"
	"github.com/grantway/grantway/internal/testenv/wire"
)

// behind opens a new store in PostgreSQL, behind a network that the test can break.
func behind(t *testing.T) (*DB, *wire.Wire) {
	t.Helper()
	u, err := url.Parse(postgres.Database(t))
	require.NoError(t, err)
	network := wire.New(t, u.Host)
	u.Host = network.Address()
	return reopen(t, u.String()), network
}

// TestATransactionWhoseConnectionBreaks is never repeated, and never said to be done, whether or not the server has committed it.
func TestATransactionWhoseConnectionBreaks(t *testing.T) {
	db, network := behind(t)
	fresh := db.dialect.transact
	for name, c := range map[string]struct {
		savepoints       bool
		at               string
		forwarded, stays bool
	}{
		"in the middle":                          {at: "the value"},
		"before COMMIT":                          {at: "commit\x00"},
		"after COMMIT, before its answer":        {at: "commit\x00", forwarded: true, stays: true},
		"in the middle, with savepoints":         {savepoints: true, at: "the value"},
		"before RELEASE":                         {savepoints: true, at: "RELEASE SAVEPOINT"},
		"after RELEASE, which commits elsewhere": {savepoints: true, at: "RELEASE SAVEPOINT", forwarded: true},
	} {
		t.Run(name, func(t *testing.T) {
			db.dialect.transact = fresh
			if c.savepoints {
				db.dialect.transact = inSavepoints
			}
			cut := network.CutAt(c.at, c.forwarded)
			attempts := 0
			err := db.Update(t.Context(), func(tx *Tx) error {
				attempts++
				return tx.PutSetting(name, "the value")
			})
			<-cut
			require.Equal(t, access.KindUnavailable, access.KindOf(err), err)
			require.Equal(t, 1, attempts)
			view(t, db, func(tx *Tx) {
				_, found, err := tx.Setting(name)
				must(t, err)
				require.Equal(t, c.stays, found)
			})
			update(t, db, func(tx *Tx) { must(t, tx.LockChanges(), tx.PutSetting(name, "another")) })
		})
	}
}

// TestConnectionsThatBrokeWhileNobodyUsedThem are replaced, and no caller hears of it.
func TestConnectionsThatBrokeWhileNobodyUsedThem(t *testing.T) {
	db, network := behind(t)
	var all sync.WaitGroup
	for range defaultConnections {
		all.Go(func() { _ = db.View(t.Context(), func(*Tx) error { time.Sleep(50 * time.Millisecond); return nil }) })
		all.Go(func() { _ = db.Update(t.Context(), func(*Tx) error { time.Sleep(50 * time.Millisecond); return nil }) })
	}
	all.Wait()
	require.Greater(t, network.Cut(), leastConnections)
	for range defaultConnections {
		view(t, db, func(tx *Tx) { absent[string](t)(tx.Setting("name")) })
		update(t, db, func(tx *Tx) { must(t, tx.PutSetting("other", "x")) })
	}
}

// shortly makes waiting short for the test.
func shortly(t *testing.T, l limits) {
	before := usual
	usual = l
	t.Cleanup(func() { usual = before })
}

func TestAServerThatSaysNothingIsGivenUp(t *testing.T) {
	shortly(t, limits{lock: 10 * time.Second, statement: 10 * time.Second, answer: 300 * time.Millisecond})
	db, network := behind(t)
	began := time.Now()
	err := db.Update(t.Context(), func(tx *Tx) error {
		must(t, tx.PutSetting("name", "before"))
		network.Hold()
		return tx.PutSetting("name", "after")
	})
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	require.ErrorIs(t, err, errSilent)
	require.Less(t, time.Since(began), 5*time.Second)
	network.Release()
	view(t, db, func(tx *Tx) { absent[string](t)(tx.Setting("name")) })
}

func TestWhoWaitsTooLongForAnotherChangeIsToldToTryAgain(t *testing.T) {
	shortly(t, limits{lock: 100 * time.Millisecond, statement: 10 * time.Second, answer: 10 * time.Second})
	db := reopen(t, postgres.Database(t))
	update(t, db, func(tx *Tx) {
		must(t, tx.LockChanges())
		err := db.Update(t.Context(), (*Tx).LockChanges)
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		must(t, tx.PutSetting("name", "x"))
	})
}

// TestTransactionsThatWaitForEachOther are found out by PostgreSQL: one of them runs again, and both are done once.
func TestTransactionsThatWaitForEachOther(t *testing.T) {
	db := reopen(t, postgres.Database(t))
	var first sync.WaitGroup
	first.Add(2)
	done, attempts := make(chan error), make(chan string, 2*maxAttempts)
	for _, order := range [][2]string{{counterRecord, counterOutbox}, {counterOutbox, counterRecord}} {
		together := sync.OnceFunc(func() { first.Done(); first.Wait() })
		go func() {
			done <- db.Update(context.Background(), func(tx *Tx) error {
				attempts <- order[0]
				if _, err := tx.next(order[0]); err != nil {
					return err
				}
				together()
				_, err := tx.next(order[1])
				return err
			})
		}()
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Greater(t, len(attempts), 2)
	update(t, db, func(tx *Tx) {
		for _, counter := range []string{counterRecord, counterOutbox} {
			n, err := tx.next(counter)
			must(t, err)
			require.EqualValues(t, 3, n, counter)
		}
	})
}

// TestPostgreSQLFailsToSerialize has the server itself fail, in the middle and at COMMIT, by a trigger that counts what a rollback does not undo.
func TestPostgreSQLFailsToSerialize(t *testing.T) {
	for when, timing := range map[string]string{"in the middle": "", "at COMMIT": "DEFERRABLE INITIALLY DEFERRED"} {
		t.Run(when, func(t *testing.T) {
			db := reopen(t, postgres.Database(t))
			for _, statement := range []string{
				`CREATE SEQUENCE races`,
				`CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF nextval('races') < 3 OR NEW.value = 'never' THEN RAISE 'lost the race' USING ERRCODE = '40001'; END IF;
					RETURN NULL;
				END $$`,
				`CREATE CONSTRAINT TRIGGER race AFTER INSERT ON settings ` + timing + ` FOR EACH ROW EXECUTE FUNCTION race()`,
			} {
				_, err := db.writer.Exec(statement)
				require.NoError(t, err)
			}
			attempts := 0
			require.NoError(t, db.Update(t.Context(), func(tx *Tx) error {
				attempts++
				if _, err := tx.AppendOutbox(nil, time.Unix(1, 0)); err != nil {
					return err
				}
				return tx.PutSetting("name", "value")
			}))
			require.Equal(t, 3, attempts)
			view(t, db, func(tx *Tx) {
				entries, err := tx.Outbox(0)
				must(t, err)
				require.Len(t, entries, 1)
				require.EqualValues(t, 1, entries[0].Seq)
			})

			attempts = 0
			err := db.Update(t.Context(), func(tx *Tx) error { attempts++; return tx.PutSetting("another", "never") })
			require.Equal(t, access.KindUnavailable, access.KindOf(err))
			require.Equal(t, maxAttempts, attempts)
			view(t, db, func(tx *Tx) { absent[string](t)(tx.Setting("another")) })
		})
	}
}
