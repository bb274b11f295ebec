package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
)

// byName lets everybody in whose key is a name.
type byName struct{}

func (byName) Authenticate(r *http.Request, requestID string) (access.Actor, error) {
	name := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if name == "" || name == "wrong" {
		return access.Actor{}, access.Refuse(access.KindUnauthenticated, "", "who?")
	}
	return access.Actor{Key: access.KeyID(name), RequestID: requestID}, nil
}

func (b byName) Recognize(r *http.Request, requestID string) (access.Actor, error) {
	return b.Authenticate(r, requestID)
}

func (byName) Peer(*http.Request) (string, bool) { return "192.0.2.1:1024", false }

func (byName) Address(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }

// slowly is an endpoint that works until it is let go, or nobody waits for it any longer.
type slowly struct{ letGo chan struct{} }

func (slowly) prepare(*api, route, *huma.Operation) error { return nil }

func (s slowly) serve(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	select {
	case <-s.letGo:
		writeJSON(w, http.StatusOK, []byte(`"`+string(actor.Key)+`"`))
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// door is an API of three routes: a check, a search and a change, each of which takes as long as the test says.
type door struct {
	*testing.T
	http.Handler
	api   *api
	letGo chan struct{}
}

func newDoor(t *testing.T, change func(*Limits)) *door {
	l := DefaultLimits
	l.StrangerRate = 0
	change(&l)
	registry := prometheus.NewRegistry()
	a := &api{refusals: &refusalLog{log: slog.New(slog.DiscardHandler), now: time.Now}, metrics: newMetrics(registry), Config: Config{
		Limits: l, Metrics: registry, Authn: byName{}, Log: slog.New(slog.DiscardHandler), Traced: func(_ string, h http.Handler) http.Handler { return h },
	}}
	require.NoError(t, a.limit())
	a.refused = func(access.Actor, string, error) {}
	a.refusedInside = a.refused
	d := &door{T: t, api: a, letGo: make(chan struct{})}
	d.Handler = a.handler([]route{
		{method: http.MethodPost, path: "/access/v1/evaluation", name: "evaluate", demand: askers, endpoint: slowly{d.letGo}},
		{method: http.MethodPost, path: "/access/v1/search/subject", name: "searchSubjects", demand: askers, endpoint: slowly{d.letGo}},
		{method: http.MethodPut, path: "/v1/users/{user}", name: "putUser", demand: changers, endpoint: slowly{d.letGo}},
		{method: http.MethodGet, path: "/openapi.json", name: "openapi", demand: anybody, endpoint: &page{func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, []byte(`{}`))
		}, "application/json"}},
	})
	return d
}

const (
	check     = "POST /access/v1/evaluation"
	searchAll = "POST /access/v1/search/subject"
	change    = "PUT /v1/users/alice"
)

// brokenOff stands for the status of a call that is not answered.
const brokenOff = 0

// calls makes the call, and gives the channel of its status.
func (d *door) calls(name, what string) chan int {
	method, path, _ := strings.Cut(what, " ")
	r := httptest.NewRequestWithContext(d.Context(), method, path, strings.NewReader(`{}`))
	r.Header.Set("Authorization", "Bearer "+name)
	status := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		defer func() {
			if recover() != nil {
				w.Code = brokenOff
			}
			status <- w.Code
		}()
		d.ServeHTTP(w, r)
	}()
	synctest.Wait()
	return status
}

// answered counts the calls that are answered with the status.
func answered(all []chan int, with int) (n int) {
	synctest.Wait()
	for _, one := range all {
		select {
		case status := <-one:
			one <- status
			if status == with {
				n++
			}
		default:
		}
	}
	return n
}

func (d *door) many(n int, name, what string) (all []chan int) {
	for range n {
		all = append(all, d.calls(name, what))
	}
	return all
}

// B6: one caller may use what nobody else asks for, and keeps nobody out. Checks, searches, changes and pages have places of their own.
func TestB6ABusyCallerKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(l *Limits) { l.Calls, l.Searches, l.Waiting, l.Wait = 8, 4, 40, time.Second })
		busy := d.many(100, "busy", check)
		require.Equal(t, 100-6-30, answered(busy, http.StatusTooManyRequests), "it has the places but a quarter, and so of the room to wait")
		quiet := d.calls("quiet", check)
		d.letGo <- struct{}{}
		d.letGo <- struct{}{}
		for range 5 {
			d.letGo <- struct{}{}
			synctest.Wait()
		}
		require.Equal(t, 1, answered([]chan int{quiet}, http.StatusOK))
		for _, what := range []string{searchAll, change} {
			other := d.many(1, "busy", what)
			require.Zero(t, answered(other, http.StatusTooManyRequests), "%s", what)
		}
		require.Equal(t, 200, <-d.calls("", "GET /openapi.json"))
		close(d.letGo)
		time.Sleep(time.Minute)
	})
}

