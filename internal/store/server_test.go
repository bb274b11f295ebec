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
)

// TestSeveralProcessesOpenANewStoreAtOnce opens one empty database many times: one makes the tables, and all find them.
func TestSeveralProcessesOpenANewStoreAtOnce(t *testing.T) {
	uri := postgres.Database(t)
	var opening sync.WaitGroup
	for range 6 {
		opening.Go(func() {
			db, err := Open(t.Context(), uri)
			if err == nil {
				err = db.Ping(t.Context())
				_ = db.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
}

// TestAStandbyIsNotAsked, also where it is the only host of the URI that answers: a fact that it gives may have been changed already.
func TestAStandbyIsNotAsked(t *testing.T) {
	for option, fails := range map[string]bool{"off": false, "on": true} {
		u, err := url.Parse(postgres.Database(t))
		require.NoError(t, err)
		query := u.Query()
		query.Set("options", "-c default_transaction_read_only="+option) // as it says itself of a standby
		query.Set("target_session_attrs", "any")
		u.RawQuery = query.Encode()
		s, err := parseServer(u.String())
		require.NoError(t, err)
		db := s.open()
		require.Equal(t, fails, db.readers.PingContext(t.Context()) != nil, option)
		require.NoError(t, db.Close())
	}
}

func TestOneProcessAtATimeHasItsTurn(t *testing.T) {
	uri := postgres.Database(t)
	first, second := reopen(t, uri), reopen(t, uri)
	began, end := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- first.Exclusively(t.Context(), func(ctx context.Context) error {
			close(began)
			<-end
			return first.Update(ctx, func(tx *Tx) error { return tx.PutSetting("turn", "first") })
		})
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := second.Exclusively(ctx, func(context.Context) error { t.Error("it has the turn too"); return nil })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(end)
	require.NoError(t, <-done)
	require.NoError(t, second.Exclusively(t.Context(), func(ctx context.Context) error {
		return second.View(ctx, func(tx *Tx) error { is(t, "first")(tx.Setting("turn")); return nil })
	}))
	require.Same(t, errStop, second.Exclusively(t.Context(), func(context.Context) error { return errStop }))
}

// TestAProcessThatLosesItsTurnIsTold breaks the connection that holds the turn.
func TestAProcessThatLosesItsTurnIsTold(t *testing.T) {
	db := reopen(t, postgres.Database(t))
	err := db.Exclusively(t.Context(), func(ctx context.Context) error {
		_, err := db.writer.Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'grantway.turns'::regclass AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
		select {
		case <-ctx.Done():
			require.ErrorContains(t, context.Cause(ctx), "another process may have taken the turn")
		case <-time.After(10 * time.Second):
			t.Error("the turn is lost, and nobody says so")
		}
		return nil
	})
	require.Equal(t, access.KindUnavailable, access.KindOf(err))
	require.NoError(t, db.Exclusively(t.Context(), func(context.Context) error { return nil }))
}

// TestChangesOfSeveralProcessesAreMadeOneAtATime lets two gateways count with what they read before they write.
func TestChangesOfSeveralProcessesAreMadeOneAtATime(t *testing.T) {
	uri := postgres.Database(t)
	const changes = 20
	var counting sync.WaitGroup
	for range 2 {
		db := reopen(t, uri)
		for range 2 {
			counting.Go(func() {
				for range changes {
					err := db.Update(t.Context(), func(tx *Tx) error {
						if err := tx.LockChanges(); err != nil {
							return err
						}
						so, _, err := tx.Setting("count")
						if err != nil {
							return err
						}
						return tx.PutSetting("count", so+"x")
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	counting.Wait()
	view(t, reopen(t, uri), func(tx *Tx) {
		got, _, err := tx.Setting("count")
		must(t, err)
		require.Len(t, got, 4*changes)
	})
}
