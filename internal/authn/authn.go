// Package authn authenticates callers: it turns the credentials of a request into an access.Actor, or refuses them.
//
// It owns the headers Authorization and Grantway-Actor, the signing keys of identity providers, the meaning of the claims in their tokens, and
// the rules B1 to B3 as far as they concern callers. It must not decide what an actor can do. In doubt it refuses, because a fallback could only
// give more rights.
//
// A refusal has kind Unauthenticated if no valid credentials were sent. It has kind Denied if the key is valid but cannot be used like this: from
// this address, for this actor, or without one. A key that may not act for a user gets the same answer whether or not the user exists (C6).
package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// Facts are the reads in one snapshot and the writes in one transaction of the store that authentication needs.
type Facts interface {
	AccountKeyByDigest(digest string) (access.AccountKey, bool, error)
	AccountKeyByFormerDigest(digest string) (access.AccountKey, bool, error)
	TouchAccountKey(id access.KeyID, at time.Time) error
	RenewAccountKey(id access.KeyID, old, digest string) error
	APIKeyByDigest(digest string) (access.APIKey, bool, error)
	TouchAPIKey(id access.KeyID, at time.Time) error
	RenewAPIKey(id access.KeyID, old, digest string) error
	access.Standing
	SessionByDigest(digest string) (access.Session, bool, error)
	TouchSession(id access.SessionID, at time.Time) error
	RenewSession(id access.SessionID, old, digest string) error
	Identity(issuer, subject string) (access.Identity, bool, error)
	Setting(name string) (string, bool, error)
	PutSetting(name, value string) error
}

// Store provides facts, cached if possible, and transactions; *store.DB is a Store[*store.Tx].
type Store[T Facts] interface {
	Recall(ctx context.Context, newest bool, fn func(T) error) error
	Update(ctx context.Context, fn func(T) error) error
}

// Config is what an Authenticator needs besides the store.
type Config struct {
	Secrets *secret.Hasher
	RootKey string // the secret of the root key, or "" for the one that EnsureRootKey created
	// FirstKey is where EnsureRootKey keeps the key that it created, in case a commit goes through without an answer; nil keeps it nowhere.
	FirstKey *string
	Proxies  Proxies          // trusted about the addresses of callers
	Now      func() time.Time // nil means time.Now
	Touched  func(error)      // called when the use of a key could not be stored; nil ignores it

	MaxToken  int           // the maximum length of an issuer's token, in bytes; 0 means DefaultMaxToken
	ClockSkew time.Duration // how far the clocks of issuers can be ahead; 0 means DefaultClockSkew

	Issuers []Issuer                                   // the issuers whose tokens are accepted, after CheckIssuers
	SignIn  func(context.Context, access.SignIn) error // applies a new token; required with issuers
	Away    func(issuer string, err error)             // called when the keys of an issuer could not be fetched; nil ignores it
}

// Authenticator authenticates callers by their credentials. It is safe for concurrent use.
type Authenticator struct {
	recall   func(ctx context.Context, newest bool, fn func(Facts) error) error
	update   func(context.Context, func(Facts) error) error
	secrets  *secret.Hasher
	now      func() time.Time
	rootKey  string
	firstKey *string
	proxies  Proxies
	issuers  issuers
	signIn   func(context.Context, access.SignIn) error
	maxToken int

	uses uses

	mu   sync.Mutex
	root string // the digest of the root key, or "" if there is none yet
}

// New makes an authenticator. There is no root key until EnsureRootKey is called.
func New[T Facts](db Store[T], c Config) *Authenticator {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FirstKey == nil {
		c.FirstKey = new(string)
	}
	if c.Touched == nil {
		c.Touched = func(error) {}
	}
	if c.Away == nil {
		c.Away = func(string, error) {}
	}
	if c.MaxToken == 0 {
		c.MaxToken = DefaultMaxToken
	}
	if c.ClockSkew == 0 {
		c.ClockSkew = DefaultClockSkew
	}
	secret.Conceal(c.RootKey)
	a := &Authenticator{
		recall: func(ctx context.Context, newest bool, fn func(Facts) error) error {
			return db.Recall(ctx, newest, func(tx T) error { return fn(tx) })
		},
		update: func(ctx context.Context, fn func(Facts) error) error {
			return db.Update(ctx, func(tx T) error { return fn(tx) })
		},
		secrets: c.Secrets, now: c.Now, rootKey: c.RootKey, firstKey: c.FirstKey, proxies: c.Proxies,
		issuers: newIssuers(c.Issuers, c.ClockSkew, c.Now, c.Away), signIn: c.SignIn, maxToken: c.MaxToken,
	}
	a.uses = uses{update: a.update, failed: c.Touched, noted: map[access.KeyID]time.Time{}}
	return a
}

