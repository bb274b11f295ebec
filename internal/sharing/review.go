package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// MayReview refuses an actor without manage_access on the chatbot, who therefore cannot see who has access to it (M5, B4).
func (s *Service) MayReview(ctx context.Context, actor access.Actor, bot access.ChatbotID) error {
	return s.read(ctx, actor, func(c *caller) error {
		_, err := c.loadManaged(bot)
		return err
	})
}

// MayReadMatrix is MayReview for the matrix, which lists the organization's people with their roles, whether or not they have access to the chatbot:
// its readers also need view_data on the organization (E1).
func (s *Service) MayReadMatrix(ctx context.Context, actor access.Actor, bot access.ChatbotID) error {
	return s.read(ctx, actor, func(c *caller) error {
		b, err := c.loadManaged(bot)
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

// MayReviewUser reports for each of the chatbots whether the actor may know the user's access to it: all of them for the actor's own user, otherwise
// those on which the actor has manage_access (C7, B4). A confined key learns nothing outside its organization (B3).
func (s *Service) MayReviewUser(ctx context.Context, actor access.Actor, user access.UserID, bots []access.ChatbotID) (known []bool, err error) {
	all := objects(access.TypeChatbot, bots, func(id access.ChatbotID) string { return string(id) })
	err = s.read(ctx, actor, func(c *caller) error {
		if c.actor.User == user {
			known = make([]bool, len(all))
			for i, o := range all {
				if known[i], err = c.keyReaches(o); err != nil {
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
