package console_test

import (
	_ "embed"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/chrome"
)

// axe finds what people with disabilities could not use: github.com/dequelabs/axe-core, 4.14.1.
//
//go:embed testdata/axe.min.js
var axe string

// pictures is where the pages are saved as they look, if the variable is set.
var pictures = os.Getenv("GRANTWAY_PICTURES")

// local is a server for a browser on this machine, which takes no cookies for https only.
func local(t *testing.T) *testenv.Env {
	e := testenv.New(t, testenv.Published("http://127.0.0.1:1"))
	people(e)
	return e
}

// signsIn opens a tab in which the user signs in by a link.
func signsIn(t *testing.T, e *testenv.Env, b *chrome.Browser, user access.UserID) *chrome.Tab {
	tab := b.Open(t, e.URL)
	tab.Goes("/ui/sign-in/link#" + e.SignInLink(user))
	tab.Clicks("main form button")
	return tab
}

// TestInABrowser tells, by clicking and typing, what the document on sharing says, and looks at every page.
func TestInABrowser(t *testing.T) {
	b := chrome.Start(t)
	t.Run("a member shares with another organization, whose owner approves", func(t *testing.T) {
		e := local(t)
		mel := signsIn(t, e, b, "mel")
		mel.Clicks("a[href='/ui/chatbots/helper']")
		mel.Chooses("#kind", "organization")
		mel.Types("#id", "globex")
		mel.Chooses("#access", "use_only")
		mel.Clicks("section[aria-labelledby=add] button")
		require.Contains(t, mel.Reads(".notice"), "Asked: organization globex gets access")
		e.Cannot(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))

		gil := signsIn(t, e, b, "gil")
		require.Contains(t, gil.Reads("section[aria-labelledby=decide]"), "Share helper with organization globex: Use only")
		gil.Clicks("section[aria-labelledby=decide] li a")
		gil.Clicks("form[action$='/approve'] button")
		require.Contains(t, gil.Reads(".notice"), "Approved.")
		e.Can(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))

		mel.Goes("/ui/chatbots/helper")
		mel.Clicks("form[action$='/shares/remove'] button")
		e.Cannot(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))
		mel.Clicks(".notice button") // undo: what needs an approval is asked for again
		require.Contains(t, mel.Reads(".notice"), "Asked: organization globex gets access")
	})
	t.Run("an admin narrows what a member can do, and the page shows it", func(t *testing.T) {
		e := local(t)
		ada := signsIn(t, e, b, "ada")
		ada.Goes("/ui/chatbots/helper/permissions")
		ada.Ticks("#cell-devon-read")
		ada.Clicks("form:has(input[value=devon]) button:not([name])")
		require.Contains(t, ada.Reads(".notice"), "Saved the row of devon")
		e.Cannot(access.UserID("devon"), access.Read, access.ChatbotID("helper"))
		ada.Goes("/ui/try?" + url.Values{"subject": {"user:devon"}, "action": {"read"}, "resource": {"chatbot:helper"}}.Encode())
		require.Equal(t, "Denied", ada.Reads(".verdict"))
		require.Contains(t, ada.Reads("section[aria-labelledby=answer]"), "row")
	})
	t.Run("without scripts", func(t *testing.T) {
		e := local(t)
		tab := b.Open(t, e.URL)
		tab.WithoutScripts()
		tab.Goes("/ui/chatbots/helper")
		tab.Clicks("a.button")
		tab.Types("#link", "http://127.0.0.1:1/ui/sign-in/link#"+e.SignInLink("mel"))
		tab.Clicks("main form button")
		require.Equal(t, "helper", tab.Reads("h1"))
		tab.Types("#id", "nobody-of-that-name")
		tab.Clicks("section[aria-labelledby=add] button")
		require.Contains(t, tab.Reads("[role=alert]"), "nobody-of-that-name")
		tab.Types("#id", "gwen")
		tab.Clicks("section[aria-labelledby=add] button")
		require.Contains(t, tab.Reads(".notice"), "Shared with user gwen")
		e.Can(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))
	})
	t.Run("every page is accessible, and fits a narrow screen", func(t *testing.T) {
		e := local(t)
		e.As("mel").Shares("helper", access.UserID("gwen"), access.ReadWrite)
		e.As("mel").Asks("helper", access.OrganizationID("globex"), access.UseOnly)
		request := e.As("mel").Sees("v1", "requests")["items"].([]any)[0].(map[string]any)["id"].(string)
		e.As("gwen").Does("POST", "/v1/chatbots/helper/api-keys", testenv.Fields{"name": "backend", "access": access.UseOnly})
		stranger := b.Open(t, e.URL)
		ada, gil := signsIn(t, e, b, "ada"), signsIn(t, e, b, "gil")
		looked := 0
		for _, p := range []struct {
			tab  *chrome.Tab
			path string
		}{
			{stranger, "/sign-in"}, {stranger, "/sign-in/link"},
			{ada, "/"}, {ada, "/chatbots"}, {ada, "/chatbots?mine=1&organization=acme"}, {ada, "/chatbots/helper"}, {ada, "/chatbots/helper/permissions"},
			{ada, "/chatbots/helper/gates"}, {ada, "/chatbots/helper/keys"}, {ada, "/chatbots/helper/access"}, {ada, "/chatbots/helper/history"},
			{ada, "/try?subject=user:gwen&action=read&resource=chatbot:helper"}, {ada, "/try?subject=user:gus&action=read&resource=chatbot:helper"},
			{ada, "/requests?box=all"}, {ada, "/notifications?all=1"}, {ada, "/security"}, {ada, "/nothing"},
			{gil, "/requests"}, {gil, "/requests/" + request}, {gil, "/notifications"},
		} {
			for _, scheme := range []string{"light", "dark"} {
				p.tab.Looks(1200, scheme)
				p.tab.Goes("/ui" + p.path)
				p.tab.Loads(axe)
				violations := chrome.Eval[[]string](p.tab,
					`axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('; ')))`)
				assert.Empty(t, violations, "%s in %s", p.path, scheme)
				if pictures != "" {
					name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-", ":", "-", request, "request").Replace(p.path), "-")
					p.tab.Saves(filepath.Join(pictures, "page-"+name+"-"+scheme+".png"))
				}
				looked++
			}
			p.tab.Looks(320, "light")
			wider := chrome.Eval[bool](p.tab, "document.documentElement.scrollWidth > document.documentElement.clientWidth")
			assert.False(t, wider, "%s has a horizontal bar at 320 px", p.path)
			if pictures != "" {
				p.tab.Saves(filepath.Join(pictures, "narrow-"+strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-", ":", "-", request, "request").Replace(p.path), "-")+".png"))
			}
		}
		require.Equal(t, 40, looked)
	})
}
