package sharing

import (
	"errors"
	"slices"

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
	subject := ""
	if actor.Keyed() && actor.User != "" {
		subject = "user:" + string(actor.User) // for whom the key was to act
		actor.User = ""
	}
	s.recordAtDoor(actor, subject, on, cause)
}

// RefusedInside is RefusedAtDoor for a caller who was let in, and refused what no use case records: a reading for want of rights, or what the route
// demands.
func (s *Service) RefusedInside(actor access.Actor, route string, cause error) {
	s.recordAtDoor(actor, "", access.Object{Type: record.TypeRoute, ID: route}, cause)
}

// refusalKinds are the kinds of errors that refuse a caller: not found is also what may not be seen (C6).
var refusalKinds = []access.Kind{access.KindUnauthenticated, access.KindDenied, access.KindNotFound}

func (s *Service) recordAtDoor(actor access.Actor, subject string, on access.Object, cause error) {
	var refusal *access.Error
	if !errors.As(cause, &refusal) || !slices.Contains(refusalKinds, refusal.Kind) {
		return
	}
	e := access.Record{
		Time: s.now().UTC(), Actor: record.Stranger, Key: actor.Credential(), Resource: on, Address: actor.Address, RequestID: actor.RequestID,
		Subject: subject, Rule: refusal.Rule, Detail: refusal.Detail,
	}
	if refusal.Cause != nil { // the caller hears the same whatever is wrong with a token
		e.Detail += ": " + refusal.Cause.Error()
	}
	if actor.Keyed() || actor.User != "" {
		e.Actor = ActorName(actor)
	}
	s.refusals.AtDoor(e)
}
