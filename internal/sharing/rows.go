package sharing

import (
	"context"
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// RowResult is the row after a change, and its warnings, such as update without read (M4).
type RowResult struct {
	Change
	Row      access.Row
	Warnings []string
}

// PutRow sets a member's row in a chatbot's matrix (M1–M8). Actions are a set of access.RowActions; an empty set means no access.
func (s *Service) PutRow(ctx context.Context, actor access.Actor, bot access.ChatbotID, user access.UserID, actions []access.Action) (r RowResult, err error) {
	r.Change, err = s.change(ctx, actor, "row.put", access.Obj(access.TypeChatbot, bot), func(c *change) (err error) {
		r.Row, err = c.putRow(access.Row{Chatbot: bot, User: user, Actions: actions})
		return err
	})
	if slices.Contains(r.Row.Actions, access.Update) && !slices.Contains(r.Row.Actions, access.Read) {
		r.Warnings = []string{"update without read: the user cannot see what they change (M4)"}
	}
	return r, err
}

func (c *change) putRow(row access.Row) (access.Row, error) {
	b, m, err := c.rowHolder(row.Chatbot, row.User)
	if err != nil {
		return row, err
	}
	siteAdmin, err := c.isSiteAdmin(row.User)
	if err != nil {
		return row, err
	}
	ceiling := spice.RowCeiling(m.Role, siteAdmin)
	actions := []access.Action{} // empty means no access, which differs from no row
	for _, a := range access.RowActions {
		if slices.Contains(row.Actions, a) {
			actions = append(actions, a)
		}
	}
	for i, a := range row.Actions {
		if !slices.Contains(access.RowActions, a) {
			return row, fieldError("M1", fmt.Sprintf("/actions/%d", i), string(a)+" is not an action of the matrix")
		}
		if !slices.Contains(ceiling, a) {
			return row, fieldError("M2", fmt.Sprintf("/actions/%d", i), fmt.Sprintf("%s is above the ceiling of %s: %s", a, m.Role, access.Listed(ceiling)))
		}
	}
	row.Actions = actions
	old, exists, err := c.Row(b.ID, row.User)
	if err != nil || exists && slices.Equal(old.Actions, row.Actions) {
		return row, err
	}
	err = c.aroundChatbot(b.ID, func(*access.Chatbot) error {
		var before spice.Relationships
		if exists {
			if before, err = c.foldRow(old); err != nil {
				return err
			}
			c.before = old
		}
		c.refold(before, spice.FoldRow(row, m.Role, siteAdmin))
		c.state(c.before, row)
		return c.PutRow(row)
	})
	return row, err
}

// rowHolder checks who sets a row, and for whom (M3, M7, M8).
func (c *change) rowHolder(bot access.ChatbotID, user access.UserID) (b access.Chatbot, m access.Membership, err error) {
	if b, err = c.loadManaged(bot); err != nil {
		return b, m, withRule(err, "M8")
	}
	o := access.Obj(access.TypeOrganization, b.Organization)
	if b.Owner != c.actor.User || c.actor.User == "" {
		manager, err := c.may(access.Update, o)
		if err != nil {
			return b, m, err
		}
		if !manager {
			return b, m, access.Deniedf("M8", "only the chatbot's owner, and owners and admins of its organization, can set rows")
		}
	}
	if b.Owner == user {
		return b, m, access.Unprocessablef("M3", "%s owns the chatbot and cannot have a row", access.Obj(access.TypeUser, user))
	}
	m, ok, err := c.Membership(b.Organization, user)
	if err != nil {
		return b, m, err
	}
	if !ok {
		return b, m, access.Unprocessablef("M7", "%s has no role in the chatbot's organization", access.Obj(access.TypeUser, user))
	}
	siteAdmin, err := c.isSiteAdmin(user) // who acts as an owner (P1)
	if err != nil {
		return b, m, err
	}
	// A confined key is at most an admin, also when it acts for an owner (B3), so it never sets an owner's row.
	if (m.Role == access.OrgOwner || siteAdmin) && (b.Owner != c.actor.User || c.actor.Organization != "") {
		owner, err := c.may(access.Delete, o)
		if err != nil {
			return b, m, err
		}
		if !owner {
			return b, m, access.Deniedf("M8", "an admin cannot set the row of an owner or a site admin")
		}
	}
	return b, m, nil
}

// DeleteRow restores what the role gives (M6). The error is of kind NotFound if there is no row.
func (s *Service) DeleteRow(ctx context.Context, actor access.Actor, bot access.ChatbotID, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "row.delete", access.Obj(access.TypeChatbot, bot), func(c *change) error {
		if _, _, err := c.rowHolder(bot, user); err != nil {
			return err
		}
		row, ok, err := c.Row(bot, user)
		if err != nil {
			return err
		}
		if !ok {
			return access.Refuse(access.KindNotFound, "", "%s has no row on %s", access.Obj(access.TypeUser, user), access.Obj(access.TypeChatbot, bot))
		}
		c.state(row, nil)
		return c.dropRow(row)
	})
}
