package httpapi

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/grantway/grantway/internal/access"
)

// paced is the number of callers, credentials and addresses that are tracked, the latest ones. Others start with a full quota.
const paced = 20_000

// pace holds each caller to a number of calls a second. Credentials with which somebody was let in lately count for that key or user. All others,
// those that are nobody's among them, count for the address from which they come: once that has failed too often, each further failure is answered
// 429 instead of 401. Good credentials are let in even then, since others behind the same address (an office, a proxy) are not to blame. Somebody
// who guesses gains nothing by it: a key has 256 bits, and a guess costs the server no more than any other call does.
type pace struct {
	keyRate, strangerRate rate.Limit

	known     *lru.Cache[[sha256.Size]byte, string]   // the callers, by the digest of their credentials
	callers   *lru.Cache[string, *rate.Limiter]       // by key or user
	strangers *lru.Cache[netip.Prefix, *rate.Limiter] // by address
}

func newPace(l Limits) *pace {
	return &pace{
		keyRate: limitOf(l.KeyRate), strangerRate: limitOf(l.StrangerRate),
		known: cache[[sha256.Size]byte, string](), callers: cache[string, *rate.Limiter](), strangers: cache[netip.Prefix, *rate.Limiter](),
	}
}

func cache[K comparable, V any]() *lru.Cache[K, V] {
	c, err := lru.New[K, V](paced)
	if err != nil {
		panic(err) // the size is positive
	}
	return c
}

func limitOf(perSecond float64) rate.Limit {
	if perSecond == 0 {
		return rate.Inf
	}
	return rate.Limit(perSecond)
}

// visit is one call on its way in.
type visit struct {
	*pace
	credentials [sha256.Size]byte
	from        netip.Prefix
	caller      string // "" while it is not known
}

// visit is the call as far as it is known before anybody looks at its credentials.
func (p *pace) visit(r *http.Request, address netip.Addr) visit {
	v := visit{pace: p, from: access.NetworkOf(address)}
	if sent := r.Header.Values("Authorization"); len(sent) > 0 {
		v.credentials = sha256.Sum256([]byte(strings.Join(sent, "\n")))
		v.caller, _ = p.known.Get(v.credentials)
	}
	return v
}

// admit refuses a call of a known caller who has called too often.
func (p *pace) admit(r *http.Request, address netip.Addr) (visit, error) {
	v := p.visit(r, address)
	if v.caller != "" {
		return v, take(of(p.callers, v.caller, p.keyRate))
	}
	return v, nil
}

// holder is who holds what the call takes before it is authenticated: the known caller, or the address.
func (v visit) holder() string {
	if v.caller != "" {
		return v.caller
	}
	return holderAt(v.from)
}

// anonymous counts a call that needs no credentials.
func (v visit) anonymous() error {
	if v.caller != "" {
		return nil // it has been counted
	}
	return take(v.stranger())
}

// isOf counts a call whose caller is found to be the actor.
func (v visit) isOf(actor access.Actor) error {
	if v.caller != "" {
		return nil // it has been counted
	}
	caller := actor.Holder()
	v.pace.known.Add(v.credentials, caller)
	return take(of(v.callers, caller, v.keyRate))
}

// failed counts a call whose credentials refused, forgets those that are nobody's, and gives the error to answer. Good ones that may not be
// used like that, such as a key that names an actor who is offboarded, stay known: or else users whom nobody knows would make a stranger of the
// backend that they share.
func (v visit) failed(err error) error {
	unknown := access.KindOf(err) == access.KindUnauthenticated
	if unknown {
		v.pace.known.Remove(v.credentials)
	}
	if !unknown && v.caller != "" {
		return err
	}
	if tooMany := take(v.stranger()); tooMany != nil {
		return tooMany
	}
	return err
}

func (v visit) stranger() *rate.Limiter { return of(v.strangers, v.from, v.strangerRate) }

// of is the limiter of k, a fresh one where there is none. Two calls at once may be given two; one of them counts.
func of[K comparable](all *lru.Cache[K, *rate.Limiter], k K, limit rate.Limit) *rate.Limiter {
	if found, ok := all.Get(k); ok {
		return found
	}
	burst := 1
	if limit != rate.Inf {
		burst = max(1, int(float64(limit)*burstOf.Seconds()))
	}
	fresh := rate.NewLimiter(limit, burst)
	if found, ok, _ := all.PeekOrAdd(k, fresh); ok {
		return found
	}
	return fresh
}

// take takes one call of the limiter's, or refuses where there is none to be had.
func take(l *rate.Limiter) error {
	now := time.Now()
	if l.Limit() == rate.Inf {
		return nil
	}
	if left := l.TokensAt(now); left < 1 {
		refusal := access.Refuse(access.KindExhausted, "", "too many calls: try again later")
		refusal.RetryAfter = time.Duration((1 - left) / float64(l.Limit()) * float64(time.Second))
		return refusal
	}
	l.AllowN(now, 1)
	return nil
}
