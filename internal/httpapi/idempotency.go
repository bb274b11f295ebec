package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

const (
	idempotencyKey    = "Idempotency-Key"
	maxIdempotencyKey = 255
)

// answers keeps the first answers to POSTs; *sharing.Service does.
type answers interface {
	Remembered(ctx context.Context, actor access.Actor) (status int, answer []byte, found bool, err error)
	Remember(ctx context.Context, actor access.Actor, status int, answer []byte) error
}

// memory gives a repeated POST its first answer again.
type memory struct {
	answers answers
	log     *slog.Logger

	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the call that is under way is answered
}

// secretive is an answer that shows a secret, once.
type secretive interface {
	withoutSecret() any
}

// keyOf reads the Idempotency-Key.
func keyOf(h http.Header) (key string, sent bool, err error) {
	values := h.Values(idempotencyKey)
	if len(values) == 0 {
		return "", false, nil
	}
	key = values[0]
	if len(values) > 1 || key == "" || len(key) > maxIdempotencyKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", false, access.Invalidf("", "%s must be 1 to %d visible ASCII characters, and sent once", idempotencyKey, maxIdempotencyKey)
	}
	return key, true, nil
}

// onceOf is what keeps the call with the key and the body from being carried out twice.
func onceOf(r *http.Request, key string, body []byte) access.Once {
	digest := sha256.Sum256(body)
	return access.Once{Route: r.Method + " " + r.URL.EscapedPath(), Key: key, BodyDigest: hex.EncodeToString(digest[:])}
}

// remembered gives the first answer to the call, or does it and keeps the answer. Two calls with one key take turns. What is refused is not
// kept: trying again after the cause has gone is what the key is for. A repeated call is judged like a new one, and a caller who could not make it
// now gets the refusal and no answer.
func remembered[O any](r *http.Request, m *memory, actor access.Actor, status int, do func(access.Actor) (*O, error)) (int, []byte, error) {
	ctx := r.Context()
	done, err := m.take(ctx, strings.Join([]string{string(actor.Key), string(actor.User), actor.Once.Route, actor.Once.Key}, "\x00"))
	if err != nil {
		return 0, nil, err
	}
	defer done()

	out, err := do(actor)
	if errors.Is(err, sharing.ErrRepeated) {
		first, answer, found, lost := m.answers.Remembered(ctx, actor)
		if lost == nil && !found {
			lost = err // it was forgotten a moment ago
		}
		return first, answer, lost
	}
	if err != nil {
		return 0, nil, err
	}
	kept := any(out)
	if s, ok := kept.(secretive); ok {
		kept = s.withoutSecret()
	}
	again, err := json.Marshal(kept)
	if err != nil {
		return 0, nil, err
	}
	if err := m.answers.Remember(context.WithoutCancel(ctx), actor, status, again); err != nil {
		m.log.Error("cannot store an answer for repeated calls", "route", r.Pattern, "request_id", actor.RequestID, "error", err)
	}
	answer, err := json.Marshal(out)
	return status, answer, err
}

// take waits until no other call with the key is under way.
func (m *memory) take(ctx context.Context, key string) (done func(), err error) {
	for {
		m.mu.Lock()
		other, taken := m.busy[key]
		if !taken {
			mine := make(chan struct{})
			m.busy[key] = mine
			m.mu.Unlock()
			return func() {
				m.mu.Lock()
				delete(m.busy, key)
				m.mu.Unlock()
				close(mine)
			}, nil
		}
		m.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, access.Unavailable(ctx.Err())
		}
	}
}
