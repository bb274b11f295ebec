package sharing_test

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// Account keys, as the model knows them (B5): a key never does more than the people it belongs to could do at that moment, and when one of them loses the
// right it is refused, for good, until somebody who could hold it takes it over.

// heldKey is an account key as the plain reading keeps it: none of it is read from the server but the ID.
type heldKey struct {
	actor   access.Actor // the key by itself
	people  []access.UserID
	refused bool
}

// maxHeldKeys is how many keys of people a history has at most.
const maxHeldKeys = 12

// makesAccountKey makes a full key as a person, or with another key.
func (h *history) makesAccountKey(w *plain.World) deed {
	org := pick(h.rng, append([]access.OrganizationID{""}, orgs...))
	who := pick(h.rng, users)
	if len(h.keys) > 3 && h.rng.IntN(2) == 0 || len(h.keys) >= maxHeldKeys {
		return h.usesAccountKey()
	}
	if able := slices.DeleteFunc(slices.Clone(users), func(u access.UserID) bool { return !w.MayHoldKey(u, org) }); len(able) > 0 && h.rng.IntN(4) > 0 {
		who = pick(h.rng, able)
	}
	d := deed{
		actor: as(who), what: fmt.Sprintf("makes an account key of %q", org), about: []access.Object{access.PlatformObject},
		may: w.MayHoldKey(who, org),
	}
	if org != "" {
		d.about = []access.Object{access.Obj(access.TypeOrganization, org)}
	}
	d.do = func() error {
		r, err := h.CreateKey(h.ctx, d.actor, sharing.NewKey{Name: fmt.Sprintf("account key %04d", len(h.log)), Access: access.KeyFull, Organization: org})
		if err == nil {
			h.holds(r.Key, who)
		}
		return err
	}
	return d
}

// holds remembers a key of people.
func (h *history) holds(k access.AccountKey, people ...access.UserID) {
	h.keys = append(h.keys, &heldKey{
		actor: access.Actor{Key: k.ID, Access: k.Access, Version: k.Version, Organization: k.Organization, Address: "127.0.0.1"}, people: people,
	})
}

// usesAccountKey presents a key, refused or not, which makes another one while there are few, and else deletes itself.
func (h *history) usesAccountKey() deed {
	k := pick(h.rng, h.keys)
	d := deed{
		actor: k.actor, what: fmt.Sprintf("a key of %s of %q is used", k.people, k.actor.Organization), about: []access.Object{access.PlatformObject}, may: !k.refused,
	}
	d.do = func() error {
		var err error
		if len(h.keys) < maxHeldKeys {
			var r sharing.KeyResult
			n := sharing.NewKey{Name: fmt.Sprintf("account key %04d", len(h.log)), Access: access.KeyFull, Organization: k.actor.Organization}
			if r, err = h.CreateKey(h.ctx, k.actor, n); err == nil {
				h.holds(r.Key, k.people...)
			}
		} else if _, err = h.DeleteKey(h.ctx, k.actor, k.actor.Key, false); err == nil {
			h.keys = slices.DeleteFunc(h.keys, func(other *heldKey) bool { return other == k })
		}
		if access.KindOf(err) == access.KindUnauthenticated { // the key, and not its user, who could be gone
			return access.Deniedf("B5", "%v", err)
		}
		return err
	}
	return d
}

// takesKeyOver gives a key to somebody else.
func (h *history) takesKeyOver(w *plain.World) deed {
	if len(h.keys) == 0 {
		return h.makesAccountKey(w)
	}
	k, who := pick(h.rng, h.keys), pick(h.rng, users)
	return deed{
		actor: as(who), what: fmt.Sprintf("takes over a key of %s of %q", k.people, k.actor.Organization), about: []access.Object{access.PlatformObject},
		may: w.MayHoldKey(who, k.actor.Organization),
		do: func() error {
			r, err := h.TakeOverKey(h.ctx, as(who), k.actor.Key, sharing.TakeOver{})
			if err == nil {
				k.actor.Version, k.people, k.refused = r.Key.Version, []access.UserID{who}, false
			}
			return err
		},
	}
}

// judgeKeys refuses, by the plain reading, the keys that somebody lost the right for whom they belong to, and compares with what the server keeps.
func (h *history) judgeKeys(w *plain.World) {
	h.t.Helper()
	kept := map[access.KeyID]access.AccountKey{}
	require.NoError(h.t, h.db.View(h.ctx, func(tx *store.Tx) error {
		keys, err := tx.AccountKeys(store.AccountKeyFilter{}, "", 0)
		for _, k := range keys {
			kept[k.ID] = k
		}
		return err
	}))
	h.keys = slices.DeleteFunc(h.keys, func(k *heldKey) bool { // with its organization (O4)
		return k.actor.Organization != "" && !has(w.Organizations, func(o access.Organization) bool { return o.ID == k.actor.Organization })
	})
	require.Len(h.t, kept, len(h.keys))
	for _, k := range h.keys {
		for _, person := range k.people {
			k.refused = k.refused || !w.MayHoldKey(person, k.actor.Organization)
		}
		server := kept[k.actor.Key]
		require.Equal(h.t, k.refused, server.RefusedFor != "", "key of %s of %q: %+v", k.people, k.actor.Organization, server)
		require.Equal(h.t, k.people, server.BelongsTo)
	}
}

// takesRightAway ends the role that a key rests on.
func (h *history) takesRightAway(w *plain.World) deed {
	if len(h.keys) == 0 {
		return h.makesAccountKey(w)
	}
	k := pick(h.rng, h.keys)
	who, org := pick(h.rng, k.people), k.actor.Organization
	d := deed{
		actor: root, what: fmt.Sprintf("takes away what a key of %s of %q rests on", who, org), about: []access.Object{user(who)}, may: true, absent: true,
		do: func() error { return second(h.DeletePlatformRole(h.ctx, root, access.SiteAdmin, who)) },
	}
	if org != "" {
		d.about = append(d.about, access.Obj(access.TypeOrganization, org))
		d.do = func() error { return second(h.RemoveMember(h.ctx, root, org, who, sharing.Offboard{})) }
	}
	return d
}
