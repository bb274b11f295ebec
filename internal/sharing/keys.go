package sharing

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
)

// typeKey is the type of account keys, which are not objects of the model.
const typeKey access.Type = "key"

// NewKey describes an account key to create (section 8).
type NewKey struct {
	Name          string
	Access        access.KeyAccess
	Organization  access.OrganizationID // the organization it is confined to, or "" (B3)
	AllowedIPs    []string              // nil for anywhere
	ExpiresAt     time.Time             // the zero time for never
	ActorRequired bool
}

// KeyResult is the new key and its secret, which is returned only here.
type KeyResult struct {
	Change
	Key    access.AccountKey
	Secret string
}

// CreateKey creates an account key (B1–B3). Site admins create unconfined keys, and anyone with update on the organization creates confined ones. A
// confined key creates only keys confined in the same way.
func (s *Service) CreateKey(ctx context.Context, actor access.Actor, n NewKey) (r KeyResult, err error) {
	minted := s.secrets.NewAccountKey()
	r.Change, err = s.change(ctx, actor, "key.create", access.Obj(typeKey, minted.ID), func(c *change) error {
		if err := c.mayHandleKeys(n.Organization); err != nil {
			return err
		}
		if n.Name == "" {
			return fieldError("B1", "/name", "a key needs a name")
		}
		ranges, err := newRanges(n.AllowedIPs, "B1")
		if err != nil {
			return err
		}
		expires, err := c.keyExpiry(n.ExpiresAt, "B1")
		if err != nil {
			return err
		}
		if n.ActorRequired && n.Access != access.KeyFull {
			return fieldError("B1", "/actor_required", "only a full key can act for users")
		}
		r.Key = access.AccountKey{
			ID: minted.ID, Name: n.Name, Access: n.Access, Organization: n.Organization, ActorRequired: n.ActorRequired,
			AllowedIPs: ranges, ExpiresAt: expires, Preview: minted.Preview, CreatedBy: ActorName(c.actor), CreatedAt: c.now,
		}
		if r.Key.BelongsTo, r.Key.Parent, err = c.holders(); err != nil {
			return err
		}
		if err := c.likeItself(r.Key); err != nil {
			return err
		}
		if why, err := r.Key.Lapse(c); err != nil || why != "" {
			return firstError(err, access.Deniedf("B5", "the key would not work: %s", why))
		}
		c.state(nil, withoutPreview(r.Key))
		return c.PutAccountKey(r.Key, minted.Digest)
	})
	if err != nil {
		return KeyResult{}, err
	}
	r.Secret = minted.Text
	return r, nil
}

// keyExpiry is the expiry of a new key, in whole seconds, or the zero time for never.
func (c *change) keyExpiry(at time.Time, rule string) (time.Time, error) {
	if at.IsZero() {
		return time.Time{}, nil
	}
	at = at.UTC().Truncate(time.Second)
	if !c.now.Before(at) || at.Year() > lastYear {
		return at, fieldError(rule, "/expires_at", "a key's expiry must be in the future and before the year 10000")
	}
	return at, nil
}

// withoutPreview is the key for the record, where no part of a secret appears (H2).
func withoutPreview(k access.AccountKey) access.AccountKey {
	k.Preview = ""
	return k
}

// likeItself refuses a key that creates one with a later expiry, wider IP ranges or fewer restrictions on actors (B3), so that nobody gets rid of a
// key's limits by creating another. The root key has no limits.
func (c *change) likeItself(k access.AccountKey) error {
	if c.actor.Key == "" || c.actor.Key == secret.RootKey {
		return nil
	}
	own, ok, err := c.AccountKey(c.actor.Key)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		return access.Refuse(access.KindUnauthenticated, "B1", "unknown key")
	case own.ActorRequired && !k.ActorRequired:
		return access.Deniedf("B3", "a key with actor_required can create only keys with actor_required")
	case !own.ExpiresAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(own.ExpiresAt)):
		return access.Deniedf("B3", "a key cannot create a key that expires later")
	case !within(k.AllowedIPs, own.AllowedIPs):
		return access.Deniedf("B3", "a key cannot create a key with wider IP ranges")
	}
	return nil
}

// within reports whether each of the ranges lies in one of the outer ones; no ranges mean no limit.
func within(ranges, outer []string) bool {
	if outer == nil {
		return true
	}
	for _, r := range ranges {
		inner, err := netip.ParsePrefix(r)
		if err != nil || !slices.ContainsFunc(outer, func(o string) bool {
			p, err := netip.ParsePrefix(o)
			return err == nil && p.Bits() <= inner.Bits() && p.Contains(inner.Addr())
		}) {
			return false
		}
	}
	return ranges != nil
}

