package authn_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/budget"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a store with two organizations, their people, and an authenticator before it.
type world struct {
	*testing.T
	db      *store.DB
	secrets *secret.Hasher
	auth    *authn.Authenticator
	root    string
	now     time.Time

	signedIn []access.SignIn           // what was taken in, where an issuer is believed
	signIn   func(access.SignIn) error // takes it in, where that is another server
}

func newWorld(t *testing.T) *world { return newWorldOn(t, filepath.Join(t.TempDir(), "store.db")) }

func newWorldOn(t *testing.T, place string) *world {
	db, err := store.Open(t.Context(), place)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := &world{T: t, db: db, now: now}
	w.secrets, err = secret.ParseHasher(secret.NewHashKey())
	require.NoError(t, err)
	w.auth = authn.New(db, authn.Config{Secrets: w.secrets, Now: func() time.Time { return w.now }, Touched: func(err error) { t.Error(err) }})
	t.Cleanup(func() { w.auth.Close() })
	w.root, err = w.auth.EnsureRootKey(t.Context())
	require.NoError(t, err)
	w.update(func(tx *store.Tx) error {
		for _, o := range []access.OrganizationID{"acme", "globex"} {
			require.NoError(t, tx.PutOrganization(access.Organization{ID: o, PublicAccess: access.AudienceEveryone}))
		}
		for _, u := range []access.User{
			{ID: "alice", Active: true}, {ID: "gus", Active: true}, {ID: "todo:{id}|é", Active: true}, {ID: "idle"}, {ID: "gone", Active: true, Deleted: true},
		} {
			u.Type = access.External
			require.NoError(t, tx.PutUser(u))
		}
		require.NoError(t, tx.PutMembership(access.Membership{Organization: "acme", User: "alice", Role: access.OrgClient}))
		require.NoError(t, tx.PutMembership(access.Membership{Organization: "acme", User: "idle", Role: access.OrgMember}))
		return tx.PutMembership(access.Membership{Organization: "globex", User: "gus", Role: access.OrgOwner})
	})
	return w
}

func (w *world) update(fn func(*store.Tx) error) {
	require.NoError(w, w.db.Update(w.Context(), fn))
}

// key stores the key and returns what its holder presents.
func (w *world) key(k access.AccountKey) string {
	m := w.secrets.NewAccountKey()
	k.ID, k.Preview = m.ID, m.Preview
	w.update(func(tx *store.Tx) error { return tx.PutAccountKey(k, m.Digest) })
	return m.Text
}

// call is a request with the credential and, in order, the actors.
func call(credential string, actors ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.7:4711"
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	for _, a := range actors {
		r.Header.Add(access.ActorHeader, a)
	}
	return r
}

func (w *world) refused(r *http.Request, kind access.Kind, rule string) *access.Error {
	w.Helper()
	actor, err := w.auth.Authenticate(r, "req")
	var refusal *access.Error
	require.ErrorAs(w, err, &refusal)
	require.Equal(w, kind, refusal.Kind, "%v", err)
	require.Equal(w, rule, refusal.Rule, "%v", err)
	requirePowerless(w, actor)
	return refusal
}

// An actor that is not named exactly is refused: the key never falls back to acting as itself, and never for somebody with a similar name (B2).
func TestAnActorIsNamedExactly(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"Grantway-Actor*", "Grantway-Actor-Id", "Grantway-Actors"} {
		r := call(w.root)
		r.Header.Set(header, "alice")
		w.refused(r, access.KindDenied, "B2")
	}
	for _, actor := range []string{"", "%20alice", "todo:{id}|é", "todo:{id}|%c3%a9", "%61lice"} {
		w.refused(call(w.root, actor), access.KindDenied, "B2")
	}
}

func TestRootKey(t *testing.T) {
	w := newWorld(t)
	require.NotEmpty(t, w.root)
	actor, err := w.auth.Authenticate(call(w.root), "req")
	require.NoError(t, err)
	require.Equal(t, access.Actor{Key: secret.RootKey, Access: access.KeyFull, Address: "192.0.2.7", RequestID: "req"}, actor)

	actor, err = w.auth.Authenticate(call(w.root, "todo:{id}|%C3%A9"), "req")
	require.NoError(t, err)
	require.Equal(t, access.UserID("todo:{id}|é"), actor.User)

	again := authn.New(w.db, authn.Config{Secrets: w.secrets})
	w.refusedBy(again, call(w.root), "no root key before EnsureRootKey")
	once, err := again.EnsureRootKey(t.Context())
	require.NoError(t, err)
	require.Empty(t, once, "it is printed once")
	_, err = again.Authenticate(call(w.root), "")
	require.NoError(t, err)

	configured := authn.New(w.db, authn.Config{Secrets: w.secrets, RootKey: "from-the-environment-0123"})
	once, err = configured.EnsureRootKey(t.Context())
	require.NoError(t, err)
	require.Empty(t, once)
	_, err = configured.Authenticate(call("from-the-environment-0123"), "")
	require.NoError(t, err)
	w.refusedBy(configured, call(w.root), "the configured key is the only root key")

	_, err = authn.New(w.db, authn.Config{Secrets: w.secrets, RootKey: "two words that are long enough"}).EnsureRootKey(t.Context())
	require.Error(t, err)
}

