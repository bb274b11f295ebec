package access

import (
	"slices"
	"time"
)

// The facts of the model, as the store keeps them and as package spice folds them into relationships. Each is identified by the fields
// named first in its comment.

// User is a person, by ID. A deleted user stays as a tombstone, so that what is open to everyone stays closed to them (C1, N2).
type User struct {
	ID            UserID         `json:"id,omitzero"`
	Email         Email          `json:"email,omitzero"` // "" when unknown
	EmailVerified bool           `json:"email_verified"`
	Name          string         `json:"name,omitzero"`
	Type          UserType       `json:"type,omitzero"`
	Active        bool           `json:"active"`
	Deleted       bool           `json:"deleted"`
	Organization  OrganizationID `json:"organization,omitzero"` // the home organization, or "" (U1)
	TokensAfter   time.Time      `json:"tokens_after,omitzero"` // tokens issued until then are refused, or the zero time (N2)
}

// Takes reports whether a token that was issued then, in whole seconds, may speak for the user: it was issued in a later second than the one in
// which the user was last offboarded (N2).
func (u User) Takes(issued time.Time) bool { return issued.After(u.TokensAfter) }

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
	Role PlatformRole `json:"role,omitzero"`
	User UserID       `json:"user,omitzero"`
}

// Organization is a tenant, by ID.
type Organization struct {
	ID             OrganizationID `json:"id,omitzero"`
	Name           string         `json:"name,omitzero"`
	PublicAccess   Audience       `json:"public_access,omitzero"` // the most that a chatbot's link may admit (O5)
	OutsideSharing bool           `json:"outside_sharing"`        // whether groups, roles and shares give others than its people something (O5)
	AllowedIPs     []string       `json:"allowed_ips,omitzero"`   // CIDR ranges, or nil for anywhere (B4)
}

// Membership is a user's role in an organization, by organization and user.
type Membership struct {
	Organization OrganizationID   `json:"organization,omitzero"`
	User         UserID           `json:"user,omitzero"`
	Role         OrgRole          `json:"role,omitzero"`
	Source       MembershipSource `json:"source,omitzero"`
	Since        time.Time        `json:"since,omitzero"` // when the user got this role, or the zero time where that was not kept
}

// MembershipSource says how a user came to have a role in an organization (O7).
type MembershipSource string

const (
	Added    MembershipSource = "added"    // by somebody else
	Assigned MembershipSource = "assigned" // by a site admin or an unconfined key
	SignedIn MembershipSource = "sign_in"  // an identity provider said so when the user signed in
	Accepted MembershipSource = "accepted" // the user accepted an invitation or the ownership
)

// MembershipSources lists the sources, from the one that shows least that the user wants to be there.
var MembershipSources = []MembershipSource{Added, Assigned, SignedIn, Accepted}

// Stronger is the one of the two that shows more that the user wants to be there.
func (s MembershipSource) Stronger(t MembershipSource) MembershipSource {
	if slices.Index(MembershipSources, t) > slices.Index(MembershipSources, s) {
		return t
	}
	return s
}

// Joined reports whether the user came by themself: by an invitation or a sign-in (O7, C7). A user's home is their own in any case.
func (m Membership) Joined() bool { return m.Source == SignedIn || m.Source == Accepted }

// ShowsAddress reports whether the organization's owners and admins may see the user's address for this role (O7).
func (m Membership) ShowsAddress() bool { return m.Joined() || m.Source == Assigned }

// KnownIn reports whether the user, who has these memberships, is known in one of the organizations: at home there, or there in a role that shows the
// address. Being added by an owner or admin makes nobody known (O7, C7).
func (u User) KnownIn(memberships []Membership, in func(OrganizationID) bool) bool {
	return u.Organization != "" && in(u.Organization) ||
		slices.ContainsFunc(memberships, func(m Membership) bool { return m.ShowsAddress() && in(m.Organization) })
}

// Team is by ID; its organization is fixed (I3).
type Team struct {
	ID           TeamID         `json:"id,omitzero"`
	Organization OrganizationID `json:"organization,omitzero"`
	Name         string         `json:"name,omitzero"`
}

// TeamMembership is by team and user.
type TeamMembership struct {
	Team TeamID   `json:"team,omitzero"`
	User UserID   `json:"user,omitzero"`
	Role TeamRole `json:"role,omitzero"`
}

// TeamNesting says that the members of Inner are members of Outer (T2).
type TeamNesting struct {
	Outer TeamID `json:"outer,omitzero"`
	Inner TeamID `json:"inner,omitzero"`
}

