package secret

import "github.com/grantway/grantway/internal/access"

// The prefixes of what a browser keeps while a person is signed in, and of the links that sign in once.
const (
	prefixSession    = "gwses_"
	prefixSignInLink = "gwin_"
)

// NewSession makes the ID and the secret of a session.
func (h *Hasher) NewSession() (access.SessionID, Minted) {
	m := h.mint(prefixSession)
	return access.SessionID(m.ID), m
}

// NewSignInLink makes the secret of a link that signs in once.
func (h *Hasher) NewSignInLink() Minted { return h.mint(prefixSignInLink) }