// B6: who waits while somebody has more than a quarter gets the place of that caller's newest call. A change goes on.
func TestB6WhoHasMoreThanAQuarterMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(l *Limits) { l.Calls, l.Changes, l.Waiting, l.Wait = 4, 4, 40, time.Second })
		busy := d.many(3, "busy", check)
		others := append(d.many(1, "a", check), d.many(1, "b", check)...)
		require.Zero(t, answered(busy, http.StatusTooManyRequests))
		time.Sleep(patience + time.Millisecond)
		require.Equal(t, 1, answered(busy, http.StatusTooManyRequests))
		require.Zero(t, answered(others, http.StatusTooManyRequests))
		require.Equal(t, 1, answered(busy[2:], http.StatusTooManyRequests), "the newest")

		made := append(d.many(3, "busy", change), d.many(1, "a", change)...)
		late := d.many(1, "b", change)
		time.Sleep(2 * time.Second)
		require.Zero(t, answered(made, http.StatusTooManyRequests), "what is being changed is not broken off")
		require.Equal(t, 1, answered(late, http.StatusTooManyRequests))
		close(d.letGo)
		synctest.Wait()
		require.Equal(t, 4, answered(made, http.StatusOK))
		require.Equal(t, 4, answered(append(busy, others...), http.StatusOK))
	})
}

// A call waits for a place, and is refused when that takes too long.
func TestACallWaitsForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(l *Limits) { l.Calls, l.Waiting, l.Wait = 1, 2, time.Minute })
		first, second, third := d.calls("a", check), d.calls("a", check), d.calls("b", check)
		require.Equal(t, http.StatusTooManyRequests, <-d.calls("a", check), "there is no room to wait")
		d.letGo <- struct{}{}
		require.Equal(t, http.StatusOK, <-first)
		d.letGo <- struct{}{}
		d.letGo <- struct{}{}
		require.Equal(t, http.StatusOK, <-second)
		require.Equal(t, http.StatusOK, <-third)
	})
}

// A stranger's body is not read, and neither is that of a caller without a place for it.
func TestAStrangersBodyIsNotRead(t *testing.T) {
	d := newDoor(t, func(*Limits) {})
	for name, status := range map[string]int{"wrong": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		r := httptest.NewRequest(http.MethodPost, "/access/v1/evaluation", unread{t})
		r.Header.Set("Authorization", "Bearer "+name)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		require.Equal(t, status, w.Code)
		require.Equal(t, "close", w.Header().Get("Connection"))
	}
}

// unread is a body that must not be read.
type unread struct{ *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.Error("the body is read")
	return 0, io.EOF
}

// B6: calls that are begun and never taken are bounded for each caller, whatever they ask.
func TestB6CallsUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(l *Limits) { l.Wait = time.Minute })
		d.api.places[underWay] = fair.New(fair.Config{Places: 8})
		known := d.calls("busy", change)
		d.letGo <- struct{}{}
		require.Equal(t, http.StatusOK, <-known)
		busy := d.many(10, "busy", change)
		require.Equal(t, 4, answered(busy, brokenOff), "it may have all but a quarter")
		require.Equal(t, http.StatusNotFound, <-d.calls("", "GET /nowhere"), "others are answered")
		require.Equal(t, http.StatusUnauthorized, <-d.calls("wrong", change))
		close(d.letGo)
		require.Equal(t, 6, answered(busy, http.StatusOK))
	})
}

// B6: bodies that do not end hold memory in the same way, and no place.
func TestB6BodiesThatDoNotEndHoldNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(l *Limits) { l.Calls, l.Body, l.Buffers, l.Wait = 1, 4*bufferPage, 8*bufferPage, time.Second })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		statuses := make(chan int, 100)
		for range 20 {
			body, feed := io.Pipe()
			context.AfterFunc(ctx, func() { _ = feed.Close() })
			r := httptest.NewRequest(http.MethodPost, "/access/v1/evaluation", body)
			r.Header.Set("Authorization", "Bearer slow")
			go func() {
				w := httptest.NewRecorder()
				d.ServeHTTP(w, r)
				statuses <- w.Code
			}()
			go feed.Write([]byte(`{`))
		}
		time.Sleep(2 * time.Second)
		require.Len(t, statuses, 14, "it has the memory but a quarter")
		quiet := d.calls("quiet", check)
		d.letGo <- struct{}{}
		require.Equal(t, http.StatusOK, <-quiet)
		cancel()
		close(d.letGo)
		synctest.Wait()
		taken, waiting := d.api.places[buffers].Figures()
		require.Zero(t, taken+waiting)
	})
}

// Whoever sends or takes a transfer too slowly on average is cut off; the server's own time does not count.
func TestTransfersKeepARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacer{rate: 1000, grace: time.Minute}
		n := 1
		waited := time.Duration(0)
		for p.within(30*time.Second) > 0 {
			began := time.Now()
			time.Sleep(8 * time.Second)
			waited += 8 * time.Second
			p.spend(began, &n)
			time.Sleep(time.Hour) // the server works
		}
		require.Equal(t, 64*time.Second, waited)
		p, n = pacer{rate: 1000, grace: time.Minute}, 10_000
		for range 1000 {
			require.Positive(t, p.within(30*time.Second))
			began := time.Now()
			time.Sleep(8 * time.Second)
			p.spend(began, &n)
		}
	})
}
