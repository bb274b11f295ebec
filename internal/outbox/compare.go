package outbox

import (
	"context"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// Projection streams every relationship that the facts imply, as the transaction sees them.
type Projection func(tx *store.Tx, each func(spice.Relationships) error) error

// The ways in which a relationship can differ.
const (
	Missing = "missing" // the facts imply it, but the engine does not have it
	Altered = "altered" // the engine has it with another condition
	Surplus = "surplus" // the engine has it, but no fact implies it
)

// perRound is the number of relationships compared at a time. A digest of each is kept in memory, which takes some hundred megabytes for this many.
var perRound = 1 << 20

// heardOfEvery is the number of the engine's relationships after which the transaction sends something to the store, which would otherwise end it as
// idle.
const heardOfEvery = 10_000

// compare passes every relationship in which the facts and the engine, at a state at least as fresh, differ, in no particular order, except that
// Surplus ones come first within a round. It reads both from the beginning several times, to keep a bounded number in memory. It returns how many the
// facts imply.
func compare(ctx context.Context, engine *spice.Client, f spice.Freshness, tx *store.Tx, project Projection, differs func(what string, r *v1.Relationship) error) (int, error) {
	implied := func(do func(*v1.Relationship) error) error {
		return project(tx, func(rs spice.Relationships) error {
			for _, r := range rs {
				if err := do(r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	total := 0
	if err := implied(func(*v1.Relationship) error { total++; return nil }); err != nil {
		return 0, err
	}
	rounds := uint64(total/perRound + 1)
	for round := range rounds {
		want := map[spice.Digest]spice.Digest{}
		if err := implied(func(r *v1.Relationship) error {
			id := spice.Identity(r)
			if _, twice := want[id]; !twice && id.Part(rounds) == round {
				want[id] = spice.Condition(r)
			}
			return nil
		}); err != nil {
			return 0, err
		}
		altered, seen := map[spice.Digest]bool{}, 0
		for _, t := range schema.Resources {
			if err := engine.ReadAll(ctx, f, t, func(r *v1.Relationship) error {
				if seen++; seen%heardOfEvery == 0 {
					if _, _, err := tx.Setting(settingInstallation); err != nil {
						return err
					}
				}
				id := spice.Identity(r)
				if id.Part(rounds) != round || r.GetRelation() == schema.RelApplied {
					return nil
				}
				switch condition, ok := want[id]; {
				case !ok:
					return differs(Surplus, r)
				case condition == spice.Condition(r):
					delete(want, id)
				default:
					altered[id] = true
				}
				return nil
			}); err != nil {
				return 0, err
			}
		}
		if len(want) == 0 {
			continue
		}
		if err := implied(func(r *v1.Relationship) error {
			id := spice.Identity(r)
			if _, differ := want[id]; !differ {
				return nil
			}
			delete(want, id)
			if altered[id] {
				return differs(Altered, r)
			}
			return differs(Missing, r)
		}); err != nil {
			return 0, err
		}
	}
	return total, nil
}
