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

// settingInstallation names the setting that tells this installation's marks from others'.
const settingInstallation = "installation"

// view is the outbox as it is at one moment.
type view struct {
	marks   []spice.Mark // of what is in the outbox no more, and then after each of the entries: where an engine can be
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

// viewOf reads the outbox. It begins with the entries: what others take out of the outbox meanwhile is up to the mark that is read after them, and what they park is among
// the parked ones, which are read last. So it needs no snapshot.
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

// knows reports whether an engine with the mark is at a state of the store, or was moved past an entry by somebody who has not said so yet.
func (v *view) knows(mark spice.Mark) bool {
	return slices.Contains(v.marks, mark) || !errors.Is(v.passed(mark), spice.ErrMoved)
}

// same reports whether nothing has happened to the outbox between the views.
func (v *view) same(w *view) bool {
	number := func(a, b store.ParkedEntry) bool { return a.Seq == b.Seq }
	return slices.Equal(v.marks, w.marks) && slices.EqualFunc(v.parked.entries, w.parked.entries, number)
}

// group is the changes of as many entries, from the one at the index on, as are written together: those that one call takes, up to the next that
// has to be parked. An entry that one call does not take is written alone, so that every carrier that writes from the same mark writes the same.
func (v *view) group(at int, oneByOne bool) (to int, changes spice.Changes) {
	to, changes = at+1, v.changes[at]
	for !oneByOne && to < len(v.entries) && v.follows(to) == "" {
		more := spice.Merge(changes, v.changes[to])
		if !more.FitsOneCall() {
			break
		}
		to, changes = to+1, more
	}
	return to, changes
}

// follows says what was refused that the entry at the index has to come after, or "". What is set aside comes after it: nothing that touches the same
// is committed while it is, but for the parts of the same change, and these touch no relationship twice.
func (v *view) follows(at int) string { return v.parked.refused().refuses(v.changes[at]) }

var errRefused = errors.New("the engine refused it")

// passed is the error for an engine that is at none of the marks: a *refusal where somebody moved it past an entry and has not said so yet.
func (v *view) passed(mark spice.Mark) error {
	for i, e := range v.entries {
		if v.marks[i].Without(e.Seq) == mark {
			return &refusal{index: i, mark: mark, cause: errRefused}
		}
	}
	return spice.ErrMoved
}
