package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

const (
	// carryEvery is the wait before the worker retries entries that the engine did not accept.
	carryEvery = time.Second
	// carryWithin limits one try of the worker: an engine that hangs must not block changes for longer.
	carryWithin = 10 * time.Second
	// looks is how often a carrier looks again at the store and the engine while others write to both.
	looks = 10
)

// Carrier applies the outbox to the engine, one entry after the other. It is safe for concurrent use.
type Carrier struct {
	db      *store.DB
	engine  *spice.Client
	project Projection
	log     *slog.Logger
	last    atomic.Pointer[seen] // the state that Last returns: it includes everything committed by some moment

	turn chan struct{} // holds a token while a goroutine writes to the engine, and knows its mark

	// Guarded by turn.
	at    seen  // the engine's last known state; the zero Mark if unknown
	floor int64 // the last change carried; a view that ends earlier is outdated

	abouts abouts // of the parked entries

	newest  chan struct{} // holds a token during Fresh
	drained time.Time     // guarded by newest: the start of the last Drain for Fresh
}

// seen is a state of the engine.
type seen struct {
	mark    spice.Mark
	token   spice.Token
	written bool // the token comes from a write and lacks the schema's hash, so SpiceDB may read its schema for each question
}

// newCarrier makes a carrier that knows the engine to be at the mark.
func newCarrier(db *store.DB, engine *spice.Client, project Projection, log *slog.Logger, mark spice.Mark, token spice.Token) *Carrier {
	c := &Carrier{
		db: db, engine: engine, project: project, log: log, at: seen{mark: mark, token: token}, turn: make(chan struct{}, 1), newest: make(chan struct{}, 1),
	}
	c.setLast(c.at)
	return c
}

// Last is the token of the newest state of the engine that this process knows. A decision at least as fresh includes every change that this process
// has answered (C3), and everything answered before it started.
func (c *Carrier) Last() spice.Token { return c.last.Load().token }

// Fresh returns the freshness that a question needs: it includes everything this process has answered, and if newest is true everything any process
// has answered before the question was asked (access.Asked). It does not ask SpiceDB for its newest state, which need not include all of that:
// SpiceDB looks the state up once for many callers that ask at about the same time.
func (c *Carrier) Fresh(ctx context.Context, newest bool) (spice.Freshness, error) {
	if newest {
		if err := c.sync(ctx); err != nil {
			return spice.Freshness{}, err
		}
	}
	return spice.AtLeast(c.Last()), nil
}

// sync ensures that Last includes everything that any process has answered. It does if nothing waits and the outbox was carried up to the state of
// Last.
func (c *Carrier) sync(ctx context.Context) error {
	asked := time.Now()
	carried, shared, err := c.db.Carried(ctx)
	if err != nil || !shared || !carried.Waiting && carried.Applied == c.last.Load().mark.String() {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	if err := take(ctx, c.newest); err != nil {
		return err
	}
	defer func() { <-c.newest }()
	if c.drained.After(asked) {
		return nil // another goroutine has done it
	}
	began := time.Now()
	if _, err := c.Drain(ctx); err != nil {
		return err
	}
	c.drained = began
	return nil
}

// Drain applies every committed entry that is not parked or set aside, and returns Last. After an error of kind Unavailable, the entries stay and are
// retried.
func (c *Carrier) Drain(ctx context.Context) (spice.Token, error) { return c.Deliver(ctx, 0) }

// Deliver is Drain for the caller that committed the change with this number (Commit): it also carries the change's parts that are set aside, and
// fails if the engine refuses one.
func (c *Carrier) Deliver(ctx context.Context, change int64) (spice.Token, error) {
	for {
		token, aside, err := c.deliver(ctx, change)
		if err != nil || !aside {
			return token, err
		}
		if err := c.resume(ctx, change); err != nil {
			return "", err
		}
	}
}

// deliver is Deliver without the parts set aside, and reports whether there are any.
func (c *Carrier) deliver(ctx context.Context, change int64) (token spice.Token, aside bool, err error) {
	for look := range looks {
		if err := pause(ctx, look); err != nil {
			return "", false, err
		}
		v, err := c.look(ctx)
		if err != nil {
			return "", false, err
		}
		token, err := c.carry(ctx, v)
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			if err := c.park(ctx, v, refused); err != nil {
				return "", false, err
			}
		case errors.Is(err, spice.ErrMoved):
		case err != nil:
			return "", false, err
		default:
			if err := c.markApplied(ctx, v); err != nil {
				return "", false, err
			}
			for _, p := range v.parked.entries {
				switch {
				case !p.Is(change):
				case p.SetAside():
					aside = true
				default:
					return "", false, access.Unavailable(fmt.Errorf("the engine refuses entry %d of the outbox: %s", p.Seq, p.Reason))
				}
			}
			return token, aside, nil
		}
	}
	return "", false, access.Unavailable(errAdrift)
}

// errAdrift is for the log. Run compares the engine with the store and mends it; so do a starting server and grantway verify --repair.
var errAdrift = errors.New("the engine is not at a state of the store: one of them was restored or is being repaired")

// pause waits before the second and later looks, longer each time.
func pause(ctx context.Context, look int) error {
	timer := time.NewTimer(time.Duration(look*look) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return access.Unavailable(ctx.Err())
	}
}

// ErrBehind means that the engine could not be brought to the state of the store from within a transaction; Drain can do it.
var ErrBehind = errors.New("committed changes have not reached the engine yet")

