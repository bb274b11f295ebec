package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/testenv"
)

// FuzzCalls sends every route any ID, query and body: no call may panic, make the server fail, or cost more than its length allows.
func FuzzCalls(f *testing.F) {
	var routes []httpapi.RouteInfo
	for _, rt := range httpapi.Routes() {
		if !rt.Open && rt.Name != "import" && rt.Name != "export" && rt.Name != "backup" {
			routes = append(routes, rt)
		}
	}
	for i, id := range oddIDs {
		f.Add(uint8(i), id, "page_size=1", `{"organization":"acme","name":"n","role":"member","access":"read_only","to":"bob"}`)
	}
	for i := range routes {
		f.Add(uint8(i), "bob", "", `{}`)
		f.Add(uint8(i), "acme", "successor=bob", `{"role":"admin"}`)
		f.Add(uint8(i), "helper", "x", `{"access":"use_only","expires_at":"2030-01-01T00:00:00Z","a":{"b":[1,2,{"c":null}]}}`)
		f.Add(uint8(i), "user:bob", "page_token=%zz", "{\"name\":\"\\ud800\"}")
	}
	e := newWorld(f)
	f.Fuzz(func(t *testing.T, n uint8, id, query, body string) {
		rt := routes[int(n)%len(routes)]
		things := map[string]string{}
		for name := range here {
			things[name] = id
		}
		c := callOf(rt, things)
		if c.Path == "" || strings.ContainsAny(query, " #\x00\n\r\t") {
			return
		}
		if query != "" {
			c.Path += "?" + escapeControls(query)
		}
		c.Body, c.Key = body, testenv.RootKey
		c.Header = http.Header{"Content-Type": {"application/json"}}
		var a testenv.Answer
		perByte.Check(t, len(c.Path)+len(body), func() { a = e.For(t).Do(c) })
		require.Less(t, a.Status, 500, "%s %s %q: %s", c.Method, c.Path, body, a.Body)
		require.NotEmpty(t, a.Header.Get("X-Request-ID"))
	})
}

// escapeControls escapes what cannot be sent in a URL at all.
func escapeControls(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		}
	}
	return b.String()
}