// handlesKeys refuses account keys below full, which cannot create or read keys of any kind (B1).
func (c *caller) handlesKeys() error {
	if c.actor.Key != "" && c.actor.Access != access.KeyFull {
		return access.Deniedf("B1", "a %s key cannot manage keys", c.actor.Access)
	}
	return nil
}

// mayHandleKeys checks whether the actor may create, list and delete the keys of an organization, or unconfined keys ("").
func (c *caller) mayHandleKeys(org access.OrganizationID) error {
	if err := c.handlesKeys(); err != nil {
		return err
	}
	if c.actor.Organization != "" && org != c.actor.Organization {
		return access.Deniedf("B3", "a key confined to %s can manage only keys confined to it", access.Obj(access.TypeOrganization, c.actor.Organization))
	}
	if org == "" {
		return withRule(c.must(access.Administer, access.PlatformObject), "B3")
	}
	return c.mustOn(access.Update, org)
}

// Keys lists account keys, by ID: all of them for site admins, and for others those of the organizations on which they have update.
func (s *Service) Keys(ctx context.Context, actor access.Actor, q InOrganization, p Page) (ks []access.AccountKey, next string, err error) {
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		if err := c.handlesKeys(); err != nil {
			return err
		}
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(k access.AccountKey) string { return string(k.ID) }
		keys := func(org access.OrganizationID, after string, limit int) ([]access.AccountKey, error) {
			return c.AccountKeys(store.AccountKeyFilter{Organization: org}, access.KeyID(after), limit)
		}
		all := func(after string, limit int) ([]access.AccountKey, error) { return keys(q.Organization, after, limit) }
		if !sc.all {
			all = merged(by(id), eachOf(narrowed(sc.manages, q.Organization), keys)...)
		}
		ks, next, err = visible(p, all, id, fromHere(c, func(k access.AccountKey) access.OrganizationID { return k.Organization }, nil))
		return err
	})
	return ks, next, err
}

// KeyDeletion is the result of deleting a key, with the keys created with it.
type KeyDeletion struct {
	Change
	Children []access.AccountKey // the keys created with it, directly or indirectly: deleted too, or kept
}

// DeleteKey ends a key at once, and with withChildren also the keys created with it. The error is of kind NotFound if the actor manages no such key.
func (s *Service) DeleteKey(ctx context.Context, actor access.Actor, id access.KeyID, withChildren bool) (r KeyDeletion, err error) {
	r.Change, err = s.change(ctx, actor, "key.delete", access.Obj(typeKey, id), func(c *change) error {
		k, err := c.handledKey(id)
		if err != nil {
			return err
		}
		if r.Children, err = c.children(id, withChildren); err != nil {
			return err
		}
		c.state(withoutPreview(k), nil)
		return c.endKey(id)
	})
	return r, err
}

// handledKey returns a key that the actor manages. Other keys do not exist for the actor (C6).
func (c *change) handledKey(id access.KeyID) (access.AccountKey, error) {
	if err := c.handlesKeys(); err != nil {
		return access.AccountKey{}, err
	}
	o := access.Obj(typeKey, id)
	k, ok, err := c.AccountKey(id)
	if err != nil || !ok {
		return k, firstError(err, access.NotFound(o))
	}
	err = c.mayHandleKeys(k.Organization)
	var refusal *access.Error
	if errors.As(err, &refusal) && refusal.Rule != "B4" && (refusal.Kind == access.KindDenied || refusal.Kind == access.KindNotFound) {
		return k, access.NotFound(o)
	}
	return k, err
}

// endKey removes a key and cancels its pending requests (O4).
func (c *change) endKey(id access.KeyID) error {
	asker := access.Actor{Key: id}
	if err := c.cancelAll(store.RequestFilter{Requester: ActorName(asker)}, "the key that asked for it was deleted"); err != nil {
		return err
	}
	return c.DeleteAccountKey(id)
}

// dropKey removes an account key along with another change.
func (c *change) dropKey(k access.AccountKey) error {
	if err := c.endKey(k.ID); err != nil {
		return err
	}
	holder, action := keyHolder(k)
	return c.noteRemoval(dropped(string(typeKey), withoutPreview(k)), "account key "+string(k.ID), action, holder)
}
