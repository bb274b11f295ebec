package spice

import (
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// FoldAPIKey is what a chatbot's API key implies: its level without deploy and manage_access (K3). The engine decides its expiry and its
// address (K4, K5).
func FoldAPIKey(k access.APIKey) Relationships {
	relations := map[access.Level][]string{
		access.UseOnly:   {schema.RelCanInteract},
		access.ReadOnly:  {schema.RelCanInteract, schema.RelCanRead},
		access.ReadWrite: {schema.RelCanInteract, schema.RelCanRead, schema.RelCanUpdate},
	}[k.Level]
	bot, key := object(access.TypeChatbot, k.Chatbot), sub(object(access.TypeAPIKey, k.ID))
	var rs Relationships
	for _, relation := range relations {
		rs = append(rs, rel(bot, relation, key, keyUsable(k)))
	}
	return rs
}

// endOfTime stands for never where a caveat needs a time: the last second that RFC 3339 can spell.
var endOfTime = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// keyUsable is the caveat of a key, or nil for one that never expires and may be used from anywhere.
func keyUsable(k access.APIKey) *v1.ContextualizedCaveat {
	if len(k.AllowedIPs) == 0 {
		return notExpired(k.ExpiresAt)
	}
	expiresAt := k.ExpiresAt
	if expiresAt.IsZero() {
		expiresAt = endOfTime
	}
	return caveat(schema.CaveatKeyUsable, map[string]any{
		schema.StoredExpiresAt:  expiresAt.UTC().Format(time.RFC3339),
		schema.StoredAllowedIPs: anys(k.AllowedIPs),
	})
}
