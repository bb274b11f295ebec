package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

const selectRecord = `SELECT seq, time, actor, key_id, action, resource_type, resource_id, organization, subject, address, request_id, outcome, rule,
	detail, before_state, after_state, effects, repeats, last_time FROM record_entries`

func scanRecord(r row) (e access.Record, err error) {
	err = r.Scan(&e.Seq, timeColumn{&e.Time}, &e.Actor, &e.Key, &e.Action, &e.Resource.Type, &e.Resource.ID, &e.Organization, &e.Subject,
		&e.Address, &e.RequestID, &e.Outcome, &e.Rule, &e.Detail, &e.Before, &e.After, &e.Effects,
		&e.Repeats, timeColumn{&e.LastTime})
	return e, err
}

var insertRecord = `INSERT INTO record_entries (seq, time, actor, key_id, action, resource_type, resource_id, organization, subject, address,
	request_id, outcome, rule, detail, before_state, after_state, effects, repeats, last_time) VALUES ` + tuple(1, 19)

// AppendRecord adds an entry to the record and returns its number, the next in the order of the changes. r.Seq is ignored. Of entries
// nothing is changed but the count of repeats. Secrets are taken out of it (H2): some callers present one where an ID belongs.
func (tx *Tx) AppendRecord(r access.Record) (seq int64, err error) {
	for _, text := range []*string{
		&r.Actor, (*string)(&r.Key), &r.Action, (*string)(&r.Resource.Type), &r.Resource.ID, &r.Subject, &r.Address, &r.RequestID, &r.Detail,
		&r.Before, &r.After, &r.Effects,
	} {
		*text = secret.Redact(*text)
	}
	if seq, err = tx.next(counterRecord); err != nil {
		return 0, err
	}
	return seq, tx.exec(insertRecord, seq, micros(r.Time), r.Actor, r.Key, r.Action, r.Resource.Type, r.Resource.ID, r.Organization, r.Subject,
		r.Address, r.RequestID, r.Outcome, r.Rule, r.Detail, r.Before, r.After, r.Effects, r.Repeats, micros(r.LastTime))
}

// CountRepeats notes how many equal refusals have followed the one of the entry, and when the last of them was: all that ever changes in an entry.
// Where the entry is gone nothing happens.
func (tx *Tx) CountRepeats(seq, repeats int64, last time.Time) error {
	return tx.exec(`UPDATE record_entries SET repeats = $1, last_time = $2 WHERE seq = $3`, repeats, micros(last), seq)
}

// RecordPlace is where an entry stands in the record: by time, since that is how people read it, and by number where clocks were set back or
// stood still. The zero place is before all.
type RecordPlace struct {
	Time time.Time
	Seq  int64
}

// PlaceOf is where the entry stands.
func PlaceOf(r access.Record) RecordPlace { return RecordPlace{r.Time, r.Seq} }

// RecordFilter narrows Records. Each of the first five has an index, and of several only one is used: the rest is for whoever reads the
// entries, who can tell how far that has got.
type RecordFilter struct {
	Actor, Action, Subject string
	Organization           access.OrganizationID
	Resource               access.Object // by type and ID
	From, To               time.Time     // From ≤ time < To
	NewestFirst            bool
}

// Records lists entries by their places, after the given one; backwards if the newest come first.
func (tx *Tx) Records(f RecordFilter, after RecordPlace, limit int) ([]access.Record, error) {
	l := from(selectRecord).is("actor", f.Actor).is("action", f.Action).is("resource_type", string(f.Resource.Type)).is("resource_id", f.Resource.ID)
	if f.Organization != "" {
		l.and("organization <> ''").is("organization", string(f.Organization)) // as the index says
	}
	if f.Subject != "" {
		l.and("subject <> ''").is("subject", f.Subject)
	}
	if !f.From.IsZero() {
		l.and("time >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		l.and("time < ?", micros(f.To))
	}
	order, beyond := "time, seq", ">"
	if f.NewestFirst {
		order, beyond = "time DESC, seq DESC", "<"
	}
	if after != (RecordPlace{}) {
		l.and("(time, seq) "+beyond+" (?, ?)", micros(after.Time), after.Seq)
	}
	return many(tx, scanRecord, l.orderBy(order, limit))
}

// LastDeletion is the number of the entry of the organization's last deletion, or 0: what stands before it is about another one, which had the
// same ID (O4).
func (tx *Tx) LastDeletion(org access.OrganizationID) (int64, error) {
	seq, _, err := one(tx, scanInt, `SELECT seq FROM record_entries WHERE action = 'organization.delete' AND resource_id = $1 AND outcome = $2
		ORDER BY time DESC, seq DESC LIMIT 1`, org, access.Done)
	return seq, err
}

// PruneRecord deletes the oldest entries from before the time, at most limit, and reports how many.
func (tx *Tx) PruneRecord(before time.Time, limit int) (int, error) {
	oldest, err := many(tx, scanPlace, from(`SELECT time, seq FROM record_entries`).and("time < ?", micros(before)).orderBy("time, seq", limit))
	if err != nil || len(oldest) == 0 {
		return 0, err
	}
	last := oldest[len(oldest)-1]
	return len(oldest), tx.exec(`DELETE FROM record_entries WHERE (time, seq) <= ($1, $2)`, micros(last.Time), last.Seq)
}

func scanPlace(r row) (p RecordPlace, err error) {
	err = r.Scan(timeColumn{&p.Time}, &p.Seq)
	return p, err
}

func scanInt(r row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}
