package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpguts"

	"github.com/grantway/grantway/internal/testenv"
)

// read are the headers that the server reads.
var read = []string{
	"Authorization", "Grantway-Actor", "Grantway-Timeout", "Idempotency-Key", "X-Request-Id", "Content-Type", "X-Forwarded-For", "Traceparent", "Accept",
}

// FuzzHeaders sends any value of any header, once or twice: no call may make the server fail, or cost more than its length allows.
func FuzzHeaders(f *testing.F) {
	for i := range read {
		f.Add(uint8(i), "", false)
		f.Add(uint8(i), "bob", true)
		f.Add(uint8(i), "Bearer a.b.c", false)
		f.Add(uint8(i), "1h2m3s", false)
		f.Add(uint8(i), "application/json; charset=utf-8", false)
		f.Add(uint8(i), "10.0.0.1, [::1]:80,,", true)
	}
	e := newWorld(f)
	f.Fuzz(func(t *testing.T, n uint8, value string, twice bool) {
		name := read[int(n)%len(read)]
		if !httpguts.ValidHeaderFieldValue(value) {
			return // which no client can send
		}
		c := testenv.Call{Method: http.MethodPost, Path: "/v1/explain", Body: "{}", Key: testenv.RootKey, Header: http.Header{name: {value}}}
		if twice {
			c.Header[name] = append(c.Header[name], value)
		}
		var a testenv.Answer
		perByte.Check(t, len(value), func() { a = e.For(t).Do(c) })
		require.Less(t, a.Status, 500, "%s: %q: %s", name, value, a.Body)
	})
}
