package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/schema"
)

// TestModelPage reads the page of the access model: each rule has one anchor, and each link leads to one.
func TestModelPage(t *testing.T) {
	e := testenv.New(t)
	a := e.Do(testenv.Call{Method: http.MethodGet, Path: "/docs/model"})
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	require.NotContains(t, a.Header.Get("Content-Security-Policy"), "script")
	page := string(a.Body)

	anchors := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		anchors[m[1]]++
	}
	rules := regexp.MustCompile(`(?m)^#+ ([A-Z][0-9]+)\. `).FindAllStringSubmatch(schema.Model, -1)
	require.Greater(t, len(rules), 80)
	for _, m := range rules {
		require.Equal(t, 1, anchors[m[1]], m[1])
	}
	for _, section := range []string{"1", "3", "3.1", "3.6", "9", "worked-examples"} {
		require.Equal(t, 1, anchors[section], section)
	}
	links := regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Greater(t, len(links), 3*len(rules)-len(rules)) // the contents, and the headings themselves
	for _, m := range links {
		if fragment, ok := strings.CutPrefix(m[1], "#"); ok {
			require.Contains(t, anchors, fragment)
			continue
		}
		require.Equal(t, "../docs", m[1])
	}
	require.NotContains(t, page, "](#", "a link that Markdown does not take for one")
}

// TestRefusalsLinkToTheirRule reads the links in a refusal and in explanations, of a server that is not at the root of its host.
func TestRefusalsLinkToTheirRule(t *testing.T) {
	e := newWorld(t, func(c *server.Config) { c.PublicURL = "https://example.com/pdp/" })
	refused := e.As(mel).Refused(access.KindUnprocessable, "S2").Shares(helper, access.UserID("nobody"), access.UseOnly)
	require.Equal(t, "S2", refused["rule"])
	require.Equal(t, "https://example.com/pdp/docs/model#S2", refused["rule_url"])

	question := fields{
		"subject": testenv.Object(bob), "action": fields{"name": access.Read}, "resource": testenv.Object(helper), "context": fields{"explain": true},
	}
	links := map[string]any{"S1": "https://example.com/pdp/docs/model#S1"}
	require.Equal(t, links, e.Admin().Does(http.MethodPost, "/v1/explain", question)["rules"])
	require.Equal(t, links, in(e.Admin().Does(http.MethodPost, "/access/v1/evaluation", question), "context")["rules"])

	question["action"] = fields{"name": access.Update}
	require.Equal(t, map[string]any{
		"3.1": "https://example.com/pdp/docs/model#3.1", "3.2": "https://example.com/pdp/docs/model#3.2",
	}, e.Admin().Does(http.MethodPost, "/v1/explain", question)["rules"])
}
