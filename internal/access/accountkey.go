package access

import (
	"slices"
	"time"
)

// AccountKey is a credential of a backend or an administrator, by ID (section 8). Its secret is never kept.
type AccountKey struct {
	ID            KeyID          `json:"id,omitzero"`
	Name          string         `json:"name,omitzero"`
	Access        KeyAccess      `json:"access,omitzero"`
	Organization  OrganizationID `json:"organization,omitzero"` // where it is confined, or ""
	ActorRequired bool           `json:"actor_required"`
	AllowedIPs    []string       `json:"allowed_ips,omitzero"`
	ExpiresAt     time.Time      `json:"expires_at,omitzero"` // or the zero time for never
	Preview       string         `json:"preview,omitzero"`    // the first characters of the secret
	CreatedBy     string         `json:"created_by,omitzero"` // the actor that made it
	CreatedAt     time.Time      `json:"created_at,omitzero"`
	LastUsed      time.Time      `json:"last_used,omitzero"` // or the zero time

	// BelongsTo is the people without whose rights the key does nothing: who made it, and to whom the key belonged that it was made with. A key of
	// the installation belongs to nobody (B5).
	BelongsTo []UserID `json:"belongs_to,omitzero"`
	Parent    KeyID    `json:"parent,omitzero"` // the key that it was made with, which may be gone, or ""
	// RefusedFor says why the key is refused until somebody takes it over, and RefusedAt since when; "" and the zero time where it is not (B5).
	RefusedFor string    `json:"refused_for,omitzero"`
	RefusedAt  time.Time `json:"refused_at,omitzero"`
	// Version counts the secrets that the key has had. The one before is known until FormerUntil.
	Version     int       `json:"version,omitzero"`
	FormerUntil time.Time `json:"former_until,omitzero"`
}

// ExpiredAt reports whether the key is nobody's at t, because it has expired (B1).
func (k AccountKey) ExpiredAt(t time.Time) bool {
	return !k.ExpiresAt.IsZero() && !t.Before(k.ExpiresAt)
}

// Takes reports whether a call at t with the secret of the given version goes on: it is the key's secret, or the one before it within its grace,
// which never gives KeyFull (B5).
func (k AccountKey) Takes(version int, level KeyAccess, t time.Time) bool {
	return version == k.Version || version == k.Version-1 && t.Before(k.FormerUntil) && level != KeyFull
}

// Standing is the facts that decide what a person may do for a key.
type Standing interface {
	User(id UserID) (User, bool, error)
	Membership(org OrganizationID, user UserID) (Membership, bool, error)
	HasPlatformRole(user UserID, role PlatformRole) (bool, error)
}

// Lapse says why the key is refused, or "" (B5): it was before and nobody has taken it over, or one of the people it belongs to may not do what it
// does. An unconfined key acts as a site admin, so they must be one; a confined key acts as an admin, so they must have `update` on its organization.
func (k AccountKey) Lapse(facts Standing) (string, error) {
	if k.RefusedFor != "" {
		return k.RefusedFor, nil
	}
	for _, person := range k.BelongsTo {
		able, err := k.isAble(facts, person)
		switch {
		case err != nil:
			return "", err
		case able:
		case k.Organization == "":
			return Obj(TypeUser, person).String() + " is not an active site admin", nil
		default:
			return Obj(TypeUser, person).String() + " is not an active owner or admin of " + Obj(TypeOrganization, k.Organization).String(), nil
		}
	}
	return "", nil
}

// isAble reports whether the person may do all that the key may.
func (k AccountKey) isAble(facts Standing, person UserID) (bool, error) {
	u, known, err := facts.User(person)
	if err != nil || !known || u.Gone() {
		return false, err
	}
	if k.Organization != "" {
		m, member, err := facts.Membership(k.Organization, person)
		if err != nil || member && slices.Contains([]OrgRole{OrgOwner, OrgAdmin}, m.Role) {
			return err == nil, err
		}
	}
	return facts.HasPlatformRole(person, SiteAdmin)
}

// KeyRefused refuses a call with a key that has lapsed (B5).
func KeyRefused(k AccountKey, why string) error {
	heirs := "a site admin"
	if k.Organization != "" {
		heirs = "an owner or admin of " + Obj(TypeOrganization, k.Organization).String()
	}
	return Refuse(KindUnauthenticated, "B5", "the key is refused: %s. It works again when %s takes it over", why, heirs)
}
