package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectAccountKeys = `SELECT id, name, access, organization, actor_required, allowed_ips, expires_at, preview, created_by, created_at, last_used,
	belongs_to, parent, refused_for, refused_at, version, former_until FROM account_keys`

var putAccountKey = upsert("account_keys", "id",
	"digest, name, access, organization, actor_required, allowed_ips, expires_at, preview, created_by, created_at, last_used, "+
		"belongs_to, parent, refused_for, refused_at, version, former_until, former_digest")

func scanAccountKey(r row) (k access.AccountKey, err error) {
	err = r.Scan(&k.ID, &k.Name, &k.Access, &k.Organization, &k.ActorRequired, asJSON(&k.AllowedIPs), timeColumn{&k.ExpiresAt},
		&k.Preview, &k.CreatedBy, timeColumn{&k.CreatedAt}, timeColumn{&k.LastUsed},
		asLines(&k.BelongsTo), &k.Parent, &k.RefusedFor, timeColumn{&k.RefusedAt}, &k.Version, timeColumn{&k.FormerUntil})
	return k, err
}

// AccountKey gives the key, expired or not.
func (tx *Tx) AccountKey(id access.KeyID) (access.AccountKey, bool, error) {
	return one(tx, scanAccountKey, selectAccountKeys+` WHERE id = $1`, id)
}

// AccountKeyByDigest gives the key whose secret has the digest, expired or not.
func (tx *Tx) AccountKeyByDigest(digest string) (access.AccountKey, bool, error) {
	return recalled(tx, fact{kind: "account_key", id: digest}, func() (access.AccountKey, bool, error) {
		return one(tx, scanAccountKey, selectAccountKeys+` WHERE digest = $1`, digest)
	})
}

// AccountKeyDigest gives the digest that stands for the key's secret.
func (tx *Tx) AccountKeyDigest(id access.KeyID) (string, bool, error) {
	return one(tx, scanDigest, `SELECT digest FROM account_keys WHERE id = $1`, id)
}

// AccountKeyByFormerDigest gives the key whose secret before the present one has the digest, expired or not, and past its grace or not.
func (tx *Tx) AccountKeyByFormerDigest(digest string) (access.AccountKey, bool, error) {
	if digest == "" {
		return access.AccountKey{}, false, nil
	}
	return recalled(tx, fact{kind: "former_account_key", id: digest}, func() (access.AccountKey, bool, error) {
		return one(tx, scanAccountKey, selectAccountKeys+` WHERE former_digest = $1`, digest)
	})
}

// FormerAccountKeyDigest gives the digest that stands for the key's secret before the present one, or "".
func (tx *Tx) FormerAccountKeyDigest(id access.KeyID) (string, bool, error) {
	return one(tx, scanDigest, `SELECT former_digest FROM account_keys WHERE id = $1`, id)
}

// PutAccountKey inserts or replaces the key. The digest stands for the secret, which is never kept; it comes back from nowhere. The secret before it is
// not known any longer.
func (tx *Tx) PutAccountKey(k access.AccountKey, digest string) error {
	return tx.exec(putAccountKey, k.ID, digest, k.Name, k.Access, k.Organization, k.ActorRequired, asJSON(&k.AllowedIPs),
		micros(k.ExpiresAt), k.Preview, k.CreatedBy, micros(k.CreatedAt), micros(k.LastUsed),
		asLines(&k.BelongsTo), k.Parent, k.RefusedFor, micros(k.RefusedAt), k.Version, micros(k.FormerUntil), "")
}

// KeepFormerAccountKeyDigest notes what stands for the key's secret before the present one.
func (tx *Tx) KeepFormerAccountKeyDigest(id access.KeyID, digest string) error {
	return tx.exec(`UPDATE account_keys SET former_digest = $1 WHERE id = $2`, digest, id)
}

// RefuseAccountKey notes why the key is refused from now on, and to whom it belongs (B5).
func (tx *Tx) RefuseAccountKey(k access.AccountKey) error {
	return tx.exec(`UPDATE account_keys SET refused_for = $1, refused_at = $2, belongs_to = $3 WHERE id = $4`,
		k.RefusedFor, micros(k.RefusedAt), asLines(&k.BelongsTo), k.ID)
}

// DeleteAccountKey removes the key.
func (tx *Tx) DeleteAccountKey(id access.KeyID) error {
	return tx.exec(`DELETE FROM account_keys WHERE id = $1`, id)
}

// AccountKeyFilter narrows AccountKeys.
type AccountKeyFilter struct {
	Organization access.OrganizationID // keys confined to it
	Parent       access.KeyID          // keys that were made with it
	Personal     bool                  // keys that belong to people and are not refused (B5)
}

// AccountKeys lists keys by ID.
func (tx *Tx) AccountKeys(f AccountKeyFilter, after access.KeyID, limit int) ([]access.AccountKey, error) {
	l := from(selectAccountKeys).is("organization", string(f.Organization)).is("parent", string(f.Parent))
	if f.Personal {
		l.and("belongs_to <> ?", "").and("refused_for = ?", "")
	}
	return many(tx, scanAccountKey, l.page("id", string(after), limit))
}

// TouchAccountKey notes when the key was used, unless a later use is known: uses are noted out of order.
func (tx *Tx) TouchAccountKey(id access.KeyID, t time.Time) error {
	return tx.exec(`UPDATE account_keys SET last_used = $1 WHERE id = $2 AND last_used < $1`, micros(t), id)
}

// RenewAccountKey replaces the digest that stands for the key's secret, unless it is another one by now.
func (tx *Tx) RenewAccountKey(id access.KeyID, old, digest string) error {
	return tx.exec(`UPDATE account_keys SET digest = $1 WHERE id = $2 AND digest = $3`, digest, id, old)
}
