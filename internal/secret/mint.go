package secret

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"

	"github.com/grantway/grantway/internal/access"
)

// Each kind of secret says by its prefix what it is, for people and for scanners of source code.
const (
	prefixAccountKey = "gw_"
	prefixChatbotKey = "gwbot_"
)

const (
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// idChars of this alphabet hold 71 bits: IDs do not meet by chance.
	idChars = 12
	// secretChars of this alphabet hold 256 bits.
	secretChars = 43
	// nameChars of it hold 130 bits: for IDs that nobody may guess.
	nameChars = 22
	// previewChars of the secret are kept for people to tell keys apart; 232 bits stay unknown.
	previewChars = 4
)

// idForm is the form of the IDs that mint gives.
var idForm = regexp.MustCompile(fmt.Sprintf(`^[0-9A-Za-z]{%d}$`, idChars))

// Minted is a new credential.
type Minted struct {
	ID      access.KeyID
	Text    string // what its holder presents; shown once, never kept (K2)
	Digest  string // what the store keeps
	Preview string // the first characters of Text, for people to tell keys apart
}

// NewAccountKey makes the credential of a backend or an administrator (section 8).
func (h *Hasher) NewAccountKey() Minted { return h.mint(prefixAccountKey) }

// RenewAccountKey makes another secret for the account key with the ID. One that another server or a person gave an ID of its own form is named in no
// secret: every secret has the form by which it is recognized.
func (h *Hasher) RenewAccountKey(id access.KeyID) Minted {
	named := string(id)
	if !idForm.MatchString(named) {
		named = random(idChars)
	}
	m := h.mintAs(prefixAccountKey, named)
	m.ID = id
	return m
}

// NewChatbotKey makes the credential of one chatbot (3.6).
func (h *Hasher) NewChatbotKey() Minted { return h.mint(prefixChatbotKey) }

func (h *Hasher) mint(prefix string) Minted { return h.mintAs(prefix, random(idChars)) }

func (h *Hasher) mintAs(prefix, id string) Minted {
	head := prefix + id + "_"
	text := head + random(secretChars)
	return Minted{ID: access.KeyID(id), Text: text, Digest: h.Digest(text), Preview: text[:len(head)+previewChars]}
}

// NewID makes an ID for what nobody may guess and the caller does not name.
func NewID() string { return random(nameChars) }

// random is n characters of the alphabet, each as likely as any other.
func random(n int) string {
	size := big.NewInt(int64(len(alphabet)))
	text := make([]byte, n)
	for i := range text {
		digit, err := rand.Int(rand.Reader, size)
		if err != nil {
			panic(err) // crypto/rand.Reader never returns an error
		}
		text[i] = alphabet[digit.Int64()]
	}
	return string(text)
}
