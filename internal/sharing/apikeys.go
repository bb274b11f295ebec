package sharing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// MaxRangeBytes is the maximum size of the IP ranges of a chatbot's key, in bytes, with rangeOverhead for each: they are in the context of a caveat,
// which SpiceDB on PostgreSQL stores in an index, whose rows have 2,704 bytes, with the key's ID.
const (
	MaxRangeBytes = 1600
	rangeOverhead = 4
)

// judgeKeyRanges refuses more IP ranges than the engine accepts (K4).
func judgeKeyRanges(ranges []string) error {
	size := 0
	for _, r := range ranges {
		size += len(r) + rangeOverhead
	}
	if size <= MaxRangeBytes {
		return nil
	}
	return fieldError("K4", "/allowed_ips", fmt.Sprintf("the ranges of a key take at most %d bytes, with %d more for each: "+
		"72 of the longest IPv4 ranges, 34 of the longest IPv6 ranges", MaxRangeBytes, rangeOverhead))
}

// NewAPIKey describes a chatbot's API key to create (3.6).
type NewAPIKey struct {
	Name       string
	Level      access.Level
	ExpiresAt  time.Time // truncated to whole seconds; the zero time for never (K5)
	AllowedIPs []string  // nil for anywhere (K4)
}

// APIKeyResult is the new key and its secret, which is returned only here (K2).
type APIKeyResult struct {
	Change
	Key    access.APIKey
	Secret string
}

// CreateAPIKey creates a key of the chatbot (K1–K5).
func (s *Service) CreateAPIKey(ctx context.Context, actor access.Actor, bot access.ChatbotID, n NewAPIKey) (r APIKeyResult, err error) {
	minted := s.secrets.NewChatbotKey()
	r.Change, err = s.change(ctx, actor, "api_key.create", access.Obj(access.TypeChatbot, bot), func(c *change) error {
		b, err := c.loadDeployable(bot)
		if err != nil {
			return err
		}
		r.Key = access.APIKey{
			ID: minted.ID, Chatbot: bot, Name: n.Name, Level: n.Level, Preview: minted.Preview, CreatedBy: ActorName(c.actor), CreatedAt: c.now,
		}
		switch {
		case n.Name == "":
			return fieldError("K1", "/name", "a key needs a name")
		case !slices.Contains(access.Levels, n.Level):
			return fieldError("K1", "/access", "a key needs an access level")
		}
		if r.Key.ExpiresAt, err = c.keyExpiry(n.ExpiresAt, "K5"); err != nil {
			return err
		}
		if r.Key.AllowedIPs, err = newRanges(n.AllowedIPs, "K4"); err != nil {
			return err
		}
		if err := judgeKeyRanges(r.Key.AllowedIPs); err != nil {
			return err
		}
		if err := c.hasLevel(b, n.Level); err != nil {
			return err
		}
		if err := c.AddAPIKey(r.Key, minted.Digest); err != nil {
			return err
		}
		c.refold(nil, spice.FoldAPIKey(r.Key))
		c.state(nil, unpreviewed(r.Key))
		return nil
	})
	if err != nil {
		return APIKeyResult{}, err
	}
	r.Secret = minted.Text
	return r, nil
}

// unpreviewed is the key for the record, where no part of a secret appears (H2).
func unpreviewed(k access.APIKey) access.APIKey {
	k.Preview = ""
	return k
}

// loadDeployable loads a chatbot whose keys the actor manages (K3).
func (c *caller) loadDeployable(bot access.ChatbotID) (access.Chatbot, error) {
	if err := c.handlesKeys(); err != nil {
		return access.Chatbot{}, err
	}
	o := access.Obj(access.TypeChatbot, bot)
	b, ok, err := c.Chatbot(bot)
	if err != nil {
		return b, err
	}
	if !ok {
		return b, access.NotFound(o)
	}
	return b, withRule(c.must(access.Deploy, o), "K3")
}

