package access

import "time"

// Outcome is what became of an attempted change (H1), or what was decided (H3).
type Outcome string

const (
	Done    Outcome = "done"
	Pending Outcome = "pending"
	Refused Outcome = "refused"
	Allowed Outcome = "allowed" // of a decision
	Denied  Outcome = "denied"  // of a decision
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{Done, Pending, Refused, Allowed, Denied}

// Record is one entry of the record (H1). Secrets, links and tokens never appear in it (H2).
//
// A change leaves one entry in the record of each organization whose facts it altered. The first is about the resource, with its state before
// and after; the others have the same actor, action, resource and request, and only effects. Applied in their order, the states and the
// effects of the entries that are done reproduce the facts.
type Record struct {
	Seq          int64  // ascending in the order of the changes; callers are not shown it, for it counts everybody's
	ID           string // how callers name the entry, where they are shown it
	Time         time.Time
	Actor        string         // as whom: a user, or a key acting for itself
	Key          KeyID          // who: the key that was presented, or issuer:URL for a token
	Action       string         // such as share.put: the kind of the fact that it is about, and what was done
	Resource     Object         // on what
	Organization OrganizationID // in whose record it stands, or "" for the platform's
	Subject      string         // of a decision, such as user:alice; else ""
	Address      string         // the caller's IP address
	RequestID    string
	Outcome      Outcome
	Rule         string // the rule that refused, or ""
	Detail       string // why it was refused or denied, or ""
	Before       string // JSON of the state before, or ""
	After        string // JSON of the state after, or ""
	Effects      string // JSON list of the other facts that the change altered, each with its kind, before and after, or ""

	Repeats  int64     // how many equal refusals followed within the hour, and are part of this entry
	LastTime time.Time // of the last of them, or the zero time
}
