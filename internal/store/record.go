package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectRecord = `SELECT seq, time, actor, key_id, action, resource_type, resource_id, address, request_id, outcome, rule, detail,
	before_state, after_state FROM record_entries`

func scanRecord(r row) (e access.Record, err error) {
	err = r.Scan(&e.Seq, timeColumn{&e.Time}, &e.Actor, &e.Key, &e.Action, &e.Resource.Type, &e.Resource.ID, &e.Address, &e.RequestID,
		&e.Outcome, &e.Rule, &e.Detail, &e.Before, &e.After)
	return e, err
}

// AppendRecord adds an entry to the record and returns its number, the next in the order of the changes. r.Seq is ignored. Entries are
// never changed.
func (tx *Tx) AppendRecord(r access.Record) (seq int64, err error) {
	if seq, err = tx.next(counterRecord); err != nil {
		return 0, err
	}
	return seq, tx.exec(`INSERT INTO record_entries (seq, time, actor, key_id, action, resource_type, resource_id, address, request_id,
		outcome, rule, detail, before_state, after_state) VALUES `+tuple(1, 14),
		seq, micros(r.Time), r.Actor, r.Key, r.Action, r.Resource.Type, r.Resource.ID, r.Address, r.RequestID, r.Outcome, r.Rule, r.Detail,
		r.Before, r.After)
}

// RecordFilter narrows Records.
type RecordFilter struct {
	Actor, Action string
	Resource      access.Object // by type, by ID, or by both
	From, To      time.Time     // From ≤ time < To
}

// Records lists entries by number, after the given one.
//
// Times only nearly follow the numbers, since clocks are set back. So pages follow the numbers ("+ 0" keeps databases from following the index
// on times, for which they would sort all that is in the period for each page), and the index on times only tells where to begin.
func (tx *Tx) Records(f RecordFilter, after int64, limit int) ([]access.Record, error) {
	l := from(selectRecord).and("seq > ?", after)
	l.is("actor", f.Actor).is("action", f.Action).is("resource_type", string(f.Resource.Type)).is("resource_id", f.Resource.ID)
	if !f.From.IsZero() {
		l.and("time + 0 >= ?", micros(f.From))
		if after == 0 {
			l.and("seq >= (SELECT MIN(seq + 0) FROM record_entries WHERE time >= ?)", micros(f.From))
		}
	}
	if !f.To.IsZero() {
		l.and("time + 0 < ?", micros(f.To))
	}
	return many(tx, scanRecord, l.orderBy("seq", limit))
}
