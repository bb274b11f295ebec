// Package httpapi serves HTTP: the routes under /v1, the places where decisions and imports are mounted, the API description, and the endpoints
// for operators.
//
// It owns paths, bodies, problem documents, page tokens and request IDs. Each route is a line of the table in routes.go, with its demands on
// callers. It must not decide: package authn says who is calling, and package sharing, which gets the actor with every call, what the caller can do.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
)

// Authenticator says who is calling; *authn.Authenticator is one.
type Authenticator interface {
	Authenticate(r *http.Request, requestID string) (access.Actor, error)
	Recognize(r *http.Request, requestID string) (access.Actor, error)
	// Address is where the call comes from, or the zero Addr where that cannot be read.
	Address(r *http.Request) netip.Addr
	// Peer is the other end of the connection, and whether it is one of the proxies that are believed.
	Peer(r *http.Request) (address string, trusted bool)
}

// Decisions says what of a chatbot's a subject may use, and who has what; *decision.Service is one. The reviews are for actors who may read
// them, which package sharing judges.
type Decisions interface {
	ListResources(ctx context.Context, actor access.Actor, t access.Type, of access.ChatbotID, subject decision.Entity, page decision.Page) (decision.Found, error)
	Matrix(ctx context.Context, reader access.Actor, of access.ChatbotID, after access.UserID, limit int) ([]decision.MatrixRow, access.UserID, error)
	ChatbotAccess(ctx context.Context, actor access.Actor, of access.ChatbotID, after access.UserID, limit int) ([]decision.Held, access.UserID, error)
	UserAccess(ctx context.Context, actor access.Actor, of access.UserID, after access.ChatbotID, limit int,
		mayKnow func([]access.ChatbotID) ([]bool, error)) ([]decision.Held, access.ChatbotID, error)
	OpenTo(ctx context.Context, of access.ChatbotID) (everyone access.Level, link access.Audience, err error)
}

// Config is what the API stands on.
type Config struct {
	Sharing    *sharing.Service
	Decisions  Decisions
	Authn      Authenticator
	Limits     Limits
	Ready      map[string]func(context.Context) error // the parts that /readyz asks, by name
	Stopping   func() bool                            // whether no new calls are to come; nil never says so
	AuthZEN    Handler                                // the decisions under /access/v1 with the actor, and their metadata without
	Imports    Handler                                // POST /v1/imports
	Export     Handler                                // GET /v1/export
	Backup     Handler                                // GET /v1/backup
	Console    http.Handler                           // the pages under /ui, which have sessions of their own; nil is none
	PublicPath string                                 // the path of the public URL, such as /tenant1, or ""; everything is served under it, too
	PublicURL  string                                 // the server's public URL
	MaxToken   int                                    // the longest token of an issuer, in bytes; 0 where none is believed
	Problems   problem.Writer                         // answers errors
	Metrics    *prometheus.Registry                   // where this package adds its figures
	Shown      prometheus.Gatherer                    // what /metrics shows
	Traced     func(route string, h http.Handler) http.Handler
	Log        *slog.Logger
	Version    string
}

// api is the routes and what they share.
type api struct {
	Config
	registry huma.Registry
	memory   *memory
	metrics  *metrics
	parts    parts
	pace     *pace
	places   map[work]*fair.Limiter
	refusals *refusalLog

	// They record refusals: at the door, and of callers who were let in.
	refused, refusedInside func(actor access.Actor, route string, err error)
	document               []byte // the API description
}

// New makes the handler of the whole API. It fails where a route does not declare what it demands, or is described wrongly.
func New(c Config) (http.Handler, error) {
	a := &api{
		Config: c, registry: newRegistry(), metrics: newMetrics(c.Metrics),
		memory: &memory{answers: c.Sharing, log: c.Log, busy: map[string]chan struct{}{}},
		parts:  newParts(c.Ready, c.Log), refused: c.Sharing.RefusedAtDoor, refusedInside: c.Sharing.RefusedInside, refusals: &refusalLog{log: c.Log, now: time.Now},
	}
	if err := a.limit(); err != nil {
		return nil, err
	}
	routes := a.routes()
	if err := a.describe(routes); err != nil {
		return nil, err
	}
	return a.handler(routes), nil
}

// handler finds the route of a call.
func (a *api) handler(routes []route) http.Handler {
	byPath := map[string]map[string]route{}
	for _, rt := range routes {
		if byPath[rt.path] == nil {
			byPath[rt.path] = map[string]route{}
		}
		byPath[rt.path][rt.method] = rt
		if rt.method == http.MethodGet {
			byPath[rt.path][http.MethodHead] = rt
		}
	}
	paths := &router{}
	for path, methods := range byPath {
		allow := slices.Sorted(maps.Keys(methods))
		paths.handle(path, a.Traced(path, a.observed(path, func(w *exchange, r *http.Request, requestID string) error {
			rt, ok := methods[r.Method]
			if !ok {
				return refuseMethod(w, r, allow)
			}
			return a.call(w, r, rt, requestID)
		})))
	}
	nowhere := a.observed("", func(*exchange, *http.Request, string) error {
		return access.Refuse(access.KindNotFound, "", "there is no such path")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = a.withoutPublicPath(r)
		if a.Console != nil && (r.URL.Path == consolePath || strings.HasPrefix(r.URL.Path, consolePath+"/")) {
			a.inFlight(w, r, a.Console)
			return
		}
		found := paths.find(r)
		if found == nil {
			found = nowhere
		}
		a.inFlight(w, r, found)
	})
}

// consolePath is where the pages for people are.
const consolePath = "/ui"

// withoutPublicPath is the request without the path of the public URL, if it begins with that: a proxy in front may leave the path or take it away.
// Well-known documents are at the root of the host, regardless of the path (RFC 8615).
func (a *api) withoutPublicPath(r *http.Request) *http.Request {
	rest, under := strings.CutPrefix(r.URL.EscapedPath(), a.PublicPath+"/")
	if a.PublicPath == "" || !under || strings.HasPrefix(rest, ".well-known/") {
		return r
	}
	u, short := *r.URL, *r
	u.Path, u.RawPath = strings.TrimPrefix(u.Path, a.PublicPath), strings.TrimPrefix(u.RawPath, a.PublicPath)
	short.URL = &u
	return &short
}

var errRoute = errors.New("invalid route")

// describe compiles the routes and makes the API description of them.
func (a *api) describe(routes []route) error {
	d := a.newDescription()
	for _, rt := range routes {
		if err := rt.demand.check(); err != nil {
			return fmt.Errorf("%w: %s %s: %w", errRoute, rt.method, rt.path, err)
		}
		op := d.operation(rt)
		if err := rt.endpoint.prepare(a, rt, op); err != nil {
			return fmt.Errorf("%w: %s %s: %w", errRoute, rt.method, rt.path, err)
		}
		if !op.Hidden {
			d.AddOperation(op)
		}
	}
	describeNulls(a.registry)
	document, err := json.MarshalIndent(d.OpenAPI, "", "  ")
	a.document = document
	return err
}
