// Package secret creates the secrets that callers present, and the digests that verify them.
//
// It owns their format and the keyed hash. It must not keep, log or store a secret: a secret leaves the process once, in the answer to the call
// that created it.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/grantway/grantway/internal/access"
)

// RootKey is the ID of the first full key, which comes from the environment or is made at the first start. It is no account key of the
// store: nobody lists or deletes it through the API.
const RootKey access.KeyID = "root"

// hashKeyBytes is the length of a hash key: that of the hash, as RFC 2104 recommends.
const hashKeyBytes = sha256.Size

// Hasher digests secrets with the installation's hash keys, so that a copy of the store alone tells nobody whether a guess is right (K2).
// The first of its keys is the current one, under which all is digested that is new; what was digested under the others is still known again.
// It is safe for concurrent use.
type Hasher struct {
	keys [][]byte
}

// NewHasher uses the keys, the current one first. Each must have at least 32 bytes.
func NewHasher(keys ...[]byte) (*Hasher, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no hash key")
	}
	h := &Hasher{}
	for _, key := range keys {
		if len(key) < hashKeyBytes {
			return nil, fmt.Errorf("a hash key must have at least %d bytes, and one of these has %d", hashKeyBytes, len(key))
		}
		h.keys = append(h.keys, slices.Clone(key))
	}
	return h, nil
}

// ParseHasher uses the keys in the text, the current one first: in hexadecimal, separated by commas or white space. Its errors hold no part
// of the text.
func ParseHasher(text string) (*Hasher, error) {
	var keys [][]byte
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		key, err := hex.DecodeString(word)
		if err != nil {
			return nil, errors.New("a hash key is not hexadecimal")
		}
		keys = append(keys, key)
	}
	return NewHasher(keys...)
}

// NewHashKey makes a hash key, in hexadecimal.
func NewHashKey() string {
	key := make([]byte, hashKeyBytes)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(key)
}

// Weak reports whether the current key was not drawn at random. Under an earlier one nothing is digested any longer.
func (h *Hasher) Weak() bool { return different(string(h.keys[0])) < leastDifferent }

// Digest is the HMAC-SHA256 of the secret under the current key, in hexadecimal.
func (h *Hasher) Digest(secret string) string { return digest(h.keys[0], secret) }

// Digests are those of the secret under each of the keys, the current one first.
func (h *Hasher) Digests(secret string) []string {
	all := make([]string, len(h.keys))
	for i, key := range h.keys {
		all[i] = digest(key, secret)
	}
	return all
}

func digest(key []byte, secret string) string {
	return hex.EncodeToString(sum(key, secret))
}
