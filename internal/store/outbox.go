package store

// OutboxEntry is a committed change that SpiceDB may not have yet.
type OutboxEntry struct {
	Seq     int64  // ascending in the order of the commits
	Updates []byte // as package outbox wrote them
}

func scanOutboxEntry(r row) (e OutboxEntry, err error) {
	err = r.Scan(&e.Seq, &e.Updates)
	return e, err
}

// AppendOutbox adds an entry and returns its number.
func (tx *Tx) AppendOutbox(updates []byte) (seq int64, err error) {
	if seq, err = tx.next(counterOutbox); err != nil {
		return 0, err
	}
	return seq, tx.exec(`INSERT INTO outbox (seq, updates) VALUES ($1, $2)`, seq, blob(updates))
}

// Outbox gives the oldest entries in order, all if limit is 0.
func (tx *Tx) Outbox(limit int) ([]OutboxEntry, error) {
	return many(tx, scanOutboxEntry, from(`SELECT seq, updates FROM outbox`).orderBy("seq", limit))
}

// DeleteOutbox removes the entries up to the number, inclusive: SpiceDB has them.
func (tx *Tx) DeleteOutbox(upTo int64) error {
	return tx.exec(`DELETE FROM outbox WHERE seq <= $1`, upTo)
}