// Role is by ID; its organization is fixed, and "" for a platform-wide role.
type Role struct {
	ID           RoleID         `json:"id,omitzero"`
	Organization OrganizationID `json:"organization,omitzero"`
	Name         string         `json:"name,omitzero"`
}

// RoleAssignment is by role and user.
type RoleAssignment struct {
	Role RoleID `json:"role,omitzero"`
	User UserID `json:"user,omitzero"`
}

// Group is by ID; its organization is fixed.
type Group struct {
	ID           GroupID        `json:"id,omitzero"`
	Organization OrganizationID `json:"organization,omitzero"`
	Name         string         `json:"name,omitzero"`
}

// GroupMembership is by group and principal, which is a user or an email address.
type GroupMembership struct {
	Group  GroupID   `json:"group,omitzero"`
	Member Principal `json:"member,omitzero"`
}

// Chatbot is by ID; its organization is fixed.
type Chatbot struct {
	ID           ChatbotID      `json:"id,omitzero"`
	Organization OrganizationID `json:"organization,omitzero"`
	Owner        UserID         `json:"owner,omitzero"`
	Name         string         `json:"name,omitzero"`
	Visibility   Visibility     `json:"visibility,omitzero"`
	Enabled      bool           `json:"enabled"`              // G1
	PublicMode   Audience       `json:"public_mode,omitzero"` // L1
	LinkDigest   string         `json:"-"`                    // the SHA-256 of the public link in hexadecimal, or "" (L2)
	LinkNonce    string         `json:"-"`                    // what the link is made of, beside the chatbot and the hash key, or ""
}

// Share is by chatbot and principal (S1).
type Share struct {
	Chatbot   ChatbotID `json:"chatbot,omitzero"`
	Principal Principal `json:"principal,omitzero"`
	Level     Level     `json:"access,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // whole seconds in UTC, or the zero time for never (S13)
}

// ExpiredAt reports whether the share has expired at t (S13).
func (s Share) ExpiredAt(t time.Time) bool { return !s.ExpiresAt.IsZero() && !t.Before(s.ExpiresAt) }

// Row is one member's row in a chatbot's matrix, by chatbot and user (3.3).
type Row struct {
	Chatbot ChatbotID `json:"chatbot,omitzero"`
	User    UserID    `json:"user,omitzero"`
	Actions []Action  `json:"actions,omitzero"` // a subset of RowActions, in their order
}

// Policy is the gates of one chatbot, by chatbot (3.5). A nil list is a gate that is not set; a list that is empty but not nil is a gate
// that was emptied by deletions and that nobody passes (G8).
type Policy struct {
	Chatbot       ChatbotID        `json:"chatbot,omitzero"`
	EmailDomains  []string         `json:"email_domains,omitzero"`
	UserTypes     []UserType       `json:"user_types,omitzero"`
	Entities      []OrganizationID `json:"entities,omitzero"`
	AllowedRoles  []string         `json:"allowed_roles,omitzero"` // role IDs, or platform:site_admin and so on (G5)
	RequiredRoles []string         `json:"required_roles,omitzero"`
	AllowedUsers  []UserID         `json:"allowed_users,omitzero"`
	DeniedUsers   []UserID         `json:"denied_users,omitzero"`
}

// Empty reports whether no gate is set.
func (p Policy) Empty() bool {
	return p.EmailDomains == nil && p.UserTypes == nil && p.Entities == nil && p.AllowedRoles == nil && p.RequiredRoles == nil &&
		p.AllowedUsers == nil && p.DeniedUsers == nil
}

// Resource is a document, an MCP server or a metric, by type and ID; its chatbot is fixed.
type Resource struct {
	Type    Type        `json:"type,omitzero"`
	ID      string      `json:"id,omitzero"`
	Chatbot ChatbotID   `json:"chatbot,omitzero"`
	Mode    Mode        `json:"mode,omitzero"`
	Allowed []Principal `json:"allowed,omitzero"` // users, email addresses, teams and groups (R1)
}

// Feature is by chatbot and name (F1). Its lists are as in Policy.
type Feature struct {
	Chatbot      ChatbotID          `json:"chatbot,omitzero"`
	Name         string             `json:"name,omitzero"`
	Enabled      bool               `json:"enabled"`
	AllowedRoles []string           `json:"allowed_roles,omitzero"`
	UserTypes    []UserType         `json:"user_types,omitzero"`
	Limits       map[string]float64 `json:"limits,omitzero"`
}
