package sharing

import (
	"context"

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

// Remember keeps the answer to a POST for its Idempotency-Key. It must hold no secret.
func (s *Service) Remember(ctx context.Context, actor access.Actor, route, key, bodyDigest string, status int, answer []byte) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutIdempotent(string(actor.Key), string(actor.User), route, key,
			store.IdempotentAnswer{BodyDigest: bodyDigest, Status: status, Answer: answer, At: s.now().UTC()})
	})
}
