// Package idp is a real OpenID provider for tests. People log in with a password and get tokens by the authorization code flow.
package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Client is the application for which the tokens are, and so their audience.
const Client = "shop"

const (
	clientSecret = "secret-of-the-shop"
	password     = "correct horse"
	callback     = "http://localhost:9/callback"
)

// Provider is the server. Its issuer is its URL.
type Provider struct {
	testing.TB
	URL string

	mu      sync.Mutex
	keys    []*key // the newest one signs
	people  map[string]map[string]any
	logins  int
	away    bool
	fetches int // of the keys
}

// New starts a provider, which runs until the test ends.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{TB: t, people: map[string]map[string]any{}}
	p.Rotates()
	server := httptest.NewUnstartedServer(nil)
	p.URL = "http://" + server.Listener.Addr().String()
	client := storage.WebClient(Client, clientSecret, callback)
	provider := exampleop.SetupServer(p.URL, &memory{
		Storage: storage.NewStorageWithClients(people{p}, map[string]*storage.Client{Client: client}), provider: p,
	}, slog.New(slog.DiscardHandler), false)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		away := p.away
		if r.URL.Path == "/keys" {
			p.fetches++
		}
		p.mu.Unlock()
		if away {
			panic(http.ErrAbortHandler)
		}
		provider.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// Knows says what the provider says in the tokens of a person from now on, beside the subject.
func (p *Provider) Knows(subject string, claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people[subject] = claims
}

// Rotates makes a new key, which signs from now on. The earlier ones are still published.
func (p *Provider) Rotates() {
	p.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(p, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, &key{id: rand.Text(), private: private})
}

// Withdraws takes back all keys but the newest one.
func (p *Provider) Withdraws() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = p.keys[len(p.keys)-1:]
}

// Away makes the provider unreachable, or lets it come back.
func (p *Provider) Away(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// Fetches is how often the keys were asked for.
func (p *Provider) Fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// LogsIn goes through the authorization code flow as the person's browser and the application do, and gives the access token and the ID token. Each
// login is a second after the one before.
func (p *Provider) LogsIn(subject string) (access, id string) {
	p.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer browser.CloseIdleConnections()
	visit := func(method, address string, form url.Values) *url.URL {
		p.Helper()
		r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
		require.NoError(p, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := browser.Do(r)
		require.NoError(p, err)
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		to, err := resp.Location()
		require.NoError(p, err, "%s: %s", resp.Status, body)
		return to
	}
	login := visit(http.MethodGet, p.URL+"/auth?"+url.Values{
		"client_id": {Client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email profile"}, "state": {"s"},
	}.Encode(), nil)
	back := visit(http.MethodPost, p.URL+login.Path, url.Values{
		"username": {subject}, "password": {password}, "id": {login.Query().Get("authRequestID")},
	})
	code := visit(http.MethodGet, back.String(), nil).Query().Get("code")
	require.NotEmpty(p, code)

	r, err := http.NewRequest(http.MethodPost, p.URL+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
	}.Encode()))
	require.NoError(p, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(Client, clientSecret)
	resp, err := browser.Do(r)
	require.NoError(p, err)
	defer resp.Body.Close()
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	require.NoError(p, json.NewDecoder(resp.Body).Decode(&tokens))
	require.NotEmpty(p, tokens.Access)
	p.mu.Lock()
	p.logins++
	p.mu.Unlock()
	return tokens.Access, tokens.ID
}

// Issues gives an access token of the person that says it was issued then, whatever the time is, and is good for an hour from then on.
func (p *Provider) Issues(subject string, at time.Time) string {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.keys[len(p.keys)-1]
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, nil)
	require.NoError(p, err)
	claims := map[string]any{"iss": p.URL, "aud": Client, "sub": subject, "iat": at.Unix(), "exp": at.Add(time.Hour).Unix()}
	maps.Copy(claims, p.people[subject])
	text, err := json.Marshal(claims)
	require.NoError(p, err)
	signed, err := signer.Sign(text)
	require.NoError(p, err)
	token, err := signed.CompactSerialize()
	require.NoError(p, err)
	return token
}

// people are those who can log in: whoever the provider knows, by their subject.
type people struct{ *Provider }

func (p people) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.people[id]; !known {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: password}
}

func (p people) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }

func (p people) ExampleClientID() string { return "service" }

// memory is what the provider keeps, with keys that change and claims that a test says.
type memory struct {
	*storage.Storage
	provider *Provider
}

func (m *memory) SigningKey(context.Context) (op.SigningKey, error) {
	m.provider.mu.Lock()
	defer m.provider.mu.Unlock()
	return m.provider.keys[len(m.provider.keys)-1], nil
}

func (m *memory) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (m *memory) KeySet(context.Context) ([]op.Key, error) {
	m.provider.mu.Lock()
	defer m.provider.mu.Unlock()
	var all []op.Key
	for _, k := range m.provider.keys {
		all = append(all, public{k})
	}
	return all, nil
}

func (m *memory) GetPrivateClaimsFromScopes(_ context.Context, subject, _ string, _ []string) (map[string]any, error) {
	m.provider.mu.Lock()
	defer m.provider.mu.Unlock()
	return m.provider.people[subject], nil
}

// CreateAccessToken makes tokens that are good for an hour.
func (m *memory) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, _, err := m.Storage.CreateAccessToken(ctx, r)
	return id, time.Now().Add(time.Hour), err
}

func (m *memory) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := m.Storage.GetClientByClientID(ctx, id)
	return application{c, m.provider}, err
}

// application gets JWTs as access tokens.
type application struct {
	op.Client
	provider *Provider
}

func (application) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

// ClockSkew is subtracted from the time at which a token is issued.
func (a application) ClockSkew() time.Duration {
	a.provider.mu.Lock()
	defer a.provider.mu.Unlock()
	return time.Minute - time.Duration(a.provider.logins)*time.Second
}

type key struct {
	id      string
	private *ecdsa.PrivateKey
}

func (k *key) ID() string                                  { return k.id }
func (k *key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k *key) Key() any                                    { return k.private }

type public struct{ *key }

func (k public) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k public) Use() string                        { return "sig" }
func (k public) Key() any                           { return &k.private.PublicKey }
