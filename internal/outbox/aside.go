package outbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// atOnce is the number of parts of a change that are carried before everything committed after it.
const atOnce = 4

// Commit adds changes to the outbox. It returns the number for Deliver, and whether parts are set aside, so that carrying takes longer. The
// transaction must have locked changes and caught up (CatchUp), and nothing parked may refuse the changes.
//
// Changes that fit into a few calls of the engine are carried in the order of their commits. Of a larger change, the first parts are carried like
// this, and the others are set aside: each gets its turn later, with the changes of others carried in between. So a large change holds up only
// changes of its own objects, which are refused (Parked.Refuses). The parts can be carried at any time and in any order: no two of them change the
// same relationship, and nobody else can change one of theirs before they are carried.
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

// resume queues the next part that is set aside: of the change with this number, or of the oldest one if that is 0. It queues none if other carriers
// have written meanwhile.
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

// finish carries everything that is set aside.
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