func (w *world) refusedBy(a *authn.Authenticator, r *http.Request, why string) {
	w.Helper()
	_, err := a.Authenticate(r, "")
	require.Equal(w, access.KindUnauthenticated, access.KindOf(err), why)
}

func TestNoKey(t *testing.T) {
	w := newWorld(t)
	for name, header := range map[string][]string{
		"none":           nil,
		"empty":          {""},
		"scheme only":    {"Bearer"},
		"scheme, space":  {"Bearer "},
		"another scheme": {"Basic " + w.root},
		"bare":           {w.root},
		"two words":      {"Bearer " + w.root + " x"},
		"twice":          {"Bearer " + w.root, "Bearer " + w.root},
		"unknown":        {"Bearer gw_000000000000_" + strings.Repeat("0", 43)},
		"prefix":         {"Bearer " + w.root[:len(w.root)-1]},
	} {
		t.Run(name, func(t *testing.T) {
			r := call("")
			r.Header["Authorization"] = header
			w.refused(r, access.KindUnauthenticated, map[bool]string{true: "B1", false: "B2"}[name == "unknown" || name == "prefix"])
		})
	}
	r := call("")
	r.Header.Set("Authorization", "bEARER "+w.root)
	_, err := w.auth.Authenticate(r, "")
	require.NoError(t, err, "the scheme's name is not case-sensitive (RFC 9110, 11.1)")
}

func TestB1KeyLimits(t *testing.T) {
	w := newWorld(t)
	k := w.key(access.AccountKey{Access: access.KeyReadOnly, ExpiresAt: now.Add(time.Second), AllowedIPs: []string{"198.51.100.0/24", "192.0.2.7/32"}})
	actor, err := w.auth.Authenticate(call(k), "")
	require.NoError(t, err)
	require.Equal(t, access.KeyReadOnly, actor.Access)

	r := call(k)
	r.RemoteAddr = "[::ffff:192.0.2.7]:80"
	_, err = w.auth.Authenticate(r, "")
	require.NoError(t, err, "an IPv4 address in IPv6 form is the same address")
	for _, elsewhere := range []string{"192.0.2.8:80", "[2001:db8::1]:80", "@", ""} {
		r.RemoteAddr = elsewhere
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		w.refused(r, access.KindDenied, "B1")
	}
	w.refused(call(w.key(access.AccountKey{Access: access.KeyFull, AllowedIPs: []string{}})), access.KindDenied, "B1")

	w.now = now.Add(time.Second)
	w.refused(call(k), access.KindUnauthenticated, "B1")

	required := w.key(access.AccountKey{Access: access.KeyFull, ActorRequired: true})
	w.refused(call(required), access.KindDenied, "B1")
	actor, err = w.auth.Authenticate(call(required, "alice"), "")
	require.NoError(t, err)
	require.Equal(t, access.UserID("alice"), actor.User)
}

func TestB2Actor(t *testing.T) {
	w := newWorld(t)
	full := w.key(access.AccountKey{Access: access.KeyFull})
	_, err := w.auth.Authenticate(call(full, "alice"), "")
	require.NoError(t, err)

	for _, credential := range []string{full, w.root} {
		w.refused(call(credential, ""), access.KindDenied, "B2")
		w.refused(call(credential, "alice", "alice"), access.KindDenied, "B2")
		w.refused(call(credential, "alice", ""), access.KindDenied, "B2")
		w.refused(call(credential, strings.Repeat("a", 257)), access.KindDenied, "B2")
		w.refused(call(credential, "\xff"), access.KindDenied, "B2")
		unknown := w.refused(call(credential, "nobody"), access.KindDenied, "B2")
		require.Equal(t, unknown, w.refused(call(credential, "idle"), access.KindDenied, "B2"))
		require.Equal(t, unknown, w.refused(call(credential, "gone"), access.KindDenied, "B2"))
	}
	for _, lesser := range []access.KeyAccess{access.KeyReadOnly, access.KeyReadWrite, "", "odd"} {
		w.refused(call(w.key(access.AccountKey{Access: lesser}), "alice"), access.KindDenied, "B2")
		w.refused(call(w.key(access.AccountKey{Access: lesser, Organization: "acme"}), "alice"), access.KindDenied, "B2")
	}
}

