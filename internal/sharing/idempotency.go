package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Remembered finds the first answer to a POST that was sent with an Idempotency-Key, scoped to caller, actor and route. A key that comes
// again with another body is a conflict, and so is one whose call was carried out by a server that ended before it could keep the answer.
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

// repeated refuses a call that was carried out already, where its answer cannot be given again.
func repeated(a store.IdempotentAnswer, once access.Once) error {
	if a.BodyDigest != once.BodyDigest {
		return access.Conflictf("", "this Idempotency-Key was already used with another body")
	}
	return access.Conflictf("", "the call with this Idempotency-Key succeeded, but its answer was lost: read the current state instead")
}

// RememberFor is how long the answer to a POST is kept at least.
const RememberFor = 24 * time.Hour

// carriedOut stands for the status of a call whose answer is not kept yet.
const carriedOut = 0

// ErrRepeated ends a call that was carried out before with the same Idempotency-Key, and that its caller could make now: its first answer may be
// given again. A caller who has lost the right to make it gets the refusal of a new call instead.
var ErrRepeated error = access.Conflictf("", "a call with this Idempotency-Key was already made")

// repeats reports whether the call was carried out before. Then its steps are judged like those of a new call, and nothing is written.
func (c *caller) repeats() (bool, error) {
	once := c.actor.Once
	if once.Key == "" {
		return false, nil
	}
	_, found, err := c.Idempotent(string(c.actor.Key), string(c.actor.User), once.Route, once.Key)
	return found, err
}

// judgedAgain is what a repeated call answers with whose step ended like that. A conflict and the like come from what has happened since, the call
// itself included, and say nothing against its caller.
func (c *change) judgedAgain(err error) error {
	switch access.KindOf(err) {
	case access.KindConflict, access.KindIDTaken, access.KindUnprocessable:
		if !c.withheld {
			return ErrRepeated
		}
	}
	return err
}

// passedOn is the refusal of an actor who has no right to pass something on. Where this call has passed on the right as well, its answer may be
// given again for as long as the actor sees the thing.
func (c *change) passedOn(refusal error) error {
	if c.repeat && access.KindOf(refusal) == access.KindDenied {
		return ErrRepeated
	}
	return refusal
}

// once notes, in the transaction of the change, that the call was carried out: whatever happens to its answer, it is not carried out again, also where
// it came to two servers at the same time.
func (c *change) once() error {
	once := c.actor.Once
	if once.Key == "" {
		return nil
	}
	return c.PutIdempotent(string(c.actor.Key), string(c.actor.User), once.Route, once.Key,
		store.IdempotentAnswer{BodyDigest: once.BodyDigest, Status: carriedOut, At: c.now})
}

// Remember keeps the answer to a POST for its Idempotency-Key, and forgets those that are older than RememberFor. It must hold no secret.
func (s *Service) Remember(ctx context.Context, actor access.Actor, status int, answer []byte) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PruneIdempotent(s.now().Add(-RememberFor)); err != nil {
			return err
		}
		return tx.PutIdempotent(string(actor.Key), string(actor.User), actor.Once.Route, actor.Once.Key,
			store.IdempotentAnswer{BodyDigest: actor.Once.BodyDigest, Status: status, Answer: answer, At: s.now().UTC()})
	})
}
