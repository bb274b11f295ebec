package sharing

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

const (
	// keysAtOnce is the number of keys in one question to the engine.
	keysAtOnce = 100
	// keysAnUpkeep is the number of keys that one upkeep checks; the next one continues from there.
	keysAnUpkeep = 10 * keysAtOnce
)

// rounds is the position of the upkeep in its endless walk through the chatbots' keys.
type rounds struct {
	mu    sync.Mutex
	after access.KeyID // the last key checked, or "" to start with the first
}

// notifyOrphans marks keys whose creator has lost deploy on the chatbot, or has it again, and notifies the chatbot's owner of the former, once (K3).
// The keys stay.
func (s *Service) notifyOrphans(ctx context.Context) error {
	s.keyRounds.mu.Lock()
	defer s.keyRounds.mu.Unlock()
	var failed error
	for range keysAnUpkeep / keysAtOnce {
		var keys []access.APIKey
		if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			keys, err = tx.APIKeys(store.APIKeyFilter{}, s.keyRounds.after, keysAtOnce)
			return err
		}); err != nil {
			return errors.Join(failed, err)
		}
		turned, err := s.turnedKeys(ctx, keys)
		failed = errors.Join(failed, err)
		for _, k := range turned {
			failed = errors.Join(failed, s.notifyOrphan(ctx, k))
		}
		if len(keys) < keysAtOnce {
			s.keyRounds.after = ""
			break
		}
		s.keyRounds.after = keys[len(keys)-1].ID
	}
	return failed
}

// turnedKeys returns the keys in force whose mark no longer fits their creator. A key that an account key created for itself has no creator who could
// lose a right.
func (s *Service) turnedKeys(ctx context.Context, keys []access.APIKey) ([]access.APIKey, error) {
	now := s.now()
	var asked []access.APIKey
	var qs []spice.Question
	for _, k := range keys {
		creator, ok := k.Creator()
		if !ok || k.ExpiredAt(now) {
			continue
		}
		asked = append(asked, k)
		qs = append(qs, spice.Question{
			Subject: access.Subject{Type: access.TypeUser, ID: string(creator)}, Permission: string(access.Deploy),
			Resource: access.Obj(access.TypeChatbot, k.Chatbot), Context: map[string]any{schema.ParamTime: now.UTC().Format(time.RFC3339Nano)},
		})
	}
	answers, err := s.engine.CheckAll(ctx, s.knownState(), qs)
	if err != nil {
		return nil, err
	}
	var turned []access.APIKey
	var failed error
	for i, a := range answers {
		failed = errors.Join(failed, a.Err)
		if a.Err == nil && a.Allowed == asked[i].CreatorLostDeploy {
			turned = append(turned, asked[i])
		}
	}
	return turned, failed
}

// notifyOrphan marks the key and notifies its chatbot's owner, unless that has become unnecessary since the key was checked: the engine is asked
// again where no other change can come in between.
func (s *Service) notifyOrphan(ctx context.Context, k access.APIKey) error {
	action := "api_key.orphan"
	if k.CreatorLostDeploy {
		action = "api_key.adopt"
	}
	_, err := s.change(ctx, access.System, action, access.Obj(access.TypeChatbot, k.Chatbot), func(c *change) error {
		before, ok, err := c.APIKey(k.ID)
		if err != nil || !ok {
			return err
		}
		turned, err := s.turnedKeys(ctx, []access.APIKey{before})
		if err != nil || len(turned) == 0 || before.CreatorLostDeploy != k.CreatorLostDeploy {
			return err
		}
		after := before
		after.CreatorLostDeploy = !before.CreatorLostDeploy
		if err := c.MarkAPIKey(k.ID, after.CreatorLostDeploy); err != nil {
			return err
		}
		c.state(unpreviewed(before), unpreviewed(after))
		if !after.CreatorLostDeploy {
			return nil
		}
		b, _, err := c.Chatbot(k.Chatbot)
		if err != nil {
			return err
		}
		return c.notify(access.Notification{Kind: access.NotifyKeyOrphaned, Chatbot: b.ID, APIKey: k.ID}, []access.UserID{b.Owner}, true)
	})
	return err
}
