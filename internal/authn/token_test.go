package authn_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/budget"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

type fields = map[string]any

// forger is an issuer whose tokens a test makes as it likes, genuine or not.
type forger struct {
	*testing.T
	url     string
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	keys    []jose.JSONWebKey
	fetches atomic.Int64
	answer  http.HandlerFunc // instead of the keys, or nil
}

func newForger(t *testing.T, kid string) *forger {
	f := &forger{T: t}
	var err error
	f.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	f.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	f.keys = []jose.JSONWebKey{
		{Key: &f.rsa.PublicKey, KeyID: kid, Algorithm: "RS256", Use: "sig"}, {Key: &f.ec.PublicKey, KeyID: "ec", Use: "sig"},
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.url = server.URL
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(fields{"issuer": f.url, "jwks_uri": f.url + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		f.fetches.Add(1)
		if f.answer != nil {
			f.answer(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: f.keys})
	})
	return f
}

// good are the claims of a token that is accepted.
func (f *forger) good(more fields) fields {
	c := fields{"iss": f.url, "aud": "api", "sub": "alice", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(c, more)
	return c
}

// header is that of a token that is accepted.
func header(more fields) fields {
	h := fields{"alg": "RS256", "kid": "k1"}
	maps.Copy(h, more)
	return h
}

func (f *forger) token(claims fields) string { return f.sign(header(nil), text(f, claims)) }

// uuids are n IDs as those of groups of Entra ID.
func uuids(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%08x-1111-2222-3333-444444444444", i))
	}
	return all
}

func text(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes the token of any header and any payload, signed as the header's alg says: HS256 with the public key as the secret.
func (f *forger) sign(header fields, payload string) string {
	f.Helper()
	return f.signed(header["alg"], text(f, header), payload)
}

// signText is sign with a header as it is written.
func (f *forger) signText(header, payload string) string { return f.signed("RS256", header, payload) }

func (f *forger) signed(alg any, header, payload string) string {
	f.Helper()
	signed := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	switch alg {
	case "RS256":
		signature, err = rsa.SignPKCS1v15(rand.Reader, f.rsa, crypto.SHA256, sum[:])
	case "RS512":
		long := sha512.Sum512([]byte(signed))
		signature, err = rsa.SignPKCS1v15(rand.Reader, f.rsa, crypto.SHA512, long[:])
	case "ES256":
		r, s, failed := ecdsa.Sign(rand.Reader, f.ec, sum[:])
		signature, err = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), failed
	case "HS256":
		var der []byte
		der, err = x509.MarshalPKIXPublicKey(&f.rsa.PublicKey)
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	}
	require.NoError(f, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (w *world) believing(list ...authn.Issuer) {
	w.Helper()
	require.NoError(w, authn.CheckIssuers(list))
	w.auth.Close()
	w.auth = authn.New(w.db, authn.Config{
		Secrets: w.secrets, Now: func() time.Time { return w.now }, Touched: func(err error) { w.Error(err) }, Issuers: list,
		SignIn: func(_ context.Context, in access.SignIn) error {
			w.signedIn = append(w.signedIn, in)
			if w.signIn != nil {
				return w.signIn(in)
			}
			return w.db.Update(w.Context(), func(tx *store.Tx) error {
				id, known, err := tx.Identity(in.Issuer, in.Subject)
				if err != nil {
					return err
				}
				if !known {
					id = access.Identity{Issuer: in.Issuer, Subject: in.Subject, User: in.User}
				}
				return tx.PutIdentity(id.Take(in))
			})
		},
	})
	_, err := w.auth.EnsureRootKey(w.Context())
	require.NoError(w, err)
}

// Two calls with the first token of somebody come at once to two servers. The one that is late finds nothing to take in: what it remembers, that
// there is no such user, is not the answer.
func TestSomebodyWhomAnotherServerTookInMeanwhileIsKnown(t *testing.T) {
	uri := postgres.Database(t)
	here, there := newWorldOn(t, uri), newForger(t, "k1")
	other, err := store.Open(t.Context(), uri)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	issuer := authn.Issuer{URL: there.url, Audiences: []string{"api"}, Email: authn.EmailClaims{Domains: []string{}}}
	here.believing(issuer)
	here.signIn = func(in access.SignIn) error {
		return other.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.AppendRecord(access.Record{Action: "user.sign_in", Outcome: access.Done}); err != nil {
				return err
			}
			return tx.PutIdentity(access.Identity{Issuer: in.Issuer, Subject: in.Subject, User: in.User, IssuedAt: in.IssuedAt})
		})
	}
	actor, err := here.auth.Recognize(call(there.token(there.good(nil))), "req")
	require.NoError(t, err)
	require.Equal(t, access.UserID("alice"), actor.User)
}

func TestTokensThatAreNotAccepted(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	other := newForger(t, "k1") // another configured issuer, whose key has the same ID
	w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}, User: authn.UserClaims{Adopt: true}, Email: authn.EmailClaims{Domains: []string{"*"}},
		Grants: []authn.ClaimGrant{{Claim: "groups", Value: "*", Role: "*"}}},
		authn.Issuer{URL: other.url, Audiences: []string{"api"}, User: authn.UserClaims{Prefix: "o|"}, Email: authn.EmailClaims{Domains: []string{}}})

	actor, err := w.auth.Authenticate(call(f.token(f.good(nil))), "req")
	require.NoError(t, err)
	require.Equal(t, access.Actor{User: "alice", Issuer: f.url, Address: "192.0.2.7", RequestID: "req"}, actor)
	for name, accepted := range map[string]string{
		"a list of audiences":      f.token(f.good(fields{"aud": []string{"other", "api"}})),
		"the issuer's clock ahead": f.token(f.good(fields{"iat": now.Add(5 * time.Minute).Unix(), "nbf": now.Add(5 * time.Minute).Unix()})),
		"its last second":          f.token(f.good(fields{"exp": now.Add(time.Second).Unix()})),
		"280 groups":               f.token(f.good(fields{"groups": uuids(280)})),
		"fractions of a second":    f.token(f.good(fields{"exp": float64(now.Unix()) + 1.5})),
		"an access token":          f.sign(header(fields{"typ": "application/at+JWT"}), text(t, f.good(nil))),
		"a JWT":                    f.sign(header(fields{"typ": "JWT"}), text(t, f.good(nil))),
		"another algorithm":        f.sign(fields{"alg": "ES256", "kid": "ec"}, text(t, f.good(nil))),
		"no key ID":                f.sign(fields{"alg": "RS256"}, text(t, f.good(nil))),
		"claims of no use":         f.token(f.good(fields{"address": fields{"a": []any{[]any{1}, nil}}, "email": 7, "name": []string{}})),
		"numbers in a grant":       f.token(f.good(fields{"groups": []int{1}})),
		"a place to look for keys": f.sign(header(fields{"jku": other.url + "/keys", "x5u": other.url}), text(t, f.good(nil))),
	} {
		_, err := w.auth.Authenticate(call(accepted), "")
		require.NoError(t, err, name)
	}

	genuine := f.token(f.good(nil))
	parts := strings.Split(genuine, ".")
	es := strings.Split(f.sign(fields{"alg": "ES256", "kid": "ec"}, text(t, f.good(nil))), ".")
	public := f.keys[0]
	attacker := newForger(t, "k1")
	nested := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	for name, token := range map[string]string{
		"alg none":                      f.sign(header(fields{"alg": "none"}), text(t, f.good(nil))),
		"alg None":                      f.sign(header(fields{"alg": "None"}), text(t, f.good(nil))) + "AAAA",
		"no alg":                        f.sign(fields{"kid": "k1"}, text(t, f.good(nil))),
		"the public key as a secret":    f.sign(header(fields{"alg": "HS256"}), text(t, f.good(nil))),
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"another's signature":           attacker.sign(header(nil), text(t, f.good(nil))),
		"a payload that was changed":    parts[0] + "." + encode(text(t, f.good(fields{"sub": "gus"}))) + "." + parts[2],
		"a header that was changed":     encode(text(t, header(fields{"x": 1}))) + "." + parts[1] + "." + parts[2],
		"its own key":                   attacker.sign(header(fields{"jwk": attacker.keys[0], "kid": ""}), text(t, f.good(nil))),
		"its own place to look":         attacker.sign(header(fields{"jku": attacker.url + "/keys", "x5u": attacker.url + "/keys"}), text(t, f.good(nil))),
		"a certificate of its own":      attacker.sign(header(fields{"x5c": []string{"MIIB"}}), text(t, f.good(nil))),
		"an unknown kid":                f.sign(header(fields{"kid": "k2"}), text(t, f.good(nil))),
		"a kid that is a path":          f.sign(header(fields{"kid": "../../../dev/null"}), text(t, f.good(nil))),
		"a kid that is no string":       f.sign(header(fields{"kid": 1}), text(t, f.good(nil))),
		"the key of another algorithm":  f.sign(fields{"alg": "ES256", "kid": "k1"}, text(t, f.good(nil))),
		"an algorithm the key is not":   f.sign(fields{"alg": "RS512", "kid": "k1"}, text(t, f.good(nil))),
		"an unknown extension":          f.sign(header(fields{"crit": []string{"exp"}, "exp": 1}), text(t, f.good(nil))),
		"a known extension":             f.sign(header(fields{"crit": []string{"b64"}, "b64": true}), text(t, f.good(nil))),
		"a logout token":                f.sign(header(fields{"typ": "logout+jwt"}), text(t, f.good(nil))),
		"a type that is no string":      f.sign(header(fields{"typ": 1}), text(t, f.good(nil))),
		"an event":                      f.token(f.good(fields{"events": fields{"http://schemas.openid.net/event/backchannel-logout": fields{}}})),
		"one bound to a key":            f.token(f.good(fields{"cnf": fields{"jkt": "x"}})),
		"another's issuer, same kid":    other.token(f.good(nil)),
		"this issuer for another's":     f.token(other.good(nil)),
		"an unknown issuer":             f.token(f.good(fields{"iss": "https://login.example.com"})),
		"an issuer with a slash":        f.token(f.good(fields{"iss": f.url + "/"})),
		"no issuer":                     f.token(f.good(fields{"iss": nil})),
		"a list of issuers":             f.token(f.good(fields{"iss": []string{f.url}})),
		"another audience":              f.token(f.good(fields{"aud": "other"})),
		"an audience in another case":   f.token(f.good(fields{"aud": "API"})),
		"no audience":                   f.token(f.good(fields{"aud": nil})),
		"an audience that is no string": f.token(f.good(fields{"aud": []any{"api", 1}})),
		"expired by a second":           f.token(f.good(fields{"exp": now.Unix()})),
		"no expiry":                     f.token(f.good(fields{"exp": nil})),
		"an expiry in letters":          f.token(f.good(fields{"exp": "4102444800"})),
		"an endless expiry":             f.sign(header(nil), strings.Replace(text(t, f.good(fields{"exp": 7})), `"exp":7`, `"exp":1e300`, 1)),
		"an expiry before 1970":         f.token(f.good(fields{"exp": -1})),
		"not valid yet":                 f.token(f.good(fields{"nbf": now.Add(5*time.Minute + time.Second).Unix()})),
		"a beginning in letters":        f.token(f.good(fields{"nbf": "0"})),
		"issued in the future":          f.token(f.good(fields{"iat": now.Add(5*time.Minute + time.Second).Unix()})),
		"issued at no time":             f.token(f.good(fields{"iat": nil})),
		"no subject":                    f.token(f.good(fields{"sub": nil})),
		"an empty subject":              f.token(f.good(fields{"sub": ""})),
		"a subject that is a number":    f.token(f.good(fields{"sub": 7})),
		"a subject that is a list":      f.token(f.good(fields{"sub": []string{"alice"}})),
		"a long subject":                f.token(f.good(fields{"sub": strings.Repeat("a", 257)})),
		"U+0000 in the subject":         f.token(f.good(fields{"sub": "alice\x00"})),
		"half a surrogate pair":         f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `"alice"`, `"alice\ud800"`, 1)),
		"no UTF-8":                      f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `alice`, "alice\xff", 1)),
		"a claim that comes twice":      f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `"sub"`, `"sub":"gus","sub"`, 1)),
		"a claim in capitals":           f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `"sub"`, `"SUB"`, 1)),
		"another's prefix":              f.token(f.good(fields{"sub": "o|alice"})),
		"an offboarded user":            f.token(f.good(fields{"sub": "idle"})),
		"a deleted user":                f.token(f.good(fields{"sub": "gone"})),
		"no claims":                     f.sign(header(nil), `null`),
		"claims that are a list":        f.sign(header(nil), `[]`),
		"claims that are no JSON":       f.sign(header(nil), `{`),
		"more after the claims":         f.sign(header(nil), text(t, f.good(nil))+"{}"),
		"a huge token":                  f.token(f.good(fields{"x": strings.Repeat("x", authn.DefaultMaxToken)})),
		"only dots":                     "..",
		"an encrypted header":           encode(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".x.x",
		"padding":                       parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"bits to spare":                 parts[0] + "." + parts[1] + "." + spare(parts[2]),
		"bits to spare, ES256":          es[0] + "." + es[1] + "." + spare(es[2]),
		"a line feed in the signature":  genuine[:len(genuine)-4] + "\n" + genuine[len(genuine)-4:],
		"a line feed at the end":        genuine + "\r\n",
		"a line feed in the payload":    parts[0] + "." + parts[1][:9] + "\n" + parts[1][9:] + "." + parts[2],
		"base64 with other letters":     parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]),
		"a signature in ASN.1":          es[0] + "." + es[1] + "." + asn1Of(t, es[2]),
		"a signature with a zero more":  es[0] + "." + es[1] + "." + encode("\x00"+decoded(t, es[2])),
		"half a signature":              es[0] + "." + es[1] + "." + encode(decoded(t, es[2])[:32]),
		"a name twice in the header":    f.signText(`{"alg":"RS256","kid":"k1","kid":"k1"}`, text(t, f.good(nil))),
		"half a pair in the header":     f.signText(`{"alg":"RS256","kid":"k1","x":"\ud800"}`, text(t, f.good(nil))),
		"a deep header":                 f.signText(`{"alg":"RS256","kid":"k1","x":`+nested+`}`, text(t, f.good(nil))),
		"nested lists in a grant":       f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `{`, `{"groups":`+nested+`,`, 1)),
		"a deep claim":                  f.sign(header(nil), strings.Replace(text(t, f.good(nil)), `{`, `{"x":`+nested+`,`, 1)),
		"a public key":                  text(t, public)[:8] + ".b.c",
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T = t
			refusal := w.refused(call(token), access.KindUnauthenticated, "U1")
			require.Equal(t, "invalid token", refusal.Detail, "the words tell nothing")
			require.NotNil(t, refusal.Cause, "the log is told")
		})
	}
	w.refused(call(genuine+"."), access.KindUnauthenticated, "B1") // no JWT at all
	require.LessOrEqual(t, f.fetches.Load()+other.fetches.Load(), int64(2), "whatever they hold, the keys are not fetched again at once")
	require.Zero(t, attacker.fetches.Load(), "no token says where to look")
}

