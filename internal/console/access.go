package console

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

type accessBody struct {
	chatbotBody
	Held     []decision.Held
	Everyone access.Level
	Link     access.Audience
	List     listing
}

// access is the tab that says who has what, and through what.
func (c *call) access() error {
	ctx := c.r.Context()
	bot, err := c.chatbot("access")
	if err != nil {
		return err
	}
	if err := c.Sharing.MayReview(ctx, c.actor, bot.Bot.ID); err != nil {
		return err
	}
	b := accessBody{chatbotBody: bot}
	if b.Everyone, b.Link, err = c.Decisions.OpenTo(ctx, bot.Bot.ID); err != nil {
		return err
	}
	held, next, err := c.Decisions.ChatbotAccess(ctx, c.actor, bot.Bot.ID, access.UserID(c.r.URL.Query().Get("after")), pageSize)
	if err != nil {
		return err
	}
	b.Held, b.List = held, c.listed(string(next))
	return c.render(http.StatusOK, "access", view{Title: "Who has access to " + title(bot.Bot), Section: "chatbots", Body: b})
}
