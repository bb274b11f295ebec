package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// cell is one cell of the matrix.
type cell struct {
	Action  access.Action
	Set     bool   // the row has it
	Has     bool   // what is effective
	Ceiling bool   // the member's role lets a row give it
	Because string // what decides it
}

// matrixRow is one member's line.
type matrixRow struct {
	decision.MatrixRow
	Own   bool // the chatbot's owner, who has no row (M3)
	Cells []cell
}

type permissionsBody struct {
	chatbotBody
	Actions []access.Action
	Rows    []matrixRow
	List    listing
}

// permissions is the tab with the matrix: for each member, what is effective and what decides it, and the row that an administrator has set (3.3).
func (c *call) permissions() error {
	ctx := c.r.Context()
	bot, err := c.chatbot("permissions")
	if err != nil {
		return err
	}
	if err := c.Sharing.MayReadMatrix(ctx, c.actor, bot.Bot.ID); err != nil {
		return err
	}
	found, next, err := c.Decisions.Matrix(ctx, c.actor, bot.Bot.ID, access.UserID(c.r.URL.Query().Get("after")), pageSize)
	if err != nil {
		return err
	}
	b := permissionsBody{chatbotBody: bot, Actions: access.RowActions, Rows: make([]matrixRow, len(found)), List: c.listed(string(next))}
	for i, row := range found {
		line := matrixRow{MatrixRow: row, Own: row.User == bot.Bot.Owner}
		for _, a := range access.RowActions {
			line.Cells = append(line.Cells, cell{
				Action: a, Set: slices.Contains(row.Row, a), Has: slices.Contains(row.Effective, a), Ceiling: slices.Contains(row.Ceiling, a), Because: row.Because[a],
			})
		}
		b.Rows[i] = line
	}
	return c.render(http.StatusOK, "permissions", view{Title: "Permissions on " + title(bot.Bot), Section: "chatbots", Body: b})
}

// putRow sets a member's row to the cells that are ticked, or takes the row away.
func (c *call) putRow() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	user := access.UserID(c.r.PostFormValue("user"))
	back := c.link("chatbots", string(bot), "permissions")
	if c.r.PostFormValue("reset") != "" {
		if _, err := c.Sharing.DeleteRow(c.r.Context(), c.actor, bot, user); err != nil {
			return err
		}
		c.notify(notice{Text: "The row of " + string(user) + " is gone. The role decides again."})
		return c.redirect(back)
	}
	actions := []access.Action{}
	for _, sent := range c.r.PostForm["action"] {
		a, err := access.ParseWord(sent, access.RowActions)
		if err != nil {
			return err
		}
		actions = append(actions, a)
	}
	set, err := c.Sharing.PutRow(c.r.Context(), c.actor, bot, user, actions)
	if err != nil {
		return err
	}
	text := "Saved the row of " + string(user) + ": "
	if len(actions) == 0 {
		text += "no access."
	} else {
		text += access.Listed(actions) + "."
	}
	if len(set.Warnings) > 0 {
		text += " Note: " + strings.Join(set.Warnings, "; ") + "."
	}
	c.notify(notice{Text: text})
	return c.redirect(back)
}
