package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Remembered finds the first answer to a POST that was sent with an Idempotency-Key, scoped to caller, actor and route. A key that comes
// again with another body is a conflict.
func (s *Service) Remembered(ctx context.Context, actor access.Actor, route, key, bodyDigest string) (status int, answer []byte, found bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, ok, err := tx.Idempotent(string(actor.Key), string(actor.User), route, key)
		if err != nil || !ok {
			return err
		}
		if a.BodyDigest != bodyDigest {
			return access.Conflictf("", "this Idempotency-Key came before with another body")
		}
		status, answer, found = a.Status, a.Answer, true
		return nil
	})
	return status, answer, found, err
}

// RememberFor is how long the answer to a POST is kept at least.
const RememberFor = 24 * time.Hour

// Remember keeps the answer to a POST for its Idempotency-Key, and forgets those that are older than RememberFor. It must hold no secret.
func (s *Service) Remember(ctx context.Context, actor access.Actor, route, key, bodyDigest string, status int, answer []byte) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PruneIdempotent(s.now().Add(-RememberFor)); err != nil {
			return err
		}
		return tx.PutIdempotent(string(actor.Key), string(actor.User), route, key,
			store.IdempotentAnswer{BodyDigest: bodyDigest, Status: status, Answer: answer, At: s.now().UTC()})
	})
}
