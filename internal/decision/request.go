package decision

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// Request asks whether the subject can do the action on the resource. A search leaves the searched entity empty.
type Request struct {
	Subject  Entity
	Action   Action
	Resource Entity
	Context  map[string]any // values about the request, of JSON types: link, ip, and parameters of an extension's caveats
	Token    spice.Token    // the decision includes this change; "" for no particular one (C3)
	Newest   bool           // decide on the newest state
	Explain  bool           // explain the answer, as far as the actor may know
}

// demanding reports whether the request needs changes of other servers (C3).
func (r Request) demanding() bool { return r.Newest || r.Token != "" }

// maxNumbers is the maximum number of an action's properties if it is unknown which of them limits apply to: all are iterated, for every item of a
// batch. It is far more than a condition accepts.
const maxNumbers = 1000

// tooMuchSent is the reason for denying a request with more.
const tooMuchSent = "the request has more values than a condition can take"

// tooWide reports whether the action has more properties than a condition on its numbers accepts.
func (r Request) tooWide() bool { return len(r.Action.Properties) > maxNumbers }

// Entity is a subject or a resource.
type Entity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

func (e Entity) object() access.Object { return access.Object{Type: access.Type(e.Type), ID: e.ID} }

// Action is what the subject wants to do.
type Action struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Answer is a decision with the details that this actor may see.
type Answer struct {
	Allowed  bool
	Missing  []string           // missing values, by the callers' names, that cause the denial (C2)
	Mistyped []string           // needed values that were sent with the wrong type for an extension's caveat
	Limits   map[string]float64 // of a feature (F1)
	Reason   string             // a sentence, or ""
	Why      *Explanation       // if requested; otherwise nil
	Err      error              // in a batch: this item could not be decided, and Allowed is false (C4)
}
