package store

import "time"

// OutboxEntry is a committed change that SpiceDB may not have yet.
type OutboxEntry struct {
	Seq         int64     // ascending in the order of the commits
	Updates     []byte    // as package outbox wrote them
	First       int64     // the number under which the change was committed, where it was parked since and has got another one; else 0
	CommittedAt time.Time // the zero time for one that an earlier version has written
}

// ParkedEntry is an entry that SpiceDB refuses, and that is not carried with the others.
type ParkedEntry struct {
	OutboxEntry
	ParkedAt time.Time
	Reason   string
}

// Is reports whether the entry is that of the change that was committed under the number.
func (e OutboxEntry) Is(change int64) bool {
	return e.Seq == change || e.First == change && change != 0
}

func scanOutboxEntry(r row) (e OutboxEntry, err error) {
	err = r.Scan(&e.Seq, &e.Updates, &e.First, timeColumn{&e.CommittedAt})
	return e, err
}

func scanParkedEntry(r row) (e ParkedEntry, err error) {
	err = r.Scan(&e.Seq, &e.Updates, &e.First, timeColumn{&e.CommittedAt}, timeColumn{&e.ParkedAt}, &e.Reason)
	return e, err
}

const insertOutbox = `INSERT INTO outbox (seq, updates, first_seq, committed_at) VALUES ($1, $2, $3, $4)`

// AppendOutbox adds an entry and returns its number.
func (tx *Tx) AppendOutbox(updates []byte, at time.Time) (seq int64, err error) {
	if seq, err = tx.next(counterOutbox); err != nil {
		return 0, err
	}
	return seq, tx.exec(insertOutbox, seq, blob(updates), 0, micros(at))
}

// Outbox gives the oldest entries in order, all if limit is 0.
func (tx *Tx) Outbox(limit int) ([]OutboxEntry, error) {
	return many(tx, scanOutboxEntry, from(`SELECT seq, updates, first_seq, committed_at FROM outbox`).orderBy("seq", limit))
}

// DeleteOutbox removes the entries up to the number, inclusive: SpiceDB has them.
func (tx *Tx) DeleteOutbox(upTo int64) error {
	return tx.exec(`DELETE FROM outbox WHERE seq <= $1`, upTo)
}

// ParkedOutbox gives the entries that are parked, in order.
func (tx *Tx) ParkedOutbox() ([]ParkedEntry, error) {
	return many(tx, scanParkedEntry,
		from(`SELECT seq, updates, first_seq, committed_at, parked_at, reason FROM outbox_parked`).orderBy("seq", 0))
}

// ParkOutbox takes the entry out of the outbox and parks it.
func (tx *Tx) ParkOutbox(e ParkedEntry) error {
	if err := tx.exec(`DELETE FROM outbox WHERE seq = $1`, e.Seq); err != nil {
		return err
	}
	return tx.exec(`INSERT INTO outbox_parked (seq, updates, first_seq, committed_at, parked_at, reason) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.Seq, blob(e.Updates), e.First, micros(e.CommittedAt), micros(e.ParkedAt), e.Reason)
}

// UnparkOutbox puts a parked entry into the outbox again, under the next number.
func (tx *Tx) UnparkOutbox(e ParkedEntry) error {
	seq, err := tx.next(counterOutbox)
	if err != nil {
		return err
	}
	if e.First == 0 {
		e.First = e.Seq
	}
	if err := tx.exec(`DELETE FROM outbox_parked WHERE seq = $1`, e.Seq); err != nil {
		return err
	}
	return tx.exec(insertOutbox, seq, blob(e.Updates), e.First, micros(e.CommittedAt))
}

// ClearOutbox removes every entry, the parked ones too: SpiceDB has been given what follows from the facts.
func (tx *Tx) ClearOutbox() error {
	if err := tx.exec(`DELETE FROM outbox`); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM outbox_parked`)
}
