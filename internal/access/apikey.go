package access

import "time"

// APIKey is a credential of one chatbot, by ID (3.6). Its chatbot and level never change (K1), and its secret is never kept (K2).
type APIKey struct {
	ID         KeyID     `json:"id,omitzero"`
	Chatbot    ChatbotID `json:"chatbot,omitzero"`
	Name       string    `json:"name,omitzero"`
	Level      Level     `json:"access,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`  // whole seconds in UTC, or the zero time for never (K5)
	AllowedIPs []string  `json:"allowed_ips,omitzero"` // CIDR ranges, or nil for anywhere (K4)
	Preview    string    `json:"preview,omitzero"`     // the first characters of the secret
	CreatedBy  string    `json:"created_by,omitzero"`  // the actor that made it
	CreatedAt  time.Time `json:"created_at,omitzero"`
	LastUsed   time.Time `json:"last_used,omitzero"` // or the zero time
	// CreatorLostDeploy is true while the user who created it is known to have lost `deploy` (K3).
	CreatorLostDeploy bool `json:"creator_lost_deploy"`
}

// ExpiredAt reports whether the key is denied at t because it has expired (K5).
func (k APIKey) ExpiredAt(t time.Time) bool { return !k.ExpiresAt.IsZero() && !t.Before(k.ExpiresAt) }

// Creator is the user who made the key, and false for one that an account key made for itself.
func (k APIKey) Creator() (UserID, bool) {
	o, err := ParseObject(k.CreatedBy)
	return UserID(o.ID), err == nil && o.Type == TypeUser
}
