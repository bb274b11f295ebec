package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/grantway/grantway/internal/server"
)

// serving starts the server as grantway serve does, and gives where it answers.
func serving(t *testing.T, c server.Config) (url string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan server.Started, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, c, func(s server.Started) { started <- s }) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	select {
	case s := <-started:
		return s.URL
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return ""
}

// call makes a call with the root key, and gives its status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+rootKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

// requireOthersServed makes the calls that others make: a check, a change and a look at the figures.
func requireOthersServed(t *testing.T, url string) {
	t.Helper()
	status, answer := call(t, http.MethodPost, url+"/access/v1/evaluation", mayAliceInteract)
	require.Equal(t, http.StatusOK, status, answer)
	status, answer = call(t, http.MethodPut, url+"/v1/users/alice", `{}`)
	require.Equal(t, http.StatusOK, status, answer)
	for _, path := range []string{"/metrics", "/readyz"} {
		status, answer = call(t, http.MethodGet, url+path, "")
		require.Equal(t, http.StatusOK, status, answer)
	}
}

// readsNothing opens an HTTP/2 connection that takes no byte of any answer, and makes so many calls on it.
func readsNothing(t *testing.T, url string, calls int, headers ...hpack.HeaderField) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	f := http2.NewFramer(conn, conn)
	require.NoError(t, f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
	go io.Copy(io.Discard, conn)
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i := range calls {
		block.Reset()
		for _, h := range append([]hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "x"}}, headers...) {
			require.NoError(t, e.WriteField(h))
		}
		err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
		require.NoError(t, err)
	}
}

// B6: strangers who read nothing take no decision, change or figure away from others, and neither does a caller with a key.
func TestB6WhoReadsNothingTakesNothingAway(t *testing.T) {
	c := config(t)
	c.Limits = server.DefaultLimits
	c.Limits.StrangerRate = 0 // an attacker has more than one address, or takes a quarter of a minute
	url := serving(t, c)
	for range 3 {
		readsNothing(t, url, 97, hpack.HeaderField{Name: ":path", Value: "/openapi.json"})
	}
	for range 3 {
		readsNothing(t, url, 97, hpack.HeaderField{Name: ":path", Value: "/v1/users"}, hpack.HeaderField{Name: "authorization", Value: "Bearer " + rootKey})
	}
	require.Eventually(t, func() bool {
		_, figures := call(t, http.MethodGet, url+"/metrics", "")
		return strings.Contains(figures, `route="/v1/users",status="200"`)
	}, 20*time.Second, 10*time.Millisecond)
	requireOthersServed(t, url)
}

// B6: 256 checks and 64 changes whose bodies do not end, and imports of a byte now and then, take nothing away from others.
func TestB6BodiesThatDoNotEndTakeNothingAway(t *testing.T) {
	url := serving(t, config(t))
	begin := func(method, path, sent string) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n%s",
			method, path, rootKey, sent)
		require.NoError(t, err)
	}
	for range 256 {
		begin(http.MethodPost, "/access/v1/evaluation", "{")
	}
	for range 64 {
		begin(http.MethodPut, "/v1/users/bob", "{")
	}
	require.Eventually(t, func() bool {
		_, figures := call(t, http.MethodGet, url+"/metrics", "")
		return strings.Contains(figures, `grantway_calls_at_work{work="buffers"} 320`)
	}, 20*time.Second, 10*time.Millisecond)
	requireOthersServed(t, url)
}
