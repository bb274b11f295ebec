package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// line is a connection to the engine on which writing can be held up: a writer sends to reached, and waits for release.
type line struct {
	grpc.ClientConnInterface
	mu      sync.Mutex
	hold    int // how many writes pass before one is held up; negative for none
	reached chan struct{}
	release chan struct{}
}

func (l *line) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if strings.HasSuffix(method, "/WriteRelationships") {
		l.mu.Lock()
		held := l.hold == 0
		l.hold--
		l.mu.Unlock()
		if held {
			close(l.reached)
			<-l.release
		}
	}
	return l.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// another is a second carrier on the same store and engine, as another gateway has one. It is held up at the write after so many.
func (r running) another(t *testing.T, writes int) (*outbox.Carrier, *line) {
	l := &line{ClientConnInterface: r.conn, hold: -1, reached: make(chan struct{}), release: make(chan struct{})}
	c, err := outbox.Open(context.Background(), r.db, spice.NewClient(l), sharing.Project, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l.hold = writes
	return c, l
}

// commit puts a change into the outbox as a use case does.
func (r running) commit(t *testing.T, before, after spice.Relationships) (seq int64) {
	updates, err := spice.Diff(before, after).Marshal()
	require.NoError(t, err)
	require.NoError(t, r.db.Update(context.Background(), func(tx *store.Tx) (err error) {
		seq, err = tx.AppendOutbox(updates, noon)
		return err
	}))
	return seq
}

func shareOf(user string) spice.Relationships {
	return spice.FoldShare(access.Share{Chatbot: "helper", Principal: access.Principal{Kind: access.PrincipalUser, ID: user}, Level: access.UseOnly})
}

func (r running) drained(t *testing.T, c *outbox.Carrier) {
	_, err := c.Drain(context.Background())
	require.NoError(t, err)
}

// settled fails unless the store knows that the engine has everything.
func (r running) settled(t *testing.T) {
	require.NoError(t, r.db.View(context.Background(), func(tx *store.Tx) error {
		waiting, err := tx.Outbox(0)
		require.NoError(t, err)
		require.Empty(t, waiting)
		applied, _, err := tx.Setting("outbox.applied")
		require.NoError(t, err)
		mark, _, err := r.engine.Mark(context.Background())
		require.NoError(t, err)
		require.Equal(t, applied, mark.String())
		return nil
	}))
}

// sharesOf are the users to whom the engine says that the chatbot is shared.
func (r running) sharesOf(t *testing.T, bot string) map[string]bool {
	users := map[string]bool{}
	require.NoError(t, r.engine.ReadAll(context.Background(), spice.Newest, string(access.TypeChatbot), func(rel *v1.Relationship) error {
		s := rel.GetSubject()
		if rel.GetResource().GetObjectId() == bot && rel.GetRelation() == schema.RelCanInteract && s.GetObject().GetObjectType() == string(access.TypeUser) {
			users[s.GetObject().GetObjectId()] = true
		}
		return nil
	}))
	delete(users, "olga") // the owner
	return users
}

// A gateway that was held up between reading a grant and writing it, for however long, does not bring it back once it was revoked.
func TestACarrierThatWasHeldUpBringsNoRevokedGrantBack(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		held, line := r.another(t, 0)
		r.commit(t, nil, shareOf("bob"))
		done := make(chan error)
		go func() {
			_, err := held.Drain(context.Background())
			done <- err
		}()
		<-line.reached
		r.drained(t, r.carrier)
		require.True(t, r.mayInteract(t))
		r.commit(t, shareOf("bob"), nil)
		r.drained(t, r.carrier)
		require.False(t, r.mayInteract(t))

		close(line.release)
		require.NoError(t, <-done, "it looked again, and found that others had done its work")
		require.False(t, r.mayInteract(t))
		r.settled(t)
	}))
}

