package outbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// atOnce is how many parts of a change are carried before everything that is committed after it.
const atOnce = 4

// Commit puts changes into the outbox, and returns the number for Deliver and whether parts are set aside, so that they are carried for longer. The
// transaction has locked changes and caught up (CatchUp), and what is parked does not refuse the changes.
//
// What the engine takes in few calls is carried in the order of the commits. Of a larger change the first parts are, and the others are set aside: one
// after the other has its turn, and what others commit meanwhile is carried between them. So a large change holds up the changes of its own objects,
// which are refused (Parked.Refuses), and no others. The parts can be carried at any time and in any order: no two of them change the same
// relationship, and nobody else can change one of theirs before they have been carried.
func Commit(tx *store.Tx, changes spice.Changes, at time.Time) (change int64, large bool, err error) {
	n := 0
	for part := range changes.Parts() {
		updates, err := part.Marshal()
		if err != nil {
			return 0, false, err
		}
		if n++; n > atOnce {
			err = tx.AppendPartAsideOutbox(updates, change, at)
		} else {
			var seq int64
			if seq, err = tx.AppendPartToOutbox(updates, change, at); change == 0 {
				change = seq
			}
		}
		if err != nil {
			return 0, false, err
		}
	}
	return change, n > atOnce, nil
}

// resume gives the next part its turn that is set aside, of the change with the number, or of the oldest if that is 0. Where others
// have been writing meanwhile it gives none.
func (c *Carrier) resume(ctx context.Context, change int64) error {
	err := c.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockChanges(); err != nil {
			return err
		}
		parked, err := c.CatchUp(ctx, tx)
		if err != nil {
			return err
		}
		next := slices.IndexFunc(parked.entries, func(e store.ParkedEntry) bool { return e.SetAside() && (change == 0 || e.Is(change)) })
		if next < 0 {
			return nil
		}
		return tx.UnparkOutbox(parked.entries[next].Seq)
	})
	if errors.Is(err, ErrBehind) {
		return nil
	}
	return err
}

// finish carries all that is set aside.
func (c *Carrier) finish(ctx context.Context) error {
	for {
		v, err := c.look(ctx)
		if err != nil || !slices.ContainsFunc(v.parked.entries, store.ParkedEntry.SetAside) {
			return err
		}
		if err := c.resume(ctx, 0); err != nil {
			return err
		}
		if _, err := c.Drain(ctx); err != nil {
			return err
		}
	}
}
