package httpapi_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

const mayMelRead = `{"subject":{"type":"user","id":"mel"},"action":{"name":"read"},"resource":{"type":"chatbot","id":"helper"}}`

// asks sends an evaluation.
func asks(e *testenv.Env, key string) testenv.Answer {
	e.Helper()
	return e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/evaluation", Body: mayMelRead, Key: key})
}

// requireRetry demands a refusal that says when to try again.
func requireRetry(t *testing.T, a testenv.Answer, kind access.Kind) {
	t.Helper()
	requireProblem(t, a, kind, "")
	require.Regexp(t, `^[1-9]\d*$`, a.Header.Get("Retry-After"))
}

func TestBodiesThatAreTooLong(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.Body, l.ImportBody, l.Evaluations = 1000, 5000, 3 }))
	long := func(n int) string { return `{"name":"` + strings.Repeat("x", n) + `"}` }
	put := testenv.Call{Method: http.MethodPut, Path: "/v1/users/bob", Key: testenv.RootKey, Body: long(100)}
	require.Equal(t, http.StatusOK, e.Do(put).Status)
	put.Body = long(1000)
	requireProblem(t, e.Do(put), access.KindTooLarge, "")
	requireProblem(t, e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/evaluation", Key: testenv.RootKey, Body: long(1000)}), access.KindTooLarge, "")

	rows := func(n int) testenv.Answer {
		file := "organization,user,role\nacme,alice,owner\n" + strings.Repeat("acme,bob,member\n", 1) + strings.Repeat("\n", n)
		return e.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/imports?format=csv", Key: testenv.RootKey, Body: file})
	}
	require.Equal(t, http.StatusOK, rows(2000).Status, "an import may be longer than other bodies")
	requireProblem(t, rows(5000), access.KindTooLarge, "")

	batch := func(n int) testenv.Answer {
		body := `{"evaluations":[` + strings.TrimSuffix(strings.Repeat(mayMelRead+",", n), ",") + `]}`
		return e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/evaluations", Key: testenv.RootKey, Body: body})
	}
	require.Equal(t, http.StatusOK, batch(3).Status)
	requireProblem(t, batch(4), access.KindTooLarge, "")
}

// held is a call whose body does not end until it is let go.
type held struct {
	rest   *io.PipeWriter
	answer chan *http.Response
}

// hold begins a call, and waits until what it has sent of its body has arrived.
func hold(e *testenv.Env, method, path, body string) *held {
	e.Helper()
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(e.Context(), method, e.URL+path, r)
	require.NoError(e, err)
	req.Header.Set("Authorization", "Bearer "+testenv.RootKey)
	req.Header.Set("Content-Type", "application/json")
	h := &held{rest: w, answer: make(chan *http.Response, 1)}
	before := arriving(e)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		h.answer <- resp
	}()
	_, err = io.WriteString(w, body)
	require.NoError(e, err)
	require.Eventually(e, func() bool { return arriving(e) > before }, 10*time.Second, 5*time.Millisecond)
	return h
}

// arriving is in how many pages of memory bodies are arriving.
func arriving(e *testenv.Env) (n float64) {
	e.Helper()
	_, value, found := strings.Cut(figures(e), `grantway_calls_at_work{work="buffers"} `)
	require.True(e, found)
	_, err := fmt.Sscan(value, &n)
	require.NoError(e, err)
	return n
}

func figures(e *testenv.Env) string {
	return string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"}).Body)
}

// A caller who does not send the rest of a body is cut off, and holds no place meanwhile.
func TestACallerWhoIsSlowIsCutOff(t *testing.T) {
	e := newWorld(t, testenv.Limited(func(l *server.Limits) { l.Calls, l.Waiting, l.IO = 1, 0, 300*time.Millisecond }))
	slow := hold(e, http.MethodPost, "/access/v1/evaluation", mayMelRead[:10])
	require.Equal(t, http.StatusOK, asks(e, testenv.RootKey).Status)
	require.Equal(t, http.StatusBadRequest, (<-slow.answer).StatusCode, "before the body ends")
	_ = slow.rest.Close()

	// An import may take long, as long as it goes on.
	r, w := io.Pipe()
	go func() {
		for _, line := range []string{"organization,user,role\n", "globex,gus,owner\n", "globex,mel,member\n", "globex,bob,member\n"} {
			_, _ = io.WriteString(w, line)
			time.Sleep(150 * time.Millisecond)
		}
		_ = w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL+"/v1/imports?format=csv", r)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+testenv.RootKey)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	summary, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", summary)
}

// A caller who sends a header and no more is gone after a while, and so is one who is refused before anybody reads its body.
func TestAStrangerWhoIsSlowIsCutOff(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.IO = 300 * time.Millisecond }))
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "PUT /v1/users/bob HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	answer, err := io.ReadAll(conn)
	require.NoError(t, err, "the server ends the connection")
	require.Contains(t, string(answer), "401 Unauthorized")
}

func TestACallEndsInTime(t *testing.T) {
	e := newWorld(t, testenv.Limited(func(l *server.Limits) { l.Search = time.Nanosecond }))
	search := `{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"chatbot","id":"helper"}}`
	for _, kind := range []string{"subject", "resource", "action"} {
		a := e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/search/" + kind, Key: testenv.RootKey, Body: strings.ReplaceAll(search, `"user"`, `"user","id":"mel"`)})
		requireRetry(t, a, access.KindUnavailable)
		require.NotContains(t, string(a.Body), "results", "a search that ends early is no short list")
	}
	require.Equal(t, http.StatusOK, asks(e, testenv.RootKey).Status)

	timed := func(timeout ...string) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodPost, Path: "/access/v1/evaluation", Key: testenv.RootKey, Body: mayMelRead,
			Header: http.Header{"Grantway-Timeout": timeout}})
	}
	require.JSONEq(t, `{"decision":true}`, string(timed("20s").Body))
	requireRetry(t, timed("1ns"), access.KindUnavailable)
	for _, odd := range [][]string{{""}, {"0s"}, {"-1s"}, {"soon"}, {"1s", "2s"}} {
		requireProblem(t, timed(odd...), access.KindInvalid, "")
	}
}

