package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// tiring is a connection to an engine that takes so many writes in one try, and no more.
type tiring struct {
	grpc.ClientConnInterface
	left int
}

func (c *tiring) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if strings.HasSuffix(method, "/WriteRelationships") {
		if c.left == 0 {
			return status.Error(codes.DeadlineExceeded, "the time is over")
		}
		c.left--
	}
	return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// commitLarge commits a change of the chatbot helper that takes the engine six calls, as a use case does.
func (r running) commitLarge(t *testing.T, before, after spice.Relationships) (change int64) {
	large := false
	require.NoError(t, r.db.Update(context.Background(), func(tx *store.Tx) (err error) {
		if err = tx.LockChanges(); err != nil {
			return err
		}
		change, large, err = outbox.Commit(tx, spice.Diff(before, after), time.Now())
		return err
	}))
	require.True(t, large)
	return change
}

func manyShares() (many spice.Relationships) {
	for n := range 5900 {
		many = append(many, shareOf(fmt.Sprintf("u%04d", n))...)
	}
	return many
}

func otherShare() spice.Relationships {
	return spice.FoldShare(access.Share{Chatbot: "other", Principal: bob, Level: access.UseOnly})
}

// A change for which one try has too little time is carried in several: each goes on where the one before it ended.
func TestALargeChangeIsCarriedInAsManyTriesAsItTakes(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		engine := &tiring{ClientConnInterface: r.conn, left: 10}
		c, err := outbox.Open(context.Background(), r.db, spice.NewClient(engine), sharing.Project, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		change := r.commitLarge(t, nil, manyShares())
		tries := 0
		for err = error(access.Unavailable(nil)); err != nil && tries < 10; tries++ {
			engine.left = 2
			_, err = c.Deliver(context.Background(), change)
		}
		require.NoError(t, err)
		require.LessOrEqual(t, tries, 4, "of two calls each")
		require.Len(t, r.sharesOf(t, "helper"), 5900)
		r.settled(t)
	}))
}

// What is committed after a large change does not wait for all of it, and changes of its own objects are refused until it is carried.
func TestALargeChangeHoldsUpNoChangeOfOtherObjects(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		_, err := r.PutChatbot(ctx, root, "other",
			sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("acme"), Owner: access.Some[access.UserID]("olga")})
		require.NoError(t, err)
		r.drained(t, r.carrier)
		slow, line := r.another(t, 4)
		large := r.commitLarge(t, nil, manyShares())
		done := make(chan error)
		go func() {
			_, err := slow.Deliver(ctx, large)
			done <- err
		}()
		<-line.reached // it is held up at the fifth call

		_, err = r.PutShare(ctx, root, "other", bob, sharing.SharePatch{Access: access.Some(access.UseOnly)})
		require.NoError(t, err)
		require.True(t, r.sharesOf(t, "other")["bob"])
		require.Less(t, len(r.sharesOf(t, "helper")), 5900, "the large change is not finished")
		_, err = r.DeleteShare(ctx, root, "other", bob)
		require.NoError(t, err)
		require.Empty(t, r.sharesOf(t, "other"))

		// Its own objects wait, and callers who change them hear that nothing was done.
		_, err = r.PutShare(ctx, root, "helper", bob, sharing.SharePatch{Access: access.Some(access.ReadOnly)})
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		require.ErrorContains(t, err, "nothing was changed")
		report := r.verified(t)
		require.False(t, report.Clean())
		require.NotEmpty(t, report.Aside)
		require.Empty(t, report.Refused)
		require.InDelta(t, 1, r.figures(t)["grantway_outbox_pending"], 1)
		require.Zero(t, r.figures(t)["grantway_outbox_parked"])

		close(line.release)
		require.NoError(t, <-done)
		require.Len(t, r.sharesOf(t, "helper"), 5900)
		require.Empty(t, r.sharesOf(t, "other"))
		_, err = r.PutShare(ctx, root, "helper", bob, sharing.SharePatch{Access: access.Some(access.ReadOnly)})
		require.NoError(t, err)
		r.settled(t)
	}))
}

// A server that ends while it carries a large change carries the rest of it when it starts again.
func TestWhatWasSetAsideIsCarriedAfterACrash(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.commitLarge(t, nil, manyShares())
		r.drained(t, r.carrier)
		require.Len(t, r.sharesOf(t, "helper"), 4*998, "what has its turn before everything that comes after")
	}))
	require.NoError(t, i.open(t, func(r running) {
		require.Len(t, r.sharesOf(t, "helper"), 5900)
		r.settled(t)
	}))
}

// A part that the engine refuses is parked, with what comes after it; the caller who made the change does not hear that it is done.
func TestARefusedPartOfALargeChangeIsParked(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		large := r.commitLarge(t, nil, withStranger(manyShares()))
		_, err := r.carrier.Deliver(ctx, large)
		require.Equal(t, access.KindUnavailable, access.KindOf(err))
		waiting, parked := r.outbox(t)
		require.Empty(t, waiting)
		require.Len(t, parked, 1)
		require.Contains(t, parked[0].Reason, "stranger")
		require.NoError(t, r.carrier.Unpark(ctx))
		_, parked = r.outbox(t)
		require.Len(t, parked, 1)
		require.True(t, parked[0].Is(large))
		r.commit(t, nil, otherShare())
		r.drained(t, r.carrier)
		require.True(t, r.sharesOf(t, "other")["bob"])
	}))
}

// Two gateways carry a large change at the same time, and revoke it at once when it is done.
func TestTwoCarriersShareTheWorkOnALargeChange(t *testing.T) {
	ctx := context.Background()
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		second, _ := r.another(t, -1)
		for _, granted := range []bool{true, false} {
			before, after, want := manyShares(), spice.Relationships(nil), 0
			if granted {
				before, after, want = after, before, 5900
			}
			large := r.commitLarge(t, before, after)
			done := make(chan error)
			go func() {
				_, err := second.Deliver(ctx, large)
				done <- err
			}()
			_, err := r.carrier.Deliver(ctx, large)
			require.NoError(t, err)
			require.Len(t, r.sharesOf(t, "helper"), want)
			require.NoError(t, <-done)
			r.settled(t)
		}
	}))
}
