package console

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// few is how many of a kind the home page shows.
const few = 5

type homeBody struct {
	ToDecide      []access.Request
	MoreToDecide  bool
	Notifications []access.Notification
	MoreUnread    bool
	Mine          []access.Chatbot
	MoreMine      bool
	Expiring      []access.Share // of my chatbots, within the next week
}

// home is what waits for the person, what is new, and what is theirs.
func (c *call) home() error {
	ctx := c.r.Context()
	var b homeBody
	var next string
	var err error
	if b.ToDecide, next, err = c.Sharing.Requests(ctx, c.actor, sharing.RequestQuery{Decidable: true}, sharing.Page{Limit: few}); err != nil {
		return err
	}
	b.MoreToDecide = next != ""
	if b.Notifications, next, err = c.Sharing.Notifications(ctx, c.actor, sharing.NotificationQuery{Unread: true}, sharing.Page{Limit: few}); err != nil {
		return err
	}
	b.MoreUnread = next != ""
	if b.Mine, next, err = c.Sharing.Chatbots(ctx, c.actor, sharing.ChatbotQuery{Owner: c.actor.User}, sharing.Page{Limit: few}); err != nil {
		return err
	}
	b.MoreMine = next != ""
	for _, bot := range b.Mine {
		shares, _, err := c.Sharing.Shares(ctx, c.actor, bot.ID, sharing.Page{Limit: pageSize})
		if k := access.KindOf(err); err != nil && (k == access.KindNotFound || k == access.KindDenied) {
			continue // since the list was read, or from this address
		} else if err != nil {
			return err
		}
		for _, s := range shares {
			if w := whenAt(s.ExpiresAt, c.Now()); w.Soon {
				b.Expiring = append(b.Expiring, s)
			}
		}
	}
	return c.render(http.StatusOK, "home", view{Title: "Home", Section: "home", Body: b})
}
