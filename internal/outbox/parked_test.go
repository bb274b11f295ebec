package outbox_test

import (
	"context"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// withStranger adds a relationship whose resource the engine's schema does not know to what is shared: the engine refuses both.
func withStranger(rs spice.Relationships) spice.Relationships {
	return append(rs, &v1.Relationship{
		Resource: &v1.ObjectReference{ObjectType: "stranger", ObjectId: "s"}, Relation: "known",
		Subject: &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: "bob"}},
	})
}

func (r running) outbox(t *testing.T) (waiting []store.OutboxEntry, parked []store.ParkedEntry) {
	require.NoError(t, r.db.View(context.Background(), func(tx *store.Tx) (err error) {
		if waiting, err = tx.Outbox(0); err != nil {
			return err
		}
		parked, err = tx.ParkedOutbox()
		return err
	}))
	return waiting, parked
}

// figures are the numbers of entries that /metrics shows.
func (r running) figures(t *testing.T) map[string]float64 {
	registry := prometheus.NewRegistry()
	registry.MustRegister(r.carrier)
	families, err := registry.Gather()
	require.NoError(t, err)
	figures := map[string]float64{}
	for _, f := range families {
		figures[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	delete(figures, "grantway_outbox_oldest_seconds")
	return figures
}

// What the engine refuses for good waits by itself, with what comes after it for the same chatbot. Everything else goes on, and when the engine
// takes it, it is carried in its order.
func TestWhatTheEngineRefusesIsParkedAndKeepsNothingElseWaiting(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		_, err := r.PutChatbot(ctx, root, "other",
			sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("acme"), Owner: access.Some[access.UserID]("olga")})
		require.NoError(t, err)

		refused := r.commit(t, nil, withStranger(shareOf("bob")))
		follows := r.commit(t, nil, shareOf("dee"))
		other := r.commit(t, nil, spice.FoldShare(access.Share{Chatbot: "other", Principal: bob, Level: access.UseOnly}))
		_, err = r.carrier.Deliver(ctx, other)
		require.NoError(t, err)
		for _, change := range []int64{refused, follows} {
			_, err = r.carrier.Deliver(ctx, change)
			require.Equal(t, access.KindUnavailable, access.KindOf(err), "it is not done")
		}
		require.True(t, r.sharesOf(t, "other")["bob"])
		require.Empty(t, r.sharesOf(t, "helper"))
		waiting, parked := r.outbox(t)
		require.Empty(t, waiting)
		require.Len(t, parked, 2)
		require.Contains(t, parked[0].Reason, "stranger")
		require.Contains(t, parked[1].Reason, "chatbot:helper")
		r.settled(t)
		require.Equal(t, map[string]float64{"grantway_outbox_pending": 0, "grantway_outbox_parked": 2}, r.figures(t))

		// Nothing is changed about what waits, and everything else is.
		_, err = r.PutShare(ctx, root, "helper", bob, sharing.SharePatch{Access: access.Some(access.ReadOnly)})
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		shares, _, err := r.Shares(ctx, root, "helper", sharing.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, shares, "it was refused, and nothing was written")
		_, err = r.DeleteShare(ctx, root, "other", bob)
		require.Equal(t, access.KindNotFound, access.KindOf(err), "the facts know of no such share")
		_, err = r.PutShare(ctx, root, "other", bob, sharing.SharePatch{Access: access.Some(access.ReadOnly)})
		require.NoError(t, err)

		// Tried again in vain, they are parked again, and are still the same changes.
		require.NoError(t, r.carrier.Unpark(ctx))
		_, parked = r.outbox(t)
		require.Len(t, parked, 2)
		require.Equal(t, []int64{refused, follows}, []int64{parked[0].First, parked[1].First})
		_, err = r.carrier.Deliver(ctx, refused)
		require.Equal(t, access.KindUnavailable, access.KindOf(err), "its caller may be waiting yet")
		require.Empty(t, r.sharesOf(t, "helper"))

		_, err = r.engine.WriteSchema(ctx, schema.Text+"\ndefinition stranger {\n\trelation known: user\n}\n")
		require.NoError(t, err)
		require.NoError(t, r.carrier.Unpark(ctx))
		require.Equal(t, map[string]bool{"bob": true, "dee": true}, r.sharesOf(t, "helper"))
		r.settled(t)
		_, parked = r.outbox(t)
		require.Empty(t, parked)
	}))
}

// Another gateway, which was held up before the entry was parked, agrees with the engine about what became of it.
func TestGatewaysAgreeOnWhatIsParked(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		held, line := r.another(t, 0)
		r.commit(t, nil, withStranger(shareOf("bob")))
		done := make(chan error)
		go func() {
			_, err := held.Drain(context.Background())
			done <- err
		}()
		<-line.reached
		r.drained(t, r.carrier)
		seq := r.commit(t, nil, spice.FoldShare(access.Share{Chatbot: "other", Principal: bob, Level: access.UseOnly}))
		r.drained(t, r.carrier)
		close(line.release)
		require.NoError(t, <-done)
		_, err := held.Deliver(context.Background(), seq)
		require.NoError(t, err)
		_, parked := r.outbox(t)
		require.Len(t, parked, 1)
		r.settled(t)
	}))
}

// A gateway that ended between moving the engine past an entry and parking it leaves that to the next one.
func TestTheNextCarrierParksWhatTheEngineWasMovedPast(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) { r.found(t) }))
	require.NoError(t, i.open(t, func(r running) {
		from, _, err := r.engine.Mark(ctx)
		require.NoError(t, err)
		seq := r.commit(t, nil, withStranger(shareOf("bob")))
		_, err = r.engine.Advance(ctx, nil, from, from.Without(seq)) // and then it was killed
		require.NoError(t, err)
	}))
	require.NoError(t, i.open(t, func(r running) {
		waiting, parked := r.outbox(t)
		require.Empty(t, waiting)
		require.Len(t, parked, 1)
		r.settled(t)
	}))
}