// Only users who call directly are without a key: a token is no key that acts for others, and a key is no token.
func TestTokensAndKeysAreToldApart(t *testing.T) {
	w, f := newWorld(t), newForger(t, "k1")
	w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}, User: authn.UserClaims{Adopt: true}})
	token := f.token(f.good(nil))
	w.refused(call(token, "gus"), access.KindDenied, "B2")
	w.refused(call(token, "alice"), access.KindDenied, "B2")
	w.refused(call(token, ""), access.KindDenied, "B2")
	w.refused(call(f.sign(header(fields{"kid": "k2"}), text(t, f.good(nil))), "gus"), access.KindUnauthenticated, "U1")
	r := call(token)
	r.Header.Add("Authorization", "Bearer "+w.root)
	w.refused(r, access.KindUnauthenticated, "B2")

	full := w.key(access.AccountKey{Access: access.KeyFull})
	actor, err := w.auth.Authenticate(call(full, "alice"), "")
	require.NoError(t, err)
	require.NotEmpty(t, actor.Key)

	const dottedKey = "first-part.second-part.third"
	dotted := authn.New(w.db, authn.Config{Secrets: w.secrets, RootKey: dottedKey, Issuers: []authn.Issuer{{URL: f.url}}})
	_, err = dotted.EnsureRootKey(t.Context())
	require.Error(t, err)
	without := authn.New(w.db, authn.Config{Secrets: w.secrets, RootKey: dottedKey})
	_, err = without.EnsureRootKey(t.Context())
	require.NoError(t, err, "where no issuer is configured, it is a key like any other")
	_, err = without.Authenticate(call(dottedKey), "")
	require.NoError(t, err)
	w.refusedBy(without, call(token), "no issuer is configured")
}

