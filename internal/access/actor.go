package access

import (
	"slices"
	"strings"
)

// KeyAccess is the level of an account key (B1).
type KeyAccess string

const (
	KeyReadOnly  KeyAccess = "read_only"
	KeyReadWrite KeyAccess = "read_write"
	KeyFull      KeyAccess = "full"
)

// KeyAccesses lists the levels, weakest first.
var KeyAccesses = []KeyAccess{KeyReadOnly, KeyReadWrite, KeyFull}

// Actor is who is calling and as whom: an argument of every use case and every question. The zero Actor is nobody and may nothing.
type Actor struct {
	Key          KeyID          // the account key that was presented, or "" for a user who calls directly
	Access       KeyAccess      // its level (B1)
	Version      int            // of the secret that was presented: see AccountKey
	Organization OrganizationID // where the key is confined, or "" (B3)
	User         UserID         // as whom it acts, or "" for the key itself (B2)
	Issuer       string         // the issuer of the token that a user presented who calls directly, or ""
	Session      SessionID      // the session of a person in the console, or ""; such an Actor has no key
	Address      string         // the caller's IP address, for the record
	RequestID    string         // for the record
	Once         Once           // what keeps a repeated call from being carried out twice, if the caller sent it
}

// Once is the Idempotency-Key of a call, with the route and the digest of the body that it came with. The zero Once is none.
type Once struct {
	Route, Key, BodyDigest string
}

// System is the actor of what time brings about and nobody calls for.
var System = Actor{Key: "system", Access: KeyFull}

// Unconfined reports whether the actor is an account key that acts as a site admin within its level (B2).
func (a Actor) Unconfined() bool { return a.Key != "" && a.User == "" && a.Organization == "" }

// Keyed reports whether the actor presented an account key, or the root key.
func (a Actor) Keyed() bool {
	return a.Key != "" && a != System && !a.Key.IsIssuer()
}

// Name is how the record and the lists name the actor: user:alice, key:ID for a key that acts for itself, issuer:URL, or system.
func (a Actor) Name() string {
	switch {
	case a == System:
		return "system"
	case a.User != "":
		return "user:" + string(a.User)
	case a.Key.IsIssuer():
		return string(a.Key)
	}
	return "key:" + string(a.Key)
}

// sessionPrefix begins the name of a session where the record names what was presented.
const sessionPrefix = "session:"

// Holder is the one that holds what all share while the actor's call is worked on: the key, also when it acts for a user, or the user who calls directly (B6).
func (a Actor) Holder() string {
	if a.Key != "" {
		return "key " + string(a.Key)
	}
	return "user " + string(a.User)
}

// Credential is how the record names what was presented: the ID of the key, issuer:URL for a token, or session:ID.
func (a Actor) Credential() KeyID {
	switch {
	case a.Issuer != "":
		return KeyID(issuerPrefix + a.Issuer)
	case a.Session != "":
		return KeyID(sessionPrefix + a.Session)
	}
	return a.Key
}

// Limited reports whether the actor's key is weaker than the level (B1). A user who calls directly has no key, and is limited by nothing but
// their rights.
func (a Actor) Limited(level KeyAccess) bool {
	direct := a.Key == "" && a.User != ""
	return !direct && slices.Index(KeyAccesses, a.Access) < slices.Index(KeyAccesses, level)
}

// Subject is whom the engine is asked about: the user, or the service that stands for the key.
// An Actor with neither key nor user has no subject, and the second result is false.
func (a Actor) Subject() (Subject, bool) {
	switch {
	case a.User != "":
		return Subject{Type: TypeUser, ID: string(a.User)}, true
	case a.Key == "":
		return Subject{}, false
	case a.Organization != "":
		return Subject{Type: TypeService, ID: string(a.Organization), Confined: true}, true
	}
	return Subject{Type: TypeService, ID: Platform}, true
}

// TypeService is the type of callers that are no persons; backends cannot name it.
const TypeService Type = "service"

// Subject is whom a decision is about.
type Subject struct {
	Type     Type
	ID       string
	Confined bool // for a service: ID is the organization whose admin it acts as, not the platform
}

// SubjectTypes are the types that a question may be about.
var SubjectTypes = []Type{TypeUser, TypeVisitor, TypeAPIKey}

// ParseSubject reads `user:alice`, `visitor:anonymous` or `api_key:ID`. The error is of kind Invalid.
func ParseSubject(s string) (Subject, error) {
	if len(s) > maxObjectBytes {
		return Subject{}, Invalidf("", "a subject can have at most %d bytes", maxObjectBytes)
	}
	t, id, _ := strings.Cut(s, ":")
	if !slices.Contains(SubjectTypes, Type(t)) {
		return Subject{}, Invalidf("", "%q is not a subject: write user:ID, visitor:ID or api_key:ID", s)
	}
	id, err := ParseID[string](id)
	return Subject{Type: Type(t), ID: id}, err
}

// UnmarshalText is ParseSubject.
func (s *Subject) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSubject(string(text))
	return err
}
