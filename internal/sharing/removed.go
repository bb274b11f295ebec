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

// noteRemoval adds a removed fact to the record's effects, and to the answer if the actor has the action on the object, and so could have read of it.
// It must be called while the object still exists.
func (c *change) noteRemoval(e effect, what string, action access.Action, of access.Object) error {
	if err := c.addEffect(e, of); err != nil {
		return err
	}
	return c.answerRemoval(e.Kind, what, action, of)
}

// answerRemoval is noteRemoval without the effect, for facts that the change records as a whole.
func (c *change) answerRemoval(kind, what string, action access.Action, of access.Object) error {
	told, err := c.mayShow(action, of)
	c.removals = append(c.removals, removal{kind, what, told})
	return err
}

// mayShow reports whether the answer may name the object: the change is about it or about something that contains it, or the actor has the action.
func (c *change) mayShow(action access.Action, of access.Object) (bool, error) {
	if of == c.resource || c.actor.Unconfined() {
		return true, nil
	}
	org, ok, err := c.OrganizationOf(of)
	if err != nil || ok && access.Obj(access.TypeOrganization, org) == c.resource {
		return err == nil, err
	}
	return c.may(action, of)
}

// noteReassignment adds a chatbot that got a new owner (O3).
func (c *change) noteReassignment(b access.Chatbot, to access.UserID) error {
	o := access.Obj(access.TypeChatbot, b.ID)
	now := b
	now.Owner = to
	if err := c.addEffect(altered("chatbot", b, now), o); err != nil {
		return err
	}
	told, err := c.mayShow(access.See, o)
	c.reassignments = append(c.reassignments, reassignment{Reassignment{Chatbot: b.ID, To: to}, told})
	return err
}

// listRight returns what allows listing the holders of a role or the members of a group: update on its organization, or administering the platform.
func (c *change) listRight(o access.Object) (access.Object, access.Action, error) {
	org, ok, err := c.OrganizationOf(o)
	if !ok {
		return access.PlatformObject, access.Administer, err
	}
	return access.Obj(access.TypeOrganization, org), access.Update, err
}

// removedForActor lists the removed things for the answer.
func (c *change) removedForActor() []string {
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

// deletedForActor is removedForActor for the deletion of something that may have contained very many things: it lists the first of each kind and
// counts the rest. The record's entry has all of them.
func (c *change) deletedForActor() []string {
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

// reassignedForActor lists the chatbots with new owners for the answer.
func (c *change) reassignedForActor() []Reassignment {
	var told []Reassignment
	for _, r := range c.reassignments {
		if r.told {
			told = append(told, r.Reassignment)
		}
	}
	return told
}
