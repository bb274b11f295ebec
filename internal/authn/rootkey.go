package authn

import (
	"context"
	"crypto/hmac"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// settingRootKey is the setting with the digest of the root key that the first start created.
const settingRootKey = "authn.root_key_digest"

// EnsureRootKey sets up the root key: an unconfined full key that no use case lists or deletes. If the configuration has a key, it is the root key,
// and one created earlier is not valid meanwhile. Otherwise the first call ever creates one and returns it, to be printed once; later calls return
// "".
func (a *Authenticator) EnsureRootKey(ctx context.Context) (printOnce string, err error) {
	if a.rootKey != "" {
		if strings.TrimFunc(a.rootKey, visible) != "" {
			return "", access.Invalidf("", "the root key (GRANTWAY_ROOT_KEY) must contain only visible ASCII characters, because it is sent in a header")
		}
		if err := secret.CheckStrength(a.rootKey); err != nil {
			return "", access.Invalidf("", "the root key (GRANTWAY_ROOT_KEY) is too easy to guess: %s; create one with openssl rand -base64 32", err)
		}
		if len(a.issuers) > 0 && isToken(a.rootKey) {
			return "", access.Invalidf("", "the root key (GRANTWAY_ROOT_KEY) looks like a token of an issuer: choose one without dots")
		}
		a.setRoot(a.secrets.Digest(a.rootKey))
		return "", nil
	}
	var digest string
	err = a.update(ctx, func(f Facts) error {
		printOnce = ""
		kept, found, err := f.Setting(settingRootKey)
		if err != nil {
			return err
		}
		if found {
			if digest = kept; *a.firstKey != "" && a.secrets.Digest(*a.firstKey) == kept {
				printOnce = *a.firstKey
			}
			return nil
		}
		key := a.secrets.NewAccountKey()
		*a.firstKey = key.Text
		printOnce, digest = key.Text, key.Digest
		return f.PutSetting(settingRootKey, digest)
	})
	if err != nil {
		return "", err
	}
	a.setRoot(digest)
	return printOnce, nil
}

func visible(r rune) bool { return r > ' ' && r <= '~' }

func (a *Authenticator) setRoot(digest string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.root = digest
}

// isRoot reports whether one of the digests is the root key's, and which, in constant time.
func (a *Authenticator) isRoot(digests []string) (digest string, is bool) {
	a.mu.Lock()
	root := a.root
	a.mu.Unlock()
	for _, d := range digests {
		if root != "" && hmac.Equal([]byte(root), []byte(d)) {
			return d, true
		}
	}
	return "", false
}

// renewRoot stores the digest of the created root key under the current hash key.
func (a *Authenticator) renewRoot(now time.Time, digest string) {
	a.uses.note(secret.RootKey, now, func(f Facts) error {
		if err := f.PutSetting(settingRootKey, digest); err != nil {
			return err
		}
		a.setRoot(digest)
		return nil
	})
}
