package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// MayReview refuses an actor who does not manage the access to the chatbot, and who is therefore not told who has what on it (M5, B4).
func (s *Service) MayReview(ctx context.Context, actor access.Actor, bot access.ChatbotID) error {
	return s.read(ctx, actor, func(c *caller) error {
		_, err := c.managed(bot)
		return err
	})
}

// MayReadMatrix is MayReview for the matrix, which lists the organization's people with their roles, whether or not they have anything on the
// chatbot: besides managing its access, its readers are of the organization (E1).
func (s *Service) MayReadMatrix(ctx context.Context, actor access.Actor, bot access.ChatbotID) error {
	return s.read(ctx, actor, func(c *caller) error {
		b, err := c.managed(bot)
		if err != nil {
			return err
		}
		inside, err := c.may(access.ViewData, access.Obj(access.TypeOrganization, b.Organization))
		if err == nil && !inside {
			err = access.Deniedf("E1", "reading the matrix needs view_data on the chatbot's organization")
		}
		return err
	})
}

// MayReviewUser reports for each of the chatbots whether the actor may know what the user has on it: all of them where it is the actor's own
// user, and otherwise those to which the actor manages the access (C7, B4). A confined key learns of none outside its organization (B3).
func (s *Service) MayReviewUser(ctx context.Context, actor access.Actor, user access.UserID, bots []access.ChatbotID) (known []bool, err error) {
	all := objects(access.TypeChatbot, bots, func(id access.ChatbotID) string { return string(id) })
	err = s.read(ctx, actor, func(c *caller) error {
		if c.actor.User == user {
			known = make([]bool, len(all))
			for i, o := range all {
				if known[i], err = c.inside(o); err != nil {
					return err
				}
			}
			return nil
		}
		if known, err = c.mayEach(access.ManageAccess, all); err != nil {
			return err
		}
		for i, o := range all {
			if !known[i] {
				continue
			}
			org, ok, err := c.OrganizationOf(o)
			if err != nil {
				return err
			}
			admitted, err := c.admitted(org)
			if err != nil {
				return err
			}
			known[i] = ok && admitted
		}
		return nil
	})
	return known, err
}
