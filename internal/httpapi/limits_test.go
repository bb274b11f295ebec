package httpapi_test

import (
	"bufio"
	"encoding/json"
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

// held is a call whose body does not end until it is let go, so that it is worked on meanwhile.
type held struct {
	rest   *io.PipeWriter
	answer chan *http.Response
}

// hold begins a call, and waits until it is worked on.
func hold(e *testenv.Env, method, path, body string) *held {
	e.Helper()
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(e.Context(), method, e.URL+path, r)
	require.NoError(e, err)
	req.Header.Set("Authorization", "Bearer "+testenv.RootKey)
	req.Header.Set("Content-Type", "application/json")
	h := &held{rest: w, answer: make(chan *http.Response, 1)}
	before := worked(e)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		h.answer <- resp
	}()
	_, err = io.WriteString(w, body)
	require.NoError(e, err)
	require.Eventually(e, func() bool { return worked(e) > before }, 10*time.Second, 5*time.Millisecond)
	return h
}

// letGo ends the body, and gives the status of the answer.
func (h *held) letGo() int {
	_ = h.rest.Close()
	return (<-h.answer).StatusCode
}

// worked is how many calls are being worked on.
func worked(e *testenv.Env) (n float64) {
	e.Helper()
	lines := bufio.NewScanner(strings.NewReader(string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"}).Body)))
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(name, "grantway_calls_at_work{") {
			var one float64
			_, err := fmt.Sscan(value, &one)
			require.NoError(e, err)
			n += one
		}
	}
	return n
}

func TestAServerThatIsBusyRefusesCalls(t *testing.T) {
	e := newWorld(t, testenv.Limited(func(l *server.Limits) { l.Calls, l.Waiting, l.Wait = 1, 0, 20*time.Millisecond }))
	first := hold(e, http.MethodPost, "/access/v1/evaluation", mayMelRead)
	requireRetry(t, asks(e, testenv.RootKey), access.KindExhausted)
	requireRetry(t, e.Do(testenv.Call{Method: http.MethodGet, Path: "/openapi.json"}), access.KindExhausted)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		require.Equal(t, http.StatusOK, e.Do(testenv.Call{Method: http.MethodGet, Path: path}).Status, path)
	}
	e.As(mel).Shares(helper, cal, access.UseOnly) // changes have room of their own
	require.Equal(t, http.StatusOK, first.letGo())
	require.Equal(t, http.StatusOK, asks(e, testenv.RootKey).Status)
	require.Contains(t, figures(e), `grantway_limited_total{limit="calls"} 2`)
	require.Contains(t, figures(e), `grantway_errors_total{kind="exhausted"} 2`)
}

func figures(e *testenv.Env) string {
	return string(e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"}).Body)
}

func TestACallWaitsForItsTurn(t *testing.T) {
	e := newWorld(t, testenv.Limited(func(l *server.Limits) { l.Calls, l.Waiting, l.Wait = 1, 1, time.Minute }))
	first := hold(e, http.MethodPost, "/access/v1/evaluation", mayMelRead)
	second := make(chan int)
	go func() { second <- asks(e, testenv.RootKey).Status }()
	require.Eventually(t, func() bool { return strings.Contains(figures(e), `grantway_calls_waiting{work="calls"} 1`) }, 10*time.Second, 5*time.Millisecond)
	requireRetry(t, asks(e, testenv.RootKey), access.KindExhausted)
	require.Equal(t, http.StatusOK, first.letGo())
	require.Equal(t, http.StatusOK, <-second)
}

func TestACallerWhoIsSlowIsCutOff(t *testing.T) {
	e := newWorld(t, testenv.Limited(func(l *server.Limits) { l.Calls, l.Waiting, l.IO = 1, 0, 300*time.Millisecond }))
	slow := hold(e, http.MethodPost, "/access/v1/evaluation", mayMelRead[:10])
	require.Eventually(t, func() bool { return asks(e, testenv.RootKey).Status == http.StatusOK }, 10*time.Second, 20*time.Millisecond,
		"whoever does not send the rest keeps nobody else waiting")
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

// An address that has guessed too often learns nothing any more, not even that it has guessed right. Who is known is not kept out by it.
func TestAnAddressThatGuesses(t *testing.T) {
	e := testenv.New(t, testenv.Limited(func(l *server.Limits) { l.StrangerRate = .01 }))
	fresh := e.Admin().MakesKey(fields{"name": "never used", "access": access.KeyReadOnly})
	used := e.Admin().MakesKey(fields{"name": "used", "access": access.KeyReadOnly})
	guesser := e.From("127.0.0.2")
	require.Equal(t, http.StatusOK, asks(guesser, used).Status)
	requireProblem(t, asks(guesser, "gw_wrong_wrong"), access.KindUnauthenticated, "")
	var last testenv.Answer
	for range 5 {
		last = asks(guesser, "gw_wrong_wrong")
	}
	requireRetry(t, last, access.KindExhausted)
	told := func(key string) (p map[string]any) {
		a := asks(guesser, key)
		requireRetry(t, a, access.KindExhausted)
		require.NoError(t, json.Unmarshal(a.Body, &p))
		delete(p, "request_id")
		return p
	}
	require.Equal(t, told("gw_wrong_wrong"), told(fresh), "a good key is answered like a bad one")
	require.Equal(t, http.StatusOK, asks(guesser, used).Status, "a key that was good lately is not kept out by its neighbours")
	require.Equal(t, http.StatusOK, asks(e, fresh).Status, "and other addresses are none of this")
	requireProblem(t, asks(e, "gw_wrong_wrong"), access.KindUnauthenticated, "")
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		require.Equal(t, http.StatusOK, guesser.Do(testenv.Call{Method: http.MethodGet, Path: path}).Status, path)
	}
	requireRetry(t, guesser.Do(testenv.Call{Method: http.MethodGet, Path: "/docs"}), access.KindExhausted)
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
		"large batch": func(l *httpapi.Limits) { l.Evaluations = 1001 }, "no calls": func(l *httpapi.Limits) { l.Calls = 0 },
		"no changes": func(l *httpapi.Limits) { l.Changes = 0 }, "no time": func(l *httpapi.Limits) { l.Call = 0 },
		"negative rate": func(l *httpapi.Limits) { l.KeyRate = -1 }, "negative queue": func(l *httpapi.Limits) { l.Waiting = -1 },
	} {
		l := httpapi.DefaultLimits
		change(&l)
		require.Error(t, l.Check(), name)
	}
}
