package authn

import (
	"context"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
)

const (
	// touchEvery is how exact a key's last use is: noting every use would cost a write for every call.
	touchEvery = time.Minute
	// touchWithin is how long noting one may take.
	touchWithin = 10 * time.Second
)

// uses notes the uses of keys, beside the calls and not in them.
type uses struct {
	update func(context.Context, func(Facts) error) error
	failed func(error) // told of those that could not be noted

	mu    sync.Mutex
	noted map[access.KeyID]time.Time
	busy  sync.WaitGroup
}

// note does what is to be done about a use of the key, unless that was done within the last minute.
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

// wait returns when what is being noted is noted.
func (u *uses) wait() { u.busy.Wait() }

// touchAccountKey notes the use of an account key. One that was found by a digest under an older hash key gets that under the current one, so that the
// older one can be taken out when every key that matters was used.
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
