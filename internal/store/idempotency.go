package store

import "time"

// IdempotentAnswer is the first answer to a call that carried an idempotency key, for giving it again.
type IdempotentAnswer struct {
	BodyDigest string // of the call's body: the same key with another body is a conflict
	Status     int
	Answer     []byte // without secrets
	At         time.Time
}

var putIdempotent = upsert("idempotent_answers", "caller, actor, route, idem_key", "body_digest, status, answer, answered_at")

func scanIdempotentAnswer(r row) (a IdempotentAnswer, err error) {
	err = r.Scan(&a.BodyDigest, &a.Status, &a.Answer, timeColumn{&a.At})
	return a, err
}

// Idempotent gives the answer to the call with the idempotency key, which holds for one caller, actor and route.
func (tx *Tx) Idempotent(caller, actor, route, key string) (IdempotentAnswer, bool, error) {
	return one(tx, scanIdempotentAnswer, `SELECT body_digest, status, answer, answered_at FROM idempotent_answers
		WHERE caller = $1 AND actor = $2 AND route = $3 AND idem_key = $4`, caller, actor, route, key)
}

// PutIdempotent inserts or replaces the answer.
func (tx *Tx) PutIdempotent(caller, actor, route, key string, a IdempotentAnswer) error {
	return tx.exec(putIdempotent, caller, actor, route, key, a.BodyDigest, a.Status, blob(a.Answer), micros(a.At))
}

// PruneIdempotent forgets answers given before the time.
func (tx *Tx) PruneIdempotent(before time.Time) error {
	return tx.exec(`DELETE FROM idempotent_answers WHERE answered_at < $1`, before.UnixMicro())
}