func TestB3ConfinedActor(t *testing.T) {
	w := newWorld(t)
	confined := w.key(access.AccountKey{Access: access.KeyFull, Organization: "acme"})
	actor, err := w.auth.Authenticate(call(confined), "")
	require.NoError(t, err)
	require.Equal(t, access.OrganizationID("acme"), actor.Organization)

	actor, err = w.auth.Authenticate(call(confined, "alice"), "")
	require.NoError(t, err)
	require.Equal(t, access.UserID("alice"), actor.User)
	require.Equal(t, access.OrganizationID("acme"), actor.Organization)

	elsewhere := w.refused(call(confined, "gus"), access.KindDenied, "B3")
	require.Equal(t, elsewhere, w.refused(call(confined, "nobody"), access.KindDenied, "B3"), "whether gus exists is not told (C6)")
	require.Equal(t, elsewhere, w.refused(call(confined, "idle"), access.KindDenied, "B3"))
}

func TestLastUseIsNotedOncePerMinute(t *testing.T) {
	w := newWorld(t)
	k := w.key(access.AccountKey{Access: access.KeyReadOnly})
	use := func() time.Time {
		_, err := w.auth.Authenticate(call(k), "")
		require.NoError(t, err)
		w.auth.Close()
		var key access.AccountKey
		require.NoError(t, w.db.View(context.Background(), func(tx *store.Tx) (err error) {
			key, _, err = tx.AccountKeyByDigest(w.secrets.Digest(k))
			return err
		}))
		return key.LastUsed
	}
	require.Equal(t, now, use())
	w.now = now.Add(59 * time.Second)
	require.Equal(t, now, use())
	w.now = now.Add(60 * time.Second)
	require.Equal(t, w.now, use())
}

// The hash key is rotated: what was made under the old one works, and is hashed anew when it is used (K2).
func TestHashKeyRotation(t *testing.T) {
	w := newWorld(t)
	old, current := secret.NewHashKey(), secret.NewHashKey()
	use := func(keys string) {
		var err error
		w.secrets, err = secret.ParseHasher(keys)
		require.NoError(t, err)
		w.auth.Close()
		w.auth = authn.New(w.db, authn.Config{Secrets: w.secrets, Now: func() time.Time { return w.now }, Touched: func(err error) { t.Error(err) }})
		_, err = w.auth.EnsureRootKey(t.Context())
		require.NoError(t, err)
	}
	w.update(func(tx *store.Tx) error { return tx.DeleteSetting("authn.root_key_digest") })
	use(old)
	w.update(func(tx *store.Tx) error { return tx.DeleteSetting("authn.root_key_digest") })
	printed, err := w.auth.EnsureRootKey(t.Context())
	require.NoError(t, err)
	used, idle := w.key(access.AccountKey{Access: access.KeyReadOnly}), w.key(access.AccountKey{Access: access.KeyReadOnly})
	ofBot := w.secrets.NewChatbotKey()
	w.update(func(tx *store.Tx) error {
		require.NoError(t, tx.PutChatbot(access.Chatbot{ID: "helper", Organization: "acme", Owner: "alice"}))
		return tx.AddAPIKey(access.APIKey{ID: ofBot.ID, Chatbot: "helper", Level: access.UseOnly}, ofBot.Digest)
	})
	known := func() bool {
		_, known, err := w.auth.KeyOfSecret(t.Context(), ofBot.Text, true)
		require.NoError(t, err)
		return known
	}

	use(current + "," + old)
	require.True(t, known())
	for _, k := range []string{printed, used, printed, used} {
		_, err = w.auth.Authenticate(call(k), "")
		require.NoError(t, err)
	}
	fresh := w.key(access.AccountKey{Access: access.KeyReadOnly})

	use(current)
	for _, k := range []string{printed, used, fresh} {
		_, err = w.auth.Authenticate(call(k), "")
		require.NoError(t, err, "it was hashed anew, or made since")
	}
	require.True(t, known())
	w.refused(call(idle), access.KindUnauthenticated, "B1")

	use(old)
	require.False(t, known())
	for _, k := range []string{printed, used, fresh} {
		w.refused(call(k), access.KindUnauthenticated, "B1")
	}
	_, err = w.auth.Authenticate(call(idle), "")
	require.NoError(t, err, "its digest is the old key's still")
}

