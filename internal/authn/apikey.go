package authn

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// KeyOfSecret gives the ID of the chatbot's API key with that secret, and false for a secret that is nobody's, such as an account key's. It
// notes the use (K2). What other servers have changed is known at once if newest is true. Whether the key is in force, and what it may do, is the engine's to decide.
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
