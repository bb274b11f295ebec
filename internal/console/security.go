package console

import (
	"fmt"
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

type securityBody struct {
	Here     access.SessionID
	Sessions []access.Session
}

// security lists where the person is signed in (D6).
func (c *call) security() error {
	sessions, err := c.Sharing.Sessions(c.r.Context(), c.actor, c.actor.User)
	if err != nil {
		return err
	}
	return c.render(http.StatusOK, "security", view{Title: "Security", Section: "security", Body: securityBody{Here: c.session.ID, Sessions: sessions}})
}

func (c *call) endSession() error {
	id := access.SessionID(c.r.PathValue("session"))
	if id == c.session.ID {
		return c.signOut()
	}
	if _, err := c.Sharing.EndSession(c.r.Context(), c.actor, id); err != nil {
		return err
	}
	c.notify(notice{Text: "The session has ended."})
	return c.redirect(c.link("security"))
}

func (c *call) endOtherSessions() error {
	ended, _, err := c.Sharing.EndSessions(c.r.Context(), c.actor, c.actor.User)
	if err != nil {
		return err
	}
	text := "You are signed in nowhere else."
	if ended > 0 {
		text = fmt.Sprintf("%d other sessions have ended.", ended)
	}
	if ended == 1 {
		text = "1 other session has ended."
	}
	c.notify(notice{Text: text})
	return c.redirect(c.link("security"))
}
