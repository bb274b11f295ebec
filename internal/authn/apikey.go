package authn

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// KeyOfSecret returns the ID of the chatbot's API key with that secret, and false for other secrets, such as an account key's. It notes the use (K2).
// Changes of other servers are known at once only if newest is true. The engine decides whether the key is in force, and what it can do.
func (a *Authenticator) KeyOfSecret(ctx context.Context, secret string, newest bool) (id access.KeyID, known bool, err error) {
	digests, now := a.secrets.Digests(secret), a.now()
	var key access.APIKey
	var digest string
	if err := a.recall(ctx, newest, func(f Facts) (err error) {
		key, digest, known, err = byDigest(digests, f.APIKeyByDigest)
		return err
	}); err != nil || !known {
		return "", false, err
	}
	a.uses.note(key.ID, now, touchAPIKey(key.ID, now, digest, digests[0]))
	return key.ID, true, nil
}