// What does not fit into one call is as safe: one that stopped half-way writes no more of it once another has finished it, and gone on.
func TestACarrierThatWasHeldUpWithinALargeChangeWritesNoMoreOfIt(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		var many spice.Relationships
		for n := range 2500 {
			many = append(many, shareOf(fmt.Sprintf("u%04d", n))...)
		}
		held, line := r.another(t, 2) // of three calls
		r.commit(t, nil, many)
		done := make(chan error)
		go func() {
			_, err := held.Drain(context.Background())
			done <- err
		}()
		<-line.reached
		require.Len(t, r.sharesOf(t, "helper"), 1996, "two calls were taken, and the mark is where it was")
		r.drained(t, r.carrier)
		require.Len(t, r.sharesOf(t, "helper"), 2500)
		r.commit(t, many, nil)
		r.drained(t, r.carrier)
		close(line.release)
		require.NoError(t, <-done)
		require.Empty(t, r.sharesOf(t, "helper"))
		r.settled(t)
	}))
}

func TestAGatewayThatEndedBetweenTheEngineAndTheStoreLeavesNothingToDo(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		from, _, err := r.engine.Mark(context.Background())
		require.NoError(t, err)
		seq := r.commit(t, nil, shareOf("bob"))
		changes := spice.Diff(nil, shareOf("bob"))
		updates, err := changes.Marshal()
		require.NoError(t, err)
		_, err = r.engine.Advance(context.Background(), changes, from, from.Next(seq, updates)) // and then it was killed
		require.NoError(t, err)
		r.commit(t, shareOf("bob"), nil)
		r.drained(t, r.carrier)
		require.False(t, r.mayInteract(t))
		r.settled(t)
	}))
}

// Two gateways carry at full speed what is committed: a caller who hears that the engine has a revocation finds it there, then and later.
func TestTwoCarriersAtOnceLeaveWhatWasCommitted(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		second, _ := r.another(t, -1)
		carriers := []*outbox.Carrier{r.carrier, second}
		var mu sync.Mutex // changes are committed one at a time
		var workers sync.WaitGroup
		want := map[string]bool{}
		for w := range 4 {
			workers.Go(func() {
				mine := carriers[w%2]
				for n := range 15 {
					user := fmt.Sprintf("u-%d-%d", w, n)
					mu.Lock()
					r.commit(t, nil, shareOf(user))
					want[user] = n%3 == 0
					mu.Unlock()
					if n%2 == 0 {
						r.drained(t, mine)
						require.True(t, r.sharesOf(t, "helper")[user], user)
					}
					if n%3 != 0 {
						mu.Lock()
						r.commit(t, shareOf(user), nil)
						mu.Unlock()
						r.drained(t, mine)
						require.False(t, r.sharesOf(t, "helper")[user], user)
					}
				}
			})
		}
		workers.Wait()
		r.drained(t, second)
		r.drained(t, r.carrier)
		got := r.sharesOf(t, "helper")
		for user, shared := range want {
			require.Equal(t, shared, got[user], user)
		}
		r.settled(t)
	}))
}

// A token that a gateway gives for what another one has carried is of a state that has it.
func TestC3TheTokenOfAChangeThatAnotherGatewayCarriedIncludesIt(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		idle, _ := r.another(t, -1)
		atStart := idle.Last()
		require.NotEmpty(t, atStart, "a gateway that changes nothing answers from the state that it was started on")
		for _, shared := range []bool{true, false} {
			if shared {
				r.share(t)
			} else {
				r.unshare(t)
			}
			token, err := idle.Drain(context.Background())
			require.NoError(t, err)
			a, err := r.engine.Check(context.Background(), spice.AtLeast(token), asked)
			require.NoError(t, err)
			require.Equal(t, shared, a.Allowed)
		}
	}))
}

