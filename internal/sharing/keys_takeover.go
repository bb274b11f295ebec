package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// MaxKeyGrace is how long the secret before a take-over works at most (B5).
const MaxKeyGrace = 7 * 24 * time.Hour

// TakeOver is how an account key is taken over.
type TakeOver struct {
	Grace        time.Duration // how long the old secret keeps working, without KeyFull; at most MaxKeyGrace
	WithChildren bool          // whether the keys that were made with it end
}

// KeyTakenOver is the key with its new secret, which is shown here and never again.
type KeyTakenOver struct {
	KeyResult
	Children []access.AccountKey // those that were made with it, directly or not: deleted, or left as they are
}

// TakeOverKey gives a key to the actor, with a new secret, and lifts its refusal (B5). Those who handle a key take it over, refused or not; a key takes
// over none that has fewer limits than itself (B3). It is an error of kind NotFound where there is none that the actor handles.
func (s *Service) TakeOverKey(ctx context.Context, actor access.Actor, id access.KeyID, t TakeOver) (r KeyTakenOver, err error) {
	minted := s.secrets.RenewAccountKey(id)
	r.Change, err = s.change(ctx, actor, "key.take_over", access.Obj(typeKey, id), func(c *change) error {
		before, err := c.handledKey(id)
		if err != nil {
			return err
		}
		if before.ExpiredAt(c.now) {
			return access.Conflictf("B5", "the key has expired: create a new one")
		}
		if t.Grace < 0 || t.Grace > MaxKeyGrace {
			return fieldError("B5", "/grace", "must be at most 7 days (168h)")
		}
		if r.Key, err = c.takenOver(before, t.Grace, ""); err != nil {
			return err
		}
		r.Key.Preview = minted.Preview
		if r.Children, err = c.children(id, t.WithChildren); err != nil {
			return err
		}
		former, _, err := c.AccountKeyDigest(id)
		if err != nil {
			return err
		}
		c.state(withoutPreview(before), withoutPreview(r.Key))
		if err := c.PutAccountKey(r.Key, minted.Digest); err != nil || t.Grace == 0 {
			return err
		}
		return c.KeepFormerAccountKeyDigest(id, former)
	})
	if err != nil {
		return KeyTakenOver{}, err
	}
	r.Secret = minted.Text
	return r, nil
}

// takenOver is the key as it is when the actor has taken it over, along with another person or "".
func (c *change) takenOver(k access.AccountKey, grace time.Duration, with access.UserID) (_ access.AccountKey, err error) {
	if k.BelongsTo, _, err = c.holders(); err != nil {
		return k, err
	}
	if with != "" && !slices.Contains(k.BelongsTo, with) {
		k.BelongsTo = append(k.BelongsTo, with)
	}
	k.RefusedFor, k.RefusedAt, k.FormerUntil = "", time.Time{}, time.Time{}
	k.Version++
	if grace > 0 {
		k.FormerUntil = c.now.Add(grace)
	}
	if err := c.likeItself(k); err != nil {
		return k, err
	}
	why, err := k.Lapse(c)
	if err == nil && why != "" {
		err = access.Deniedf("B5", "the key would not work: %s", why)
	}
	return k, err
}

// children gives the keys that were made with the key, directly or not, and ends them if they end too. The actor handles them all: a confined key makes
// only keys of its organization, and who handles another handles every key.
func (c *change) children(id access.KeyID, end bool) (all []access.AccountKey, err error) {
	seen := map[access.KeyID]bool{id: true} // a file that was imported may go round in a circle
	for todo := []access.KeyID{id}; len(todo) > 0; todo = todo[1:] {
		made, err := c.AccountKeys(store.AccountKeyFilter{Parent: todo[0]}, "", 0)
		if err != nil {
			return nil, err
		}
		for _, k := range made {
			if seen[k.ID] {
				continue
			}
			seen[k.ID] = true
			if err := c.mayHandleKeys(k.Organization); err != nil {
				continue // another organization's, by an import: not this actor's to see (C6)
			}
			todo, all = append(todo, k.ID), append(all, k)
		}
	}
	if !end {
		return all, nil
	}
	return all, eachFact(all, c.dropKey)
}
