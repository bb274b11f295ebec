package console_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/backend"
)

func TestMain(m *testing.M) { backend.Main(m) }

// people makes two organizations: acme, of ada and its members mel, who owns helper, and devon; and globex, of gil, with gwen, and gus, a client.
func people(e *testenv.Env) {
	for _, u := range []access.UserID{"ada", "mel", "devon", "gil", "gwen", "gus"} {
		e.Admin().PutsUser(u, testenv.Fields{})
	}
	e.Admin().PutsOrganization("acme", testenv.Fields{"owner": "ada"})
	e.Admin().PutsOrganization("globex", testenv.Fields{"owner": "gil"})
	e.Admin().PutsMember("acme", "mel", access.OrgMember)
	e.Admin().PutsMember("acme", "devon", access.OrgMember)
	e.Admin().PutsMember("globex", "gwen", access.OrgMember)
	e.Admin().PutsMember("globex", "gus", access.OrgClient)
	e.Admin().PutsChatbot("helper", testenv.Fields{"organization": "acme", "owner": "mel", "visibility": access.OrganizationVisible})
}

// A chatbot that somebody may not see, and one that is not there, answer alike on every page and form (C6).
func TestC6WhatMayNotBeSeenAnswersLikeWhatIsNotThere(t *testing.T) {
	e := testenv.New(t)
	people(e)
	e.As("mel").Asks("helper", access.OrganizationID("globex"), access.UseOnly)
	request := e.As("mel").Sees("v1", "requests")["items"].([]any)[0].(map[string]any)["id"].(string)
	mels := e.SignsIn("mel").Session
	gus := e.SignsIn("gus")
	told := func(p testenv.Page, id string) string {
		body := strings.ReplaceAll(p.Body, id, "ID")
		if at := strings.Index(body, "Request "); at >= 0 { // the request ID is another one each time
			body = body[:at]
		}
		return http.StatusText(p.Status) + p.Location + body
	}
	form := url.Values{
		"kind": {"user"}, "id": {"gus"}, "access": {"use_only"}, "user": {"gus"}, "name": {"k"}, "visibility": {"shared"}, "mode": {"none"}, "revision": {"1"},
	}
	forms := 0
	for _, there := range []struct{ path, id, absent string }{
		{"/ui/chatbots/helper", "helper", "absent"}, {"/ui/chatbots/helper/permissions", "helper", "absent"}, {"/ui/chatbots/helper/gates", "helper", "absent"},
		{"/ui/chatbots/helper/keys", "helper", "absent"}, {"/ui/chatbots/helper/access", "helper", "absent"}, {"/ui/chatbots/helper/history", "helper", "absent"},
		{"/ui/chatbots/helper/shares", "helper", "absent"}, {"/ui/chatbots/helper/shares/remove", "helper", "absent"},
		{"/ui/chatbots/helper/general-access", "helper", "absent"}, {"/ui/chatbots/helper/link/rotate", "helper", "absent"},
		{"/ui/chatbots/helper/keys/delete", "helper", "absent"},
		{"/ui/requests/" + request, request, "absent"}, {"/ui/requests/" + request + "/approve", request, "absent"},
		{"/ui/requests/" + request + "/deny", request, "absent"}, {"/ui/requests/" + request + "/cancel", request, "absent"},
		{"/ui/security/sessions/" + string(mels) + "/end", string(mels), "absent"},
	} {
		absent := strings.Replace(there.path, there.id, there.absent, 1)
		require.Equal(t, told(gus.Opens(absent), there.absent), told(gus.Opens(there.path), there.id), there.path)
		sent := gus.Sends(there.path, form)
		require.Equal(t, told(gus.Sends(absent, form), there.absent), told(sent, there.id), there.path)
		require.Equal(t, http.StatusNotFound, sent.Status, there.path)
		forms++
	}
	require.Equal(t, 16, forms)
	require.Equal(t, http.StatusOK, gus.Opens("/ui/requests").Status)
}