// While nobody changes anything, a gateway decides by one and the same state, so that SpiceDB need not work out every answer again; others may well write
// to the database that it is kept in.
func TestTheStateThatIsDecidedByStaysWhileNothingChanges(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.share(t)
		written := r.carrier.Last()
		ctx, stop := context.WithCancel(context.Background())
		var worker sync.WaitGroup
		worker.Go(func() { r.carrier.Run(ctx, func(*store.Tx) error { return nil }) })
		defer worker.Wait()
		defer stop()
		require.Eventually(t, func() bool { return r.carrier.Last() != written }, 3*time.Second, 10*time.Millisecond, "the token of a write does not stay")
		read := r.carrier.Last()
		for _, user := range []string{"mallory", "mallet"} {
			_, err := r.engine.Apply(ctx, spice.Diff(nil, shareOf(user))) // a write that is no change of a gateway's
			require.NoError(t, err)
			time.Sleep(1200 * time.Millisecond) // the engine is asked where it is meanwhile
			require.Equal(t, read, r.carrier.Last())
		}
		r.unshare(t)
		require.NotEqual(t, read, r.carrier.Last())
	}))
}

// A gateway sees that another one has mended the engine, also if it never saw what was wrong: the token that it decided by may be of a history that the
// engine's database has lost.
func TestAMendingIsSeenByEveryGateway(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		r.share(t)
		second, _ := r.another(t, -1)
		before := second.Last()
		for range 2 {
			require.NoError(t, r.carrier.Mend(context.Background(), sharing.Project))
			r.drained(t, second)
			require.NotEqual(t, before, second.Last())
			before = second.Last()
			r.settled(t)
		}
	}))
}

// An engine that is put back to an earlier state under gateways that run, as by a failover to a copy that was behind, is brought forward again.
func TestWhatAnEngineHasForgottenIsRevokedAgain(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		ctx, stop := context.WithCancel(context.Background())
		var worker sync.WaitGroup
		var leftBehind atomic.Bool
		leftBehind.Store(true)
		worker.Go(func() {
			r.carrier.Run(ctx, func(*store.Tx) error {
				if leftBehind.Load() {
					return errors.New("left behind")
				}
				return nil
			})
		})
		defer worker.Wait()
		defer stop()
		r.found(t)
		r.share(t)
		earlier, _, err := r.engine.Mark(ctx)
		require.NoError(t, err)
		r.unshare(t)
		here, _, err := r.engine.Mark(ctx)
		require.NoError(t, err)
		_, err = r.engine.Advance(ctx, spice.Diff(nil, shareOf("bob")), here, earlier)
		require.NoError(t, err)
		time.Sleep(3 * time.Second)
		require.True(t, r.mayInteract(t), "a process that must not change anything does not mend")

		leftBehind.Store(false)
		require.Eventually(t, func() bool { return !r.mayInteract(t) }, 20*time.Second, 100*time.Millisecond)
		r.share(t)
		r.settled(t)
	}))
}

// A store that goes back to an earlier state under gateways that run, as by a failover to a copy that was behind, is followed by all of them once
// one has mended the engine.
func TestAGatewayFollowsAStoreThatWentBack(t *testing.T) {
	i := installation{t, t.TempDir()}
	require.NoError(t, i.open(t, func(r running) {
		r.found(t)
		second, _ := r.another(t, -1)
		earlier, _, err := r.engine.Mark(context.Background())
		require.NoError(t, err)
		for _, user := range []string{"u1", "u2", "u3"} {
			r.commit(t, nil, shareOf(user))
			r.drained(t, second)
		}
		require.NoError(t, r.db.Update(context.Background(), func(tx *store.Tx) error { return tx.PutSetting(store.SettingApplied, earlier.String()) }))
		r.another(t, -1) // starts, and mends
		ctx, stop := context.WithCancel(context.Background())
		var worker sync.WaitGroup
		worker.Go(func() { second.Run(ctx, func(*store.Tx) error { return nil }) })
		defer worker.Wait()
		defer stop()
		require.Eventually(t, func() bool {
			_, err := second.Drain(context.Background())
			return err == nil
		}, 10*time.Second, 100*time.Millisecond)
		a, err := r.engine.Check(context.Background(), spice.Exactly(second.Last()), asked)
		require.NoError(t, err)
		require.False(t, a.Allowed)
	}))
}
