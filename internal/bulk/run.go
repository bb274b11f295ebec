package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
)

const (
	// shownRejects is how many bad rows the answer lists where an import is refused for them.
	shownRejects = 1000
	// checkPage is how many rows are checked between two events.
	checkPage = 1000
	// fewRows is how many rows are checked while other changes wait.
	fewRows = 200
)

// Options say how an import goes.
type Options struct {
	DryRun      bool // check everything, write nothing
	SkipInvalid bool // write the valid rows even if others are invalid
}

// run is one import under way: all of it is received.
type run struct {
	*Bulk
	actor    access.Actor
	opts     Options
	rows     *staging
	observer Observer
	sum      Summary

	pending int64 // rows of the files that the check found to wait for others
	tried   int64 // rows that are checked
}

// finish checks what was received and writes it.
func (r *run) finish(ctx context.Context) (Summary, error) {
	r.sum.Rows, r.sum.Kinds, r.sum.DryRun = r.rows.lines, r.rows.kinds, r.opts.DryRun
	if err := r.observer.Progress(Event{Phase: Receiving, Rows: r.rows.lines}); err != nil {
		return r.sum, lost(err)
	}
	if err := r.rows.merge(ctx); err != nil {
		return r.sum, err
	}
	if err := r.check(ctx); err != nil {
		return r.sum, err
	}
	var err error
	if r.sum.Rejected, err = r.rows.rejected(); err != nil {
		return r.sum, err
	}
	switch {
	case r.sum.Rejected > 0 && !r.opts.SkipInvalid:
		r.sum.Refused = true
	case r.opts.DryRun:
		_, left, err := r.rows.count()
		if err != nil {
			return r.sum, err
		}
		r.sum.Written, r.sum.Pending = left-r.pending, r.pending
	default:
		r.rows.lease.keep()
		if err := r.write(ctx); err != nil {
			return r.sum, err
		}
		if r.sum.Rejected, err = r.rows.rejected(); err != nil {
			return r.sum, err
		}
	}
	if !r.sum.Refused {
		r.sum.Unchanged = r.sum.Rows - r.sum.Written - r.sum.Pending - r.sum.Expired - r.sum.Rejected
	}
	limit := shownRejects
	if r.opts.SkipInvalid {
		limit = -1
	}
	return r.sum, r.rows.rejects(limit, r.observer.Reject)
}

// check tries every row. What is left afterwards is to be written. Many rows are tried in a store of their own over the facts, so that nobody waits for
// them; few are not worth one.
func (r *run) check(ctx context.Context) error {
	total, _, err := r.rows.count()
	if err != nil {
		return err
	}
	if err := r.observer.Progress(Event{Phase: Checking, Total: total}); err != nil {
		return lost(err)
	}
	if total > fewRows {
		return r.checkAside(ctx, total)
	}
	var refusals []sharing.Refusal
	if err := r.sharing.Rehearse(ctx, r.actor, func(rehearsal *sharing.Rehearsal) error {
		r.pending = 0 // the transaction may run twice, with the rows that are left
		return r.eachPage(checkPage, func(page []staged) error {
			refused, err := r.try(page, func(row staged) (sharing.Result, error) { return rehearsal.Try(row.row, row.last()) })
			refusals = append(refusals, refused...)
			return err
		})
	}); err != nil {
		return err
	}
	return r.checked(ctx, refusals, Event{Phase: Checking, Rows: total, Total: total})
}

// checkAside checks many rows in a store that takes space on the disk for what they touch and make, while it is there.
func (r *run) checkAside(ctx context.Context, total int64) (err error) {
	aside := &scratch{path: r.rows.scratch(), lease: r.rows.lease}
	if err := aside.grow(ctx); err != nil {
		return err
	}
	defer func() {
		if removed := aside.remove(); removed != nil {
			err = errors.Join(err, unstaged(removed))
		}
	}()
	return r.sharing.RehearseAside(ctx, r.actor, aside.path, func(rehearsal *sharing.Rehearsal) error {
		r.pending, r.tried = 0, 0
		return r.eachPage(checkPage, func(page []staged) error {
			refusals, err := r.try(page, func(row staged) (sharing.Result, error) {
				result, err := rehearsal.Try(row.row, row.last())
				return result, cmp.Or(aside.grow(ctx), err)
			})
			if err != nil {
				return err
			}
			return r.checked(ctx, refusals, Event{Phase: Checking, Rows: r.tried, Total: total})
		})
	})
}

// checked records what was refused, by a dry run too (H1), and tells how far the check is.
func (r *run) checked(ctx context.Context, refusals []sharing.Refusal, e Event) error {
	if len(refusals) > 0 {
		if err := r.sharing.RecordRefusals(ctx, r.actor, refusals); err != nil {
			return err
		}
	}
	if err := r.observer.Progress(e); err != nil {
		return lost(err)
	}
	return ctx.Err()
}

