package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// MaxKeyGrace is the longest time for which the old secret works after a take-over (B5).
const MaxKeyGrace = 7 * 24 * time.Hour

// TakeOver configures a take-over of an account key.
type TakeOver struct {
	Grace        time.Duration // how long the old secret keeps working, without KeyFull; at most MaxKeyGrace
	WithChildren bool          // whether to delete the keys created with it
}

// KeyTakenOver is the key with its new secret, which is returned only here.
type KeyTakenOver struct {
	KeyResult
	Children []access.AccountKey // the keys created with it, directly or indirectly: deleted, or kept
}

// TakeOverKey gives a key to the actor, with a new secret, and lifts its refusal (B5). Actors who manage a key can take it over, refused or not; a
// key cannot take over one with fewer limits than its own (B3). The error is of kind NotFound if the actor manages no such key.
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

// takenOver returns the key as it is after the actor has taken it over, together with another person or "".
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

// children returns the keys created with the key, directly or indirectly, and deletes them if end is set. The actor manages them all: a confined key
// creates only keys of its organization, and managers of unconfined keys manage every key.
func (c *change) children(id access.KeyID, end bool) (all []access.AccountKey, err error) {
	seen := map[access.KeyID]bool{id: true} // an imported file may contain a cycle
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
				continue // of another organization, by an import: hidden from this actor (C6)
			}
			todo, all = append(todo, k.ID), append(all, k)
		}
	}
	if !end {
		return all, nil
	}
	return all, eachFact(all, c.dropKey)
}
