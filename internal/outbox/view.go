package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// settingInstallation is the setting that identifies this installation's marks.
const settingInstallation = "installation"

// view is the outbox at one moment.
type view struct {
	marks   []spice.Mark // the mark before the first entry, then after each entry: the states in which an engine can be
	entries []store.OutboxEntry
	changes []spice.Changes // of the entries
	parked  Parked
}

func (c *Carrier) look(ctx context.Context) (v *view, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		v, err = c.viewOf(tx)
		return err
	})
	return v, err
}

func (c *Carrier) viewOf(tx *store.Tx) (*view, error) { return viewOf(tx, &c.abouts) }

// viewOf reads the outbox without a snapshot: first the entries, then the applied mark, which covers the entries that others remove meanwhile, and
// last the parked entries, which contain those that others park.
func viewOf(tx *store.Tx, known *abouts) (*view, error) {
	waiting, err := tx.Outbox(0)
	if err != nil {
		return nil, err
	}
	mark, err := applied(tx)
	if err != nil {
		return nil, err
	}
	v := &view{marks: []spice.Mark{mark}}
	if v.parked, err = parkedOf(tx, known); err != nil {
		return nil, err
	}
	for _, e := range waiting {
		if e.Seq <= v.marks[0].Change {
			continue
		}
		changes, err := changesOf(e)
		if err != nil {
			return nil, err
		}
		v.entries, v.changes = append(v.entries, e), append(v.changes, changes)
		mark = mark.Next(e.Seq, e.Updates)
		v.marks = append(v.marks, mark)
	}
	return v, nil
}

func applied(tx *store.Tx) (mark spice.Mark, err error) {
	text, ok, err := tx.Setting(store.SettingApplied)
	if err != nil {
		return mark, err
	}
	if ok {
		return spice.ParseMark(text)
	}
	mark.Installation, _, err = tx.Setting(settingInstallation)
	return mark, err
}

func changesOf(e store.OutboxEntry) (spice.Changes, error) {
	changes, err := spice.UnmarshalChanges(e.Updates)
	if err != nil {
		return nil, &access.Error{Kind: access.KindInternal, Detail: "cannot read the outbox", Cause: fmt.Errorf("entry %d: %w", e.Seq, err)}
	}
	return changes, nil
}

func (v *view) last() spice.Mark { return v.marks[len(v.marks)-1] }

// knows reports whether an engine with the mark is at a state of the store, or was moved past an entry by a carrier that has not stored that yet.
func (v *view) knows(mark spice.Mark) bool {
	return slices.Contains(v.marks, mark) || !errors.Is(v.passed(mark), spice.ErrMoved)
}

// same reports whether the outbox did not change between the views.
func (v *view) same(w *view) bool {
	number := func(a, b store.ParkedEntry) bool { return a.Seq == b.Seq }
	return slices.Equal(v.marks, w.marks) && slices.EqualFunc(v.parked.entries, w.parked.entries, number)
}

// group returns the changes of the entries, from the index on, that are written together: as many as one call accepts, up to the next one that has to
// be parked. An entry too large for one call is written alone, so that all carriers that write from the same mark write the same.
func (v *view) group(at int, oneByOne bool) (to int, changes spice.Changes) {
	to, changes = at+1, v.changes[at]
	for !oneByOne && to < len(v.entries) && v.refusedBefore(to) == "" {
		more := spice.Merge(changes, v.changes[to])
		if !more.FitsOneCall() {
			break
		}
		to, changes = to+1, more
	}
	return to, changes
}

// refusedBefore returns the refused entry that the entry at the index has to wait for, or "". It can ignore entries that are set aside: while they are,
// nothing that touches the same objects is committed except other parts of the same change, and no two of these touch the same relationship.
func (v *view) refusedBefore(at int) string { return v.parked.refused().refuses(v.changes[at]) }

var errRefused = errors.New("the engine refused it")

// passed is the error for an engine that is at none of the marks: a *refusal if a carrier moved it past an entry and has not stored that yet.
func (v *view) passed(mark spice.Mark) error {
	for i, e := range v.entries {
		if v.marks[i].Without(e.Seq) == mark {
			return &refusal{index: i, mark: mark, cause: errRefused}
		}
	}
	return spice.ErrMoved
}
