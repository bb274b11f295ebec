package authn

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/strictjson"
)

const (
	// keysFresh is how long an issuer's keys are used before they are fetched again, and so how long a removed key keeps working.
	keysFresh = 5 * time.Minute
	// keysKept is how long they are used if the issuer does not answer.
	keysKept = time.Hour
	// retryEvery is the wait before an issuer that did not answer is asked again, while its keys are still used.
	retryEvery = time.Minute
	// lookEvery limits how often unknown keys are looked for, so that made-up ones do not burden the issuer.
	lookEvery = 10 * time.Second
	// fetchWithin limits the time to fetch keys, while the caller waits.
	fetchWithin = 5 * time.Second
	// maxAsking is the maximum number of callers that wait for the keys of one issuer.
	maxAsking = 16
	// maxDocument is the maximum size of an issuer's answer, in bytes.
	maxDocument = 1 << 20
	// leastRSA is the minimum size of an RSA key, in bits (RFC 7518, 3.3).
	leastRSA = 2048
)

// keySet holds the keys of one issuer, as last published.
type keySet struct {
	issuer string
	now    func() time.Time
	away   func(issuer string, err error) // called when they cannot be fetched
	client *http.Client

	mu      sync.Mutex
	asking  chan struct{} // closed when the running fetch has ended; nil if none runs
	waiting int           // callers that wait
	keys    []jose.JSONWebKey
	fetched time.Time // when they were fetched
	tried   time.Time
	failure error // of the last try
}

func newKeySet(issuer string, now func() time.Time, away func(string, error)) *keySet {
	return &keySet{issuer: issuer, now: now, away: away, client: &http.Client{
		Timeout: fetchWithin,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 || !secure(r.URL.String()) {
				return errors.New("it redirects too often, or to an untrusted address")
			}
			return nil
		},
	}}
}

// verify returns the signed payload if one of the issuer's keys has signed it. The error is of kind Unavailable if the issuer cannot be asked about
// an unknown key. A token with a known key does not wait for a slow issuer while callers come steadily: keys are fetched before they are too old, and
// stay in use while the issuer does not answer.
func (k *keySet) verify(ctx context.Context, signed *jose.JSONWebSignature) ([]byte, error) {
	asking := k.fetch(func(now time.Time) bool {
		return now.Sub(k.fetched) >= keysFresh-retryEvery && (k.failure == nil || now.Sub(k.tried) >= retryEvery)
	})
	if payload, ok := verifyWith(k.usable(), signed); ok {
		return payload, nil
	}
	if asking == nil {
		asking = k.fetch(func(now time.Time) bool { return now.Sub(k.tried) >= lookEvery })
	}
	if asking != nil {
		if err := k.wait(ctx, asking); err != nil {
			return nil, access.Unavailable(err)
		}
		if payload, ok := verifyWith(k.usable(), signed); ok {
			return payload, nil
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure != nil {
		return nil, access.Unavailable(k.failure)
	}
	return nil, errors.New("it is not signed with a key of the issuer")
}

// errAsked is for calls beyond maxAsking; otherwise made-up keys would make many callers wait.
var errAsked = errors.New("too many calls wait for the keys of the issuer")

// wait waits for the running fetch.
func (k *keySet) wait(ctx context.Context, asking chan struct{}) error {
	k.mu.Lock()
	if k.waiting >= maxAsking {
		k.mu.Unlock()
		return errAsked
	}
	k.waiting++
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.waiting--
	}()
	select {
	case <-asking:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usable returns the keys that can be used without asking: fresh ones, or those whose issuer has not answered for less than keysKept.
func (k *keySet) usable() []jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.now().Sub(k.fetched)
	if age >= keysKept || age >= keysFresh && k.failure == nil {
		return nil
	}
	return k.keys
}

// verifyWith tries the keys that may have signed it: those that the header names, or all if it names none.
func verifyWith(keys []jose.JSONWebKey, signed *jose.JSONWebSignature) ([]byte, bool) {
	h := signed.Signatures[0].Header
	for _, key := range keys {
		if h.KeyID != "" && key.KeyID != h.KeyID || key.Algorithm != "" && key.Algorithm != h.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// fetch starts to fetch the keys if due says so, once for all callers, and returns a channel that closes at the end; nil if nothing is fetched. If it
// fails, the known keys stay.
func (k *keySet) fetch(due func(now time.Time) bool) chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asking == nil && due(k.now()) {
		k.asking = make(chan struct{})
		go k.ask(k.asking)
	}
	return k.asking
}

func (k *keySet) ask(asked chan struct{}) {
	keys, err := k.published(context.Background())
	if err != nil {
		k.away(k.issuer, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.failure, k.asking = k.now(), err, nil
	if err == nil {
		k.keys, k.fetched = keys, k.tried
	}
	close(asked)
}

// published fetches the location of the issuer's keys, and the keys (OpenID Connect Discovery 1.0, section 4).
func (k *keySet) published(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	about, err := k.get(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	if issuer, _ := about["issuer"].(string); issuer != k.issuer {
		return nil, fmt.Errorf("it names itself issuer %q", issuer)
	}
	at, _ := about["jwks_uri"].(string)
	if !secure(at) {
		return nil, fmt.Errorf("its keys are at %q, which is not https", at)
	}
	set, err := k.get(ctx, at)
	if err != nil {
		return nil, err
	}
	list, ok := set["keys"].([]any)
	if !ok {
		return nil, fmt.Errorf("%s has no list of keys", at)
	}
	var keys []jose.JSONWebKey
	for _, described := range list {
		if key, ok := verifying(described); ok { // others have another use, or an unknown type
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// verifying parses a key that can verify signatures: a public one without another stated use (RFC 7517, 4.2 and 4.3).
func verifying(described any) (key jose.JSONWebKey, ok bool) {
	members, ok := described.(map[string]any)
	if !ok {
		return key, false
	}
	if use, sent := members["use"]; sent && use != "sig" {
		return key, false
	}
	if ops, sent := members["key_ops"]; sent {
		if list, ok := ops.([]any); !ok || !slices.Contains(list, any("verify")) {
			return key, false
		}
	}
	text, err := json.Marshal(members)
	if err != nil || json.Unmarshal(text, &key) != nil || !key.Valid() || !key.IsPublic() {
		return key, false
	}
	r, isRSA := key.Key.(*rsa.PublicKey)
	return key, !isRSA || r.N.BitLen() >= leastRSA
}

// get fetches a document that is a JSON object.
func (k *keySet) get(ctx context.Context, url string) (map[string]any, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxDocument {
		return nil, fmt.Errorf("the answer of %s has more than %d bytes", url, maxDocument)
	}
	value, err := strictjson.Parse(body, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	document, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the answer of %s is not a JSON object", url)
	}
	return document, nil
}
