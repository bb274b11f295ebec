package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// TestEveryRouteDeclares checks that no route of the table leaves out what it demands.
func TestEveryRouteDeclares(t *testing.T) {
	for _, rt := range (&api{Config: Config{PublicPath: "/pdp"}}).routes() {
		require.NoError(t, rt.demand.check(), "%s %s", rt.method, rt.path)
		require.Equal(t, rt.demand.open, !strings.HasPrefix(rt.path, "/v1/") && !strings.HasPrefix(rt.path, "/access/"), rt.path)
		if strings.HasPrefix(rt.path, "/v1/") && rt.method != http.MethodGet && rt.name != "explain" && rt.name != "examineBody" { // which ask, with a body
			require.NotEqual(t, access.KeyReadOnly, rt.demand.key, "%s %s changes something", rt.method, rt.path)
		}
	}
}

func TestWrongRoutesAreRefused(t *testing.T) {
	type input struct {
		User access.UserID `path:"user"`
	}
	type astray struct {
		User access.UserID
	}
	nothing := func(context.Context, access.Actor, *input) (*Changed, error) { return &Changed{}, nil }
	for name, rt := range map[string]route{
		"no demand":        {path: "/v1/users/{user}", endpoint: does(nothing)},
		"no key":           {path: "/v1/users/{user}", endpoint: does(nothing), demand: demand{actor: actorAllowed}},
		"no actor":         {path: "/v1/users/{user}", endpoint: does(nothing), demand: demand{key: access.KeyFull}},
		"open, with a key": {path: "/v1/users/{user}", endpoint: does(nothing), demand: demand{key: access.KeyFull, open: true}},
		"another segment":  {path: "/v1/users/{id}", endpoint: does(nothing), demand: readers},
		"no segment":       {path: "/v1/users", endpoint: does(nothing), demand: readers},
		"untagged": {path: "/v1/users", demand: readers, endpoint: does(func(context.Context, access.Actor, *astray) (*Changed, error) {
			return nil, nil
		})},
	} {
		rt.method = http.MethodGet
		a := &api{registry: newRegistry()}
		require.ErrorIs(t, a.describe([]route{rt}), errRoute, name)
	}
}

// TestDefects checks what callers are told when the server has one.
func TestDefects(t *testing.T) {
	var log strings.Builder
	a := &api{Config: Config{Log: slog.New(slog.NewJSONHandler(&log, nil))}, metrics: newMetrics(prometheus.NewRegistry())}
	serve := func(fn func(*exchange, *http.Request, string) error) *httptest.ResponseRecorder {
		log.Reset()
		w := httptest.NewRecorder()
		a.observed("/v1/x", fn).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/x", nil))
		return w
	}
	for name, fn := range map[string]func(*exchange, *http.Request, string) error{
		"panics": func(*exchange, *http.Request, string) error { panic("INSIDE") },
		"errs":   func(*exchange, *http.Request, string) error { return errors.New("INSIDE") },
	} {
		w := serve(fn)
		require.Equal(t, http.StatusInternalServerError, w.Code, name)
		require.Contains(t, w.Body.String(), "urn:grantway:error:internal", name)
		require.NotContains(t, w.Body.String(), "INSIDE", name)
		require.Contains(t, log.String(), "INSIDE", name)
		require.Contains(t, log.String(), w.Header().Get("X-Request-ID"), name)
	}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(func(w *exchange, _ *http.Request, _ string) error {
			_, _ = w.Write([]byte(`{"half":`))
			panic("INSIDE")
		})
	}, "a half answer must not look like a whole one")
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(func(w *exchange, _ *http.Request, _ string) error {
			_, _ = w.Write([]byte(`{"half":`))
			panic(http.ErrAbortHandler)
		})
	})
}
