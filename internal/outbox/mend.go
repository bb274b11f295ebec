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

// Mend makes the engine hold what follows from the facts, also where it is at a state of the store: facts may be folded otherwise than before.
func (c *Carrier) Mend(ctx context.Context, project Projection) error {
	return c.mend(ctx, project, true, anybody)
}

// anybody admits every process: one that starts was admitted before.
func anybody(*store.Tx) error { return nil }

// mend makes the engine hold what follows from the facts, and nothing else, so that no grant that the facts do not know stays in it. Nobody changes
// facts meanwhile, and no other carrier writes: the engine has a mark of the mending's own, under which alone it is written, also if this
// process is held up until another one has begun a mending of its own. Unless it is forced, an engine that turns out to be at a state of the
// store, where others have been writing, is left as it is.
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
			return c.lower(ctx, v.last().Change)
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
		// A mark that the engine never had before, or other gateways would not see that it was mended, and would decide by a token of before: of what was
		// wrong, or even of a history that SpiceDB's database knows nothing of any more.
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

// mended makes the state after a mending the one that Last gives, so that what was wrong before is not decided by any more.
func (c *Carrier) mended(ctx context.Context, mark spice.Mark, token spice.Token) error {
	if err := take(ctx, c.turn); err != nil {
		return err
	}
	defer func() { <-c.turn }()
	c.at, c.floor = seen{mark: mark, token: token}, mark.Change
	c.show(c.at)
	return nil
}

// lower takes the store for where it is, also if it went back to an earlier state. The caller has locked changes.
func (c *Carrier) lower(ctx context.Context, change int64) error {
	if err := take(ctx, c.turn); err != nil {
		return err
	}
	defer func() { <-c.turn }()
	c.floor = min(c.floor, change)
	return nil
}

// bothOf reads the outbox, from within the transaction that has locked changes, and the engine's mark at a moment in which the outbox was so. An engine
// whose mark the view does not know then is at no state of the store: another carrier at work at the same time moves it within the view, or past one
// entry of it, and not further before the outbox says so.
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

// movedOn is for an engine to which somebody else is writing.
func movedOn(err error) error {
	if errors.Is(err, spice.ErrMoved) {
		return access.Unavailable(err)
	}
	return err
}

// mendAtOnce is how many relationships are written together.
const mendAtOnce = 500

// rewrite turns the relationships of the engine into those that follow from the facts.
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
