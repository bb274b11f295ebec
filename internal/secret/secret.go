// Package secret makes the secrets that callers present, and the digests by which they are known again.
//
// It owns their form and the keyed hash. It must not keep, log or store a secret: its text leaves the process once, in the answer to the
// call that made it.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/grantway/grantway/internal/access"
)

// RootKey is the ID of the first full key, which comes from the environment or is made at the first start. It is no account key of the
// store: nobody lists or deletes it through the API.
const RootKey access.KeyID = "root"

// hashKeyBytes is the length of the installation's hash key: that of the hash, as RFC 2104 recommends.
const hashKeyBytes = sha256.Size

// settingHashKey names the setting that holds the installation's hash key in hexadecimal.
const settingHashKey = "secret.hash_key"

// Settings is where the installation keeps its hash key; a transaction of the store is one.
type Settings interface {
	Setting(name string) (string, bool, error)
	PutSetting(name, value string) error
}

// Hasher digests secrets with the installation's hash key, so that a copy of the store alone tells nobody whether a guess is right (K2).
// It is safe for concurrent use.
type Hasher struct {
	key []byte
}

// NewHasher uses the key, which must have at least 32 bytes.
func NewHasher(key []byte) (*Hasher, error) {
	if len(key) < hashKeyBytes {
		return nil, fmt.Errorf("the key that hashes secrets needs at least %d bytes, this one has %d", hashKeyBytes, len(key))
	}
	return &Hasher{key: append([]byte(nil), key...)}, nil
}

// Ensure uses the hash key of the installation, which it makes at the first call. Both happen in the caller's transaction.
func Ensure(s Settings) (*Hasher, error) {
	text, found, err := s.Setting(settingHashKey)
	if err != nil {
		return nil, err
	}
	if !found {
		key := make([]byte, hashKeyBytes)
		rand.Read(key) // never fails: crypto/rand ends the process instead
		text = hex.EncodeToString(key)
		if err := s.PutSetting(settingHashKey, text); err != nil {
			return nil, err
		}
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, errors.New("the store's key that hashes secrets is damaged: it is not hexadecimal")
	}
	return NewHasher(key)
}

// Digest is the HMAC-SHA256 of the secret under the installation's key, in hexadecimal.
func (h *Hasher) Digest(secret string) string {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil))
}

// Matches reports whether the digest is the secret's, in a time that does not depend on where they differ.
func (h *Hasher) Matches(secret, digest string) bool {
	return hmac.Equal([]byte(h.Digest(secret)), []byte(digest))
}
