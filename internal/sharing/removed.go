package sharing

import "github.com/grantway/grantway/internal/access"

// removal is one thing that went with a change. The record tells of all; the answer only of what the actor might have read (C6), since a
// change reaches further than its actor: whoever deletes a team ends the shares of chatbots that the actor has never heard of.
type removal struct {
	what string
	told bool
}

// reassignment is a chatbot that passed on, and whether the actor might have read of it.
type reassignment struct {
	Reassignment
	told bool
}

// took notes what went with the change. Whoever has the action on the object might have read of it. It is called while the object is
// still there.
func (c *change) took(what string, action access.Action, of access.Object) error {
	told, err := c.tells(action, of)
	c.removals = append(c.removals, removal{what, told})
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
func (c *change) passed(r Reassignment) error {
	told, err := c.tells(access.See, access.Obj(access.TypeChatbot, r.Chatbot))
	c.reassignments = append(c.reassignments, reassignment{r, told})
	return err
}

// keeper is who lists the holders of a role or the members of a group: those who may update its organization, or administer the platform.
func (c *change) keeper(o access.Object) (access.Object, access.Action, error) {
	org, ok, err := c.OrganizationOf(o)
	if !ok {
		return access.PlatformObject, access.Administer, err
	}
	return access.Obj(access.TypeOrganization, org), access.Update, err
}

// removed is all that went with the change, for the record.
func (c *change) removed() []string {
	var all []string
	for _, r := range c.removals {
		all = append(all, r.what)
	}
	return all
}

// toldRemoved is what the answer says of it.
func (c *change) toldRemoved() []string {
	var told []string
	for _, r := range c.removals {
		if r.told {
			told = append(told, r.what)
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