func TestAKeyThatCallsTooOften(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.KeyRate = 1 }))
	key := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyReadOnly})
	statuses := map[int]int{}
	for range 20 {
		a := asks(e, key)
		statuses[a.Status]++
		if a.Status != http.StatusOK {
			requireRetry(t, a, access.KindExhausted)
		}
	}
	require.InDelta(t, 5, statuses[http.StatusOK], 3, "five at once, and one a second: %v", statuses)
	require.Equal(t, 20, statuses[http.StatusOK]+statuses[http.StatusTooManyRequests])
	require.Equal(t, http.StatusOK, asks(e, testenv.RootKey).Status, "another key has its own")
	requireProblem(t, asks(e, "gw_nobody_nobody"), access.KindUnauthenticated, "")
}

// An address that guesses too often is answered 429 instead of 401. That locks nobody out who has good credentials, used before or not: others may
// be behind the same address.
func TestB6AnAddressThatGuesses(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.StrangerRate = .01 }))
	used := e.Admin().MakesKey(fields{"name": "used", "access": access.KeyReadOnly})
	office := e.From("127.0.0.2")
	require.Equal(t, http.StatusOK, asks(office, used).Status)
	requireProblem(t, asks(office, "gw_wrong_wrong"), access.KindUnauthenticated, "")
	for range 5 {
		requireRetry(t, asks(office, "gw_wrong_wrong"), access.KindExhausted)
		requireRetry(t, asks(office, "e30.e30.e30"), access.KindExhausted)
		requireRetry(t, asks(office, ""), access.KindExhausted)
	}
	fresh := e.Admin().MakesKey(fields{"name": "never used", "access": access.KeyReadOnly})
	require.Equal(t, http.StatusOK, asks(office, fresh).Status, "a key that was never used gets in")
	require.Equal(t, http.StatusOK, asks(office, used).Status, "and one that was good lately")
	requireProblem(t, asks(e, "gw_wrong_wrong"), access.KindUnauthenticated, "")
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		require.Equal(t, http.StatusOK, office.Do(testenv.Call{Method: http.MethodGet, Path: path}).Status, path)
	}
	requireRetry(t, office.Do(testenv.Call{Method: http.MethodGet, Path: "/docs"}), access.KindExhausted)
}

// A key that ends is forgotten, and counts for the address again.
func TestAKeyThatEndsIsAStranger(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.StrangerRate = .01 }))
	made := e.Admin().Does(http.MethodPost, "/v1/keys", fields{"name": "k", "access": access.KeyReadOnly})
	key, id := made["secret"].(string), made["id"].(string)
	require.Equal(t, http.StatusOK, asks(e, key).Status)
	e.Admin().Does(http.MethodDelete, testenv.Path("v1", "keys", id), nil)
	requireProblem(t, asks(e, key), access.KindUnauthenticated, "")
	requireRetry(t, asks(e, key), access.KindExhausted)
}

// B2: users whom nobody knows do not make a stranger of the backend that acts for them.
func TestB2AKeyThatNamesNobodyIsNoStranger(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.StrangerRate = .01 }))
	actingFor := func(key, user string) testenv.Answer {
		return e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/chatbots", Key: key, Actor: user})
	}
	used, fresh := e.Admin().MakesKey(fields{"name": "used", "access": access.KeyFull}), e.Admin().MakesKey(fields{"name": "fresh", "access": access.KeyFull})
	require.Equal(t, http.StatusOK, asks(e, used).Status)
	for range 5 {
		requireProblem(t, actingFor(used, "nobody"), access.KindDenied, "B2")
	}
	requireProblem(t, actingFor(fresh, "nobody"), access.KindDenied, "B2")
	requireRetry(t, actingFor(fresh, "nobody"), access.KindExhausted)
	requireProblem(t, actingFor(used, "nobody"), access.KindDenied, "B2")
	require.Equal(t, http.StatusOK, asks(e, used).Status)
}

func TestLimitsThatLetNobodyIn(t *testing.T) {
	require.NoError(t, httpapi.DefaultLimits.Check())
	for name, change := range map[string]func(*httpapi.Limits){
		"no body": func(l *httpapi.Limits) { l.Body = 0 }, "no batch": func(l *httpapi.Limits) { l.Evaluations = 0 },
		"large batch": func(l *httpapi.Limits) { l.Evaluations = 1001 }, "less than no calls": func(l *httpapi.Limits) { l.Calls = -1 },
		"buffers for less than a body": func(l *httpapi.Limits) { l.Buffers = l.Body - 1 },
		"no changes":                   func(l *httpapi.Limits) { l.Changes = 0 }, "no time": func(l *httpapi.Limits) { l.Call = 0 },
		"negative rate": func(l *httpapi.Limits) { l.KeyRate = -1 }, "negative queue": func(l *httpapi.Limits) { l.Waiting = -1 },
	} {
		l := httpapi.DefaultLimits
		change(&l)
		require.Error(t, l.Check(), name)
	}
}