// try tries the rows of a page and takes out those that are refused, which it gives, and those that are so already. What takes rights from the actor goes
// to the end.
func (r *run) try(page []staged, try func(staged) (sharing.Result, error)) (refusals []sharing.Refusal, err error) {
	for _, row := range page {
		result, err := try(row)
		var refused *sharing.RowError
		switch {
		case errors.As(err, &refused):
			refusals = append(refusals, sharing.Refusal{Row: row.row, Err: refused.Err})
			if err := r.rows.refuse(row, refused.Err); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		case result == sharing.Expired:
			r.sum.Expired += row.stands // it is gone if the transaction runs again
			if err := r.rows.remove(row); err != nil {
				return nil, err
			}
		case result == sharing.Unchanged:
			if err := r.rows.remove(row); err != nil {
				return nil, err
			}
		case result == sharing.Pending:
			r.pending += row.stands
		case result == sharing.Postponed:
			if err := r.rows.postpone(row); err != nil {
				return nil, err
			}
			r.tried--
		}
		r.tried++
	}
	return refusals, nil
}

// eachPage gives the rows that wait, page by page, in the order in which they are taken.
func (r *run) eachPage(size int, do func([]staged) error) error {
	for after := (staged{}); ; {
		page, err := r.rows.page(after, size)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1]
		if err := do(page); err != nil {
			return err
		}
	}
}

// write makes the rows true, batch by batch. Written rows stay, even if a later one fails: repeating the import continues.
func (r *run) write(ctx context.Context) error {
	total, _, err := r.rows.count()
	if err != nil {
		return err
	}
	var done int64
	var batch []staged
	flush := func() error {
		if err := r.commit(ctx, batch); err != nil {
			return err
		}
		done += int64(len(batch))
		batch = batch[:0]
		return nil
	}
	size := sharing.ImportBatch(r.actor)
	err = r.eachPage(max(size, 100), func(page []staged) error {
		for _, row := range page {
			if full(batch, size, row) {
				if err := flush(); err != nil {
					return err
				}
			}
			batch = append(batch, row)
		}
		if err := r.observer.Progress(Event{Phase: Writing, Rows: done, Total: total}); err != nil {
			return lost(err)
		}
		return ctx.Err()
	})
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	if err != nil {
		return r.soFar(err)
	}
	if err := r.observer.Progress(Event{Phase: Writing, Rows: done, Total: total}); err != nil {
		return r.soFar(lost(err))
	}
	return nil
}

// mostTogether bounds how many rows of one chatbot are written at once: an organization with more members than that has them written in several parts.
const mostTogether = 5000

// full reports whether a batch of at least the size ends before the row.
func full(batch []staged, size int, next staged) bool {
	if len(batch) < size {
		return false
	}
	return size == 1 || len(batch) >= mostTogether || !sharing.Together(batch[len(batch)-1].row, next.row)
}

// commit writes one batch, all of it or nothing.
func (r *run) commit(ctx context.Context, batch []staged) error {
	rows := make([]sharing.Row, len(batch))
	for i, row := range batch {
		rows[i] = row.row
	}
	done, results, err := r.sharing.Import(ctx, r.actor, rows)
	var refused *sharing.RowError
	switch {
	case errors.As(err, &refused) && !r.opts.SkipInvalid:
		bad := batch[refused.Index]
		return named(refused.Err, "line %d of %s was valid when it was checked, but is refused now, because something changed meanwhile: ",
			bad.at.line, r.rows.files[bad.at.file])
	case refused != nil && len(batch) == 1:
		return r.rows.refuse(batch[0], refused.Err)
	case refused != nil:
		for i := range batch {
			if err := r.commit(ctx, batch[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	case err != nil:
		return err
	}
	r.took(done.Token)
	for i, row := range batch {
		switch results[i] {
		case sharing.Written:
			r.sum.Written += row.stands
		case sharing.Pending:
			r.sum.Pending += row.stands
		case sharing.Expired:
			r.sum.Expired += row.stands
		case sharing.Unchanged, sharing.Postponed:
		}
	}
	return nil
}

// took remembers the token of the last change.
func (r *run) took(t spice.Token) {
	if t != "" {
		r.sum.ZedToken = string(t)
	}
}

// soFar adds to an error what was written before it.
func (r *run) soFar(err error) error {
	if err == nil {
		return nil
	}
	return named(err, "%d rows were written before this; repeat the import to continue: ", r.sum.Written)
}

// named puts a sentence before the detail of an error.
func named(err error, format string, args ...any) error {
	var known *access.Error
	if !errors.As(err, &known) {
		known = access.Unavailable(err)
	}
	more := *known
	more.Detail = fmt.Sprintf(format, args...) + known.Detail
	return &more
}
