package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// notice is a sentence about what was done, for the next page, and how to undo it. It travels in a cookie, so that a change can answer with a redirect.
type notice struct {
	Text string            `json:"text"`
	Undo map[string]string `json:"undo,omitempty"` // the fields of the form that undoes it
	Path []string          `json:"path,omitempty"` // the parts of the path to which that form goes
}

const (
	maxNotice       = 3000 // bytes: browsers keep 4,096 of a cookie
	noticeInSeconds = 60
)

// notify leaves a notice for the next page.
func (c *call) notify(n notice) {
	text, err := json.Marshal(n)
	if err != nil || len(text) > maxNotice {
		text, _ = json.Marshal(notice{Text: "Done."})
	}
	c.setCookie(noticeCookie, base64.RawURLEncoding.EncodeToString(text), noticeInSeconds)
}

// takeNotice gives the notice that the page before has left, once.
func (c *call) takeNotice() *notice {
	cookie, err := c.r.Cookie(c.cookieName(noticeCookie))
	if err != nil {
		return nil
	}
	c.setCookie(noticeCookie, "", -1)
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	var n notice
	if err != nil || json.Unmarshal(text, &n) != nil || n.Text == "" {
		return nil
	}
	return &n
}

// setCookie sets a cookie for this server's pages alone; seconds below 0 delete it.
func (c *call) setCookie(name, value string, seconds int) {
	http.SetCookie(c.w, &http.Cookie{ //nolint:gosec // Secure where the page came by HTTPS, which on loopback it need not
		Name: c.cookieName(name), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}
