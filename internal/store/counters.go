package store

import "errors"

const (
	counterRecord = "record"
	counterOutbox = "outbox"
)

// next takes the next number of the counter, from 1. The row stays locked until the transaction ends, so that numbers ascend in the order
// of the commits, without gaps; a sequence of the database would promise neither.
func (tx *Tx) next(counter string) (int64, error) {
	n, found, err := one(tx, func(r row) (n int64, err error) { err = r.Scan(&n); return n, err },
		`UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value`, counter)
	if err == nil && !found {
		return 0, tx.fail(errors.New("no such counter"), counter)
	}
	return n, err
}
