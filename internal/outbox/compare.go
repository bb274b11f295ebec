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

// What is wrong with a relationship.
const (
	Missing = "missing" // the facts imply it, and the engine does not have it
	Altered = "altered" // the engine has it with another condition
	Surplus = "surplus" // the engine has it, and no fact implies it
)

// perRound is how many relationships are compared at a time: of each a digest is held, which takes some hundred megabytes for so many.
var perRound = 1 << 20

// heardOfEvery is after how many relationships of the engine the store hears of the transaction, which it would end as idle.
const heardOfEvery = 10_000

// compare tells of every relationship in which the engine, at a state that is as fresh, and the facts differ, in no particular order but that what is
// Surplus comes first within a part of them. It reads both from the beginning as often as it takes to hold a bounded number at a time. It
// reports how many the facts imply.
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