func decoded(t testing.TB, part string) string {
	b, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return string(b)
}

// spare is the same bytes with one of the bits set that base64 has to spare at the end.
func spare(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1])
}

// asn1Of is a signature of two numbers as X.509 writes it.
func asn1Of(t testing.TB, part string) string {
	raw := []byte(decoded(t, part))
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
	require.NoError(t, err)
	return encode(string(der))
}

// A key verifies tokens only where nothing that is said about it speaks against it.
func TestKeysThatAreForSomethingElse(t *testing.T) {
	for name, c := range map[string]struct {
		more     fields
		accepted bool
	}{
		"nothing said":          {fields{}, true},
		"for signatures":        {fields{"use": "sig"}, true},
		"to verify":             {fields{"key_ops": []string{"verify"}}, true},
		"to verify and more":    {fields{"key_ops": []string{"encrypt", "verify"}}, true},
		"of the algorithm":      {fields{"alg": "RS256"}, true},
		"for encryption":        {fields{"use": "enc"}, false},
		"for an unknown use":    {fields{"use": "SIG"}, false},
		"a use that is no text": {fields{"use": 1}, false},
		"to encrypt":            {fields{"key_ops": []string{"encrypt"}}, false},
		"to sign":               {fields{"key_ops": []string{"sign"}}, false},
		"for nothing":           {fields{"key_ops": []string{}}, false},
		"in capitals":           {fields{"key_ops": []string{"VERIFY"}}, false},
		"no list of operations": {fields{"key_ops": "verify"}, false},
		"of another algorithm":  {fields{"alg": "RS512"}, false},
		"of an encryption":      {fields{"alg": "RSA-OAEP"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, f := newWorld(t), newForger(t, "k1")
			key, err := json.Marshal(jose.JSONWebKey{Key: &f.rsa.PublicKey, KeyID: "k1"})
			require.NoError(t, err)
			var described fields
			require.NoError(t, json.Unmarshal(key, &described))
			maps.Copy(described, c.more)
			f.answer = func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(fields{"keys": []fields{described}})
			}
			w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}, User: authn.UserClaims{Adopt: true}})
			if c.accepted {
				_, err := w.auth.Authenticate(call(f.token(f.good(nil))), "")
				require.NoError(t, err)
				return
			}
			refusal := w.refused(call(f.token(f.good(nil))), access.KindUnauthenticated, "U1")
			require.Equal(t, "invalid token", refusal.Detail)
		})
	}
}

