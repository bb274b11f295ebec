package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// notify notifies each of the users once, and, if mailed is set, sends an email to those with a verified address after the change is committed (N3,
// S11). It skips deleted and inactive users, and the actor, who knows already. It is part of the change's transaction. An import notifies nobody,
// because it brings what people already have.
func (c *change) notify(about access.Notification, users []access.UserID, mailed bool) error {
	if c.memo != nil {
		return nil
	}
	return c.notifyEach(about, users, mailed)
}

// notifyEach is tell for notifications that imports send, too.
func (c *change) notifyEach(about access.Notification, users []access.UserID, mailed bool) error {
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
		if !mailed || u.Verified() == "" { // nobody may learn whose an unverified address is (C6)
			continue
		}
		if err := c.mail(access.Mail{To: u.Verified(), User: id, About: n}); err != nil {
			return err
		}
	}
	return nil
}

// mail queues an email. Without a mail server, nothing is queued: the API and the log still have the notification.
func (c *change) mail(m access.Mail) error {
	if !c.s.mails {
		c.unmailed = append(c.unmailed, m)
		return nil
	}
	m.ID, m.State, m.CreatedAt = access.MailID(secret.NewID()), access.MailQueued, c.now
	if mailed, err := c.mailedLately(m); err != nil || mailed {
		return err
	}
	if err := c.schedule(&m); err != nil {
		return err
	}
	m.Due = m.NotBefore
	return c.PutMail(m)
}

// notifyShared notifies the people of a new share, also by email (S11). An address that no user holds gets only the email.
func (c *change) notifyShared(b access.Chatbot, share access.Share) error {
	if c.memo != nil {
		return nil
	}
	users, addresses, err := c.people(share.Principal)
	if err != nil {
		return err
	}
	about := access.Notification{Kind: access.NotifyShared, Chatbot: b.ID, Principal: share.Principal, Level: share.Level}
	if err := c.notify(about, withoutOwner(b, users), true); err != nil {
		return err
	}
	about.By, about.CreatedAt = ActorName(c.actor), c.now
	slices.Sort(addresses)
	for _, to := range slices.Compact(addresses) {
		if err := c.mail(access.Mail{To: to, About: about}); err != nil {
			return err
		}
	}
	return nil
}

// notifyShareChanged notifies the people of a share of its new level, without an email. A new expiry alone is not announced (S11).
func (c *change) notifyShareChanged(b access.Chatbot, old, share access.Share) error {
	if share.Level == old.Level || c.memo != nil {
		return nil
	}
	users, _, err := c.people(share.Principal)
	if err != nil {
		return err
	}
	about := access.Notification{Kind: access.NotifyShareChanged, Chatbot: b.ID, Principal: share.Principal, Level: share.Level}
	return c.notify(about, withoutOwner(b, users), false)
}

// withoutOwner removes the chatbot's owner, to whom shares of it give nothing (A1).
func withoutOwner(b access.Chatbot, users []access.UserID) []access.UserID {
	return slices.DeleteFunc(users, func(u access.UserID) bool { return u == b.Owner })
}

// people returns the users that a principal stands for at this moment, and the addresses that no user holds. `everyone` stands for nobody in
// particular (S11).
func (c *change) people(p access.Principal) (users []access.UserID, addresses []access.Email, err error) {
	switch p.Kind {
	case access.PrincipalUser:
		return []access.UserID{access.UserID(p.ID)}, nil, nil
	case access.PrincipalEmail:
		holder, held, err := c.verifiedHolder(access.Email(p.ID))
		if err != nil || !held {
			return nil, []access.Email{access.Email(p.ID)}, err
		}
		return []access.UserID{holder.ID}, nil, nil
	case access.PrincipalTeam:
		users, err = c.peopleOfTeam(access.TeamID(p.ID))
	case access.PrincipalOrganization:
		var members []access.Membership
		members, err = c.Members(access.OrganizationID(p.ID), "", 0)
		for _, m := range members {
			if m.Role != access.OrgClient {
				users = append(users, m.User)
			}
		}
	case access.PrincipalRole:
		users, err = c.RoleAssignees(access.RoleID(p.ID), "", 0)
	case access.PrincipalGroup:
		members, err := c.GroupMembers(access.GroupID(p.ID), "", 0)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range members {
			if gives, err := c.givesSomething(access.GroupMembership{Group: access.GroupID(p.ID), Member: m}); err != nil {
				return nil, nil, err
			} else if !gives {
				continue
			}
			us, as, err := c.people(m)
			if err != nil {
				return nil, nil, err
			}
			users, addresses = append(users, us...), append(addresses, as...)
		}
	case access.PrincipalEveryone:
	}
	return users, addresses, err
}

// peopleOfTeam returns the members of the team and of its nested teams (T2).
func (c *change) peopleOfTeam(id access.TeamID) (users []access.UserID, err error) {
	seen := map[access.TeamID]bool{id: true}
	for todo := []access.TeamID{id}; len(todo) > 0; todo = todo[1:] {
		members, err := c.TeamMembers(todo[0], "", 0)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			users = append(users, m.User)
		}
		inner, err := c.InnerTeams(todo[0])
		if err != nil {
			return nil, err
		}
		for _, t := range inner {
			if !seen[t] {
				seen[t] = true
				todo = append(todo, t)
			}
		}
	}
	return users, nil
}
