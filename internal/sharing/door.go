package sharing

import (
	"errors"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/record"
)

// RefusedAtDoor records a call that was refused before any use case (H1), in the record of the installation: an unknown key, a key used from a wrong
// address, a lesser key that names an actor. actor is the caller as far as known, and route is a pattern such as PUT /v1/users/{user}, never the path
// sent. Only refusals of the caller are recorded. It does not wait for the store, and the answer does not depend on the entry.
func (s *Service) RefusedAtDoor(actor access.Actor, route string, cause error) {
	s.refusedAtDoor(actor, access.Object{Type: record.TypeRoute, ID: route}, cause)
}

func (s *Service) refusedAtDoor(actor access.Actor, on access.Object, cause error) {
	subject := ""
	if actor.Keyed() && actor.User != "" {
		subject = "user:" + string(actor.User) // the user the key named to act for
		actor.User = ""
	}
	s.recordAtDoor(actor, subject, on, cause)
}

// RefusedInside is RefusedAtDoor for a caller with valid credentials, for refusals that no use case records: missing rights to read, or an unmet
// demand of the route.
func (s *Service) RefusedInside(actor access.Actor, route string, cause error) {
	s.recordAtDoor(actor, "", access.Object{Type: record.TypeRoute, ID: route}, cause)
}

// refusalKinds are the kinds of errors that refuse a caller. NotFound is one, because it also stands for hidden things (C6).
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
	if refusal.Cause != nil { // callers get the same text whatever is wrong with a token
		e.Detail += ": " + refusal.Cause.Error()
	}
	if actor.Keyed() || actor.User != "" {
		e.Actor = ActorName(actor)
	}
	s.refusals.AtDoor(e)
}
