package record

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// turnsAway refuses a call at the door.
func (d *desk) turnsAway(actor, address, route string) {
	e := access.Record{Time: d.now, Actor: actor, Resource: access.Object{Type: TypeRoute, ID: route}, Address: address, Rule: "B1", Detail: "no"}
	if actor != Stranger {
		e.Key = access.KeyID(actor[len("key:"):])
	}
	d.AtDoor(e)
}

// waiting counts the entries and counts that are to be written.
func (d *desk) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.changed)
}

// H1: equal refusals at the door are one entry of the installation's record, and written as one however many there are; nobody waits for the store.
func TestH1EqualRefusalsAtTheDoorAreOneEntry(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	require.NoError(t, db.Update(t.Context(), func(*store.Tx) error { // a writer would wait without an end
		for range 10_000 {
			d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
		}
		return nil
	}))
	require.Equal(t, 1, d.waiting(), "one row is written")
	first := d.now
	d.now = d.now.Add(time.Minute)
	d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
	d.turnsAway(Stranger, "192.0.2.1", "PUT /v1/users/{user}")
	d.turnsAway(Stranger, "192.0.2.2", "GET /v1/users")
	d.turnsAway(Stranger, "2001:db8::1", "GET /v1/users")
	d.turnsAway(Stranger, "2001:db8::2", "GET /v1/users") // the same network
	d.turnsAway("key:k1", "192.0.2.1", "GET /v1/users")
	all := d.entries()
	require.Len(t, all, 5)
	require.Equal(t, []any{ActionAtDoor, Stranger, access.OrganizationID(""), access.Refused, "route:GET /v1/users", "192.0.2.1", first, int64(10_000), d.now},
		[]any{all[0].Action, all[0].Actor, all[0].Organization, all[0].Outcome, all[0].Resource.String(), all[0].Address, all[0].Time, all[0].Repeats, all[0].LastTime})
	require.EqualValues(t, 1, all[3].Repeats)

	d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
	require.EqualValues(t, 10_001, d.entries()[0].Repeats, "of a written entry the count is written")
	d.now = first.Add(time.Hour)
	d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
	require.Len(t, d.entries(), 6, "an hour after the first another entry begins")
}

// B6: strangers from many addresses take a quarter of the record, one address a quarter of that, and the refusals of keys and people stand beside them.
func TestB6StrangersTakeABoundedShareOfTheRecord(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	for i := range 3 * mostOfNetwork {
		d.turnsAway(Stranger, "192.0.2.1", fmt.Sprint("GET /v1/", i))
	}
	all := d.entries()
	require.Len(t, all, mostOfNetwork+1)
	require.Equal(t, []any{ActionFurther, Stranger, "", int64(2*mostOfNetwork - 1)},
		[]any{all[mostOfNetwork].Action, all[mostOfNetwork].Actor, all[mostOfNetwork].Address, all[mostOfNetwork].Repeats})

	const many = 10 * mostInRecord
	for i := range many {
		d.turnsAway(Stranger, fmt.Sprintf("198.51.%d.%d", i/256, i%256), "GET /v1/users")
	}
	require.Len(t, d.entries(), mostOfStrangers+1)
	require.LessOrEqual(t, len(d.queue), mostOfStrangers+1, "and what is remembered of them is bounded, too")

	d.refuses("bob", "helper", "")
	d.turnsAway("key:k1", "192.0.2.1", "GET /v1/users")
	all = d.entries()
	require.Len(t, all, mostOfStrangers+3)
	require.Equal(t, "user:bob", all[mostOfStrangers+1].Actor)
	require.Equal(t, "key:k1", all[mostOfStrangers+2].Actor)
}

// A caller with a good key takes no more of the record at the door than elsewhere.
func TestB6AKeyTakesItsShareOfTheRecordAtTheDoor(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	for i := range 2 * mostOfCaller {
		d.turnsAway("key:k1", fmt.Sprintf("198.51.%d.%d", i/256, i%256), "GET /v1/users")
	}
	all := d.entries()
	require.Len(t, all, mostOfCaller+1)
	require.Equal(t, []any{ActionFurther, "key:k1", int64(mostOfCaller - 1)}, []any{all[mostOfCaller].Action, all[mostOfCaller].Actor, all[mostOfCaller].Repeats})
}

// Refusals at the door that the store does not take wait for it, for an hour.
func TestRefusalsAtTheDoorWaitForTheStore(t *testing.T) {
	db := open(t)
	d := newDesk(t, db)
	d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
	require.NoError(t, db.Close())
	require.Error(t, d.Flush(t.Context()))
	d.turnsAway(Stranger, "192.0.2.1", "GET /v1/users")
	require.Error(t, d.Flush(t.Context()))
	require.Equal(t, 1, d.waiting())

	d.db = open(t)
	defer d.db.Close()
	require.EqualValues(t, 1, d.entries()[0].Repeats)

	require.NoError(t, d.db.Close())
	d.turnsAway(Stranger, "192.0.2.9", "GET /v1/users")
	d.now = d.now.Add(time.Hour)
	require.Error(t, d.Flush(t.Context()))
	require.Zero(t, d.waiting(), "then they are given up, and logged")
}

// A detail names who somebody is, and is cut off where it is too long: between letters, for the database refuses half of one, and all that is written with it.
func TestADetailIsCutOffBetweenLetters(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	d.AtDoor(access.Record{Time: d.now, Actor: "key:k1", Key: "k1", Detail: "x" + strings.Repeat("é", maxDetail)})
	require.Equal(t, "x"+strings.Repeat("é", maxDetail/2-1), d.entries()[0].Detail)
}
