package record

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// desk records refusals by a clock that the test sets.
type desk struct {
	*Refusals
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T, db *store.DB) *desk {
	d := &desk{t: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	d.Refusals = NewRefusals(db, func() time.Time { return d.now }, slog.New(slog.DiscardHandler))
	return d
}

// refuses records that the user may not do something with the chatbot of the organization.
func (d *desk) refuses(user string, bot access.ChatbotID, org access.OrganizationID) {
	d.t.Helper()
	require.NoError(d.t, d.Record(d.t.Context(), access.Record{
		Time: d.now, Actor: "user:" + user, Key: "root", Action: "share.put", Resource: access.Obj(access.TypeChatbot, bot), Organization: org,
		Outcome: access.Refused, Detail: "no",
	}))
}

// entries are those of the record after the counts are written, the oldest first.
func (d *desk) entries() (all []access.Record) {
	d.t.Helper()
	require.NoError(d.t, d.Flush(d.t.Context()))
	require.NoError(d.t, d.db.View(d.t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		return err
	}))
	return all
}

func TestH1EqualRefusalsWithinAnHourAreOneEntry(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	first := d.now
	for range 375 {
		d.refuses("eve", "helper", "acme")
		d.now = d.now.Add(time.Second)
	}
	d.refuses("eve", "other", "acme")
	d.refuses("bob", "helper", "acme")
	all := d.entries()
	require.Len(t, all, 3)
	require.EqualValues(t, 374, all[0].Repeats)
	require.Equal(t, first, all[0].Time)
	require.Equal(t, first.Add(374*time.Second), all[0].LastTime)
	require.Zero(t, all[1].Repeats)

	d.now = first.Add(time.Hour)
	d.refuses("eve", "helper", "acme")
	d.refuses("eve", "helper", "acme")
	all = d.entries()
	require.Len(t, all, 4, "an hour after the first another entry begins")
	require.EqualValues(t, 374, all[0].Repeats)
	require.EqualValues(t, 1, all[3].Repeats)
}

// The predecessor's record is not read by those of an organization that was created again (O4), and so counts nothing of theirs.
func TestH1RefusalsOfAnOrganizationCreatedAgainBeginAnew(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	d.refuses("eve", "helper", "acme")
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.AppendRecord(access.Record{
			Time: d.now, Action: "organization.delete", Outcome: access.Done, Resource: access.Obj(access.TypeOrganization, access.OrganizationID("acme")),
		})
		return err
	}))
	d.refuses("eve", "helper", "acme")
	all := d.entries()
	require.Len(t, all, 3)
	require.Zero(t, all[0].Repeats)
}

func TestB6NobodyFillsARecordWithDifferentRefusals(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	const many = 2 * mostOfCaller
	var batch []access.Record
	for i := range many {
		batch = append(batch, access.Record{
			Time: d.now, Actor: "user:eve", Action: "share.put", Resource: access.Obj(access.TypeChatbot, access.ChatbotID(fmt.Sprint(i))), Organization: "acme",
			Outcome: access.Refused,
		})
	}
	require.NoError(t, d.Record(t.Context(), batch...))
	all := d.entries()
	require.Len(t, all, mostOfCaller+1)
	rest := all[mostOfCaller]
	require.Equal(t, []any{ActionFurther, "user:eve", access.OrganizationID("acme"), "H1", int64(many - mostOfCaller - 1)},
		[]any{rest.Action, rest.Actor, rest.Organization, rest.Rule, rest.Repeats})

	d.refuses("bob", "helper", "acme")
	require.Equal(t, "user:bob", d.entries()[mostOfCaller+1].Actor, "others have entries of their own")
	d.refuses("eve", "theirs", "globex")
	require.Equal(t, "chatbot:theirs", d.entries()[mostOfCaller+2].Resource.String(), "and so has the caller in other records")
	d.now = d.now.Add(time.Hour)
	d.refuses("eve", "0", "acme")
	require.Equal(t, "chatbot:0", d.entries()[mostOfCaller+3].Resource.String(), "and everywhere after an hour")
}

// Not even many callers together: each has one entry that counts the rest, and at last all of them have one.
func TestB6ManyCallersDoNotFillARecord(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	const callers = 3 * mostInRecord
	var batch []access.Record
	for i := range callers {
		batch = append(batch, access.Record{
			Time: d.now, Actor: fmt.Sprint("user:", i), Action: "share.put", Resource: access.Obj(access.TypeChatbot, access.ChatbotID("helper")), Organization: "acme",
			Outcome: access.Refused,
		})
	}
	require.NoError(t, d.Record(t.Context(), batch...))
	all := d.entries()
	require.Len(t, all, 2*mostInRecord+1)
	last := all[2*mostInRecord]
	require.Equal(t, []any{ActionFurther, Several, access.OrganizationID(""), int64(callers - 2*mostInRecord - 1)},
		[]any{last.Action, last.Actor, last.Organization, last.Repeats})
}

func TestRepeatsOfARefusalAreNotTransactionsOfTheirOwn(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	d.refuses("eve", "helper", "acme")
	require.NoError(t, db.Update(t.Context(), func(*store.Tx) error { // a writer would wait without an end
		for range 1000 {
			d.refuses("eve", "helper", "acme")
		}
		return nil
	}))
	require.EqualValues(t, 1000, d.entries()[0].Repeats)
}

func TestTheCountsOfRefusalsAreWrittenAtTheEnd(t *testing.T) {
	db := open(t)
	defer db.Close()
	d := newDesk(t, db)
	ending, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ending) })
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 50 {
				d.refuses("eve", "helper", "acme")
			}
		})
	}
	calls.Wait()
	end()
	running.Wait()
	var all []access.Record
	require.NoError(t, db.View(t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.Records(store.RecordFilter{}, store.RecordPlace{}, 0)
		return err
	}))
	require.Len(t, all, 1)
	require.EqualValues(t, 399, all[0].Repeats)
}

// Counts that could not be written are kept for the next time.
func TestCountsOfRefusalsThatCouldNotBeWrittenAreKept(t *testing.T) {
	db := open(t)
	d := newDesk(t, db)
	d.refuses("eve", "helper", "acme")
	d.refuses("eve", "helper", "acme")
	require.NoError(t, db.Close())
	require.Error(t, d.Flush(t.Context()))
	require.Len(t, d.changed, 1)
}
