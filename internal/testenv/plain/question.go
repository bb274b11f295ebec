package plain

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Question asks whether the subject may do the action to the resource.
type Question struct {
	Subject  access.Subject // a user, a visitor or an API key; there may be none with its ID
	Action   access.Action
	Resource access.Object // there may be none
	Request  Request
}

// Request is what the caller sends along, and when it asks.
type Request struct {
	Now    time.Time
	Email  string // as the caller writes it, or "" when not sent (C2)
	IP     string // or "" when not sent (K4)
	Link   string // the public link presented, or "" (L1)
	Values map[string]float64
}

// LinkDigest is the form in which a chatbot keeps its public link (L2): SHA-256 in hexadecimal.
func LinkDigest(link string) string {
	sum := sha256.Sum256([]byte(link))
	return hex.EncodeToString(sum[:])
}
