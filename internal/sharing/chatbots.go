package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// ChatbotPatch is the body of a PUT on a chatbot.
type ChatbotPatch struct {
	Organization access.Optional[access.OrganizationID]
	Owner        access.Optional[access.UserID]
	Name         access.Optional[string]
	Visibility   access.Optional[access.Visibility]
}

// ChatbotResult is the chatbot after a change, and what the change removed (V1, A1).
type ChatbotResult struct {
	Change
	Chatbot access.Chatbot
	Removed []string
}

// PutChatbot creates a chatbot or changes its name and visibility (O6, A3).
func (s *Service) PutChatbot(ctx context.Context, actor access.Actor, id access.ChatbotID, p ChatbotPatch) (r ChatbotResult, err error) {
	r.Change, err = s.change(ctx, actor, "chatbot.put", access.Obj(access.TypeChatbot, id), func(c *change) (err error) {
		r.Chatbot, err = c.putChatbot(id, p)
		r.Removed = c.removedForActor()
		return err
	})
	return r, err
}

func (c *change) putChatbot(id access.ChatbotID, p ChatbotPatch) (access.Chatbot, error) {
	o := access.Obj(access.TypeChatbot, id)
	old, exists, err := c.Chatbot(id)
	if err != nil {
		return old, err
	}
	seen := false
	if exists {
		if seen, err = c.sees(o); err != nil {
			return old, err
		}
	}
	if !seen {
		return c.createChatbot(id, exists, p)
	}
	if p.Organization.Set && p.Organization.Value != old.Organization {
		return old, idTaken(o)
	}
	if p.Owner.Set && p.Owner.Value != old.Owner {
		return old, access.Conflictf("A1", "a PUT cannot change the owner: transfer the chatbot instead")
	}
	b := old
	b.Name = p.Name.Or(old.Name, "")
	b.Visibility = p.Visibility.Or(old.Visibility, access.Shared)
	if b == old {
		return b, c.fromAllowedAddress(o)
	}
	if b.Name != old.Name {
		if err := c.must(access.Update, o); err != nil {
			return old, err
		}
	}
	if b.Visibility != old.Visibility {
		if err := c.must(access.ManageAccess, o); err != nil {
			return old, err
		}
		if old.Visibility == access.OwnerOnly {
			if err := c.must(access.Transfer, o); err != nil {
				return old, withRule(err, "A3")
			}
		}
	}
	err = c.aroundChatbot(id, func(now *access.Chatbot) error {
		if b.Visibility == access.OwnerOnly && old.Visibility != access.OwnerOnly {
			if err := c.dropAllShares(id); err != nil {
				return err
			}
			if err := c.dropLink(&b); err != nil {
				return err
			}
		}
		*now = b
		return nil
	})
	c.state(old, b)
	return b, err
}

// createChatbot creates a chatbot. If it exists and the actor cannot see it, only actors who could create it learn that (C6, I3).
func (c *change) createChatbot(id access.ChatbotID, exists bool, p ChatbotPatch) (access.Chatbot, error) {
	b := access.Chatbot{
		ID: id, Organization: p.Organization.Value, Owner: p.Owner.Or(c.actor.User, c.actor.User), Name: p.Name.Value,
		Visibility: p.Visibility.Or(access.Shared, access.Shared), Enabled: true, PublicMode: access.AudienceNone,
	}
	if b.Organization == "" {
		return b, fieldError("O6", "/organization", "a new chatbot needs an organization")
	}
	if err := c.mustOn(access.CreateChatbot, b.Organization); err != nil {
		return b, err
	}
	if b.Owner == "" {
		return b, fieldError("O6", "/owner", "name the owner: no user is creating this chatbot")
	}
	if b.Owner != c.actor.User {
		if err := c.must(access.Update, access.Obj(access.TypeOrganization, b.Organization)); err != nil {
			return b, withRule(err, "O6")
		}
	}
	if err := c.canOwn(b.Organization, b.Owner); err != nil {
		return b, atField("/owner", err)
	}
	if exists {
		return b, idTaken(access.Obj(access.TypeChatbot, id))
	}
	return b, c.addChatbot(b)
}

// addChatbot adds a chatbot that does not exist yet.
func (c *change) addChatbot(b access.Chatbot) error {
	if err := c.PutChatbot(b); err != nil {
		return err
	}
	state, err := c.chatbotState(b)
	if err != nil {
		return err
	}
	c.refold(nil, spice.FoldChatbot(state))
	c.state(nil, b)
	return nil
}

// dropAllShares removes every share of the chatbot (V1, O4).
func (c *change) dropAllShares(id access.ChatbotID) error {
	shares, err := c.Shares(id, "", 0)
	if err != nil {
		return err
	}
	return c.dropShares(shares, func(access.Share) (bool, error) { return true, nil })
}

// dropLink closes the public link (V1, O5).
func (c *change) dropLink(b *access.Chatbot) error {
	if b.PublicMode == access.AudienceNone {
		return nil
	}
	o := access.Obj(access.TypeChatbot, b.ID)
	err := c.answerRemoval("public_link", "public link ("+string(b.PublicMode)+") of "+o.String(), access.ManageAccess, o)
	b.PublicMode, b.LinkDigest, b.LinkNonce = access.AudienceNone, "", ""
	return err
}

// Deletion lists what was removed together with a deleted object (O4).
type Deletion struct {
	Change
	Removed []string
}

// DeleteChatbot removes a chatbot and everything that belongs to it (O4).
func (s *Service) DeleteChatbot(ctx context.Context, actor access.Actor, id access.ChatbotID) (d Deletion, err error) {
	o := access.Obj(access.TypeChatbot, id)
	d.Change, err = s.change(ctx, actor, "chatbot.delete", o, func(c *change) error {
		b, ok, err := c.Chatbot(id)
		if err != nil {
			return err
		}
		if !ok {
			return access.NotFound(o)
		}
		if err := c.must(access.Delete, o); err != nil {
			return err
		}
		if err := c.dropChatbot(b); err != nil {
			return err
		}
		d.Removed = c.deletedForActor()
		c.state(b, nil)
		return nil
	})
	return d, err
}

func (c *change) dropChatbot(b access.Chatbot) error {
	if err := c.orphanRequestsOf(b.ID); err != nil {
		return err
	}
	if err := c.uninvite(b.ID); err != nil {
		return err
	}
	if err := c.dropAllShares(b.ID); err != nil {
		return err
	}
	rows, err := c.Rows(b.ID, "", 0)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := c.dropRow(r); err != nil {
			return err
		}
	}
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		if err := c.dropResources(t, b.ID); err != nil {
			return err
		}
	}
	if err := c.dropFeatures(b.ID); err != nil {
		return err
	}
	if err := c.dropAPIKeys(b.ID); err != nil {
		return err
	}
	state, err := c.chatbotState(b)
	if err != nil {
		return err
	}
	o := access.Obj(access.TypeChatbot, b.ID)
	if err := c.noteRemoval(dropped("chatbot", b), o.String(), access.See, o); err != nil {
		return err
	}
	if !state.Policy.Empty() {
		if err := c.addEffect(dropped("policy", gates{b.Enabled, state.Policy}), o); err != nil {
			return err
		}
	}
	if err := c.DeletePolicy(b.ID); err != nil {
		return err
	}
	c.refold(spice.FoldChatbot(state), nil)
	return c.Tx.DeleteChatbot(b.ID)
}
