package sharing

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

// DefaultOutsideMails is the default number of emails to outsiders that an actor can send in an hour (S11).
const DefaultOutsideMails = 100

const (
	// mailsCountFor is the period of the limits on emails to outsiders.
	mailsCountFor = time.Hour
	// partToOutsider divides the limit of an actor: one outsider gets at most this part of it from one organization within mailsCountFor,
	// from all of its people together. An organization can create many users, and so actors; only site admins create organizations.
	partToOutsider = 10
	// mailedAgainAfter is the minimum time between two emails to a person about access to the same chatbot (S11).
	mailedAgainAfter = 24 * time.Hour
)

// mailedLately reports whether the person recently got an email about access to the same chatbot (S11).
func (c *change) mailedLately(m access.Mail) (bool, error) {
	if m.About.Kind != access.NotifyShared {
		return false, nil
	}
	return c.MailedAccess(m.To, m.About.Chatbot, c.now.Add(-mailedAgainAfter))
}

// schedule decides when an email can be sent: at once, or, if the actor or the organization has sent too many to outsiders, when enough of those are
// older than mailsCountFor (S11).
func (c *change) schedule(m *access.Mail) error {
	m.NotBefore = c.now
	if c.actor.Unconfined() {
		return nil
	}
	if outside, err := c.outsider(*m); err != nil || !outside {
		return err
	}
	from, err := c.sentFrom(*m)
	if err != nil {
		return err
	}
	m.Sender, m.SentFrom = ActorName(c.actor), from
	byActor, manyByActor, err := c.LatestMailBy(m.Sender, c.s.outsideMails)
	if err != nil {
		return err
	}
	toOne, manyToOne, err := c.LatestMailTo(m.To, from, max(1, c.s.outsideMails/partToOutsider))
	if err != nil {
		return err
	}
	if again := byActor.Add(mailsCountFor); manyByActor && again.After(m.NotBefore) {
		m.NotBefore = again
	}
	if again := toOne.Add(mailsCountFor); manyToOne && again.After(m.NotBefore) {
		m.NotBefore = again
	}
	return nil
}

// sentFrom is the organization of the chatbot or invitation that the email is about, or the one to which its receiver was added.
func (c *change) sentFrom(m access.Mail) (access.OrganizationID, error) {
	if m.Invitation != "" {
		inv, _, err := c.Invitation(m.Invitation)
		return inv.Organization, err
	}
	if with := m.About.Principal; m.About.Chatbot == "" && with.Kind == access.PrincipalOrganization {
		return access.OrganizationID(with.ID), nil
	}
	org, _, err := c.OrganizationOf(access.Obj(access.TypeChatbot, m.About.Chatbot))
	return org, err
}

// outsider reports whether the receiver belongs to none of the actor's organizations. Being added to one by somebody else does not count; otherwise
// strangers could be added first and mailed then (O7).
func (c *change) outsider(m access.Mail) (bool, error) {
	to, known, err := c.User(m.User)
	if m.User == "" {
		to, known, err = c.verifiedHolder(m.To)
	}
	if err != nil || !known {
		return true, err
	}
	ours, err := c.organizationsOf(c.actor.User)
	if err != nil {
		return true, err
	}
	if c.actor.User == "" {
		ours = map[access.OrganizationID]bool{c.actor.Organization: true}
	}
	if ours[to.Organization] && to.Organization != "" {
		return false, nil
	}
	theirs, err := c.Memberships(to.ID)
	for _, m := range theirs {
		if ours[m.Organization] && m.Source != access.Added {
			return false, err
		}
	}
	return true, err
}

// organizationsOf returns the organizations in which the user has a role, and the user's home.
func (c *change) organizationsOf(id access.UserID) (map[access.OrganizationID]bool, error) {
	all := map[access.OrganizationID]bool{}
	if id == "" {
		return all, nil
	}
	u, _, err := c.User(id)
	if err != nil {
		return nil, err
	}
	if u.Organization != "" {
		all[u.Organization] = true
	}
	ms, err := c.Memberships(id)
	for _, m := range ms {
		all[m.Organization] = true
	}
	return all, err
}
