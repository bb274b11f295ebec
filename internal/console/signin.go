package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// The cookies: the secret of a session, and the notice for the next page.
const (
	sessionCookie = "grantway"
	noticeCookie  = "grantway-notice"
)

// cookieName is the name of a cookie as browsers know it. Over https its prefix makes them take it from this host alone, so that a neighbouring host
// can plant neither a session nor a notice with a form of its own making.
func (k *Console) cookieName(name string) string {
	if k.secure {
		return "__Host-" + name
	}
	return name
}

// returnTo is the page under Path to which somebody comes back after signing in; anything else is the home page, so that nobody is sent elsewhere. A
// path with steps upwards is none of this server's, since browsers take them before they ask.
func (k *Console) returnTo(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.ContainsAny(to, "\\\t\r\n") || !strings.HasPrefix(u.Path, k.base+Path+"/") ||
		slices.Contains(strings.Split(u.Path, "/"), "..") {
		return k.link()
	}
	return to
}

// sendToSignIn sends a browser without a session to sign in, and from there back to the page. What a form would have changed is not changed.
func (c *call) sendToSignIn() error {
	to := c.link("sign-in")
	if c.r.Method != http.MethodPost {
		if here := c.base + c.r.URL.RequestURI(); here != c.link() {
			to += "?" + url.Values{"to": {here}}.Encode()
		}
	} else {
		c.notify(notice{Text: "You were signed out. Nothing was changed."})
	}
	return c.redirect(to)
}

type signInBody struct{ To string }

func (c *call) signIn() error {
	if c.actor.User != "" {
		return c.redirect(c.returnTo(c.r.URL.Query().Get("to")))
	}
	return c.render(http.StatusOK, "sign-in", view{Title: "Sign in", Body: signInBody{To: c.returnTo(c.r.URL.Query().Get("to"))}})
}

// signInLink is the page of a one-time link. The link's secret is in the fragment of its address, which no server and no proxy sees, and a script puts it
// into the form; without scripts people paste the whole link. Getting the page uses nothing up, since scanners of mail do that.
func (c *call) signInLink() error {
	c.w.Header().Set("Referrer-Policy", "no-referrer")
	return c.render(http.StatusOK, "sign-in-link", view{Title: "Sign in with your link", Body: signInBody{To: c.returnTo(c.r.FormValue("to"))}})
}

func (c *call) signInByLink() error {
	link := strings.TrimSpace(c.r.PostFormValue("link"))
	if _, secret, found := strings.Cut(link, "#"); found {
		link = secret
	}
	to := c.returnTo(c.r.PostFormValue("to"))
	made, err := c.Sharing.SignInByLink(c.r.Context(), link, sharing.Browser{
		Device: c.r.UserAgent(), Address: addressOf(c), RequestID: c.requestID,
	})
	if err != nil {
		return err
	}
	if c.session.ID != "" { // the browser keeps one session
		if _, err := c.Sharing.EndSession(c.r.Context(), c.actor, c.session.ID); err != nil {
			c.Log.Warn("the earlier session of a browser could not be ended", "request_id", c.requestID, "error", err)
		}
	}
	c.setCookie(sessionCookie, made.Secret, int(time.Until(made.Session.ExpiresAt).Seconds()))
	return c.redirect(to)
}

func addressOf(c *call) string {
	if a := c.Sessions.Address(c.r); a.IsValid() {
		return a.String()
	}
	return ""
}

// signOut ends the session here, on the server and in the browser.
func (c *call) signOut() error {
	_, err := c.Sharing.EndSession(c.r.Context(), c.actor, c.session.ID)
	if err != nil && access.KindOf(err) != access.KindNotFound {
		return err
	}
	c.setCookie(sessionCookie, "", -1)
	c.w.Header().Set("Clear-Site-Data", `"cache"`)
	c.notify(notice{Text: "You are signed out."})
	return c.redirect(c.link("sign-in"))
}
