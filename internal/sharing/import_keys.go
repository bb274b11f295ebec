package sharing

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/spice"
)

// An import restores keys and public links by their digests: it creates no secrets, and people keep those they have. It replaces none that exist, so
// that an old file cannot bring back what has been rotated since (L1).

// mayRestore refuses digests unless the actor may restore everything: a digest gives rights that nobody was checked for on this server.
func (c *change) mayRestore(what string) error {
	if MayRestore(c.actor) {
		return nil
	}
	return access.Deniedf("B1", "to restore %s, use an unconfined full key without an actor", what)
}

// HashKeyRow identifies the hash key of the digests in a file, by a value that reveals nothing else. It is not a fact. It is refused if this server
// does not have that hash key, because no secret would work here.
type HashKeyRow struct {
	Value string `json:"check"`
}

func (*HashKeyRow) Kind() Kind    { return KindHashKey }
func (r *HashKeyRow) Key() string { return r.Value }

func (r *HashKeyRow) steps() []step {
	return []step{{action: "hash_key.compare", resource: access.PlatformObject, run: func(c *change) error {
		if err := c.mayRestore("keys"); err != nil {
			return err
		}
		if c.s.secrets.Knows(r.Value) {
			return nil
		}
		return access.Unprocessablef("K2", "the digests in the file were made with a hash key that this server does not have: no key or "+
			"invitation in it would work. Start the server with that hash key, too. Without this row they are imported, but have to be created again")
	}}}
}

// PublicLinkRow is a chatbot's public link (3.4), without the link itself: Digest verifies it, and Nonce is what it is derived from, together with
// the chatbot and the hash key. A chatbot without a link has no row.
type PublicLinkRow struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Mode    access.Audience  `json:"mode"`
	Digest  string           `json:"link_digest"`
	Nonce   string           `json:"link_nonce,omitempty"`
}

func (*PublicLinkRow) Kind() Kind    { return KindPublicLink }
func (r *PublicLinkRow) Key() string { return string(r.Chatbot) }

func (r *PublicLinkRow) steps() []step {
	return []step{{action: "chatbot.restore_link", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		if err := c.mayRestore("public links"); err != nil {
			return err
		}
		if _, err := c.loadManaged(r.Chatbot); err != nil {
			return err
		}
		return c.aroundChatbot(r.Chatbot, func(b *access.Chatbot) error {
			old := *b
			if old.PublicMode != access.AudienceNone && (old.LinkDigest != r.Digest || old.LinkNonce != r.Nonce) {
				return access.Conflictf("L1", "%s has another public link, and an import cannot replace it", access.Obj(access.TypeChatbot, r.Chatbot))
			}
			b.PublicMode, b.LinkDigest, b.LinkNonce = r.Mode, r.Digest, r.Nonce
			if *b == old {
				return nil
			}
			c.state(old, *b)
			return c.admitsLink(*b)
		})
	}}}
}

// APIKeyRow is a chatbot's API key (3.6), by ID. Digest verifies its secret only under the hash key that it was made with.
type APIKeyRow struct {
	APIKey            access.KeyID     `json:"api_key"`
	Chatbot           access.ChatbotID `json:"chatbot"`
	Name              string           `json:"name"`
	Access            access.Level     `json:"access"`
	ExpiresAt         time.Time        `json:"expires_at,omitzero"`
	AllowedIPs        []string         `json:"allowed_ips,omitzero"`
	Digest            string           `json:"digest"`
	Preview           string           `json:"preview,omitempty"`
	CreatedBy         string           `json:"created_by,omitempty"`
	CreatedAt         time.Time        `json:"created_at,omitzero"`
	CreatorLostDeploy bool             `json:"creator_lost_deploy,omitempty"`
}

func (*APIKeyRow) Kind() Kind    { return KindAPIKey }
func (r *APIKeyRow) Key() string { return string(r.APIKey) }

func (r *APIKeyRow) ends() time.Time { return r.ExpiresAt }

func (r *APIKeyRow) steps() []step {
	k := access.APIKey{
		ID: r.APIKey, Chatbot: r.Chatbot, Name: r.Name, Level: r.Access, ExpiresAt: r.ExpiresAt, AllowedIPs: r.AllowedIPs, Preview: r.Preview,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, CreatorLostDeploy: r.CreatorLostDeploy,
	}
	return []step{{action: "api_key.restore", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		return c.restoreAPIKey(k, r.Digest)
	}}}
}

// restoreAPIKey adds a key that was created on another server, where its creator's rights were checked. A creator without deploy takes no key away
// (K3).
func (c *change) restoreAPIKey(k access.APIKey, digest string) error {
	if err := c.mayRestore("API keys"); err != nil {
		return err
	}
	if _, err := c.loadManaged(k.Chatbot); err != nil {
		return err
	}
	old, exists, err := c.APIKey(k.ID)
	if err != nil {
		return err
	}
	if exists { // it may have been used or orphaned since, or have a digest under a newer hash key
		old.LastUsed, old.CreatorLostDeploy = k.LastUsed, k.CreatorLostDeploy
		return c.sameKey(access.Obj(access.TypeAPIKey, k.ID), "K1", reflect.DeepEqual(old, k))
	}
	if _, err := c.keyExpiry(k.ExpiresAt, "K5"); err != nil {
		return err
	}
	if err := c.refuseHeldDigest(digest); err != nil {
		return err
	}
	c.refold(nil, spice.FoldAPIKey(k))
	c.state(nil, unpreviewed(k))
	return c.AddAPIKey(k, digest)
}

