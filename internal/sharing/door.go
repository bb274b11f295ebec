package sharing

import (
	"errors"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/record"
)

// RefusedAtDoor records a call that was refused before any use case saw it (H1), in the record of the installation: an unknown key, a key from a wrong
// address, a lesser key that names an actor. actor is the caller as far as it is known, and route such as PUT /v1/users/{user}, never the path that
// was sent. Only what refuses the caller is recorded. It does not wait for the store, and whatever becomes of the entry, the answer stays the same.
func (s *Service) RefusedAtDoor(actor access.Actor, route string, cause error) {
	s.refusedAtDoor(actor, access.Object{Type: record.TypeRoute, ID: route}, cause)
}

func (s *Service) refusedAtDoor(actor access.Actor, on access.Object, cause error) {
	var refusal *access.Error
	if !errors.As(cause, &refusal) || refusal.Kind != access.KindUnauthenticated && refusal.Kind != access.KindDenied {
		return
	}
	e := access.Record{
		Time: s.now().UTC(), Actor: record.Stranger, Key: actor.Credential(), Resource: on, Address: actor.Address, RequestID: actor.RequestID,
		Rule: refusal.Rule, Detail: refusal.Detail,
	}
	if actor.Keyed() && actor.User != "" {
		e.Subject = "user:" + string(actor.User) // for whom the key was to act
		actor.User = ""
	}
	if actor.Keyed() || actor.User != "" {
		e.Actor = ActorName(actor)
	}
	s.refusals.AtDoor(e)
}
