package testenv

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// Browser is somebody who is signed in to the console, without scripts.
type Browser struct {
	*Env
	User    access.UserID
	Session access.SessionID
	Cookie  *http.Cookie
}

// Page is what the browser was answered. Redirects are not followed.
type Page struct {
	Status   int
	Header   http.Header
	Location string
	Body     string
}

// SignInLink makes a link for the user, and gives the secret in it.
func (e *Env) SignInLink(user access.UserID) string {
	e.Helper()
	made := e.Admin().Does(http.MethodPost, Path("v1", "users", string(user), "sign-in-links"), nil)
	_, secret, found := strings.Cut(made["link"].(string), "#")
	require.True(e, found)
	return secret
}

// SignsIn signs the user in to the console by a link.
func (e *Env) SignsIn(user access.UserID) *Browser {
	e.Helper()
	before := e.sessionsOf(user)
	b := &Browser{Env: e, User: user}
	page := b.Sends("/ui/sign-in/link", url.Values{"link": {e.SignInLink(user)}})
	require.Equal(e, http.StatusSeeOther, page.Status, page.Body)
	for _, c := range (&http.Response{Header: page.Header}).Cookies() {
		if strings.HasSuffix(c.Name, "grantway") {
			b.Cookie = c
		}
	}
	require.NotNil(e, b.Cookie)
	for id := range e.sessionsOf(user) {
		if !before[id] {
			b.Session = id
		}
	}
	require.NotEmpty(e, b.Session)
	return b
}

func (e *Env) sessionsOf(user access.UserID) map[access.SessionID]bool {
	e.Helper()
	all := map[access.SessionID]bool{}
	items := e.Admin().Does(http.MethodGet, "/v1/sessions?user="+url.QueryEscape(string(user)), nil)["items"].([]any)
	for _, s := range items {
		all[access.SessionID(s.(map[string]any)["id"].(string))] = true
	}
	return all
}

// Opens gets the page at the path, such as /ui/chatbots.
func (b *Browser) Opens(path string) Page {
	b.Helper()
	return b.asks(http.MethodGet, path, "", nil)
}

// Sends sends a form of this server's own pages.
func (b *Browser) Sends(path string, form url.Values) Page {
	b.Helper()
	return b.asks(http.MethodPost, path, form.Encode(), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"same-origin"},
	})
}

func (b *Browser) asks(method, path, body string, header http.Header) Page {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.URL+path, strings.NewReader(body))
	require.NoError(b, err)
	for name, values := range header {
		req.Header[name] = values
	}
	if b.Cookie != nil {
		req.AddCookie(b.Cookie)
	}
	resp, err := b.http.Transport.RoundTrip(req)
	require.NoError(b, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	return Page{Status: resp.StatusCode, Header: resp.Header, Location: resp.Header.Get("Location"), Body: string(text)}
}
