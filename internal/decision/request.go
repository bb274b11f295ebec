package decision

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// Request asks whether the subject may do the action to the resource. A search asks in the same way and leaves what it seeks empty.
type Request struct {
	Subject  Entity
	Action   Action
	Resource Entity
	Context  map[string]any // values about the request, of JSON's own types: link, ip, and what an extension's caveats want
	Token    spice.Token    // the decision includes this change; "" asks for no particular one (C3)
	Newest   bool           // the decision is taken on the newest state
	Explain  bool           // the answer says why, as far as the actor may know
}

// demanding reports whether the request asks for what was changed elsewhere (C3).
func (r Request) demanding() bool { return r.Newest || r.Token != "" }

// maxNumbers is how many members the properties of an action have at most where it is not known which of them a limit bounds: all of them are gone
// through, for every item of a batch. It is far more than a condition takes.
const maxNumbers = 1000

// tooMuchSent is why a request with more is a denial.
const tooMuchSent = "the request has more values than a condition can take"

// tooWide reports whether the action has more properties than a condition on any of its numbers takes.
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

// Answer is a decision, and what there is to say about it to this actor.
type Answer struct {
	Allowed  bool
	Missing  []string           // the values, in the caller's words, for lack of which it is a denial (C2)
	Mistyped []string           // the values that were sent, are needed, and are not of the type that an extension's caveat wants
	Limits   map[string]float64 // of a feature (F1)
	Reason   string             // a sentence, or ""
	Why      *Explanation       // where the request wants it; else nil
	Err      error              // among many: this one could not be decided, and Allowed is false (C4)
}