// Close waits until running notes of key uses are stored. Authenticate must not be running.
func (a *Authenticator) Close() { a.uses.wait() }

// Authenticate returns who sent the request, and from which address: that of the connection, or the one that trusted proxies report. With an error,
// the actor says who was refused, as far as known, for the record: the address, the key whose secret was sent and the user it named, or the issuer
// and the user of a token. Such an actor has no rights.
func (a *Authenticator) Authenticate(r *http.Request, requestID string) (access.Actor, error) {
	return a.authenticate(r, requestID, true)
}

// Recognize is Authenticate for calls that can ignore what another server has changed within the last second, such as the revocation of a key.
func (a *Authenticator) Recognize(r *http.Request, requestID string) (access.Actor, error) {
	return a.authenticate(r, requestID, false)
}

func (a *Authenticator) authenticate(r *http.Request, requestID string, newest bool) (access.Actor, error) {
	actor, err := a.caller(r, requestID, newest)
	if err != nil {
		actor.Key, actor.Access = actor.Credential(), "" // so that code that ignores the error has no rights
	}
	return actor, err
}

// caller returns who sent the request. With an error, the actor is not authenticated.
func (a *Authenticator) caller(r *http.Request, requestID string, newest bool) (access.Actor, error) {
	address := a.proxies.client(r)
	actor := access.Actor{RequestID: requestID}
	if address.IsValid() {
		actor.Address = address.String()
	}
	token, err := a.bearer(r.Header)
	if err != nil {
		return actor, err
	}
	user, acting, unclear := actingFor(r.Header)
	if len(a.issuers) > 0 && isToken(token) {
		return a.direct(r.Context(), token, actor, acting || unclear != nil, newest)
	}
	digests, now := a.secrets.Digests(token), a.now()
	digest, isRoot := a.isRoot(digests)
	if isRoot {
		actor.Key, actor.Access, actor.User = secret.RootKey, access.KeyFull, user
		if err = unclear; acting && err == nil {
			err = a.recall(r.Context(), newest, func(f Facts) error { return mayActFor(f, actor) })
		}
	} else {
		err = a.recall(r.Context(), newest, func(f Facts) error {
			var key access.AccountKey
			key, digest, err = usable(f, digests, address, now)
			if key.ID != "" {
				actor.Key, actor.Access, actor.Organization, actor.Version, actor.User = key.ID, key.Access, key.Organization, key.Version, user
			}
			switch {
			case err != nil:
				return err
			case unclear != nil:
				return unclear
			case acting:
				return mayActFor(f, actor)
			case key.ActorRequired:
				return access.Deniedf("B1", "this key can only act for a user: send %s", access.ActorHeader)
			}
			return nil
		})
	}
	if err != nil {
		return actor, err
	}
	switch {
	case !isRoot:
		a.uses.note(actor.Key, now, touchAccountKey(actor.Key, now, digest, digests[0]))
	case digest != digests[0]:
		a.renewRoot(now, digests[0])
	}
	return actor, nil
}

// direct returns the user who sent an issuer's token. Such a caller is that user, and cannot act for others.
func (a *Authenticator) direct(ctx context.Context, token string, actor access.Actor, acting, newest bool) (access.Actor, error) {
	in, err := a.issuers.read(ctx, token, a.now())
	actor.Issuer = in.Issuer
	if err != nil {
		return actor, err
	}
	in.Address, in.RequestID = actor.Address, actor.RequestID
	user, current, err := a.identified(ctx, in, newest)
	if err == nil && acting {
		err = access.Deniedf("B2", "a user who calls directly cannot act for others: leave out %s", access.ActorHeader)
	}
	if err == nil && !current {
		if err = a.signIn(ctx, in); err == nil {
			user, _, err = a.identified(ctx, in, true) // another server may have applied it meanwhile
		}
	}
	actor.User = user
	if err == nil && user == "" {
		err = refuseToken(errors.New("it does not name an active user"))
	}
	return actor, err
}

// identified returns the active user whom the issuer names, or "", and whether this token or a newer one was applied.
func (a *Authenticator) identified(ctx context.Context, in access.SignIn, newest bool) (user access.UserID, current bool, err error) {
	err = a.recall(ctx, newest, func(f Facts) error {
		user, current = "", false
		id, known, err := f.Identity(in.Issuer, in.Subject)
		if err != nil || !known {
			return err
		}
		u, exists, err := f.User(id.User)
		if err != nil || !exists || u.Gone() {
			return err
		}
		if !u.Takes(in.IssuedAt) {
			return refuseToken(errOffboardedSince)
		}
		user, current = id.User, !id.Takes(in)
		return nil
	})
	return user, current, err
}

