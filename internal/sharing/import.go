package sharing

import (
	"context"
	"errors"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// importBatch is the number of rows that are committed together if the engine need not be asked in between.
const importBatch = 500

// ImportBatch is the maximum number of rows for one Import. An actor whose rights the engine decides imports row by row, because each decision
// depends on the rows before.
func ImportBatch(actor access.Actor) int {
	if actor.Unconfined() {
		return importBatch
	}
	return 1
}

// Result is the outcome of a row of an import.
type Result string

// The results of a row that is not refused.
const (
	Unchanged Result = "unchanged" // it was so already
	Written   Result = "written"
	Pending   Result = "pending"   // somebody has to consent, asked now or before; nothing else has changed (O7, S4–S6)
	Expired   Result = "expired"   // its expiry has passed: nothing has changed (S13)
	Postponed Result = "postponed" // only from a Rehearsal: the row takes rights from the actor, and so it is tried and written after all others
)

// after is the result of a row after another of its changes was made.
func (r Result) after(c *change) Result {
	switch {
	case c.outcome == access.Pending:
		return Pending
	case c.changed && r == Unchanged:
		return Written
	}
	return r
}

// expiring is a row of something that ends.
type expiring interface {
	// ends is when the first of what the row says ends, or the zero time for never.
	ends() time.Time
}

// expiredAt reports whether the expiry of the row has passed, so that it is no more than counted (S13).
func expiredAt(row Row, now time.Time) bool {
	e, ok := row.(expiring)
	return ok && !e.ends().IsZero() && !now.Before(e.ends())
}

// RowError says which row of a batch was refused, and why.
type RowError struct {
	Index int
	Err   error
}

func (e *RowError) Error() string { return e.Err.Error() }

func (e *RowError) Unwrap() error { return e.Err }

// Import makes all rows true in one change, or none of them. Each row is checked as the actor's own change, in the order given, and leaves its own
// entry in the record. It reports the outcome of each. Rows must have passed Check and be ordered by Rank. If a row is refused, the error is a
// *RowError.
func (s *Service) Import(ctx context.Context, actor access.Actor, rows []Row) (Change, []Result, error) {
	results := make([]Result, len(rows))
	failed := -1
	var read memo
	var steps []step
	for i, row := range rows {
		for part, st := range row.steps() {
			run := st.run
			st.run = func(c *change) error {
				failed = i
				if part == 0 { // the transaction may run twice
					results[i] = Unchanged
				}
				if expiredAt(row, c.now) {
					results[i] = Expired
					failed = -1
					return nil
				}
				c.memo = read.of(c.Tx)
				if err := run(c); err != nil {
					return err
				}
				results[i] = results[i].after(c)
				failed = -1
				return nil
			}
			steps = append(steps, st)
		}
	}
	done, err := s.changes(ctx, actor, steps)
	if err != nil && failed >= 0 && refuses(err) {
		return done, nil, &RowError{Index: failed, Err: err}
	}
	return done, results, err
}

// refuses reports whether the error is about the request and not about the server.
func refuses(err error) bool {
	var e *access.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case access.KindInvalid, access.KindDenied, access.KindNotFound, access.KindConflict, access.KindIDTaken, access.KindUnprocessable:
		return true
	}
	return false
}

// MayRestore reports whether the actor may import and export everything unchanged: an unconfined full key, which may act for anybody (B2).
func MayRestore(actor access.Actor) bool { return actor.Unconfined() && actor.Access == access.KeyFull }

// Refusal is a row that a check refused, and why.
type Refusal struct {
	Row Row
	Err error
}

// RecordRefusals records rows that an import refused before it wrote any (H1).
func (s *Service) RecordRefusals(ctx context.Context, actor access.Actor, refusals []Refusal) error {
	refused := make([]refusedStep, len(refusals))
	for i, r := range refusals {
		steps := r.Row.steps()
		refused[i] = refusedStep{steps[len(steps)-1], r.Err}
	}
	return s.recordRefusals(ctx, actor, refused)
}