// hasLevel refuses a key that gives more than its creator has (K3).
func (c *change) hasLevel(b access.Chatbot, level access.Level) error {
	needed := map[access.Level][]access.Action{
		access.ReadOnly:  {access.Read},
		access.ReadWrite: {access.Read, access.Update, access.Test},
	}[level]
	o := access.Obj(access.TypeChatbot, b.ID)
	for _, action := range needed {
		ok, err := c.may(action, o)
		if err != nil {
			return err
		}
		if !ok {
			return more(action, o)
		}
	}
	ok, err := c.mayEnter(b)
	if err == nil && !ok {
		return more(access.Interact, o)
	}
	return err
}

func more(action access.Action, o access.Object) error {
	return access.Deniedf("K3", "a key cannot give more than its creator has: you need %s on %s", action, o)
}

// mayEnter asks whether the actor could interact with the chatbot if it were enabled. A key passes G2–G7, so only people who pass them may create
// one. It does not pass G1, so a key can be created while the chatbot is disabled.
func (c *caller) mayEnter(b access.Chatbot) (bool, error) {
	state, err := c.chatbotState(b)
	if err != nil {
		return false, err
	}
	actors := []access.Actor{c.actor}
	if c.actor.Organization != "" && c.actor.User != "" { // as in mayEach (B3)
		itself := c.actor
		itself.User = ""
		actors = append(actors, itself)
	}
	for _, a := range actors {
		subject, ok := a.Subject()
		if !ok {
			return false, nil
		}
		if c.unfresh != nil {
			return false, notInEngine(c.unfresh)
		}
		admitted := false
		for _, q := range state.Admitted(subject) {
			q.Context = map[string]any{schema.ParamTime: c.now.Format(time.RFC3339Nano)}
			answer, err := c.s.engine.Check(c.ctx, c.fresh, q)
			if err != nil {
				return false, err
			}
			admitted = admitted || answer.Allowed
		}
		if !admitted {
			return false, nil
		}
	}
	return true, nil
}

// APIKeys lists the keys of a chatbot, by ID, for actors with deploy.
func (s *Service) APIKeys(ctx context.Context, actor access.Actor, bot access.ChatbotID, p Page) (ks []access.APIKey, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, err := c.loadDeployable(bot); err != nil {
			return err
		}
		ks, next, err = visible(p,
			func(after string, limit int) ([]access.APIKey, error) {
				return c.APIKeys(store.APIKeyFilter{Chatbot: bot}, access.KeyID(after), limit)
			},
			func(k access.APIKey) string { return string(k.ID) },
			func(ks []access.APIKey) ([]bool, error) { return slices.Repeat([]bool{true}, len(ks)), nil })
		return err
	})
	return ks, next, err
}

// DeleteAPIKey ends a key at once (K5). The error is of kind NotFound if the chatbot has no such key.
func (s *Service) DeleteAPIKey(ctx context.Context, actor access.Actor, bot access.ChatbotID, id access.KeyID) (Change, error) {
	return s.change(ctx, actor, "api_key.delete", access.Obj(access.TypeChatbot, bot), func(c *change) error {
		if _, err := c.loadDeployable(bot); err != nil {
			return err
		}
		k, ok, err := c.APIKey(id)
		if err != nil {
			return err
		}
		if !ok || k.Chatbot != bot {
			return access.NotFound(access.Obj(access.TypeAPIKey, id))
		}
		c.state(unpreviewed(k), nil)
		return c.dropAPIKey(k)
	})
}

func (c *change) dropAPIKey(k access.APIKey) error {
	c.refold(spice.FoldAPIKey(k), nil)
	return c.Tx.DeleteAPIKey(k.ID)
}

// dropAPIKeys removes every key of the chatbot (O4).
func (c *change) dropAPIKeys(bot access.ChatbotID) error {
	keys, err := c.APIKeys(store.APIKeyFilter{Chatbot: bot}, "", 0)
	if err != nil {
		return err
	}
	o := access.Obj(access.TypeChatbot, bot)
	for _, k := range keys {
		if err := c.dropAPIKey(k); err != nil {
			return err
		}
		if err := c.noteRemoval(dropped(string(access.TypeAPIKey), unpreviewed(k)), access.Obj(access.TypeAPIKey, k.ID).String()+" of "+o.String(), access.Deploy, o); err != nil {
			return err
		}
	}
	return nil
}
