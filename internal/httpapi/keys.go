package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Key is an account key as callers see one: never its secret.
type Key struct {
	ID            access.KeyID           `json:"id"`
	Name          string                 `json:"name"`
	Access        access.KeyAccess       `json:"access"`
	Organization  *access.OrganizationID `json:"organization" doc:"the organization it is confined to (B3), or null"`
	ActorRequired bool                   `json:"actor_required" doc:"whether calls without Grantway-Actor are refused"`
	AllowedIPs    []string               `json:"allowed_ips" nullable:"true" doc:"where it can be used from; null for anywhere"`
	ExpiresAt     *time.Time             `json:"expires_at" doc:"null for never"`
	Preview       string                 `json:"preview" doc:"the first characters of the secret"`
	CreatedBy     string                 `json:"created_by" doc:"user:ID or key:ID"`
	CreatedAt     time.Time              `json:"created_at"`
	LastUsed      *time.Time             `json:"last_used" doc:"to the minute; null for never"`
	BelongsTo     []string               `json:"belongs_to" nullable:"false" doc:"user:ID of each person whose rights limit the key; empty for a key of the installation (B5)"`
	Parent        *access.KeyID          `json:"parent" doc:"the key that created it, which may no longer exist, or null"`
	RefusedFor    *string                `json:"refused_for" doc:"why it does not work until somebody takes it over (B5), or null"`
	RefusedAt     *time.Time             `json:"refused_at"`
	FormerUntil   *time.Time             `json:"former_until" doc:"when the secret from before the take-over stops working, or null"`
}

func showKey(k access.AccountKey) Key {
	people := make([]string, len(k.BelongsTo))
	for i, person := range k.BelongsTo {
		people[i] = access.Obj(access.TypeUser, person).String()
	}
	return Key{
		ID: k.ID, Name: k.Name, Access: k.Access, Organization: orNull(k.Organization), ActorRequired: k.ActorRequired, AllowedIPs: k.AllowedIPs,
		ExpiresAt: timeOrNull(k.ExpiresAt), Preview: k.Preview, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), LastUsed: timeOrNull(k.LastUsed),
		BelongsTo: people, Parent: orNull(k.Parent), RefusedFor: orNull(k.RefusedFor), RefusedAt: timeOrNull(k.RefusedAt), FormerUntil: timeOrNull(k.FormerUntil),
	}
}

// KeyCreated is a new key with its secret.
type KeyCreated struct {
	Key
	Secret string `json:"secret,omitempty" doc:"shown only in this answer; left out when the call is repeated"`
	Changed
}

func (k *KeyCreated) withoutSecret() any {
	again := *k
	again.Secret = ""
	return &again
}

func (a *api) listKeys(ctx context.Context, actor access.Actor, in *inOrganization) (*list[Key], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	keys, next, err := a.Sharing.Keys(ctx, actor, in.filter(), p)
	return listFrom(p, keys, next, err, showKey)
}

// NewKey is the body of a POST of a key.
type NewKey struct {
	Name          string                                 `json:"name"`
	Access        access.KeyAccess                       `json:"access" doc:"read_only: reads and decisions; read_write: also changes; full: also keys, and acting for users (B1)"`
	Organization  access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"confines the key (B3)"`
	AllowedIPs    access.Optional[[]string]              `json:"allowed_ips,omitzero" doc:"IP addresses and CIDR ranges"`
	ExpiresAt     access.Optional[time.Time]             `json:"expires_at,omitzero"`
	ActorRequired access.Optional[bool]                  `json:"actor_required,omitzero"`
}

type createKey struct {
	Body NewKey
}

func (a *api) createKey(ctx context.Context, actor access.Actor, in *createKey) (*KeyCreated, error) {
	b := in.Body
	r, err := a.Sharing.CreateKey(ctx, actor, sharing.NewKey{
		Name: b.Name, Access: b.Access, Organization: b.Organization.Value, AllowedIPs: b.AllowedIPs.Value, ExpiresAt: b.ExpiresAt.Value,
		ActorRequired: b.ActorRequired.Value,
	})
	if err != nil {
		return nil, err
	}
	return &KeyCreated{Key: showKey(r.Key), Secret: r.Secret, Changed: changed(r.Change)}, nil
}

// KeyTakenOver is a key with its new secret.
type KeyTakenOver struct {
	Key
	Secret   string `json:"secret,omitempty" doc:"shown only in this answer; left out when the call is repeated"`
	Children []Key  `json:"children" nullable:"false" doc:"the keys created with it, directly or indirectly"`
	Changed
}

func (k *KeyTakenOver) withoutSecret() any {
	again := *k
	again.Secret = ""
	return &again
}

type takeOverKey struct {
	Key  access.KeyID `path:"key"`
	Body TakeOver
}

// TakeOver is the body of a POST that takes a key over.
type TakeOver struct {
	Grace        access.Optional[string] `json:"grace,omitzero" doc:"how long the old secret keeps working (without full), such as 24h; default 0s, at most 168h"`
	WithChildren access.Optional[bool]   `json:"with_children,omitzero" doc:"whether to delete the keys created with it"`
}

func (a *api) takeOverKey(ctx context.Context, actor access.Actor, in *takeOverKey) (*KeyTakenOver, error) {
	t := sharing.TakeOver{WithChildren: in.Body.WithChildren.Value}
	if grace := in.Body.Grace; grace.Set && !grace.Null {
		var err error
		if t.Grace, err = time.ParseDuration(grace.Value); err != nil {
			return nil, &access.Error{Kind: access.KindInvalid, Detail: "grace must be a duration, such as 24h or 90m", Fields: []access.FieldError{{Pointer: "/grace", Detail: "write a duration, such as 24h or 90m"}}}
		}
	}
	r, err := a.Sharing.TakeOverKey(ctx, actor, in.Key, t)
	if err != nil {
		return nil, err
	}
	return &KeyTakenOver{Key: showKey(r.Key), Secret: r.Secret, Children: showKeys(r.Children), Changed: changed(r.Change)}, nil
}

func showKeys(ks []access.AccountKey) []Key {
	shown := make([]Key, len(ks))
	for i, k := range ks {
		shown[i] = showKey(k)
	}
	return shown
}

type deleteKey struct {
	Key          access.KeyID `path:"key"`
	WithChildren bool         `query:"with_children" doc:"whether to delete the keys created with it, directly or indirectly, too"`
}

// KeyDeleted answers the deletion of a key.
type KeyDeleted struct {
	Children []Key `json:"children" nullable:"false" doc:"the keys created with it: deleted with with_children, otherwise kept"`
	Changed
}

func (a *api) deleteKey(ctx context.Context, actor access.Actor, in *deleteKey) (*KeyDeleted, error) {
	r, err := a.Sharing.DeleteKey(ctx, actor, in.Key, in.WithChildren)
	if err != nil {
		return nil, err
	}
	return &KeyDeleted{Children: showKeys(r.Children), Changed: changed(r.Change)}, nil
}
