package outbox

import (
	"context"
	"slices"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

const (
	// moments is how often Verify looks for a moment in which nothing is on its way to the engine, and momentEvery the time between two looks.
	moments     = 40
	momentEvery = 50 * time.Millisecond
	// examples is the number of relationships named for each kind.
	examples = 3
)

// Report is the result of Verify.
type Report struct {
	Store, Engine spice.Mark // of the last committed change, and of the engine; the zero Mark means none
	Known         bool       // whether the engine is at a state of the store
	Waiting       []store.OutboxEntry
	Refused       []store.ParkedEntry
	Aside         []store.ParkedEntry // parts of large changes that are set aside
	Implied       int                 // relationships that follow from the facts
	Differences   []Difference        // by relation
}

// Difference counts the relationships of one kind that differ in one way.
type Difference struct {
	What     string // Missing, Altered or Surplus
	Kind     string // type#relation
	Count    int
	Examples []string
}

// Clean reports whether nothing has to be done.
func (r *Report) Clean() bool {
	return r.Store == r.Engine && len(r.Refused) == 0 && len(r.Aside) == 0 && len(r.Differences) == 0
}

// Verify compares the relationships of the engine, which has the schema, with those that follow from the facts, and changes nothing. It compares both
// as of one moment, while other processes keep changing them, unless there is no such moment because changes do not reach the engine.
func Verify(ctx context.Context, db *store.DB, engine *spice.Client, project Projection) (*Report, error) {
	for n := 0; ; n++ {
		report, err := verify(ctx, db, engine, project, n == moments)
		if err != nil || report != nil {
			return report, err
		}
		select {
		case <-time.After(momentEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// verify returns nil if this moment cannot be used, unless it has to be.
func verify(ctx context.Context, db *store.DB, engine *spice.Client, project Projection, anyway bool) (report *Report, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, &abouts{})
		if err != nil {
			return err
		}
		mark, token, err := engine.Mark(ctx)
		if err != nil {
			return err
		}
		f := spice.Exactly(token)
		if mark != v.last() {
			if !anyway {
				return nil
			}
			f = spice.Newest
		}
		report = &Report{Store: v.last(), Engine: mark, Known: v.knows(mark), Waiting: v.entries, Refused: v.parked.refused().entries}
		for _, e := range v.parked.entries {
			if e.SetAside() {
				report.Aside = append(report.Aside, e)
			}
		}
		if mark == v.last() {
			report.Waiting = nil // the engine has them, and the store will know soon
		}
		report.Implied, err = compare(ctx, engine, f, tx, project, func(what string, r *v1.Relationship) error {
			report.add(what, r)
			return nil
		})
		return err
	})
	return report, err
}

func (r *Report) add(what string, rel *v1.Relationship) {
	kind := rel.GetResource().GetObjectType() + "#" + rel.GetRelation()
	i := slices.IndexFunc(r.Differences, func(d Difference) bool { return d.What == what && d.Kind == kind })
	if i < 0 {
		i = len(r.Differences)
		r.Differences = append(r.Differences, Difference{What: what, Kind: kind})
	}
	d := &r.Differences[i]
	if d.Count++; d.Count <= examples {
		d.Examples = append(d.Examples, spice.Name(rel))
	}
}
