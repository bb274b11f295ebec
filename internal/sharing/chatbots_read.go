package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Chatbot reads one chatbot.
func (s *Service) Chatbot(ctx context.Context, actor access.Actor, id access.ChatbotID) (b access.Chatbot, err error) {
	o := access.Obj(access.TypeChatbot, id)
	err = s.read(ctx, actor, func(c *caller) error {
		var ok bool
		if b, ok, err = c.Chatbot(id); err != nil {
			return err
		}
		return c.mustSee(o, ok)
	})
	return b, err
}

// ChatbotQuery filters a list of chatbots.
type ChatbotQuery struct {
	Organization access.OrganizationID
	Owner        access.UserID
}

// Chatbots lists the chatbots that the actor may see, by ID.
func (s *Service) Chatbots(ctx context.Context, actor access.Actor, q ChatbotQuery, p Page) (bots []access.Chatbot, next string, err error) {
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		all, err := c.visibleChatbots(q)
		if err != nil {
			return err
		}
		bots, next, err = visible(p, all, func(b access.Chatbot) string { return string(b.ID) },
			fromHere(c, func(b access.Chatbot) access.OrganizationID { return b.Organization }, nil))
		return err
	})
	return bots, next, err
}

// visibleChatbots is a source of the chatbots that the actor may see (C6).
func (c *caller) visibleChatbots(q ChatbotQuery) (source[access.Chatbot], error) {
	sc, err := c.scope()
	if err != nil {
		return nil, err
	}
	if inside := c.actor.Organization; inside != "" && c.actor.User == "" { // update on an organization shows all of its chatbots (3.1)
		if len(narrowed(sc.manages, inside)) == 0 || q.Organization != "" && q.Organization != inside {
			return named[access.Chatbot, access.ChatbotID](nil, nil), nil
		}
		q.Organization, sc.oversees = inside, true
	}
	if sc.oversees {
		return func(after string, limit int) ([]access.Chatbot, error) {
			return c.Chatbots(store.ChatbotFilter{Organization: q.Organization, Owner: q.Owner}, access.ChatbotID(after), limit)
		}, nil
	}
	ids, err := c.chatbotsWith(access.See)
	if err != nil {
		return nil, err
	}
	return named(ids, func(id access.ChatbotID) (access.Chatbot, bool, error) {
		b, ok, err := c.Chatbot(id)
		inside := c.actor.Organization == "" || b.Organization == c.actor.Organization // B3
		wanted := (q.Organization == "" || b.Organization == q.Organization) && (q.Owner == "" || b.Owner == q.Owner)
		return b, ok && inside && wanted, err
	}), nil
}

// mustSee refuses to read missing and hidden things, with the same text (C6), and settings from outside the allowed IP ranges (B4).
func (c *caller) mustSee(o access.Object, exists bool) error {
	if !exists {
		return access.NotFound(o)
	}
	seen, err := c.sees(o)
	if err != nil {
		return err
	}
	if !seen {
		return access.NotFound(o)
	}
	return c.fromAllowedAddress(o)
}
