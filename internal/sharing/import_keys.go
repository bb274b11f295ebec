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

// An import restores keys and public links by their digests: nothing is minted, and the people who have the secret keep it. It replaces none
// that is there, so that no old file brings back what was rotated since (L1).

// mayRestore refuses digests to all but those who may restore everything: a digest puts in force what nobody here has been judged for.
func (c *change) mayRestore(what string) error {
	if MayRestore(c.actor) {
		return nil
	}
	return access.Deniedf("B1", "to restore %s, use an unconfined full key without an actor", what)
}

// HashKeyRow says under which key the digests in a file were made, by a value that tells nothing else. It is no fact: it is refused where
// that key is not among those in use, since nobody's secret would be known there.
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

// PublicLinkRow is a chatbot's public link (3.4), without the link itself: Digest is what tells the genuine one, and Nonce what it is made of,
// beside the chatbot and the hash key. A chatbot without a link has no row.
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
		if _, err := c.managed(r.Chatbot); err != nil {
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

// APIKeyRow is a chatbot's API key (3.6), by ID. Its secret is known by Digest where the hash key is the one under which that was made, and
// nowhere else.
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

// restoreAPIKey adds a key that was made elsewhere. Its creator was judged when it was made: that they may not deploy any more takes no key
// away (K3).
func (c *change) restoreAPIKey(k access.APIKey, digest string) error {
	if err := c.mayRestore("API keys"); err != nil {
		return err
	}
	if _, err := c.managed(k.Chatbot); err != nil {
		return err
	}
	old, exists, err := c.APIKey(k.ID)
	if err != nil {
		return err
	}
	if exists { // it may have been used since, and orphaned, and be known by a digest under a newer hash key
		old.LastUsed, old.CreatorLostDeploy = k.LastUsed, k.CreatorLostDeploy
		return c.sameKey(access.Obj(access.TypeAPIKey, k.ID), "K1", reflect.DeepEqual(old, k))
	}
	if _, err := c.keyExpiry(k.ExpiresAt, "K5"); err != nil {
		return err
	}
	if err := c.unheld(digest); err != nil {
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

	// BelongsTo is the people on whose rights the key rests: none for a key of the installation. Where it is left out, as by programs of before, it is
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

// noMaker is why a key is refused when nobody knows whose the key was that it was made with.
const noMaker = "the key that created it no longer exists"

// restoredHolders says to whom a restored key belongs (B5): those whom the row names, or who made it as far as the row and this server know, and those to
// whom the key belongs that restores it. So a move takes no key from its person, and nobody makes one of the installation but the root key and its like.
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

// restoreAccountKey adds a key that was made elsewhere. A key that has limits restores none that is without them, as it makes none (B3).
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
	if err := c.unheld(digest); err != nil {
		return err
	}
	if err := c.unheld(former); err != nil {
		return err
	}
	c.state(nil, withoutPreview(k))
	if err := c.PutAccountKey(k, digest); err != nil || former == "" {
		return err
	}
	return c.KeepFormerAccountKeyDigest(k.ID, former)
}

// sameKey refuses a key whose ID another one has.
func (c *change) sameKey(o access.Object, rule string, same bool) error {
	if same {
		return nil
	}
	return access.Conflictf(rule, "%s exists and is another key, and an import cannot change it", o)
}

// unheld refuses a digest by which a key is known already.
func (c *change) unheld(digest string) error {
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
