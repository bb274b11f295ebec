package store

import "time"

// OutboxEntry is a committed change that SpiceDB may not have yet.
type OutboxEntry struct {
	Seq         int64     // ascending in the order of the commits
	Updates     []byte    // as package outbox wrote them
	First       int64     // the number under which the change was committed, where that is another one: it was parked since, or has several parts; else 0
	CommittedAt time.Time // the zero time for one that an earlier version has written
}

// ParkedEntry is an entry that is not carried with the others.
type ParkedEntry struct {
	OutboxEntry // without its Updates: ParkedUpdatesInOutbox reads them
	ParkedAt    time.Time
	Reason      string // why SpiceDB refuses it; "" for a part of a large change that has not had its turn yet
}

// SetAside reports whether the entry waits for its turn only, and is refused by nobody.
func (e ParkedEntry) SetAside() bool { return e.Reason == "" }

// Is reports whether the entry is that of the change that was committed under the number.
func (e OutboxEntry) Is(change int64) bool {
	return e.Seq == change || e.First == change && change != 0
}

func scanOutboxEntry(r row) (e OutboxEntry, err error) {
	err = r.Scan(&e.Seq, &e.Updates, &e.First, timeColumn{&e.CommittedAt})
	return e, err
}

func scanParkedEntry(r row) (e ParkedEntry, err error) {
	err = r.Scan(&e.Seq, &e.First, timeColumn{&e.CommittedAt}, timeColumn{&e.ParkedAt}, &e.Reason)
	return e, err
}

const insertOutbox = `INSERT INTO outbox (seq, updates, first_seq, committed_at) VALUES ($1, $2, $3, $4)`

// AppendOutbox adds an entry and returns its number.
func (tx *Tx) AppendOutbox(updates []byte, at time.Time) (seq int64, err error) {
	return tx.AppendPartToOutbox(updates, 0, at)
}

// AppendPartToOutbox adds a part of the change whose first part has the number, or is this one if that is 0. It returns the part's number.
func (tx *Tx) AppendPartToOutbox(updates []byte, first int64, at time.Time) (seq int64, err error) {
	if seq, err = tx.next(counterOutbox); err != nil {
		return 0, err
	}
	return seq, tx.exec(insertOutbox, seq, blob(updates), first, micros(at))
}

// AppendPartAsideOutbox adds a part of the change whose first part has the number, and sets it aside until it has its turn.
func (tx *Tx) AppendPartAsideOutbox(updates []byte, first int64, at time.Time) error {
	seq, err := tx.next(counterOutbox)
	if err != nil {
		return err
	}
	return tx.exec(insertParked, seq, blob(updates), first, micros(at), micros(time.Now()), "")
}

// Outbox gives the oldest entries in order, all if limit is 0.
func (tx *Tx) Outbox(limit int) ([]OutboxEntry, error) {
	return many(tx, scanOutboxEntry, from(`SELECT seq, updates, first_seq, committed_at FROM outbox`).orderBy("seq", limit))
}

// DeleteOutbox removes the entries up to the number, inclusive: SpiceDB has them.
func (tx *Tx) DeleteOutbox(upTo int64) error {
	return tx.exec(`DELETE FROM outbox WHERE seq <= $1`, upTo)
}

// ParkedOutbox gives the entries that are parked, in order, without their updates.
func (tx *Tx) ParkedOutbox() ([]ParkedEntry, error) {
	return many(tx, scanParkedEntry,
		from(`SELECT seq, first_seq, committed_at, parked_at, reason FROM outbox_parked`).orderBy("seq", 0))
}

// ParkedUpdatesInOutbox gives the updates of the parked entry with the number, and whether there is one.
func (tx *Tx) ParkedUpdatesInOutbox(seq int64) (updates []byte, ok bool, err error) {
	e, ok, err := tx.parkedInOutbox(seq)
	return e.Updates, ok, err
}

func (tx *Tx) parkedInOutbox(seq int64) (OutboxEntry, bool, error) {
	return one(tx, scanOutboxEntry, `SELECT seq, updates, first_seq, committed_at FROM outbox_parked WHERE seq = $1`, seq)
}

// OldestInOutbox is when the oldest of all changes was committed that SpiceDB may not have, also of those that are parked; the zero time if there is
// none.
func (tx *Tx) OldestInOutbox() (oldest time.Time, err error) {
	for _, query := range []string{
		`SELECT COALESCE(MIN(committed_at), 0) FROM outbox WHERE committed_at > 0`, `SELECT COALESCE(MIN(committed_at), 0) FROM outbox_parked WHERE committed_at > 0`,
	} {
		at, _, err := one(tx, func(r row) (at time.Time, err error) {
			err = r.Scan(timeColumn{&at})
			return at, err
		}, query)
		if err != nil {
			return time.Time{}, err
		}
		if oldest.IsZero() || !at.IsZero() && at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, nil
}

const insertParked = `INSERT INTO outbox_parked (seq, updates, first_seq, committed_at, parked_at, reason) VALUES ($1, $2, $3, $4, $5, $6)`

// ParkOutbox takes the entry out of the outbox and parks it.
func (tx *Tx) ParkOutbox(e ParkedEntry) error {
	if err := tx.exec(`DELETE FROM outbox WHERE seq = $1`, e.Seq); err != nil {
		return err
	}
	return tx.exec(insertParked, e.Seq, blob(e.Updates), e.First, micros(e.CommittedAt), micros(e.ParkedAt), e.Reason)
}

// UnparkOutbox puts the parked entry with the number into the outbox again, under the next number.
func (tx *Tx) UnparkOutbox(parked int64) error {
	e, ok, err := tx.parkedInOutbox(parked)
	if err != nil || !ok {
		return err
	}
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

// ClearOutbox removes every entry, including parked ones, because SpiceDB already matches the facts.
func (tx *Tx) ClearOutbox() error {
	if err := tx.exec(`DELETE FROM outbox`); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM outbox_parked`)
}
