package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// unparkEvery is how many rounds of the worker lie between two in which what is parked is tried again.
const unparkEvery = 60

// refusal says that the engine was moved past an entry, which it refuses and which is to be parked.
type refusal struct {
	index int // of the entry in the view
	mark  spice.Mark
	cause error
}

func (r *refusal) Error() string { return r.cause.Error() }

func (r *refusal) Unwrap() error { return r.cause }

// pass moves the engine past the entry at the index without its changes. The engine decides whether the entry was refused or taken, since another
// carrier may see it otherwise; the store is told after it. The error is a *refusal if the engine was moved.
func (c *Carrier) pass(ctx context.Context, v *view, at int, cause error) error {
	to := v.marks[at].Without(v.entries[at].Seq)
	err := c.advance(ctx, nil, v.marks[at], to)
	switch {
	case access.KindOf(err) == access.KindInvalid: // it refuses everything
		return access.Unavailable(errors.Join(cause, err))
	case err != nil:
		return err
	}
	return &refusal{index: at, mark: to, cause: cause}
}

// park takes the entry that the engine was moved past out of what is to be carried, unless somebody else has done so.
func (c *Carrier) park(ctx context.Context, v *view, r *refusal) error {
	e := v.entries[r.index]
	parked := false
	err := c.db.Update(ctx, func(tx *store.Tx) (err error) {
		if parked, err = tx.ReplaceSetting(store.SettingApplied, v.marks[0].String(), r.mark.String()); err != nil || !parked {
			return err
		}
		if err := tx.ParkOutbox(store.ParkedEntry{OutboxEntry: e, ParkedAt: time.Now(), Reason: r.Error()}); err != nil {
			return err
		}
		return tx.DeleteOutbox(e.Seq)
	})
	if err == nil && parked {
		c.log.Error("the engine refuses a committed change, which is parked and tried again", "entry", e.Seq, "first", e.First,
			"objects", v.changes[r.index].Resources(), "error", r.cause)
	}
	return err
}

// Parked is what the engine refuses.
type Parked struct{ entries []store.ParkedEntry }

// Refuses is an error of kind Unavailable where something is parked for one of the objects that the changes are about. What the engine knows of
// those is not what was committed, and nothing can be added to it in its order.
func (p Parked) Refuses(changes spice.Changes) error {
	if reason := p.refuses(changes); reason != "" {
		return access.Unavailable(errors.New(reason))
	}
	return nil
}

// RefusesAbout is Refuses for what turns out to be no change of the object: a first try of it may be what is parked.
func (p Parked) RefusesAbout(o access.Object) error {
	if reason := p.holds(map[string]bool{string(o.Type) + ":" + o.ID: true}); reason != "" {
		return access.Unavailable(errors.New(reason))
	}
	return nil
}

func (p Parked) refuses(changes spice.Changes) string {
	about := map[string]bool{}
	for _, o := range changes.Resources() {
		about[o] = true
	}
	return p.holds(about)
}

// holds says which entry is parked that is about one of the objects, or "".
func (p Parked) holds(about map[string]bool) string {
	for _, e := range p.entries {
		held, err := changesOf(e.OutboxEntry)
		if err != nil {
			return err.Error()
		}
		for _, o := range held.Resources() {
			if about[o] {
				return fmt.Sprintf("it comes after entry %d, which is parked, for %s", e.Seq, o)
			}
		}
	}
	return ""
}

// Unpark tries again what is parked: it gets new numbers, in its order, so that it is carried like any other entry, or parked again. Nobody
// changes anything meanwhile.
func (c *Carrier) Unpark(ctx context.Context) error {
	if _, err := c.Drain(ctx); err != nil {
		return err
	}
	v, err := c.look(ctx)
	if err != nil || len(v.parked) == 0 {
		return err
	}
	err = c.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockChanges(); err != nil {
			return err
		}
		parked, err := c.CatchUp(ctx, tx)
		if err != nil {
			return err
		}
		for _, e := range parked.entries {
			if err := tx.UnparkOutbox(e); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrBehind) {
		return nil // others are writing: the next time
	}
	if err != nil {
		return err
	}
	_, err = c.Drain(ctx)
	return err
}
