package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectAPIKeys = `SELECT id, chatbot, name, level, expires_at, allowed_ips, preview, created_by, created_at, last_used, creator_lost_deploy
	FROM chatbot_keys`

func scanAPIKey(r row) (k access.APIKey, err error) {
	err = r.Scan(&k.ID, &k.Chatbot, &k.Name, &k.Level, timeColumn{&k.ExpiresAt}, asJSON(&k.AllowedIPs), &k.Preview, &k.CreatedBy,
		timeColumn{&k.CreatedAt}, timeColumn{&k.LastUsed}, &k.CreatorLostDeploy)
	return k, err
}

func scanDigest(r row) (digest string, err error) { return digest, r.Scan(&digest) }

// APIKey gives the chatbot's key, expired or not.
func (tx *Tx) APIKey(id access.KeyID) (access.APIKey, bool, error) {
	return one(tx, scanAPIKey, selectAPIKeys+` WHERE id = $1`, id)
}

// APIKeyByDigest gives the key whose secret has the digest, expired or not.
func (tx *Tx) APIKeyByDigest(digest string) (access.APIKey, bool, error) {
	return recalled(tx, fact{kind: "api_key", id: digest}, func() (access.APIKey, bool, error) {
		return one(tx, scanAPIKey, selectAPIKeys+` WHERE digest = $1`, digest)
	})
}

// APIKeyDigest gives the digest that stands for the key's secret.
func (tx *Tx) APIKeyDigest(id access.KeyID) (string, bool, error) {
	return one(tx, scanDigest, `SELECT digest FROM chatbot_keys WHERE id = $1`, id)
}

// AddAPIKey inserts the key. The digest stands for the secret, which is never kept; it comes back from nowhere.
func (tx *Tx) AddAPIKey(k access.APIKey, digest string) error {
	return tx.exec(`INSERT INTO chatbot_keys (id, digest, chatbot, name, level, expires_at, allowed_ips, preview, created_by, created_at, last_used,
		creator_lost_deploy) VALUES `+tuple(1, 12),
		k.ID, digest, k.Chatbot, k.Name, k.Level, micros(k.ExpiresAt), asJSON(&k.AllowedIPs), k.Preview, k.CreatedBy, micros(k.CreatedAt),
		micros(k.LastUsed), k.CreatorLostDeploy)
}

// DeleteAPIKey removes the key.
func (tx *Tx) DeleteAPIKey(id access.KeyID) error {
	return tx.exec(`DELETE FROM chatbot_keys WHERE id = $1`, id)
}

// APIKeyFilter narrows APIKeys.
type APIKeyFilter struct {
	Chatbot access.ChatbotID
}

// APIKeys lists keys by ID.
func (tx *Tx) APIKeys(f APIKeyFilter, after access.KeyID, limit int) ([]access.APIKey, error) {
	l := from(selectAPIKeys).is("chatbot", string(f.Chatbot))
	return many(tx, scanAPIKey, l.page("id", string(after), limit))
}

// MarkAPIKey notes whether the key's creator has lost `deploy` (K3).
func (tx *Tx) MarkAPIKey(id access.KeyID, creatorLostDeploy bool) error {
	return tx.exec(`UPDATE chatbot_keys SET creator_lost_deploy = $1 WHERE id = $2`, creatorLostDeploy, id)
}

// TouchAPIKey notes when the key was used, unless a later use is known: uses are noted out of order.
func (tx *Tx) TouchAPIKey(id access.KeyID, t time.Time) error {
	return tx.exec(`UPDATE chatbot_keys SET last_used = $1 WHERE id = $2 AND last_used < $1`, micros(t), id)
}

// RenewAPIKey replaces the digest that stands for the key's secret, unless it is another one by now.
func (tx *Tx) RenewAPIKey(id access.KeyID, old, digest string) error {
	return tx.exec(`UPDATE chatbot_keys SET digest = $1 WHERE id = $2 AND digest = $3`, digest, id, old)
}
