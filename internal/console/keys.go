package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type keysBody struct {
	chatbotBody
	Keys   []access.APIKey
	List   listing
	Made   string // the name of a key that was made just now
	Secret string // and its secret, which is shown this once
}

// keys is the tab with the chatbot's API keys (3.6).
func (c *call) keys() error { return c.showKeys("", "") }

func (c *call) showKeys(made, secret string) error {
	bot, err := c.chatbot("keys")
	if err != nil {
		return err
	}
	found, next, err := c.Sharing.APIKeys(c.r.Context(), c.actor, bot.Bot.ID, sharing.Page{After: c.r.URL.Query().Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	b := keysBody{chatbotBody: bot, Keys: found, List: c.listed(next), Made: made, Secret: secret}
	return c.render(http.StatusOK, "keys", view{Title: "API keys of " + title(bot.Bot), Section: "chatbots", Body: b})
}

// createKey makes a key and shows its secret, in the answer to the form itself: it is kept nowhere.
func (c *call) createKey() error {
	level, err := access.ParseWord(c.r.PostFormValue("access"), access.Levels)
	if err != nil {
		return atField(access.Unprocessablef("K1", "choose what the key gives"), "access")
	}
	n := sharing.NewAPIKey{Name: strings.TrimSpace(c.r.PostFormValue("name")), Level: level, AllowedIPs: sentGate[string](c, "allowed_ips").Value}
	if day := c.r.PostFormValue("expires_at"); day != "" {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return atField(access.Unprocessablef("K5", "write a day as 2030-12-31"), "expires_at")
		}
		n.ExpiresAt = last.AddDate(0, 0, 1)
	}
	made, err := c.Sharing.CreateAPIKey(c.r.Context(), c.actor, access.ChatbotID(c.r.PathValue("chatbot")), n)
	if err != nil {
		return err
	}
	return c.showKeys(made.Key.Name, made.Secret)
}

func (c *call) deleteKey() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	if _, err := c.Sharing.DeleteAPIKey(c.r.Context(), c.actor, bot, access.KeyID(c.r.PostFormValue("id"))); err != nil {
		return err
	}
	c.notify(notice{Text: "The key is deleted. It stopped working at once."})
	return c.redirect(c.link("chatbots", string(bot), "keys"))
}