// errOffboardedSince is the fault of a token issued before its user was offboarded, and is back now (N2).
var errOffboardedSince = errors.New("it was issued before the user was last deactivated or deleted")

// usable returns the key with one of the digests, and that digest, if the key can be used now and from the address (B1) and has not lapsed (B5).
func usable(f Facts, digests []string, address netip.Addr, now time.Time) (access.AccountKey, string, error) {
	key, digest, known, err := bySecret(f, digests, now)
	switch {
	case err != nil:
		return key, "", err
	case !known:
		return access.AccountKey{}, "", access.Refuse(access.KindUnauthenticated, "B1", "unknown or expired key")
	case key.ExpiredAt(now):
		return key, "", access.Refuse(access.KindUnauthenticated, "B1", "unknown or expired key")
	case !within(address, key.AllowedIPs):
		return key, "", access.Deniedf("B1", "this key cannot be used from this address")
	}
	why, err := key.Lapse(f)
	if err == nil && why != "" {
		err = access.KeyRefused(key, why)
	}
	return key, digest, err
}

// bySecret finds an account key by its secret, or by the old secret within its grace. With the old secret, the key is never full (B5).
func bySecret(f Facts, digests []string, now time.Time) (key access.AccountKey, digest string, known bool, err error) {
	key, digest, known, err = byDigest(digests, f.AccountKeyByDigest)
	if err != nil || known {
		return key, digest, known, err
	}
	key, digest, known, err = byDigest(digests, f.AccountKeyByFormerDigest)
	if key.Access == access.KeyFull {
		key.Access = access.KeyReadWrite
	}
	known = known && key.Takes(key.Version-1, key.Access, now)
	key.Version--
	return key, digest, known, err
}

// byDigest looks a secret up by its digests under each of the hash keys, and returns the digest that matched.
func byDigest[K any](digests []string, find func(digest string) (K, bool, error)) (key K, digest string, known bool, err error) {
	for _, digest := range digests {
		if key, known, err := find(digest); err != nil || known {
			return key, digest, known, err
		}
	}
	return key, "", false, nil
}

// bearer reads the one credential of a request. It checks the length first, because hashing it or verifying its signature takes time.
func (a *Authenticator) bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 0 && len(values[0]) > a.maxToken+len("Bearer ") {
		return "", refuseToken(fmt.Errorf("it has more than %d bytes, the limit that --max-token sets", a.maxToken))
	}
	if len(values) == 0 {
		return "", access.Refuse(access.KindUnauthenticated, "B2", "send an account key: Authorization: Bearer <key>")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " \t")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t") {
		return "", access.Refuse(access.KindUnauthenticated, "B2", "send one Authorization header of the form Bearer <key>")
	}
	return token, nil
}

// actingFor reads the actor that the caller names, if any. A header that names nobody, or more than one user, is refused (B2).
func actingFor(h http.Header) (user access.UserID, acting bool, err error) {
	values := h.Values(access.ActorHeader)
	for name := range h {
		if strings.HasPrefix(name, access.ActorHeader) && name != access.ActorHeader {
			return "", false, access.Deniedf("B2", "unknown header %q: name the user in %s", name, access.ActorHeader)
		}
	}
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", false, access.Deniedf("B2", "%s is sent more than once", access.ActorHeader)
	}
	user, err = access.DecodeActor(values[0])
	return user, err == nil, err
}

// mayActFor refuses an actor for whom the key may not act (B2, B3).
func mayActFor(f Facts, actor access.Actor) error {
	if actor.Access != access.KeyFull {
		return access.Deniedf("B2", "only a %s key can act for users, and this one is %s", access.KeyFull, actor.Access)
	}
	user, known, err := f.User(actor.User)
	if err != nil {
		return err
	}
	if actor.Organization == "" {
		if !known || user.Gone() {
			return access.Deniedf("B2", "%s does not name an active user", access.ActorHeader)
		}
		return nil
	}
	_, member, err := f.Membership(actor.Organization, actor.User)
	if err != nil {
		return err
	}
	if !known || user.Gone() || !member {
		return access.Deniedf("B3", "%s does not name an active user with a role in the key's organization", access.ActorHeader)
	}
	return nil
}

// within reports whether the address lies in one of the ranges; no ranges mean no limit. An invalid range matches nothing.
func within(address netip.Addr, ranges []string) bool {
	if ranges == nil {
		return true
	}
	for _, r := range ranges {
		if p, err := netip.ParsePrefix(r); err == nil && address.IsValid() && p.Contains(address) {
			return true
		}
	}
	return false
}
