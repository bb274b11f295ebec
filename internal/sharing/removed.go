package sharing

import (
	"fmt"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// removal is a thing removed along with a change. The record lists all of them, as effects; the answer lists only those that the actor could have
// read (C6), because a change reaches further than its actor: deleting a team ends shares of chatbots that the actor may not know.
type removal struct {
	kind string // of the fact
	what string
	told bool
}

// reassignment is a chatbot with a new owner, and whether the actor could have read of it.
type reassignment struct {
	Reassignment
	told bool
}

// took notes what went with the change: the effect for the record, and what for the answer. Whoever has the action on the object might have
// read of it. It is called while the object is still there.
func (c *change) took(e effect, what string, action access.Action, of access.Object) error {
	if err := c.also(e, of); err != nil {
		return err
	}
	return c.lost(e.Kind, what, action, of)
}

// lost is took without the effect, for what the change notes as a whole.
func (c *change) lost(kind, what string, action access.Action, of access.Object) error {
	told, err := c.tells(action, of)
	c.removals = append(c.removals, removal{kind, what, told})
	return err
}

// tells reports whether the answer may speak of the object: it is what the change is about or belongs to it, or the actor has the action.
func (c *change) tells(action access.Action, of access.Object) (bool, error) {
	if of == c.resource || c.actor.Unconfined() {
		return true, nil
	}
	org, ok, err := c.OrganizationOf(of)
	if err != nil || ok && access.Obj(access.TypeOrganization, org) == c.resource {
		return err == nil, err
	}
	return c.may(action, of)
}

// passed notes that the chatbot passed on (O3).
func (c *change) passed(b access.Chatbot, to access.UserID) error {
	o := access.Obj(access.TypeChatbot, b.ID)
	now := b
	now.Owner = to
	if err := c.also(altered("chatbot", b, now), o); err != nil {
		return err
	}
	told, err := c.tells(access.See, o)
	c.reassignments = append(c.reassignments, reassignment{Reassignment{Chatbot: b.ID, To: to}, told})
	return err
}

// keeper returns what allows listing the holders of a role or the members of a group: update on its organization, or administering the platform.
func (c *change) keeper(o access.Object) (access.Object, access.Action, error) {
	org, ok, err := c.OrganizationOf(o)
	if !ok {
		return access.PlatformObject, access.Administer, err
	}
	return access.Obj(access.TypeOrganization, org), access.Update, err
}

// toldRemoved is what the answer says of what went with the change.
func (c *change) toldRemoved() []string {
	var told []string
	for _, r := range c.removals {
		if r.told {
			told = append(told, r.what)
		}
	}
	return told
}

// mostNamed is the maximum number of things of one kind that the answer to a deletion lists.
const mostNamed = 20

// toldDeleted is toldRemoved for the deletion of something that may have held a great many things: of each kind it names the first and counts the rest.
// The record's entry has all of them.
func (c *change) toldDeleted() []string {
	var told []string
	var kinds []string // in the order of the first of each kind
	more := map[string]int{}
	for _, r := range c.removals {
		if !r.told {
			continue
		}
		n, known := more[r.kind]
		if !known {
			kinds, n = append(kinds, r.kind), -mostNamed
		}
		if more[r.kind] = n + 1; n < 0 {
			told = append(told, r.what)
		}
	}
	for _, kind := range kinds {
		if n := more[kind]; n > 0 {
			told = append(told, fmt.Sprintf("%d more: %s", n, strings.ReplaceAll(kind, "_", " ")))
		}
	}
	return told
}

// toldReassigned is what the answer says of chatbots that passed on.
func (c *change) toldReassigned() []Reassignment {
	var told []Reassignment
	for _, r := range c.reassignments {
		if r.told {
			told = append(told, r.Reassignment)
		}
	}
	return told
}
