package authn

import (
	"context"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
)

const (
	// touchEvery is the precision of a key's last use: storing every use would cost a write for every call.
	touchEvery = time.Minute
	// touchWithin limits the time to store a use.
	touchWithin = 10 * time.Second
)

// uses stores the uses of keys, in the background.
type uses struct {
	update func(context.Context, func(Facts) error) error
	failed func(error) // called on errors

	mu    sync.Mutex
	noted map[access.KeyID]time.Time
	busy  sync.WaitGroup
}

// note calls do for a use of the key, unless it has done so within the last minute.
func (u *uses) note(key access.KeyID, now time.Time, do func(Facts) error) {
	u.mu.Lock()
	due := now.Sub(u.noted[key]) >= touchEvery
	if due {
		u.noted[key] = now
	}
	u.mu.Unlock()
	if !due {
		return
	}
	u.busy.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), touchWithin)
		defer cancel()
		if err := u.update(ctx, do); err != nil {
			u.failed(err)
		}
	})
}

// wait returns when running notes are stored.
func (u *uses) wait() { u.busy.Wait() }

// touchAccountKey stores the use of an account key. If it was found by a digest under an older hash key, it also stores the digest under the current
// one, so that the older hash key can be removed when every key that matters has been used.
func touchAccountKey(id access.KeyID, now time.Time, found, current string) func(Facts) error {
	return func(f Facts) error {
		if found != current {
			if err := f.RenewAccountKey(id, found, current); err != nil {
				return err
			}
		}
		return f.TouchAccountKey(id, now)
	}
}

// touchAPIKey does the same for a chatbot's key.
func touchAPIKey(id access.KeyID, now time.Time, found, current string) func(Facts) error {
	return func(f Facts) error {
		if found != current {
			if err := f.RenewAPIKey(id, found, current); err != nil {
				return err
			}
		}
		return f.TouchAPIKey(id, now)
	}
}