// Nobody gets a page without a session, and no session does anything but open pages.
func TestD6ASessionOpensPagesOnly(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	nobody := &testenv.Browser{Env: e}

	away := nobody.Opens("/ui/chatbots/helper")
	require.Equal(t, http.StatusSeeOther, away.Status)
	require.Equal(t, "/ui/sign-in?to=%2Fui%2Fchatbots%2Fhelper", away.Location)
	require.Equal(t, "/ui/sign-in", nobody.Sends("/ui/chatbots/helper/shares", url.Values{"kind": {"user"}, "id": {"gwen"}, "access": {"use_only"}}).Location)
	e.Cannot(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))

	// The cookie is no credential of the API.
	require.Equal(t, http.StatusUnauthorized, mel.Opens("/v1/chatbots").Status)
	require.Equal(t, http.StatusUnauthorized, mel.Opens("/v1/users/mel").Status)
	a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: mel.Cookie.Value})
	require.Equal(t, http.StatusUnauthorized, a.Status)

	// Over https the cookie is for this host alone, and no script reads it.
	require.Equal(t, "__Host-grantway", mel.Cookie.Name)
	require.True(t, mel.Cookie.Secure && mel.Cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, mel.Cookie.SameSite)

	// Signing out ends the session on the server, not only in the browser.
	require.Equal(t, http.StatusSeeOther, mel.Sends("/ui/sign-out", nil).Status)
	require.Equal(t, http.StatusSeeOther, mel.Opens("/ui/").Status)
}

// D4, D7: what is tried against one-time links.
func TestD4LinksSignInOnce(t *testing.T) {
	e := testenv.New(t)
	people(e)
	nobody := &testenv.Browser{Env: e}
	link := e.SignInLink("mel")

	require.Equal(t, http.StatusOK, nobody.Opens("/ui/sign-in/link").Status, "a scanner of mail opens the page, which uses nothing up")
	signIn := func(b *testenv.Browser, link, to string) testenv.Page {
		return b.Sends("/ui/sign-in/link", url.Values{"link": {link}, "to": {to}})
	}
	require.Equal(t, "/ui/requests?box=all", signIn(nobody, link, "/ui/requests?box=all").Location)
	used := signIn(nobody, link, "")
	require.Equal(t, http.StatusUnauthorized, used.Status)
	wrong := signIn(nobody, "gwin_000000000000_"+strings.Repeat("0", 43), "")
	require.Equal(t, strings.Count(used.Body, "\n"), strings.Count(wrong.Body, "\n"))
	require.Contains(t, wrong.Body, "This link was used, was replaced, has expired or is incomplete.")
	require.Contains(t, used.Body, "This link was used, was replaced, has expired or is incomplete.")

	for _, elsewhere := range []string{
		"https://evil.example/ui/", "//evil.example/ui/", `/\evil.example/ui/`, "/ui/../v1/chatbots/", "javascript:alert(1)", "/ui", "/ui/\r\nX: y", "http:/ui/", "",
	} {
		require.Equal(t, "/ui/", signIn(nobody, e.SignInLink("mel"), elsewhere).Location, elsewhere)
	}

	// Somebody who plants a session of their own, or signs in as another, does not share it: each sign-in has a new secret, and the old session ends.
	mel := e.SignsIn("mel")
	again := *mel
	page := signIn(&again, e.SignInLink("devon"), "")
	require.Equal(t, http.StatusSeeOther, page.Status)
	require.NotContains(t, page.Header.Get("Set-Cookie"), mel.Cookie.Value)
	require.Equal(t, http.StatusSeeOther, mel.Opens("/ui/security").Status)
}

// A form that another site has sent changes nothing.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	for name, header := range map[string]http.Header{
		"another site": {"Sec-Fetch-Site": {"cross-site"}}, "another host of this site": {"Sec-Fetch-Site": {"same-site"}},
		"an old browser": {"Origin": {"https://evil.example"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		header.Set("Cookie", mel.Cookie.Name+"="+mel.Cookie.Value)
		body := url.Values{"kind": {"user"}, "id": {"gwen"}, "access": {"use_only"}}.Encode()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL+"/ui/chatbots/helper/shares", strings.NewReader(body))
		require.NoError(t, err)
		req.Header = header
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusForbidden, resp.StatusCode, name)
		e.Cannot(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))
	}
}

