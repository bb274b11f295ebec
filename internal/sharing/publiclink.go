package sharing

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// PublicAccess is a chatbot's public link (3.4). The link is derived from the chatbot, a nonce in the store and the hash key, which is not in the
// store: managers of the chatbot can read it repeatedly, but a copy of the store does not reveal it (L2).
type PublicAccess struct {
	Mode access.Audience
	Link string // sent with decisions as context.link; "" for mode none, and if Lost
	Lost bool   // the hash key of the link was removed: the link works, but cannot be shown
}

// PublicAccessResult is the public link after a change.
type PublicAccessResult struct {
	Change
	PublicAccess
}

// PublicAccess reads the chatbot's public link, for actors with manage_access (L2).
func (s *Service) PublicAccess(ctx context.Context, actor access.Actor, bot access.ChatbotID) (p PublicAccess, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		b, err := c.loadManaged(bot)
		p = s.publicAccess(b)
		return withRule(err, "L2")
	})
	if err != nil {
		return PublicAccess{}, err
	}
	return p, nil
}

// PutPublicAccess sets the mode of the chatbot's public link (L1, V1, O5). A link that was switched off does not come back: switching it on creates a
// new one.
func (s *Service) PutPublicAccess(
	ctx context.Context, actor access.Actor, bot access.ChatbotID, mode access.Optional[access.Audience],
) (PublicAccessResult, error) {
	return s.relink(ctx, actor, bot, "chatbot.public_access", func(c *change, b *access.Chatbot) error {
		now := mode.Or(b.PublicMode, access.AudienceNone)
		switch {
		case now == b.PublicMode:
			return nil
		case now == access.AudienceNone:
			b.PublicMode, b.LinkDigest, b.LinkNonce = access.AudienceNone, "", ""
			return nil
		case b.PublicMode == access.AudienceNone:
			s.newLink(b)
		}
		b.PublicMode = now
		return c.admitsLink(*b)
	})
}

// admitsLink refuses a public link that contradicts the chatbot's visibility or its organization's limit (V1, O5).
func (c *change) admitsLink(b access.Chatbot) error {
	if b.Visibility == access.OwnerOnly {
		return access.Conflictf("V1", "%s is owner_only and cannot have a public link", access.Obj(access.TypeChatbot, b.ID))
	}
	org, _, err := c.Organization(b.Organization)
	if err == nil && b.PublicMode.Exceeds(org.PublicAccess) {
		return fieldError("O5", "/mode", access.Obj(access.TypeOrganization, org.ID).String()+" limits public access to "+string(org.PublicAccess))
	}
	return err
}

// RotateLink replaces the chatbot's public link; the old one stops working at once (L1).
func (s *Service) RotateLink(ctx context.Context, actor access.Actor, bot access.ChatbotID) (PublicAccessResult, error) {
	return s.relink(ctx, actor, bot, "chatbot.rotate_link", func(_ *change, b *access.Chatbot) error {
		if b.PublicMode == access.AudienceNone {
			return access.Conflictf("L1", "%s has no public link to rotate", access.Obj(access.TypeChatbot, bot))
		}
		s.newLink(b)
		return nil
	})
}

// relink changes the public link. The record shows that there was one, and nothing of the link itself (H2).
func (s *Service) relink(
	ctx context.Context, actor access.Actor, bot access.ChatbotID, action string, edit func(*change, *access.Chatbot) error,
) (r PublicAccessResult, err error) {
	r.Change, err = s.change(ctx, actor, action, access.Obj(access.TypeChatbot, bot), func(c *change) error {
		if _, err := c.loadManaged(bot); err != nil {
			return withRule(err, "A3")
		}
		return c.aroundChatbot(bot, func(b *access.Chatbot) error {
			old := *b
			if err := edit(c, b); err != nil {
				return err
			}
			r.PublicAccess = s.publicAccess(*b)
			if *b != old {
				c.state(old, *b)
			}
			return nil
		})
	})
	if err != nil {
		return PublicAccessResult{}, err
	}
	return r, nil
}

// newLink creates a new link.
func (s *Service) newLink(b *access.Chatbot) {
	b.LinkNonce = secret.NewID()
	b.LinkDigest = linkDigest(s.secrets.Links(b.ID, b.LinkNonce)[0])
}

// publicAccess is the chatbot's link as its managers read it.
func (s *Service) publicAccess(b access.Chatbot) PublicAccess {
	p := PublicAccess{Mode: b.PublicMode}
	if p.Mode == access.AudienceNone {
		return p
	}
	for _, link := range s.secrets.Links(b.ID, b.LinkNonce) {
		if subtle.ConstantTimeCompare([]byte(linkDigest(link)), []byte(b.LinkDigest)) == 1 {
			p.Link = link
			return p
		}
	}
	p.Lost = true
	return p
}

// linkDigest is the digest that the engine compares with that of a presented link.
func linkDigest(link string) string {
	sum := sha256.Sum256([]byte(link))
	return hex.EncodeToString(sum[:])
}
