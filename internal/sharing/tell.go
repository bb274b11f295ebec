package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// tell notifies each of the users once, and, if it is to be mailed, sends those with an address an e-mail after the change is committed
// (N3, S11). Whoever is gone, and the actor, who knows already, is not told. It is part of the change: it happens with it or not at all.
func (c *change) tell(about access.Notification, users []access.UserID, mailed bool) error {
	about.By, about.CreatedAt = ActorName(c.actor), c.now
	users = slices.Clone(users)
	slices.Sort(users)
	for _, id := range slices.Compact(users) {
		u, known, err := c.User(id)
		if err != nil {
			return err
		}
		if !known || u.Gone() || id == c.actor.User {
			continue
		}
		about.User = id
		n, err := c.AddNotification(about)
		if err != nil {
			return err
		}
		if !mailed || u.Email == "" {
			continue
		}
		if err := c.mail(access.Mail{To: u.Email, User: id, About: n}); err != nil {
			return err
		}
	}
	return nil
}

// mail queues an e-mail. Without a mail server there is nothing to queue: what is told stays in the API and in the log.
func (c *change) mail(m access.Mail) error {
	if !c.s.mails {
		c.unmailed = append(c.unmailed, m)
		return nil
	}
	m.ID, m.State, m.Due, m.CreatedAt = access.MailID(secret.NewID()), access.MailQueued, c.now, c.now
	return c.PutMail(m)
}
