package outbox

import (
	"context"
	"errors"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/google/uuid"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// Mend makes the engine match the facts, even if it is at a state of the store, because the folding of facts may have changed.
func (c *Carrier) Mend(ctx context.Context, project Projection) error {
	return c.mend(ctx, project, true, anybody)
}

// anybody admits every process; a starting one was admitted before.
func anybody(*store.Tx) error { return nil }

// mend makes the engine match the facts exactly, so that no grant without a fact stays in it. Meanwhile nobody changes facts, and no other carrier
// writes: the mending sets its own mark, and every write demands it, also if this process is delayed until another one has started its own mending.
// Unless forced, it leaves an engine unchanged that turns out to be at a state of the store, because others have written.
func (c *Carrier) mend(ctx context.Context, project Projection, force bool, admits func(*store.Tx) error) error {
	return c.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockChanges(); err != nil {
			return err
		}
		if err := admits(tx); err != nil {
			return err
		}
		v, here, err := c.bothOf(ctx, tx)
		if err != nil {
			return err
		}
		if v.knows(here) && !force {
			return c.lowerFloor(ctx, v.last().Change)
		}
		last := v.last()
		switch {
		case force || here == (spice.Mark{}) && last.Change == 0:
		case here == (spice.Mark{}):
			c.log.Warn("the engine is empty; rebuilding it from the store")
		default:
			c.log.Warn("the engine is not at the state of the store; comparing and repairing it", "engine", here.Change, "store", last.Change)
		}
		mending := spice.Mark{Installation: last.Installation, Change: last.Change, History: "mending-" + uuid.NewString()}
		begun, err := c.engine.Advance(ctx, nil, here, mending)
		if err != nil {
			return movedOn(err)
		}
		if err := c.rewrite(ctx, tx, project, mending, begun); err != nil {
			return movedOn(err)
		}
		// Use a mark that the engine never had. Otherwise other gateways would not notice the mending, and would decide with an old token: on the
		// faulty state, or even on a history that SpiceDB's database no longer has.
		mended := spice.Mark{Installation: last.Installation, Change: last.Change, History: "mended-" + uuid.NewString()}
		token, err := c.engine.Advance(ctx, nil, mending, mended)
		if err != nil {
			return movedOn(err)
		}
		if err := c.mended(ctx, mended, token); err != nil {
			return err
		}
		if err := tx.PutSetting(store.SettingApplied, mended.String()); err != nil {
			return err
		}
		return tx.ClearOutbox()
	})
}

// mended makes Last return the state after the mending, so that nothing is decided on the faulty state.
func (c *Carrier) mended(ctx context.Context, mark spice.Mark, token spice.Token) error {
	if err := take(ctx, c.turn); err != nil {
		return err
	}
	defer func() { <-c.turn }()
	c.at, c.floor = seen{mark: mark, token: token}, mark.Change
	c.setLast(c.at)
	return nil
}

// lowerFloor accepts the store's current state, even if it went back to an earlier one. The caller has locked changes.
func (c *Carrier) lowerFloor(ctx context.Context, change int64) error {
	if err := take(ctx, c.turn); err != nil {
		return err
	}
	defer func() { <-c.turn }()
	c.floor = min(c.floor, change)
	return nil
}

// bothOf reads the outbox, in the transaction that has locked changes, and the engine's mark while the outbox did not change. An engine whose mark
// the view does not know is then at no state of the store: another active carrier moves it only within the view, or past one entry of it, until the
// outbox says so.
func (c *Carrier) bothOf(ctx context.Context, tx *store.Tx) (*view, spice.Mark, error) {
	for look := range looks {
		if err := pause(ctx, look); err != nil {
			return nil, spice.Mark{}, err
		}
		before, err := c.viewOf(tx)
		if err != nil {
			return nil, spice.Mark{}, err
		}
		mark, _, err := c.engine.Mark(ctx)
		if err != nil {
			return nil, spice.Mark{}, err
		}
		after, err := c.viewOf(tx)
		if err != nil || before.same(after) {
			return after, mark, err
		}
	}
	return nil, spice.Mark{}, access.Unavailable(errors.New("other servers keep writing to the outbox"))
}

// movedOn is the error for an engine to which somebody else is writing.
func movedOn(err error) error {
	if errors.Is(err, spice.ErrMoved) {
		return access.Unavailable(err)
	}
	return err
}

// mendAtOnce is the number of relationships in one write.
const mendAtOnce = 500

// rewrite replaces the engine's relationships with those that follow from the facts.
func (c *Carrier) rewrite(ctx context.Context, tx *store.Tx, project Projection, mending spice.Mark, begun spice.Token) error {
	var batch spice.Changes
	flush := func() error {
		_, err := c.engine.Advance(ctx, batch, mending, mending)
		batch = nil
		return err
	}
	if _, err := compare(ctx, c.engine, spice.AtLeast(begun), tx, project, func(what string, r *v1.Relationship) error {
		if what == Surplus {
			batch = append(batch, spice.Diff(spice.Relationships{r}, nil)...)
		} else {
			batch = append(batch, spice.Diff(nil, spice.Relationships{r})...)
		}
		if len(batch) < mendAtOnce {
			return nil
		}
		return flush()
	}); err != nil {
		return err
	}
	return flush()
}