// A chatbot's key is known by its secret, and is no account key; nor is an account key one of a chatbot's (K2).
func TestK2AChatbotsKeyIsKnownByItsSecret(t *testing.T) {
	w := newWorld(t)
	account := w.key(access.AccountKey{Access: access.KeyFull})
	m := w.secrets.NewChatbotKey()
	w.update(func(tx *store.Tx) error {
		require.NoError(t, tx.PutChatbot(access.Chatbot{ID: "helper", Organization: "acme", Owner: "alice"}))
		return tx.AddAPIKey(access.APIKey{ID: m.ID, Chatbot: "helper", Level: access.UseOnly}, m.Digest)
	})
	lastUsed := func() time.Time {
		w.auth.Close()
		var key access.APIKey
		require.NoError(t, w.db.View(context.Background(), func(tx *store.Tx) (err error) {
			key, _, err = tx.APIKey(m.ID)
			return err
		}))
		return key.LastUsed
	}
	for _, nobodys := range []string{"", account, w.root, string(m.ID), m.Digest, m.Preview, m.Text[:len(m.Text)-1], m.Text + "x", strings.ToUpper(m.Text)} {
		id, known, err := w.auth.KeyOfSecret(t.Context(), nobodys, true)
		require.NoError(t, err)
		require.False(t, known, "%q", nobodys)
		require.Empty(t, id)
	}
	w.refused(call(m.Text), access.KindUnauthenticated, "B1")
	require.Zero(t, lastUsed())
	for _, after := range []time.Duration{0, 59 * time.Second, 60 * time.Second} {
		w.now = now.Add(after)
		id, known, err := w.auth.KeyOfSecret(t.Context(), m.Text, true)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, m.ID, id)
		require.Equal(t, now.Add(after.Truncate(time.Minute)), lastUsed(), "to the minute")
	}
	w.update(func(tx *store.Tx) error { return tx.DeleteAPIKey(m.ID) })
	_, known, err := w.auth.KeyOfSecret(t.Context(), m.Text, true)
	require.NoError(t, err)
	require.False(t, known)
}

func FuzzAuthenticate(f *testing.F) {
	f.Add("Bearer x", "alice")
	f.Add("bearer  gw_a_b", "")
	f.Add("Bearer "+strings.Repeat("k", 100_000), strings.Repeat("a", 100_000))
	f.Add("Bearer "+strings.Repeat(" ", 100_000), "\xff")
	f.Fuzz(func(t *testing.T, authorization, actor string) {
		h, err := secret.NewHasher(make([]byte, 32))
		require.NoError(t, err)
		a := authn.New(nobody{}, authn.Config{Secrets: h, RootKey: "root-key-of-the-fuzz-test"})
		_, err = a.EnsureRootKey(t.Context())
		require.NoError(t, err)
		perByte := budget.Budget{CPU: time.Microsecond, Bytes: 64, BaseCPU: 20 * time.Millisecond, BaseHeap: 1 << 20}
		r := call("")
		r.Header["Authorization"] = []string{authorization}
		r.Header[access.ActorHeader] = []string{actor}
		var got access.Actor
		perByte.Check(t, len(authorization)+len(actor), func() { got, err = a.Authenticate(r, "") })
		require.Error(t, err, "a store that knows nobody lets nobody in")
		requirePowerless(t, got)
	})
}

// nobody is a store that knows no keys and no users.
type nobody struct{}

func (nobody) Recall(_ context.Context, _ bool, fn func(authn.Facts) error) error {
	return fn(noFacts{})
}
func (nobody) Update(_ context.Context, fn func(authn.Facts) error) error { return fn(noFacts{}) }

type noFacts struct{}

func (noFacts) AccountKeyByDigest(string) (k access.AccountKey, ok bool, err error)       { return }
func (noFacts) AccountKeyByFormerDigest(string) (k access.AccountKey, ok bool, err error) { return }
func (noFacts) HasPlatformRole(access.UserID, access.PlatformRole) (ok bool, err error)   { return }
func (noFacts) TouchAccountKey(access.KeyID, time.Time) error                             { return nil }
func (noFacts) RenewAccountKey(access.KeyID, string, string) error                        { return nil }
func (noFacts) APIKeyByDigest(string) (k access.APIKey, ok bool, err error)               { return }
func (noFacts) TouchAPIKey(access.KeyID, time.Time) error                                 { return nil }
func (noFacts) RenewAPIKey(access.KeyID, string, string) error                            { return nil }
func (noFacts) User(access.UserID) (u access.User, ok bool, err error)                    { return }
func (noFacts) Membership(access.OrganizationID, access.UserID) (m access.Membership, ok bool, err error) {
	return
}
func (noFacts) SessionByDigest(string) (s access.Session, ok bool, err error)   { return }
func (noFacts) TouchSession(access.SessionID, time.Time) error                  { return nil }
func (noFacts) RenewSession(access.SessionID, string, string) error             { return nil }
func (noFacts) Identity(string, string) (i access.Identity, ok bool, err error) { return }
func (noFacts) Setting(string) (v string, ok bool, err error)                   { return }
func (noFacts) PutSetting(string, string) error                                 { return nil }

// requirePowerless checks that a refused caller is nobody, or has no level of access.
func requirePowerless(t testing.TB, refused access.Actor) {
	t.Helper()
	_, somebody := refused.Subject()
	require.True(t, !somebody || refused.Key != "" && refused.Limited(access.KeyReadOnly), "%+v", refused)
}
