package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/kit"
	"github.com/grantway/grantway/internal/testenv/postgres"
	"github.com/grantway/grantway/schema"
)

// gateway is a carrier with a store and an engine of its own, on databases that others use too.
type gateway struct {
	running
	t *testing.T
}

func newGateway(t *testing.T, uri string) gateway {
	t.Helper()
	k := kit.New(t, kit.Config{Place: &backend.Place{Mode: backend.Postgres, Data: t.TempDir(), Datastore: uri}})
	return gateway{runningKit(k), t}
}

// shared makes the change as a use case does, with an entry in the record, and returns when it can be answered.
func (g gateway) shared(user string, is bool) {
	before, after := shareOf(user), spice.Relationships(nil)
	if is {
		before, after = after, before
	}
	updates, err := spice.Diff(before, after).Marshal()
	require.NoError(g.t, err)
	var seq int64
	require.NoError(g.t, g.db.Update(context.Background(), func(tx *store.Tx) (err error) {
		if err = tx.LockChanges(); err != nil {
			return err
		}
		if _, err = tx.AppendRecord(access.Record{Time: time.Now(), Action: "share.put", Outcome: access.Done}); err != nil {
			return err
		}
		seq, err = tx.AppendOutbox(updates, noon)
		return err
	}))
	_, err = g.carrier.Deliver(context.Background(), seq)
	require.NoError(g.t, err)
}

// TestC3NobodyIsAnsweredFromBeforeAnAnsweredChange asks at once about changes that were answered, of the gateway that made them and of another, while many
// ask SpiceDB for its newest state at the same time. It finds that once for all of them, also for those who ask later than the first.
func TestC3NobodyIsAnsweredFromBeforeAnAnsweredChange(t *testing.T) {
	uri := postgres.Database(t)
	one := newGateway(t, uri)
	other := newGateway(t, uri)
	ctx, cancel := context.WithCancel(context.Background())
	var crowd sync.WaitGroup
	defer crowd.Wait()
	defer cancel()
	for n := range 64 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				_, _ = []gateway{one, other}[n%2].engine.Check(ctx, spice.Newest, asked)
			}
		})
	}
	stale := 0
	for n := range 60 {
		user, is := fmt.Sprint("user-", n/2), n%2 == 0
		q := asked
		q.Permission, q.Subject.ID = schema.RelCanInteract, user
		one.shared(user, is)
		if a, err := one.engine.Check(ctx, spice.Newest, q); err == nil && a.Allowed != is {
			stale++
		}
		for i, g := range []gateway{one, other, other} {
			f, err := g.carrier.Fresh(access.Asked(ctx, time.Now()), i > 0)
			require.NoError(t, err)
			a, err := g.engine.Check(ctx, f, q)
			require.NoError(t, err)
			require.Equal(t, is, a.Allowed, "%s at gateway %d", user, i)
		}
	}
	t.Logf("SpiceDB's newest state was not the newest for %d of 60", stale)
}