// RFC 7518, 3.3: RSA keys have 2,048 bits or more.
func TestShortKeysVerifyNothing(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	w, f := newWorld(t), newForger(t, "k1")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	f.rsa, f.keys = short, []jose.JSONWebKey{{Key: &short.PublicKey, KeyID: "k1", Use: "sig"}}
	w.believing(authn.Issuer{URL: f.url, Audiences: []string{"api"}, User: authn.UserClaims{Adopt: true}})
	w.refused(call(f.token(f.good(nil))), access.KindUnauthenticated, "U1")
}

// Whatever stands in a token, it is refused in the same words, and costs no more than 2 µs of processor time and 512 bytes of memory for a byte, and 50 ms
// and 1 MiB for any token.
func FuzzTokens(f *testing.F) {
	issuer := authn.Issuer{URL: "https://login.example.com", Audiences: []string{"api"}}
	require.NoError(f, authn.CheckIssuers([]authn.Issuer{issuer}))
	h, err := secret.NewHasher(make([]byte, 32))
	require.NoError(f, err)
	a := authn.New(nobody{}, authn.Config{Secrets: h, Issuers: []authn.Issuer{issuer}})
	perByte := budget.Budget{CPU: 2 * time.Microsecond, Bytes: 512, BaseCPU: 50 * time.Millisecond, BaseHeap: 1 << 20}
	deep := strings.Repeat("[", 11_000)
	f.Add(`{"alg":"RS256","kid":"k1"}`, `{"iss":"https://elsewhere.example.com","sub":"alice"}`, "signature")
	f.Add(`{"alg":"none"}`, `{"iss":["https://elsewhere.example.com"]}`, "")
	f.Add(`{"alg":"RS256","x":`+deep, `{}`, "s")
	f.Add(`{"alg":"RS256"}`, `{"x":`+deep, "s")
	f.Add(`{"alg":"ES256"}`, `{"x":1}`, deep)
	f.Add(`{"alg":"ES256"}`, `{"x":1}`, strings.Repeat(deep, 10))
	f.Fuzz(func(t *testing.T, header, claims, signature string) {
		if strings.Contains(claims, issuer.URL) {
			return // for whose keys it would ask
		}
		token := encode(header) + "." + encode(claims) + "." + encode(signature)
		var err error
		perByte.Check(t, len(token), func() { _, err = a.Authenticate(call(token), "") })
		var refusal *access.Error
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, access.KindUnauthenticated, refusal.Kind)
		require.Equal(t, "invalid token", refusal.Detail)
	})
}
