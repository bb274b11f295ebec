package httpapi_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/budget"
)

// perByte is what a call may cost a whole server, its store and its engine included: 10 µs of processor time and 1 KiB of memory for a byte of its
// body, path, query and headers, and 500 ms and 32 MiB for any call.
var perByte = budget.Budget{CPU: 10 * time.Microsecond, Bytes: 1 << 10, BaseCPU: 500 * time.Millisecond, BaseHeap: 32 << 20, Process: true}

// growing are values that a reader could take far more for than their length says. n is about their length.
var growing = map[string]func(n int) string{
	"a name and many items": func(n int) string { return `{"` + strings.Repeat("n", n/2) + `":[` + strings.Repeat("1,", n/4) + `1]}` },
	"many wrong items": func(n int) string {
		return `{"allowed":[` + strings.Repeat("1,", n/2) + `1],"email_domains":[` + strings.Repeat("{},", n/6) + `1]}`
	},
	"many names": func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(`,"` + strings.Repeat("n", 100) + strconv.Itoa(i) + `":1`)
		}
		return `{` + b.String()[1:] + `}`
	},
	"open arrays":    func(n int) string { return strings.Repeat("[", n) },
	"a long address": func(n int) string { return `{"email":"x@` + letters(n/3) + `.org"}` },
	"a long word":    func(n int) string { return `{"access":"` + letters(n/3) + `","role":"` + letters(n/3) + `"}` },
	"many domains":   func(n int) string { return `{"email_domains":["` + strings.Repeat(`é.org","`, n/9) + `a.b"]}` },
	"many addresses": func(n int) string { return `{"allowed":["` + strings.Repeat(`email:a@b.c","`, n/14) + `user:bob"]}` },
	"many ranges": func(n int) string {
		return `{"name":"n","access":"read_only","allowed_ips":["` + strings.Repeat(`10.0.0.0/8","`, n/13) + `10.0.0.0/8"]}`
	},
	"many limits": func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(`,"max_` + strconv.Itoa(i) + `":1`)
		}
		return `{"enabled":true,"limits":{` + b.String()[1:] + `}}`
	},
	"a long name":   func(n int) string { return `{"name":"` + strings.Repeat(`\u00e9`, n/6) + `"}` },
	"a long number": func(n int) string { return `{"limits":{"max_x":` + strings.Repeat("1", n) + `}}` },
}

// letters are n different letters and more.
func letters(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i%20_000))
	}
	return b.String()
}

// A call costs what its length says, whatever is in its body, for every kind of body there is.
func TestCostOfCalls(t *testing.T) {
	e := newWorld(t)
	for name, body := range growing {
		for _, route := range []struct{ method, path string }{
			{http.MethodPut, "/v1/users/new"}, {http.MethodPut, "/v1/chatbots/helper/policy"}, {http.MethodPut, "/v1/documents/handbook"},
			{http.MethodPost, "/v1/keys"}, {http.MethodPut, "/v1/chatbots/helper/features/f"}, {http.MethodPut, "/v1/organizations/acme"},
			{http.MethodPost, "/v1/explain"},
		} {
			t.Run(name+route.path, func(t *testing.T) {
				perByte.Linear(t, 100_000, func(n int) []byte { return []byte(body(n)) }, func(body []byte) {
					a := e.For(t).Do(testenv.Call{Method: route.method, Path: route.path, Body: body, Key: testenv.RootKey})
					require.Less(t, a.Status, 500, "%s", a.Body)
					require.LessOrEqual(t, len(a.Body), 64<<10+len(body)/4, "an answer does not repeat what was wrong")
				})
			})
		}
	}
}

// Headers, paths and queries are as long as the server takes them, and cost no more than their length says.
func TestCostOfHeadersAndQueries(t *testing.T) {
	e := newWorld(t)
	header := func(name string, value func(n int) string) func(n int) testenv.Call {
		return func(n int) testenv.Call {
			return testenv.Call{Method: http.MethodPost, Path: "/v1/explain", Body: "{}", Key: testenv.RootKey, Header: http.Header{name: {value(n)}}}
		}
	}
	get := func(path func(n int) string) func(n int) testenv.Call {
		return func(n int) testenv.Call {
			return testenv.Call{Method: http.MethodGet, Path: path(n), Key: testenv.RootKey}
		}
	}
	dots := func(n int) string { return strings.Repeat("a.", n/2) }
	for name, call := range map[string]func(n int) testenv.Call{
		"a key":             header("Authorization", func(n int) string { return "Bearer " + strings.Repeat("k", n) }),
		"a token":           header("Authorization", func(n int) string { return "Bearer " + strings.Repeat("e", n) + ".e.e" }),
		"dots":              header("Authorization", func(n int) string { return "Bearer " + dots(n) }),
		"an actor":          header("Grantway-Actor", func(n int) string { return strings.Repeat("%C3%A9", n/6) }),
		"a time to wait":    header("Grantway-Timeout", func(n int) string { return strings.Repeat("1s", n/2) }),
		"a repetition":      header("Idempotency-Key", dots),
		"a request ID":      header("X-Request-Id", dots),
		"a content type":    header("Content-Type", func(n int) string { return "application/json" + strings.Repeat(";a=b", n/4) }),
		"proxies":           header("X-Forwarded-For", func(n int) string { return strings.Repeat("127.0.0.1,", n/10) }),
		"a trace":           header("Traceparent", dots),
		"a page token":      get(func(n int) string { return "/v1/users?page_token=" + strings.Repeat("A", n) }),
		"many parameters":   get(func(n int) string { return "/v1/users?" + strings.Repeat("a=b&", n/4) }),
		"parameters":        get(func(n int) string { return "/v1/users?" + strings.Repeat("%41=%42&", n/8) }),
		"an address":        get(func(n int) string { return "/v1/users?email=" + url.QueryEscape("x@"+letters(n/9)+".org") }),
		"words to look for": get(func(n int) string { return "/v1/audit?q=" + strings.Repeat("%25_", n/4) }),
		"a time":            get(func(n int) string { return "/v1/audit?from=" + strings.Repeat("2", n) }),
		"a filter":          get(func(n int) string { return "/v1/audit?resource=" + strings.Repeat("a:", n/2) }),
		"an action":         get(func(n int) string { return "/v1/audit?action=" + strings.Repeat("a.", n/2) + "*" }),
		"an ID":             get(func(n int) string { return "/v1/users/" + strings.Repeat("%41", n/3) }),
		"a principal":       get(func(n int) string { return "/v1/chatbots/helper/shares/" + strings.Repeat("email%3A", n/8) }),
		"many parts":        get(func(n int) string { return "/v1" + strings.Repeat("/a", n/2) }),
		"dots in a path":    get(func(n int) string { return "/v1" + strings.Repeat("/..", n/3) + "/users" }),
	} {
		t.Run(name, func(t *testing.T) {
			perByte.Linear(t, 8_000, func(n int) []byte { return make([]byte, n) }, func(length []byte) {
				a := e.For(t).Do(call(len(length)))
				require.Less(t, a.Status, 500, "%s", a.Body)
				require.LessOrEqual(t, len(a.Body), 64<<10, "an answer does not repeat what was wrong")
			})
		})
	}
}
