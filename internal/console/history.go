package console

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type historyBody struct {
	chatbotBody
	Entries []access.Record
	List    listing
}

// history is the tab with what was changed about the chatbot, by whom and when.
func (c *call) history() error {
	bot, err := c.chatbot("history")
	if err != nil {
		return err
	}
	q := sharing.RecordQuery{Resource: access.Obj(access.TypeChatbot, bot.Bot.ID)}
	entries, next, err := c.Sharing.Records(c.r.Context(), c.actor, q, sharing.Page{After: c.r.URL.Query().Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	return c.render(http.StatusOK, "history", view{
		Title: "History of " + title(bot.Bot), Section: "chatbots", Body: historyBody{chatbotBody: bot, Entries: entries, List: c.listed(next)},
	})
}
