package access

import "time"

// The facts of the model, as the store keeps them and as package spice folds them into relationships. Each is identified by the fields
// named first in its comment.

// User is a person, by ID. A deleted user stays as a tombstone, so that what is open to everyone stays closed to them (C1, N2).
type User struct {
	ID            UserID
	Email         Email // "" when unknown
	EmailVerified bool
	Name          string
	Type          UserType
	Active        bool
	Deleted       bool
	Organization  OrganizationID // the home organization, or "" (U1)
}

// Verified is the user's verified address, or "" (I2).
func (u User) Verified() Email {
	if !u.EmailVerified {
		return ""
	}
	return u.Email
}

// Gone reports whether the user is offboarded: inactive or deleted (N2).
func (u User) Gone() bool { return u.Deleted || !u.Active }

// PlatformGrant is a platform role, by role and user.
type PlatformGrant struct {
	Role PlatformRole
	User UserID
}

// Organization is a tenant, by ID.
type Organization struct {
	ID             OrganizationID
	Name           string
	PublicAccess   Audience // the most that a chatbot's link may admit (O5)
	OutsideSharing bool     // whether chatbots may be shared outside (O5)
	AllowedIPs     []string // CIDR ranges, or nil for anywhere (B4)
}

// Membership is a user's role in an organization, by organization and user.
type Membership struct {
	Organization OrganizationID
	User         UserID
	Role         OrgRole
}

// Team is by ID; its organization is fixed (I3).
type Team struct {
	ID           TeamID
	Organization OrganizationID
	Name         string
}

// TeamMembership is by team and user.
type TeamMembership struct {
	Team TeamID
	User UserID
	Role TeamRole
}

// TeamNesting says that the members of Inner are members of Outer (T2).
type TeamNesting struct {
	Outer, Inner TeamID
}

// Role is by ID; its organization is fixed, and "" for a platform-wide role.
type Role struct {
	ID           RoleID
	Organization OrganizationID
	Name         string
}

// RoleAssignment is by role and user.
type RoleAssignment struct {
	Role RoleID
	User UserID
}

// Group is by ID; its organization is fixed.
type Group struct {
	ID           GroupID
	Organization OrganizationID
	Name         string
}

// GroupMembership is by group and principal, which is a user or an e-mail address.
type GroupMembership struct {
	Group  GroupID
	Member Principal
}

// Chatbot is by ID; its organization is fixed.
type Chatbot struct {
	ID           ChatbotID
	Organization OrganizationID
	Owner        UserID
	Name         string
	Visibility   Visibility
	Enabled      bool     // G1
	PublicMode   Audience // L1
	LinkDigest   string   // the SHA-256 of the public link in hexadecimal, or "" (L2)
}

// Share is by chatbot and principal (S1).
type Share struct {
	Chatbot   ChatbotID
	Principal Principal
	Level     Level
	ExpiresAt time.Time // whole seconds in UTC, or the zero time for never (S13)
}

// ExpiredAt reports whether the share gives nothing any more at t (S13).
func (s Share) ExpiredAt(t time.Time) bool { return !s.ExpiresAt.IsZero() && !t.Before(s.ExpiresAt) }

// Row is one member's row in a chatbot's matrix, by chatbot and user (3.3).
type Row struct {
	Chatbot ChatbotID
	User    UserID
	Actions []Action // a subset of RowActions, in their order
}

// Policy is the gates of one chatbot, by chatbot (3.5). A nil list is a gate that is not set; a list that is empty but not nil is a gate
// that was emptied by deletions and that nobody passes (G8).
type Policy struct {
	Chatbot       ChatbotID
	EmailDomains  []string
	UserTypes     []UserType
	Entities      []OrganizationID
	AllowedRoles  []string // role IDs, or platform:site_admin and so on (G5)
	RequiredRoles []string
	AllowedUsers  []UserID
	DeniedUsers   []UserID
}

// Empty reports whether no gate is set.
func (p Policy) Empty() bool {
	return p.EmailDomains == nil && p.UserTypes == nil && p.Entities == nil && p.AllowedRoles == nil && p.RequiredRoles == nil &&
		p.AllowedUsers == nil && p.DeniedUsers == nil
}

// Resource is a document, an MCP server or a metric, by type and ID; its chatbot is fixed.
type Resource struct {
	Type    Type
	ID      string
	Chatbot ChatbotID
	Mode    Mode
	Allowed []Principal // users, e-mail addresses, teams and groups (R1)
}

// Feature is by chatbot and name (F1). Its lists are as in Policy.
type Feature struct {
	Chatbot      ChatbotID
	Name         string
	Enabled      bool
	AllowedRoles []string
	UserTypes    []UserType
	Limits       map[string]float64
}

// AccountKey is a credential of a backend or an administrator, by ID (section 8). Its secret is never kept.
type AccountKey struct {
	ID            KeyID
	Name          string
	Access        KeyAccess
	Organization  OrganizationID // where it is confined, or ""
	ActorRequired bool
	AllowedIPs    []string
	ExpiresAt     time.Time // or the zero time for never
	Preview       string    // the first characters of the secret
	CreatedBy     string    // the actor that made it
	CreatedAt     time.Time
	LastUsed      time.Time // or the zero time
}

// Outcome is what became of an attempted change (H1).
type Outcome string

const (
	Done    Outcome = "done"
	Pending Outcome = "pending"
	Refused Outcome = "refused"
)

// Record is one entry of the record (H1). Secrets, links and tokens never appear in it (H2).
type Record struct {
	Seq       int64 // ascending in the order of the changes
	Time      time.Time
	Actor     string // as whom: a user, or a key acting for itself
	Key       KeyID  // who: the key that was presented
	Action    string // such as share.put
	Resource  Object
	Address   string // the caller's IP address
	RequestID string
	Outcome   Outcome
	Rule      string // the rule that refused, or ""
	Detail    string // why it was refused, or ""
	Before    string // JSON of the state before, or ""
	After     string // JSON of the state after, or ""
}
