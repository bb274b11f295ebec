package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Remembered returns the first answer to a POST with the same Idempotency-Key, caller, actor and route. The error is of kind Conflict if the key was
// sent with another body, or if the server ended after it carried the call out and before it stored the answer.
func (s *Service) Remembered(ctx context.Context, actor access.Actor) (status int, answer []byte, found bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, ok, err := tx.Idempotent(string(actor.Key), string(actor.User), actor.Once.Route, actor.Once.Key)
		if err != nil || !ok {
			return err
		}
		if a.BodyDigest != actor.Once.BodyDigest || a.Status == carriedOut {
			return repeated(a, actor.Once)
		}
		status, answer, found = a.Status, a.Answer, true
		return nil
	})
	return status, answer, found, err
}

// repeated refuses a call that was already carried out, if its answer cannot be returned again.
func repeated(a store.IdempotentAnswer, once access.Once) error {
	if a.BodyDigest != once.BodyDigest {
		return access.Conflictf("", "this Idempotency-Key was already used with another body")
	}
	return access.Conflictf("", "the call with this Idempotency-Key succeeded, but its answer was lost: read the current state instead")
}

// RememberFor is the minimum time for which the answer to a POST is kept.
const RememberFor = 24 * time.Hour

// carriedOut is the status of a call whose answer is not stored yet.
const carriedOut = 0

// ErrRepeated ends a call that was carried out before with the same Idempotency-Key, and that its caller could make now: its first answer can be
// returned again. A caller who has lost the right to make the call gets the refusal of a new one instead.
var ErrRepeated error = access.Conflictf("", "a call with this Idempotency-Key was already made")

// repeats reports whether the call was carried out before. Then its steps are checked like those of a new call, but nothing is written.
func (c *caller) repeats() (bool, error) {
	once := c.actor.Once
	if once.Key == "" {
		return false, nil
	}
	_, found, err := c.Idempotent(string(c.actor.Key), string(c.actor.User), once.Route, once.Key)
	return found, err
}

// repeatedRefusal maps the error of a repeated call's step to its answer. A conflict and the like result from what has happened since, including the call
// itself, and are not held against the caller.
func (c *change) repeatedRefusal(err error) error {
	switch access.KindOf(err) {
	case access.KindConflict, access.KindIDTaken, access.KindUnprocessable:
		if !c.withheld {
			return ErrRepeated
		}
	}
	return err
}

// passedOnRefusal returns the refusal of an actor without the right to pass something on. If this call itself passed on that right, its answer can be
// returned again as long as the actor sees the thing.
func (c *change) passedOnRefusal(refusal error) error {
	if c.repeat && access.KindOf(refusal) == access.KindDenied {
		return ErrRepeated
	}
	return refusal
}

// noteOnce notes, in the transaction of the change, that the call was carried out, so that it is never carried out again, even if its answer is lost or
// two servers received it at the same time.
func (c *change) noteOnce() error {
	once := c.actor.Once
	if once.Key == "" {
		return nil
	}
	return c.PutIdempotent(string(c.actor.Key), string(c.actor.User), once.Route, once.Key,
		store.IdempotentAnswer{BodyDigest: once.BodyDigest, Status: carriedOut, At: c.now})
}

// Remember stores the answer to a POST for its Idempotency-Key, and deletes answers older than RememberFor. The answer must not contain secrets.
func (s *Service) Remember(ctx context.Context, actor access.Actor, status int, answer []byte) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PruneIdempotent(s.now().Add(-RememberFor)); err != nil {
			return err
		}
		return tx.PutIdempotent(string(actor.Key), string(actor.User), actor.Once.Route, actor.Once.Key,
			store.IdempotentAnswer{BodyDigest: actor.Once.BodyDigest, Status: status, Answer: answer, At: s.now().UTC()})
	})
}