// What is sent after signing in stays under the console's own path, however the way up is spelled.
func TestNobodyIsSentOutOfTheConsole(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	for _, up := range []string{"/ui/../v1/chatbots", "/ui/%2e%2e/other", "/ui/chatbots/%2E./../../x", "/ui/.."} {
		require.Equal(t, "/ui/", mel.Opens("/ui/sign-in?to="+url.QueryEscape(up)).Location, up)
		require.Equal(t, "/ui/", (&testenv.Browser{Env: e}).Sends("/ui/sign-in/link", url.Values{"link": {e.SignInLink("devon")}, "to": {up}}).Location, up)
	}
	require.Equal(t, "/ui/chatbots?after=..", mel.Opens("/ui/sign-in?to="+url.QueryEscape("/ui/chatbots?after=..")).Location)
	for _, crooked := range []string{"/ui//chatbots", "/ui/./chatbots", "/ui/x/../../v1/users"} {
		require.Equal(t, http.StatusNotFound, mel.Opens(crooked).Status, crooked)
	}
}

// A neighbouring host can set cookies for this one, too, but none whose name begins with __Host-: the notice, which may hold a form, is such a cookie.
func TestANoticeIsOfThisHostAlone(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	planted := base64.RawURLEncoding.EncodeToString([]byte(`{"text":"planted","path":["chatbots","helper","shares"],"undo":{"id":"gus"}}`))
	shown := func(name string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/ui/security", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Cookie", mel.Cookie.Name+"="+mel.Cookie.Value+"; "+name+"="+planted)
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return string(body)
	}
	require.NotContains(t, shown("grantway-notice"), "planted")
	require.Contains(t, shown("__Host-grantway-notice"), "planted")
}

// A body that is no form of these pages would be one with all fields empty, which takes every gate away. It is refused.
func TestWhatIsNoFormChangesNothing(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	gates := url.Values{"enabled": {"1"}, "denied_users": {"devon"}, "user_types": {"internal"}}
	require.Equal(t, http.StatusSeeOther, mel.Sends("/ui/chatbots/helper/gates", gates).Status)
	before := e.As("mel").Sees("v1", "chatbots", "helper", "policy")
	for _, kind := range []string{"multipart/form-data; boundary=b", "application/json", "text/plain", ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL+"/ui/chatbots/helper/gates", strings.NewReader("enabled=1"))
		require.NoError(t, err)
		req.Header = http.Header{"Content-Type": {kind}, "Sec-Fetch-Site": {"same-origin"}, "Cookie": {mel.Cookie.Name + "=" + mel.Cookie.Value}}
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, kind)
		require.Equal(t, before, e.As("mel").Sees("v1", "chatbots", "helper", "policy"), kind)
	}

	// A form that is refused comes back as it was sent, its ticks among it: sent again, it takes no gate away.
	gates.Set("email_domains", "no domain")
	gates["user_types"] = []string{"external"}
	again := mel.Sends("/ui/chatbots/helper/gates", gates)
	require.Equal(t, http.StatusUnprocessableEntity, again.Status)
	require.Contains(t, again.Body, `value="external" checked`)
	require.NotContains(t, again.Body, `value="internal" checked`)
	require.Contains(t, again.Body, "no domain")
}

// A choice that is saved on a page from before the share was removed does not bring the share back, and not for good either.
func TestSavingAStalePageDoesNotShareAgain(t *testing.T) {
	e := testenv.New(t)
	people(e)
	mel := e.SignsIn("mel")
	share := url.Values{"kind": {"user"}, "id": {"gwen"}, "access": {"use_only"}, "expires_at": {"2999-12-31"}}
	require.Equal(t, http.StatusSeeOther, mel.Sends("/ui/chatbots/helper/shares", share).Status)
	share.Set("expires_at", "keep")
	share.Set("access", "read_only")
	require.Equal(t, http.StatusSeeOther, mel.Sends("/ui/chatbots/helper/shares", share).Status)
	e.Can(access.UserID("gwen"), access.Read, access.ChatbotID("helper"))

	require.Equal(t, http.StatusSeeOther, mel.Sends("/ui/chatbots/helper/shares/remove", share).Status)
	stale := mel.Sends("/ui/chatbots/helper/shares", share)
	require.Equal(t, http.StatusNotFound, stale.Status)
	require.Contains(t, stale.Body, "Chatbot:helper is not shared with user:gwen.")
	e.Cannot(access.UserID("gwen"), access.Interact, access.ChatbotID("helper"))
}
