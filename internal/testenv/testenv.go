// Package testenv is a whole server for tests, with verbs for telling stories about it.
//
// The server is real, on real files in a directory of the test, called over real HTTP. The root key sets up facts through the API. Each person then
// acts as themselves: e.As(alice).Shares(bot, bob, access.UseOnly), and e.Can(bob, access.Interact, bot) asks for a decision. A step that does not
// go as the story says ends the test.
package testenv

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// RootKey is the root key of every server here.
const RootKey = "root-key-of-the-test-0123456789"

// MailFrom is the sender of every email of a server with a mailbox.
const MailFrom = "Grantway <no-reply@grantway.test>"

// Env is a running server.
type Env struct {
	testing.TB
	URL  string
	Log  *Log // what the server has logged
	http *http.Client

	server *server.Server
}

// Close stops the server before the test ends.
func (e *Env) Close() {
	e.Helper()
	require.NoError(e, e.server.Close())
}

// Option changes how the server runs.
type Option func(*server.Config)

// At makes the server take the time from now.
func At(now func() time.Time) Option { return func(c *server.Config) { c.Now = now } }

// Mail makes the server send its emails to the mailbox.
func Mail(box *mailbox.Mailbox) Option {
	return func(c *server.Config) { c.SMTPURL, c.MailFrom = box.URL(), MailFrom }
}

// MailsALot lets actors send many emails to people outside of their organizations.
func MailsALot() Option { return func(c *server.Config) { c.OutsideMails = 10_000 } }

// Published gives the server another public URL.
func Published(url string) Option { return func(c *server.Config) { c.PublicURL = url } }

// Limited gives the server other limits.
func Limited(change func(*server.Limits)) Option { return func(c *server.Config) { change(&c.Limits) } }

// SignIns makes the server believe the tokens of the OpenID providers that the YAML describes.
func SignIns(t testing.TB, issuers string) Option {
	file := filepath.Join(t.TempDir(), "issuers.yaml")
	require.NoError(t, os.WriteFile(file, []byte(issuers), 0o600))
	return func(c *server.Config) { c.OIDCConfig = file }
}

// New starts a server in the way that GRANTWAY_TEST_MODE names. It runs until the test ends.
func New(t testing.TB, options ...Option) *Env {
	t.Helper()
	return On(t, backend.New(t), options...)
}

// On starts a server at the place.
func On(t testing.TB, place *backend.Place, options ...Option) *Env {
	t.Helper()
	log := &Log{}
	c := server.Config{
		Data: place.Data, DatastoreURI: place.Datastore, HashKey: place.HashKey,
		Listen: "127.0.0.1:0", PublicURL: "https://grantway.test", RootKey: RootKey,
		Log:    slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Limits: server.DefaultLimits,
	}
	c.Limits.StrangerRate = 0 // tests try bad credentials on every route
	if engine := place.Cluster; engine != nil {
		c.SpiceDBEndpoint, c.SpiceDBToken, c.SpiceDBCA = engine.Endpoint(), engine.Token(), engine.CA()
	}
	for _, o := range options {
		o(&c)
	}
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	front := httptest.NewServer(s.Handler())
	t.Cleanup(front.Close)
	return &Env{TB: t, URL: front.URL, Log: log, http: front.Client(), server: s}
}

// Gateways starts several servers on one store. Files have only one, so there the test is skipped.
func Gateways(t testing.TB, n int, options ...Option) []*Env {
	t.Helper()
	if backend.ModeOf(t) == backend.Embedded {
		t.Skipf("several gateways need a database: set %s to %s or %s", backend.Variable, backend.Postgres, backend.Cluster)
	}
	place := backend.New(t)
	all := make([]*Env, n)
	for i := range all {
		all[i] = On(t, place.Again(t), options...)
	}
	return all
}

// For is the same server for another test, such as one input of a fuzz test.
func (e *Env) For(t testing.TB) *Env {
	again := *e
	again.TB = t
	return &again
}

// From is the same server for callers at another address of this machine, such as 127.0.0.2.
func (e *Env) From(address string) *Env {
	again := *e
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	e.Cleanup(transport.CloseIdleConnections)
	again.http = &http.Client{Transport: transport}
	return &again
}

// Call is one call of the API.
type Call struct {
	Method string
	Path   string // escaped, with its query
	Body   any    // nil, a string or bytes as they are, or what marshals to JSON
	Key    string // the secret of the key, or "" for none
	Actor  string // Grantway-Actor, or "" for none
	Header http.Header
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes the call.
func (e *Env) Do(c Call) Answer {
	e.Helper()
	req, err := http.NewRequestWithContext(e.Context(), c.Method, e.URL+c.Path, e.body(c.Body))
	require.NoError(e, err)
	if c.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	if c.Actor != "" {
		req.Header.Set(access.ActorHeader, access.EncodeActor(access.UserID(c.Actor)))
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	resp, err := e.http.Do(req)
	require.NoError(e, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(e, err)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
}

func (e *Env) body(b any) io.Reader {
	switch b := b.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case []byte:
		return bytes.NewReader(b)
	}
	data, err := json.Marshal(b)
	require.NoError(e, err)
	return bytes.NewReader(data)
}

// Path joins the segments, each escaped, so that any ID is one segment.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		escaped := url.PathEscape(s)
		if strings.Trim(s, ".") == "" { // would be taken for a step up
			escaped = strings.ReplaceAll(s, ".", "%2E")
		}
		b.WriteString("/" + escaped)
	}
	return b.String()
}
