package sharing

import (
	"cmp"
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
)

// letter is the content of an email, or the reason for not sending it.
type letter struct {
	access.Letter
	void string
}

// write composes an email from the facts at the time of sending.
func (s *Service) write(ctx context.Context, tx *store.Tx, m access.Mail) (l letter, err error) {
	l = letter{Letter: access.Letter{ID: m.ID, To: m.To, CreatedAt: m.CreatedAt}}
	reader := access.System
	reader.User = m.User
	c := s.caller(ctx, tx, reader)
	defer l.concealSecrets()
	if m.Invitation != "" {
		return l, c.inviteLetter(&l, m.Invitation)
	}
	if m.Deferred() {
		if l.void, err = c.outdated(m); err != nil || l.void != "" {
			return l, err
		}
	}
	return l, c.tellLetter(&l, m.About)
}

// concealSecrets removes secrets from names: some people paste them there.
func (l *letter) concealSecrets() {
	for _, name := range []*string{&l.By, &l.Chatbot, &l.With, &l.Organization} {
		*name = secret.Redact(*name)
	}
	for i := range l.Shares {
		l.Shares[i].Chatbot = secret.Redact(l.Shares[i].Chatbot)
	}
}

// outdated returns why a delayed email is no longer true, or "".
func (c *caller) outdated(m access.Mail) (string, error) {
	switch m.About.Kind {
	case access.NotifyShared:
		s, shared, err := c.Share(m.About.Chatbot, m.About.Principal)
		if err == nil && (!shared || s.ExpiredAt(c.now)) {
			return "the share has ended", nil
		}
		return "", err
	case access.NotifyRequest:
		r, known, err := c.Request(m.About.Request)
		if err == nil && (!known || r.StateAt(c.now) != access.RequestPending) {
			return "the request has ended", nil
		}
		return "", err
	default: // what has happened stays true
		return "", nil
	}
}

// inviteLetter fills in the contents of an invitation, with its token, which is derived again.
func (c *caller) inviteLetter(l *letter, id access.InvitationID) error {
	inv, ok, err := c.Invitation(id)
	if err != nil {
		return err
	}
	if !ok || inv.StateAt(c.now) != access.InvitationPending {
		l.void = "the invitation is no longer pending"
		return nil
	}
	tokens := c.s.secrets.InvitationTokens(inv.ID, inv.Revision)
	made := slices.IndexFunc(tokens, func(t string) bool { return slices.Contains(c.s.secrets.Digests(t), inv.Digest) })
	if made < 0 {
		l.void = "the hash key of the invitation's token was removed"
		return nil
	}
	org, _, err := c.Organization(inv.Organization)
	if err != nil {
		return err
	}
	l.Token, l.Organization, l.Role, l.ExpiresAt = tokens[made], cmp.Or(org.Name, string(org.ID)), inv.Role, inv.ExpiresAt
	for _, s := range inv.Shares {
		name, err := c.chatbotName(s.Chatbot)
		if err != nil {
			return err
		}
		l.Shares = append(l.Shares, access.LetterShare{Chatbot: name, Level: s.Level})
	}
	l.By, err = c.personName(inv.Inviter)
	return err
}

// tellLetter fills in the contents of a notification.
func (c *caller) tellLetter(l *letter, n access.Notification) (err error) {
	l.Kind, l.Level, l.State, l.Role = n.Kind, n.Level, n.State, n.Role
	if l.By, err = c.personName(n.By); err != nil {
		return err
	}
	if l.Chatbot, err = c.chatbotName(n.Chatbot); err != nil {
		return err
	}
	l.Keys = len(n.AccountKeys)
	if n.Organization != "" {
		org, _, err := c.Organization(n.Organization)
		if err != nil {
			return err
		}
		l.Organization = cmp.Or(org.Name, string(org.ID))
	}
	switch n.Principal {
	case access.Principal{Kind: access.PrincipalUser, ID: string(c.actor.User)}, access.Principal{Kind: access.PrincipalEmail, ID: string(l.To)}:
		return nil
	}
	l.WithKind = n.Principal.Kind
	l.With, err = c.principalName(n.Principal)
	return err
}

// chatbotName is the chatbot's name for people who may see it, and its ID for others, who know only that (C6). An address that no user holds gets the
// name, because somebody with manage_access on the chatbot wrote to it.
func (c *caller) chatbotName(id access.ChatbotID) (string, error) {
	b, ok, err := c.Chatbot(id)
	if err != nil || !ok {
		return string(id), err
	}
	seen, err := c.sees(access.Obj(access.TypeChatbot, id))
	if err != nil || !seen {
		return string(id), err
	}
	return cmp.Or(b.Name, string(id)), nil
}

// personName is the name of the user behind an actor, and "" for other actors.
func (c *caller) personName(actor string) (string, error) {
	o, err := access.ParseObject(actor)
	if err != nil || o.Type != access.TypeUser {
		return "", nil //nolint:nilerr // not a person: the system, or a key
	}
	u, _, err := c.User(access.UserID(o.ID))
	return cmp.Or(u.Name, o.ID), err
}

// principalName is the name of a principal, and "" for everyone.
func (c *caller) principalName(p access.Principal) (string, error) {
	var name string
	var err error
	switch p.Kind {
	case access.PrincipalEmail:
		return p.ID, nil
	case access.PrincipalUser:
		return c.personName(p.String())
	case access.PrincipalTeam:
		t, _, e := c.Team(access.TeamID(p.ID))
		name, err = t.Name, e
	case access.PrincipalOrganization:
		o, _, e := c.Organization(access.OrganizationID(p.ID))
		name, err = o.Name, e
	case access.PrincipalRole:
		r, _, e := c.Role(access.RoleID(p.ID))
		name, err = r.Name, e
	case access.PrincipalGroup:
		g, _, e := c.Group(access.GroupID(p.ID))
		name, err = g.Name, e
	default:
		return "", nil
	}
	return cmp.Or(name, p.ID), err
}
