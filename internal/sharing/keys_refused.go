package sharing

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/store"
)

// manages reports whether a role gives update on the organization, which its account keys depend on (B5).
func manages(r access.OrgRole) bool { return r == access.OrgOwner || r == access.OrgAdmin }

// holders returns the people to whom a key belongs that the actor creates now, and the key it is created with: the people to whom the actor's key
// belongs, and the user it acts for. A key of the installation, such as the root key, adds nobody (B5).
func (c *caller) holders() (people []access.UserID, with access.KeyID, err error) {
	if c.actor.Keyed() && c.actor.Key != secret.RootKey {
		own, known, err := c.AccountKey(c.actor.Key)
		if err != nil || !known {
			return nil, "", firstError(err, access.Refuse(access.KindUnauthenticated, "B1", "unknown or expired key"))
		}
		people, with = slices.Clone(own.BelongsTo), own.ID
	}
	if user := c.actor.User; user != "" && !slices.Contains(people, user) {
		people = append(people, user)
	}
	return people, with, nil
}

// refuseKeysOf refuses the account keys that depend on a right the person has just lost: the role in the organization, or with "" a platform role.
// People who can take them over are notified (B5). If the change hands keys over, those that the recipient can hold move instead.
func (c *change) refuseKeysOf(person access.UserID, org access.OrganizationID) error {
	keys, err := c.AccountKeys(store.AccountKeyFilter{Organization: org, Personal: true}, "", 0)
	if err != nil {
		return err
	}
	refused, passed := map[access.OrganizationID][]access.KeyID{}, map[access.OrganizationID][]access.KeyID{}
	for _, k := range keys {
		if !slices.Contains(k.BelongsTo, person) {
			continue
		}
		if why, err := k.Lapse(c); err != nil {
			return err
		} else if why == "" {
			continue
		}
		if handed, err := c.handOver(k); err != nil {
			return err
		} else if handed {
			passed[k.Organization] = append(passed[k.Organization], k.ID)
			continue
		}
		lapsed, err := c.refuseIfLapsed(k)
		if err != nil {
			return err
		}
		if lapsed {
			refused[k.Organization] = append(refused[k.Organization], k.ID)
		}
	}
	for _, org := range slices.Sorted(maps.Keys(refused)) {
		if err := c.notifyKeyManagers(org, refused[org], person); err != nil {
			return err
		}
	}
	for _, org := range slices.Sorted(maps.Keys(passed)) {
		if err := c.notifyHandedOver(org, passed[org], person); err != nil {
			return err
		}
	}
	return nil
}

// refuseIfLapsed refuses the key if one of the people it belongs to no longer has the rights it needs.
func (c *change) refuseIfLapsed(k access.AccountKey) (bool, error) {
	why, err := k.Lapse(c)
	if err != nil || why == "" {
		return false, err
	}
	after := k
	after.RefusedFor, after.RefusedAt = why, c.now
	if err := c.RefuseAccountKey(after); err != nil {
		return false, err
	}
	holder, action := keyHolder(k)
	if err := c.addEffect(altered(string(typeKey), withoutPreview(k), withoutPreview(after)), holder); err != nil {
		return false, err
	}
	c.changed = true
	told, err := c.mayShow(action, holder)
	if told {
		c.refusedKeys = append(c.refusedKeys, k.ID)
	}
	return true, err
}

// keyHolder is the object that the key belongs to, and the action on it that allows managing the key: the organization it is confined to, or the
// platform.
func keyHolder(k access.AccountKey) (access.Object, access.Action) {
	if k.Organization == "" {
		return access.PlatformObject, access.Administer
	}
	return access.Obj(access.TypeOrganization, k.Organization), access.Update
}

// notifyKeyManagers notifies the people who can take over refused keys: the owners and admins of the organization, or the site admins.
func (c *change) notifyKeyManagers(org access.OrganizationID, ids []access.KeyID, person access.UserID) error {
	heirs, err := c.keyHeirs(org)
	if err != nil {
		return err
	}
	about := access.Notification{
		Kind: access.NotifyKeysRefused, Organization: org, AccountKeys: ids, Principal: access.Principal{Kind: access.PrincipalUser, ID: string(person)},
	}
	return c.notifyEach(about, heirs, true)
}

func (c *change) keyHeirs(org access.OrganizationID) (heirs []access.UserID, err error) {
	if org != "" {
		for _, role := range []access.OrgRole{access.OrgOwner, access.OrgAdmin} {
			members, err := c.MembersWithRole(org, role, 0)
			if err != nil {
				return nil, err
			}
			for _, m := range members {
				heirs = append(heirs, m.User)
			}
		}
		return heirs, nil
	}
	grants, err := c.AllPlatformGrants()
	for _, g := range grants {
		if g.Role == access.SiteAdmin {
			heirs = append(heirs, g.User)
		}
	}
	return heirs, err
}

// refuseLapsedKeys refuses keys whose people lost their rights without a change that noticed: before an upgrade, or in an imported file. Meanwhile no
// call with them succeeds, because each use is checked.
func (s *Service) refuseLapsedKeys(ctx context.Context) error {
	var failed error
	for after := access.KeyID(""); ; {
		var keys, lapsed []access.AccountKey
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			lapsed = nil
			if keys, err = tx.AccountKeys(store.AccountKeyFilter{Personal: true}, after, keysAtOnce); err != nil {
				return err
			}
			for _, k := range keys {
				why, err := k.Lapse(tx)
				if err != nil {
					return err
				}
				if why != "" {
					lapsed = append(lapsed, k)
				}
			}
			return nil
		})
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, k := range lapsed {
			failed = errors.Join(failed, s.refuseLapsedKey(ctx, k.ID))
		}
		if len(keys) < keysAtOnce {
			return failed
		}
		after = keys[len(keys)-1].ID
	}
}

func (s *Service) refuseLapsedKey(ctx context.Context, id access.KeyID) error {
	_, err := s.change(ctx, access.System, "key.refuse", access.Obj(typeKey, id), func(c *change) error {
		k, known, err := c.AccountKey(id)
		if err != nil || !known || k.RefusedFor != "" {
			return err
		}
		if lapsed, err := c.refuseIfLapsed(k); err != nil || !lapsed {
			return err
		}
		after, _, err := c.AccountKey(id)
		if err != nil {
			return err
		}
		c.state(withoutPreview(k), withoutPreview(after))
		return c.notifyKeyManagers(k.Organization, []access.KeyID{id}, k.BelongsTo[0])
	})
	return err
}
