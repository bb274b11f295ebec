package secret

import "github.com/grantway/grantway/internal/access"

// prefixLink says of a public link what it is.
const prefixLink = "gwlink_"

// Links are the public links of a chatbot under each of the keys, the current one first. They are the same again whenever they are asked for, and
// each nonce has its own. Those without a prefix, which were made before links had one, come last.
func (h *Hasher) Links(chatbot access.ChatbotID, nonce string) []string {
	old := h.Derive("public link", string(chatbot), nonce)
	links := make([]string, 0, 2*len(old))
	for _, l := range old {
		links = append(links, prefixLink+l)
	}
	return append(links, old...)
}
