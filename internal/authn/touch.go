package authn

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

const (
	// touchEvery is how exact a key's last use is: noting every use would cost a write for every call.
	touchEvery = time.Minute
	// touchWithin is how long noting one may take.
	touchWithin = 10 * time.Second
)

// touch notes that the key was used, beside the call and not in it.
func (a *Authenticator) touch(key access.KeyID, now time.Time) {
	if key == secret.RootKey {
		return // it is no key of the store
	}
	a.mu.Lock()
	due := now.Sub(a.touched[key]) >= touchEvery
	if due {
		a.touched[key] = now
	}
	a.mu.Unlock()
	if !due {
		return
	}
	a.touches.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), touchWithin)
		defer cancel()
		if err := a.update(ctx, func(f Facts) error { return f.TouchAccountKey(key, now) }); err != nil {
			a.failed(err)
		}
	})
}
