package outbox_test

import (
	"context"
	"path/filepath"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/kit"
)

func (r running) verified(t *testing.T) *outbox.Report {
	report, err := outbox.Verify(context.Background(), r.db, r.engine, sharing.Project)
	require.NoError(t, err)
	return report
}

// asItIs is what grantway verify finds of an installation that does not run.
func (i installation) asItIs(t *testing.T) *outbox.Report {
	k, err := kit.Look(context.Background(), kit.Config{Place: i.place()})
	require.NoError(t, err)
	defer func() { require.NoError(t, k.Close()) }()
	return runningKit(k).verified(t)
}

func TestVerifyTellsWhichOfTheTwoWasRestoredAlone(t *testing.T) {
	for _, restored := range []string{"store.db", "engine.db"} {
		t.Run(restored, func(t *testing.T) {
			i := installation{t, t.TempDir()}
			require.NoError(t, i.open(t, func(r running) { r.found(t) }))
			require.True(t, i.asItIs(t).Clean())
			file, copied := filepath.Join(i.dir, restored), filepath.Join(i.dir, "copy.db")
			copyFile(t, file, copied)
			require.NoError(t, i.open(t, func(r running) { r.share(t) }))
			copyFile(t, copied, file)

			report := i.asItIs(t)
			require.False(t, report.Clean())
			require.False(t, report.Known)
			require.Equal(t, restored == "store.db", report.Engine.Change > report.Store.Change)
			what := outbox.Missing
			if restored == "store.db" {
				what = outbox.Surplus
			}
			require.Equal(t, []outbox.Difference{{
				What: what, Kind: "chatbot#can_interact", Count: 1, Examples: []string{"chatbot:helper#can_interact@user:bob"},
			}}, report.Differences)
			require.NoError(t, i.open(t, func(running) {}))
			require.True(t, i.asItIs(t).Clean(), "a start mends it")
		})
	}
}

// What somebody writes to the engine past the gateway is found, and repaired; a clean installation is left as it is.
func TestVerifyFindsWhatWasWrittenPastTheGateway(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.share(t)
		clean := r.verified(t)
		require.True(t, clean.Clean())
		require.Positive(t, clean.Implied)

		_, err := r.engine.Apply(ctx, append(spice.Diff(shareOf("bob"), nil), spice.Diff(nil, shareOf("mallory"))...))
		require.NoError(t, err)
		report := r.verified(t)
		require.True(t, report.Known)
		require.ElementsMatch(t, []outbox.Difference{
			{What: outbox.Surplus, Kind: "chatbot#can_interact", Count: 1, Examples: []string{"chatbot:helper#can_interact@user:mallory"}},
			{What: outbox.Missing, Kind: "chatbot#can_interact", Count: 1, Examples: []string{"chatbot:helper#can_interact@user:bob"}},
		}, report.Differences)

		require.NoError(t, r.carrier.Mend(ctx, sharing.Project))
		require.True(t, r.verified(t).Clean())
		require.Equal(t, map[string]bool{"bob": true}, r.sharesOf(t, "helper"))
		r.unshare(t)
		require.True(t, r.verified(t).Clean())
	}))
}

// The state that a gateway decides by at least is the one that it has mended.
func TestWhatAMendingTakesAwayIsNotDecidedByAnyMore(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		_, err := r.engine.Apply(ctx, spice.Diff(nil, shareOf("mallory")))
		require.NoError(t, err)
		r.share(t)
		mallory := asked
		mallory.Subject.ID = "mallory"
		for _, allowed := range []bool{true, false} {
			a, err := r.engine.Check(ctx, spice.Exactly(r.carrier.Last()), mallory)
			require.NoError(t, err)
			require.Equal(t, allowed, a.Allowed)
			require.NoError(t, r.carrier.Mend(ctx, sharing.Project))
		}
	}))
}

func TestVerifyTellsWhatTheEngineRefuses(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.commit(t, nil, withStranger(shareOf("bob")))
		r.drained(t, r.carrier)
		report := r.verified(t)
		require.False(t, report.Clean())
		require.True(t, report.Known)
		require.Len(t, report.Refused, 1)
		require.NoError(t, r.carrier.Mend(context.Background(), sharing.Project))
		require.True(t, r.verified(t).Clean(), "no fact demands it")
	}))
}

// While others change things, nothing that is on its way to the engine is taken for a difference.
func TestVerifyWhileOthersChange(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					r.share(t)
					r.unshare(t)
				}
			}
		}()
		for range 5 {
			require.True(t, r.verified(t).Clean())
		}
		close(stop)
		<-stopped
	}))
}

// A mending that was held up writes nothing once another one has begun.
func TestOnlyOneMendingWrites(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		here, _, err := r.engine.Mark(ctx)
		require.NoError(t, err)
		mending := spice.Mark{Installation: here.Installation, Change: here.Change, History: "mending-first"}
		_, err = r.engine.Advance(ctx, nil, here, mending)
		require.NoError(t, err)
		require.NoError(t, r.carrier.Mend(ctx, sharing.Project))
		stale := spice.Changes{{Operation: v1.RelationshipUpdate_OPERATION_TOUCH, Relationship: shareOf("mallory")[0]}}
		_, err = r.engine.Advance(ctx, stale, mending, mending)
		require.ErrorIs(t, err, spice.ErrMoved)
		require.True(t, r.verified(t).Clean())
	}))
}