// AccountKeyRow is an account key (section 8), by ID. Its digest is as in APIKeyRow.
type AccountKeyRow struct {
	AccountKey    access.KeyID          `json:"account_key"`
	Name          string                `json:"name"`
	Access        access.KeyAccess      `json:"access"`
	Organization  access.OrganizationID `json:"organization,omitempty"`
	ActorRequired bool                  `json:"actor_required,omitempty"`
	ExpiresAt     time.Time             `json:"expires_at,omitzero"`
	AllowedIPs    []string              `json:"allowed_ips,omitzero"`
	Digest        string                `json:"digest"`
	Preview       string                `json:"preview,omitempty"`
	CreatedBy     string                `json:"created_by,omitempty"`
	CreatedAt     time.Time             `json:"created_at,omitzero"`

	// BelongsTo is the people whose rights the key depends on; empty for a key of the installation. If it is left out, as by earlier versions, it is
	// derived from CreatedBy (B5).
	BelongsTo    []access.UserID `json:"belongs_to,omitzero"`
	Parent       access.KeyID    `json:"parent,omitempty"`
	RefusedFor   string          `json:"refused_for,omitempty"`
	RefusedAt    time.Time       `json:"refused_at,omitzero"`
	Version      int             `json:"version,omitempty"`
	FormerDigest string          `json:"former_digest,omitempty"`
	FormerUntil  time.Time       `json:"former_until,omitzero"`
}

func (*AccountKeyRow) Kind() Kind    { return KindAccountKey }
func (r *AccountKeyRow) Key() string { return string(r.AccountKey) }

func (r *AccountKeyRow) ends() time.Time { return r.ExpiresAt }

func (r *AccountKeyRow) steps() []step {
	k := access.AccountKey{
		ID: r.AccountKey, Name: r.Name, Access: r.Access, Organization: r.Organization, ActorRequired: r.ActorRequired, AllowedIPs: r.AllowedIPs,
		ExpiresAt: r.ExpiresAt, Preview: r.Preview, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt,
		BelongsTo: r.BelongsTo, Parent: r.Parent, RefusedFor: r.RefusedFor, RefusedAt: r.RefusedAt, Version: r.Version, FormerUntil: r.FormerUntil,
	}
	return []step{{action: "key.restore", resource: access.Obj(typeKey, r.AccountKey), run: func(c *change) error {
		if err := c.restoredHolders(&k); err != nil {
			return err
		}
		return c.restoreAccountKey(k, r.Digest, r.FormerDigest)
	}}}
}

// noMaker is the reason for refusing a key if it is unknown to whom the key belonged that created it.
const noMaker = "the key that created it no longer exists"

// restoredHolders determines to whom a restored key belongs (B5): the people in the row, or else its creator as far as the row and this server know,
// and the people to whom the restoring key belongs. So a move takes no key from its owner, and only keys of the installation can create such keys.
func (c *change) restoredHolders(k *access.AccountKey) error {
	people := slices.Clone(k.BelongsTo)
	if k.BelongsTo == nil {
		switch kind, maker, _ := strings.Cut(k.CreatedBy, ":"); {
		case kind == string(access.TypeUser):
			people = []access.UserID{access.UserID(maker)}
		case kind == string(typeKey) && access.KeyID(maker) != secret.RootKey:
			parent, known, err := c.AccountKey(access.KeyID(maker))
			if err != nil {
				return err
			}
			k.Parent, people = access.KeyID(maker), slices.Clone(parent.BelongsTo)
			if k.RefusedFor = parent.RefusedFor; !known {
				k.RefusedFor = noMaker
			}
		}
	}
	restorers, _, err := c.holders()
	for _, person := range restorers {
		if !slices.Contains(people, person) {
			people = append(people, person)
		}
	}
	if k.BelongsTo = people; len(people) == 0 {
		k.BelongsTo = nil
	}
	return err
}

// restoreAccountKey adds a key that was created on another server. A key with limits cannot restore one without them, just as it cannot create one
// (B3).
func (c *change) restoreAccountKey(k access.AccountKey, digest, former string) error {
	if err := c.mayRestore("account keys"); err != nil {
		return err
	}
	if err := c.mayHandleKeys(k.Organization); err != nil {
		return err
	}
	old, exists, err := c.AccountKey(k.ID)
	if err != nil {
		return err
	}
	if exists {
		old.LastUsed = k.LastUsed
		if k.RefusedFor == "" { // it may have been refused since
			old.RefusedFor, old.RefusedAt = "", time.Time{}
		}
		if !c.now.Before(old.FormerUntil) {
			old.FormerUntil = k.FormerUntil
		}
		return c.sameKey(access.Obj(typeKey, k.ID), "B1", reflect.DeepEqual(old, k))
	}
	if _, err := c.keyExpiry(k.ExpiresAt, "B1"); err != nil {
		return err
	}
	if err := c.likeItself(k); err != nil {
		return err
	}
	if err := c.refuseHeldDigest(digest); err != nil {
		return err
	}
	if err := c.refuseHeldDigest(former); err != nil {
		return err
	}
	c.state(nil, withoutPreview(k))
	if err := c.PutAccountKey(k, digest); err != nil || former == "" {
		return err
	}
	return c.KeepFormerAccountKeyDigest(k.ID, former)
}

// sameKey refuses an ID that another key has.
func (c *change) sameKey(o access.Object, rule string, same bool) error {
	if same {
		return nil
	}
	return access.Conflictf(rule, "%s exists and is another key, and an import cannot change it", o)
}

// refuseHeldDigest refuses a digest that another key has.
func (c *change) refuseHeldDigest(digest string) error {
	_, held, err := c.APIKeyByDigest(digest)
	if err == nil && !held {
		_, held, err = c.AccountKeyByDigest(digest)
	}
	if err == nil && !held {
		_, held, err = c.AccountKeyByFormerDigest(digest)
	}
	if err == nil && held {
		return access.Conflictf("K2", "another key already has this digest")
	}
	return err
}
