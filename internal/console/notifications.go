package console

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type notificationsBody struct {
	All           bool
	Notifications []access.Notification
	List          listing
}

// notifications lists what the person was told: what is unread, or with ?all=1 everything.
func (c *call) notifications() error {
	q := c.r.URL.Query()
	b := notificationsBody{All: q.Get("all") != ""}
	found, next, err := c.Sharing.Notifications(c.r.Context(), c.actor, sharing.NotificationQuery{Unread: !b.All},
		sharing.Page{After: q.Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	b.Notifications, b.List = found, c.listed(next)
	return c.render(http.StatusOK, "notifications", view{Title: "Notifications", Section: "notifications", Body: b})
}

func (c *call) readNotification() error {
	if _, err := c.Sharing.ReadNotification(c.r.Context(), c.actor, access.NotificationID(c.r.PathValue("notification"))); err != nil {
		return err
	}
	return c.redirect(c.link("notifications"))
}