// CatchUp brings the engine to the state of the store, from within the transaction that has locked changes, so that it has everything committed
// before. It fails with ErrBehind if that needs more than carrying entries.
func (c *Carrier) CatchUp(ctx context.Context, tx *store.Tx) (Parked, error) {
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	v, err := c.viewOf(tx)
	if err != nil {
		return Parked{}, err
	}
	var refused *refusal
	if _, err := c.carry(ctx, v); errors.Is(err, spice.ErrMoved) || errors.As(err, &refused) {
		return Parked{}, ErrBehind
	} else if err != nil {
		return Parked{}, err
	}
	return v.parked, nil
}

// carry brings the engine to the last mark of the view. It fails with ErrMoved if the engine is at a state that the view does not know, and with a
// *refusal if it was moved past an entry that it refuses.
func (c *Carrier) carry(ctx context.Context, v *view) (spice.Token, error) {
	if err := take(ctx, c.turn); err != nil {
		return "", err
	}
	defer func() { <-c.turn }()
	if v.last().Change < c.floor {
		return "", spice.ErrMoved // another carrier has carried newer entries than the view has
	}
	oneByOne := false
	at := slices.Index(v.marks, c.at.mark)
	for lost := 0; ; {
		if at < 0 {
			if lost == looks {
				return "", access.Unavailable(errors.New("the engine accepts writes from others only"))
			}
			lost++
			if err := c.refreshMark(ctx); err != nil {
				return "", err
			}
			if at = slices.Index(v.marks, c.at.mark); at < 0 {
				return "", v.passed(c.at.mark)
			}
		}
		if at == len(v.entries) {
			c.floor = v.last().Change
			c.updateLast()
			return c.Last(), nil
		}
		if reason := v.refusedBefore(at); reason != "" {
			return "", c.pass(ctx, v, at, errors.New(reason))
		}
		to, changes := v.group(at, oneByOne)
		err := c.advance(ctx, changes, v.marks[at], v.marks[to])
		switch {
		case errors.Is(err, spice.ErrMoved):
			at = -1
		case access.KindOf(err) == access.KindInvalid && to > at+1:
			oneByOne = true
		case access.KindOf(err) == access.KindInvalid:
			return "", c.pass(ctx, v, at, err)
		case err != nil:
			return "", err
		default:
			at = to
		}
	}
}

// advance writes to the engine, and remembers its new state.
func (c *Carrier) advance(ctx context.Context, changes spice.Changes, from, to spice.Mark) error {
	token, err := c.engine.Advance(ctx, changes, from, to)
	if err != nil {
		return err
	}
	c.at = seen{mark: to, token: token, written: true}
	return nil
}

// refreshMark asks the engine where it is. The answer may be of a moment before, as Fresh says: whether it is good is for the marks to tell.
func (c *Carrier) refreshMark(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, carryWithin) // the caller's deadline may be far away, and others wait for the turn
	defer cancel()
	mark, token, err := c.engine.Mark(ctx)
	if err != nil {
		return err
	}
	c.at = seen{mark: mark, token: token}
	return nil
}

// updateLast makes Last return the engine's current state. While the mark is the same, the token stays, because SpiceDB caches answers by state.
func (c *Carrier) updateLast() {
	last := c.last.Load()
	if c.at.token == "" || c.at.mark == last.mark && (c.at.written || !last.written) {
		return
	}
	c.setLast(c.at)
}

// setLast makes Last return the state.
func (c *Carrier) setLast(s seen) { c.last.Store(&s) }

// markApplied deletes applied entries and advances the applied mark, unless another carrier already has.
func (c *Carrier) markApplied(ctx context.Context, v *view) error {
	if len(v.entries) == 0 {
		return nil
	}
	last := v.marks[len(v.entries)]
	return c.db.Update(ctx, func(tx *store.Tx) error {
		if mine, err := tx.ReplaceSetting(store.SettingApplied, v.marks[0].String(), last.String()); err != nil || !mine {
			return err
		}
		return tx.DeleteOutbox(last.Change)
	})
}

// Run carries, until ctx ends, the entries that the engine did not accept at once, and sometimes retries parked ones. It also asks the engine for its
// mark when nothing waits: an engine that went back to an earlier state, by a failover or from a copy, would give back revoked access. Run mends such
// an engine, unless admits says that this process must not make changes.
func (c *Carrier) Run(ctx context.Context, admits func(*store.Tx) error) {
	tick := time.NewTicker(carryEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := c.retryWaiting(ctx, n%unparkEvery == 0)
			if errors.Is(err, errAdrift) {
				err = c.mend(ctx, c.project, false, admits)
			}
			if err != nil && ctx.Err() == nil {
				c.log.Warn("the engine does not accept committed changes; trying again", "error", err)
			}
		}
	}
}

// retryWaiting has no overall time limit, so that it finishes even if many entries wait; each call of the engine has one.
func (c *Carrier) retryWaiting(ctx context.Context, unpark bool) error {
	if err := c.forgetMark(ctx); err != nil {
		return err
	}
	if _, err := c.Drain(ctx); err != nil {
		return err
	}
	if unpark {
		if err := c.Unpark(ctx); err != nil {
			return err
		}
	}
	return c.finish(ctx)
}

// forgetMark forgets the engine's state, so that it is asked for the next time.
func (c *Carrier) forgetMark(ctx context.Context) error {
	if err := take(ctx, c.turn); err != nil {
		return err
	}
	c.at = seen{}
	<-c.turn
	return nil
}

// take waits for the turn.
func take(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return access.Unavailable(ctx.Err())
	}
}
