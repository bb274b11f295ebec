package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// unparkEvery is the number of the worker's rounds between two retries of parked entries.
const unparkEvery = 60

// refusal means that the engine was moved past an entry that it refuses and that has to be parked.
type refusal struct {
	index int // of the entry in the view
	mark  spice.Mark
	cause error
}

func (r *refusal) Error() string { return r.cause.Error() }

func (r *refusal) Unwrap() error { return r.cause }

// pass moves the engine past the entry at the index without its changes. Whether the entry was refused or applied depends on the engine, because
// another carrier may see it differently; the store gets the result afterwards. The error is a *refusal if the engine was moved.
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

// park parks the entry that the engine was moved past, unless another carrier has done so.
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
		c.log.Error("the engine refuses a committed change; it is parked, and tried again", "entry", e.Seq, "first", e.First,
			"objects", v.changes[r.index].Resources(), "error", r.cause)
	}
	return err
}

// Parked are the entries that are not carried with the others: those that the engine refuses, and those set aside (Commit).
type Parked struct {
	entries []store.ParkedEntry
	about   []map[string]bool // of the entries: the objects whose relationships change, as type:ID
}

// refused returns the entries that the engine refuses.
func (p Parked) refused() (refused Parked) {
	for i, e := range p.entries {
		if !e.SetAside() {
			refused.entries, refused.about = append(refused.entries, e), append(refused.about, p.about[i])
		}
	}
	return refused
}

// Refuses returns an error of kind Unavailable if an entry is parked for one of the objects that the changes are about. The engine's state of these
// objects is not the committed one, and nothing can be added to it in order.
func (p Parked) Refuses(changes spice.Changes) error { return held(p.refuses(changes)) }

// RefusesAbout is Refuses for an update that turns out to change nothing: its first try may be parked.
func (p Parked) RefusesAbout(o access.Object) error {
	return held(p.holds([]string{string(o.Type) + ":" + o.ID}))
}

func held(reason string) error {
	if reason == "" {
		return nil
	}
	return &access.Error{
		Kind: access.KindUnavailable, Cause: errors.New(reason),
		Detail: "nothing was changed, because an earlier change of the same objects is still being carried out: try again",
	}
}

func (p Parked) refuses(changes spice.Changes) string { return p.holds(changes.Resources()) }

// holds returns the parked entry that is about one of the objects, or "".
func (p Parked) holds(objects []string) string {
	for i, e := range p.entries {
		for _, o := range objects {
			if p.about[i][o] {
				return fmt.Sprintf("it waits for entry %d, which is parked, because both change %s", e.Seq, o)
			}
		}
	}
	return ""
}

// abouts caches which objects parked entries are about, so that large ones are read once. It is safe for concurrent use.
type abouts struct {
	mu sync.Mutex
	of map[parkedID]map[string]bool
}

// parkedID identifies entries even if the store goes back to an earlier state and reuses numbers.
type parkedID struct{ seq, parkedAt int64 }

// parkedOf reads the parked entries.
func parkedOf(tx *store.Tx, known *abouts) (p Parked, err error) {
	if p.entries, err = tx.ParkedOutbox(); err != nil {
		return p, err
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	of := map[parkedID]map[string]bool{}
	for i := 0; i < len(p.entries); {
		e := p.entries[i]
		id := parkedID{e.Seq, e.ParkedAt.UnixMicro()}
		about, ok := known.of[id]
		if !ok {
			if about, ok, err = aboutOf(tx, e); err != nil {
				return p, err
			}
		}
		if !ok { // another process has removed it
			p.entries = slices.Delete(p.entries, i, i+1)
			continue
		}
		of[id], p.about = about, append(p.about, about)
		i++
	}
	known.of = of
	return p, nil
}

func aboutOf(tx *store.Tx, e store.ParkedEntry) (about map[string]bool, ok bool, err error) {
	updates, ok, err := tx.ParkedUpdatesInOutbox(e.Seq)
	if err != nil || !ok {
		return nil, ok, err
	}
	changes, err := changesOf(store.OutboxEntry{Seq: e.Seq, Updates: updates})
	if err != nil {
		return nil, false, err
	}
	about = map[string]bool{}
	for _, o := range changes.Resources() {
		about[o] = true
	}
	return about, true, nil
}

// Unpark retries the entries that the engine has refused: they get new numbers, in their order, so that they are carried like other entries, or
// parked again. Meanwhile nobody makes changes.
func (c *Carrier) Unpark(ctx context.Context) error {
	if _, err := c.Drain(ctx); err != nil {
		return err
	}
	v, err := c.look(ctx)
	if err != nil || len(v.parked.refused().entries) == 0 {
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
		for _, e := range parked.refused().entries {
			if err := tx.UnparkOutbox(e.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrBehind) {
		return nil // others are writing; try next time
	}
	if err != nil {
		return err
	}
	_, err = c.Drain(ctx)
	return err
}
