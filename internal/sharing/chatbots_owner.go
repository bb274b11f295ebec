package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// canOwn refuses an owner who has no role in the organization, or only the role client (A1).
func (c *change) canOwn(org access.OrganizationID, user access.UserID) error {
	m, ok, err := c.Membership(org, user)
	if err != nil {
		return err
	}
	if !ok || m.Role == access.OrgClient {
		return access.Unprocessablef("A1", "%s cannot own a chatbot of %s: only its owners, admins and members can",
			access.Obj(access.TypeUser, user), access.Obj(access.TypeOrganization, org))
	}
	return nil
}

// TransferChatbot makes another user the owner (A1).
func (s *Service) TransferChatbot(ctx context.Context, actor access.Actor, id access.ChatbotID, to access.UserID) (r ChatbotResult, err error) {
	o := access.Obj(access.TypeChatbot, id)
	r.Change, err = s.change(ctx, actor, "chatbot.transfer", o, func(c *change) error {
		b, ok, err := c.Chatbot(id)
		if err != nil {
			return err
		}
		if !ok {
			return access.NotFound(o)
		}
		if err := c.must(access.Transfer, o); err != nil {
			return withRule(c.passedOnRefusal(err), "A1")
		}
		if err := c.canOwn(b.Organization, to); err != nil {
			return atField("/to", err)
		}
		r.Chatbot = b
		if b.Owner == to {
			return nil
		}
		if err := c.setOwner(b, to); err != nil {
			return err
		}
		r.Chatbot.Owner, r.Removed = to, c.removedForActor()
		c.state(b, r.Chatbot)
		return nil
	})
	return r, err
}

// setOwner gives the chatbot to a new owner, and removes the new owner's row, share and deny entry (A1).
func (c *change) setOwner(b access.Chatbot, to access.UserID) error {
	if to == "" { // O3: until the organization has an owner again
		return c.aroundChatbot(b.ID, func(now *access.Chatbot) error {
			now.Owner = ""
			return nil
		})
	}
	if r, ok, err := c.Row(b.ID, to); err != nil {
		return err
	} else if ok {
		if err := c.dropRow(r); err != nil {
			return err
		}
	}
	names, err := c.namesOf(to)
	if err != nil {
		return err
	}
	for _, p := range names {
		s, ok, err := c.Share(b.ID, p)
		if err != nil {
			return err
		}
		if ok {
			if err := c.dropShare(s); err != nil {
				return err
			}
		}
	}
	policy, _, err := c.Policy(b.ID)
	if err != nil {
		return err
	}
	if slices.Contains(policy.DeniedUsers, to) {
		now := policy
		now.DeniedUsers = withoutValue(policy.DeniedUsers, to)
		e, err := c.regate(policy, now)
		if err != nil {
			return err
		}
		if err := c.addEffect(e, access.Obj(access.TypeChatbot, b.ID)); err != nil {
			return err
		}
	}
	return c.aroundChatbot(b.ID, func(now *access.Chatbot) error {
		now.Owner = to
		return nil
	})
}

// namesOf lists the principals that stand for one user alone: the user and their verified address.
func (c *change) namesOf(user access.UserID) ([]access.Principal, error) {
	u, _, err := c.User(user)
	return append([]access.Principal{{Kind: access.PrincipalUser, ID: string(user)}}, addressOf(u)...), err
}

// addressOf is the user's verified address as a principal, or nothing.
func addressOf(u access.User) []access.Principal {
	if u.Verified() == "" {
		return nil
	}
	return []access.Principal{{Kind: access.PrincipalEmail, ID: string(u.Verified())}}
}
