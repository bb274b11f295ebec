package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"math/big"
	"strings"
)

// Derive makes the secret that belongs to the parts, under each of the keys, the current one first: the same whenever it is asked for, so that
// it need not be kept. The parts hold no U+0000. Each purpose has secrets of its own.
func (h *Hasher) Derive(purpose string, parts ...string) []string {
	all := make([]string, len(h.keys))
	for i, key := range h.keys {
		own := sum(key, "derive\x00"+purpose)
		digits := new(big.Int).SetBytes(sum(own, strings.Join(parts, "\x00"))).Text(len(alphabet))
		all[i] = strings.Repeat("0", secretChars-len(digits)) + digits
	}
	return all
}

// sum is the HMAC-SHA256 of the text under the key.
func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
