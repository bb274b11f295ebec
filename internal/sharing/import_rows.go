package sharing

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Kind is what a row of an import is about.
type Kind string

// The kinds of rows, in the order in which they are taken: what a row builds upon comes before it. A row may also create the
// organization, the user and the team that it names.
const (
	KindHashKey        Kind = "hash_key"
	KindUser           Kind = "user"
	KindOrganization   Kind = "organization"
	KindMembership     Kind = "membership"
	KindHome           Kind = "home" // the second half of a user whose home organization comes with the same import
	KindPlatformRole   Kind = "platform_role"
	KindRole           Kind = "role"
	KindGroup          Kind = "group"
	KindTeam           Kind = "team"
	KindTeamMember     Kind = "team_member"
	KindTeamNesting    Kind = "team_nesting"
	KindRoleAssignment Kind = "role_assignment"
	KindGroupMember    Kind = "group_member"
	KindChatbot        Kind = "chatbot"
	KindPolicy         Kind = "policy"
	KindRow            Kind = "row"
	KindFeature        Kind = "feature"
	KindShare          Kind = "share"
	KindPublicLink     Kind = "public_link"
	KindAPIKey         Kind = Kind(access.TypeAPIKey)
	KindDocument       Kind = Kind(access.TypeDocument)
	KindMCPServer      Kind = Kind(access.TypeMCPServer)
	KindMetric         Kind = Kind(access.TypeMetric)
	KindAccountKey     Kind = "account_key"
	KindRequest        Kind = "request"
	KindInvitation     Kind = "invitation"
	KindTakenAway      Kind = "taken_away"
)

// Kinds lists the kinds in the order in which they are taken.
var Kinds = []Kind{
	KindHashKey, KindUser, KindOrganization, KindMembership, KindHome, KindPlatformRole, KindRole, KindGroup, KindTeam, KindTeamMember, KindTeamNesting,
	KindRoleAssignment, KindGroupMember, KindChatbot, KindPolicy, KindRow, KindFeature, KindShare, KindPublicLink, KindAPIKey, KindDocument, KindMCPServer,
	KindMetric, KindAccountKey, KindRequest, KindInvitation, KindTakenAway,
}

// Row is one row of an import or an export: a fact in the words of its file. A field that is left out keeps its value, or at creation
// takes its default.
type Row interface {
	Kind() Kind
	// Key identifies the fact among those of its kind.
	Key() string
	// Check puts the row into its compared form and refuses what breaks it, with an error of kind Invalid.
	Check() error
	// steps are the changes that the row asks for, in their order.
	steps() []step
}

// Rank orders rows: those of a lower rank are taken first. Owners come before the other members, because the first one creates the
// organization. A chatbot, its gates and its matrix follow each other (Together).
func Rank(r Row) int64 {
	const chatbotBits, partBits = 48, 2
	kind, low := r.Kind(), int64(0)
	if of, part := partOf(r); of != "" {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(of))
		kind, low = KindChatbot, int64(hash.Sum64()>>(64-chatbotBits))<<partBits|part //nolint:gosec // 48 bits fit
	}
	rank := 2 * slices.Index(Kinds, kind)
	if m, ok := r.(*MembershipRow); ok && m.Role != access.OrgOwner {
		rank++
	}
	return int64(rank)<<(chatbotBits+partBits) | low
}

// Together reports whether rows that follow each other are of one chatbot, of which one says who may, and another one who may not: they are written at
// once, or whom its gates or its matrix exclude would have access for as long as the import takes, and for good where it is interrupted.
func Together(a, b Row) bool {
	of, _ := partOf(a)
	other, _ := partOf(b)
	return of != "" && of == other
}

// partOf gives the chatbot of a row that is written together with it, and the place of the row; "" for other rows.
func partOf(r Row) (access.ChatbotID, int64) {
	switch r := r.(type) {
	case *ChatbotRow:
		return r.Chatbot, 0
	case *PolicyRow:
		return r.Chatbot, 1
	case *MatrixRow:
		return r.Chatbot, 2
	}
	return "", 0
}

// UserRow is a user (U1). Deleted is a tombstone: somebody who is not to come back by an open door (C1).
type UserRow struct {
	User          access.UserID         `json:"user"`
	Email         access.Email          `json:"email,omitempty"`
	EmailVerified *bool                 `json:"email_verified,omitempty"`
	Name          string                `json:"name,omitempty"`
	Type          access.UserType       `json:"type,omitempty"`
	Active        *bool                 `json:"active,omitempty"`
	Deleted       bool                  `json:"deleted,omitempty"`
	Organization  access.OrganizationID `json:"organization,omitempty"`
	TokensAfter   time.Time             `json:"tokens_after,omitzero"` // tokens issued until then are refused (N2)
}

// HomeRow is a user's home organization, once that exists. Files do not hold it; a UserRow with an organization is followed by one.
type HomeRow struct {
	User         access.UserID         `json:"user"`
	Organization access.OrganizationID `json:"organization"`
}

// OrganizationRow is an organization and its limits (O5, B4). Owner is its first owner and matters only where the row creates it. Only an unconfined
// full key creates one without an owner, which has to be said.
type OrganizationRow struct {
	Organization   access.OrganizationID `json:"organization"`
	Owner          access.UserID         `json:"owner,omitempty"`
	Ownerless      bool                  `json:"ownerless,omitempty"`
	Name           string                `json:"name,omitempty"`
	PublicAccess   access.Audience       `json:"public_access,omitempty"`
	OutsideSharing *bool                 `json:"outside_sharing,omitempty"`
	AllowedIPs     []string              `json:"allowed_ips,omitzero"`
}

// MembershipRow is a role in an organization, and what is known of the user.
type MembershipRow struct {
	Organization access.OrganizationID `json:"organization"`
	User         access.UserID         `json:"user"`
	Role         access.OrgRole        `json:"role"`
	Email        access.Email          `json:"email,omitempty"` // never verified by an import of memberships
	Name         string                `json:"name,omitempty"`
	Type         access.UserType       `json:"type,omitempty"`

	Source access.MembershipSource `json:"source,omitempty"` // how it came about, where it is restored (O7)
	Since  time.Time               `json:"since,omitzero"`
}

// PlatformRoleRow is a platform role (P4).
type PlatformRoleRow struct {
	Role access.PlatformRole `json:"role"`
	User access.UserID       `json:"user"`
}

// RoleRow is a functional role; without an organization it is platform-wide.
type RoleRow struct {
	Role         access.RoleID         `json:"role"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

// GroupRow is a group.
type GroupRow struct {
	Group        access.GroupID        `json:"group"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

// TeamRow is a team.
type TeamRow struct {
	Team         access.TeamID         `json:"team"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

// TeamMemberRow is a user in a team. With an organization it creates the team.
type TeamMemberRow struct {
	Team         access.TeamID         `json:"team"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	User         access.UserID         `json:"user"`
	Role         access.TeamRole       `json:"role"`
}

// TeamNestingRow is a team, Inner, in another one (T2).
type TeamNestingRow struct {
	Team  access.TeamID `json:"team"`
	Inner access.TeamID `json:"inner"`
}

// RoleAssignmentRow is a user's functional role (U2).
type RoleAssignmentRow struct {
	Role access.RoleID `json:"role"`
	User access.UserID `json:"user"`
}

// GroupMemberRow is a user or an e-mail address on a group's list.
type GroupMemberRow struct {
	Group     access.GroupID   `json:"group"`
	Principal access.Principal `json:"principal"`
}

// ChatbotRow is a chatbot.
type ChatbotRow struct {
	Chatbot      access.ChatbotID      `json:"chatbot"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Owner        access.UserID         `json:"owner,omitempty"`
	Ownerless    bool                  `json:"ownerless,omitempty"` // only from an unconfined full key, where the organization has no owner (O3)
	Visibility   access.Visibility     `json:"visibility,omitempty"`
	Name         string                `json:"name,omitempty"`
}

// PolicyRow is a chatbot's gates (3.5). A list that is left out keeps its gate; one that is empty is a gate that deletions emptied, which
// only an unconfined full key sets (G8).
type PolicyRow struct {
	Chatbot       access.ChatbotID        `json:"chatbot"`
	Enabled       *bool                   `json:"enabled,omitempty"`
	EmailDomains  []string                `json:"email_domains,omitzero"`
	UserTypes     []access.UserType       `json:"user_types,omitzero"`
	Entities      []access.OrganizationID `json:"entities,omitzero"`
	AllowedRoles  []string                `json:"allowed_roles,omitzero"`
	RequiredRoles []string                `json:"required_roles,omitzero"`
	AllowedUsers  []access.UserID         `json:"allowed_users,omitzero"`
	DeniedUsers   []access.UserID         `json:"denied_users,omitzero"`
}

// FeatureRow is a feature of a chatbot (F1). Its lists are as in PolicyRow.
type FeatureRow struct {
	Chatbot      access.ChatbotID   `json:"chatbot"`
	Feature      string             `json:"feature"`
	Enabled      *bool              `json:"enabled,omitempty"`
	AllowedRoles []string           `json:"allowed_roles,omitzero"`
	UserTypes    []access.UserType  `json:"user_types,omitzero"`
	Limits       map[string]float64 `json:"limits,omitzero"`
}

// ShareRow is a share (S1).
type ShareRow struct {
	Chatbot   access.ChatbotID `json:"chatbot"`
	Principal access.Principal `json:"principal"`
	Access    access.Level     `json:"access"`
	ExpiresAt time.Time        `json:"expires_at,omitzero"`
}

// MatrixRow is one member's row in a chatbot's matrix (3.3).
type MatrixRow struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	User    access.UserID    `json:"user"`
	Actions []access.Action  `json:"actions"`
}

// PublicLinkRow is a chatbot's public link (3.4), without the link itself: Digest is what tells the genuine one, and Nonce what it is made of,
// beside the chatbot and the hash key. A chatbot without a link has no row.
type PublicLinkRow struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Mode    access.Audience  `json:"mode"`
	Digest  string           `json:"link_digest"`
	Nonce   string           `json:"link_nonce,omitempty"`
}

// APIKeyRow is a chatbot's API key (3.6), by ID. Its secret is known by Digest where the hash key is the one under which that was made, and
// nowhere else.
type APIKeyRow struct {
	APIKey            access.KeyID     `json:"api_key"`
	Chatbot           access.ChatbotID `json:"chatbot"`
	Name              string           `json:"name"`
	Access            access.Level     `json:"access"`
	ExpiresAt         time.Time        `json:"expires_at,omitzero"`
	AllowedIPs        []string         `json:"allowed_ips,omitzero"`
	Digest            string           `json:"digest"`
	Preview           string           `json:"preview,omitempty"`
	CreatedBy         string           `json:"created_by,omitempty"`
	CreatedAt         time.Time        `json:"created_at,omitzero"`
	CreatorLostDeploy bool             `json:"creator_lost_deploy,omitempty"`
}

// AccountKeyRow is an account key (section 8), by ID. Its digest is as in APIKeyRow.
type AccountKeyRow struct {
	AccountKey    access.KeyID          `json:"account_key"`
	Name          string                `json:"name"`
	Access        access.KeyAccess      `json:"access"`
	Organization  access.OrganizationID `json:"organization,omitempty"`
	ActorRequired bool                  `json:"actor_required,omitempty"`
	ExpiresAt     time.Time             `json:"expires_at,omitzero"`
	AllowedIPs    []string              `json:"allowed_ips,omitzero"`
	Digest        string                `json:"digest"`
	Preview       string                `json:"preview,omitempty"`
	CreatedBy     string                `json:"created_by,omitempty"`
	CreatedAt     time.Time             `json:"created_at,omitzero"`

	// BelongsTo is the people on whose rights the key rests: none for a key of the installation. Where it is left out, as by programs of before, it is
	// derived from CreatedBy (B5).
	BelongsTo    []access.UserID `json:"belongs_to,omitzero"`
	Parent       access.KeyID    `json:"parent,omitempty"`
	RefusedFor   string          `json:"refused_for,omitempty"`
	RefusedAt    time.Time       `json:"refused_at,omitzero"`
	Version      int             `json:"version,omitempty"`
	FormerDigest string          `json:"former_digest,omitempty"`
	FormerUntil  time.Time       `json:"former_until,omitzero"`
}

// RequestRow is a pending request to share (S4–S9). It has no ID: where it is restored it gets one that follows all that are there.
type RequestRow struct {
	Chatbot        access.ChatbotID `json:"chatbot"`
	Principal      access.Principal `json:"principal"`
	Access         access.Level     `json:"access"`
	ShareExpiresAt time.Time        `json:"share_expires_at,omitzero"`
	Requester      string           `json:"requester"`          // user:ID or key:ID
	Revision       int64            `json:"revision,omitempty"` // or 0 for 1
	CreatedAt      time.Time        `json:"created_at,omitzero"`
	ExpiresAt      time.Time        `json:"expires_at"`
}

// InvitationRow is a pending invitation (N1), by ID. Its token is known by Digest as a key's secret is.
type InvitationRow struct {
	Invitation   access.InvitationID   `json:"invitation"`
	Organization access.OrganizationID `json:"organization"`
	Email        access.Email          `json:"email,omitempty"`
	User         access.UserID         `json:"user,omitempty"` // who is offered the ownership, instead of an address (O7)
	Role         access.OrgRole        `json:"role"`
	Shares       []InvitedShare        `json:"shares,omitempty"`
	Inviter      string                `json:"inviter,omitempty"` // user:ID or key:ID, or "" once the user is offboarded
	InviterKey   access.KeyID          `json:"key,omitempty"`
	Confined     access.OrganizationID `json:"confined,omitempty"`
	Revision     int64                 `json:"revision"`
	Digest       string                `json:"digest"`
	CreatedAt    time.Time             `json:"created_at,omitzero"`
	ExpiresAt    time.Time             `json:"expires_at"`
}

// HashKeyRow says under which key the digests in a file were made, by a value that tells nothing else. It is no fact: it is refused where
// that key is not among those in use, since nobody's secret would be known there.
type HashKeyRow struct {
	Value string `json:"check"`
}

// InvitedShare is a chatbot that comes with an invitation.
type InvitedShare struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Access  access.Level     `json:"access"`
}

// ResourceRow is a document, an MCP server or a metric (section 4). Files name its ID after its type.
type ResourceRow struct {
	Type    access.Type
	ID      string
	Chatbot access.ChatbotID
	Access  access.Mode
	Allowed []access.Principal // nil where it is left out
}

func (*HashKeyRow) Kind() Kind        { return KindHashKey }
func (*UserRow) Kind() Kind           { return KindUser }
func (*HomeRow) Kind() Kind           { return KindHome }
func (*OrganizationRow) Kind() Kind   { return KindOrganization }
func (*MembershipRow) Kind() Kind     { return KindMembership }
func (*PlatformRoleRow) Kind() Kind   { return KindPlatformRole }
func (*RoleRow) Kind() Kind           { return KindRole }
func (*GroupRow) Kind() Kind          { return KindGroup }
func (*TeamRow) Kind() Kind           { return KindTeam }
func (*TeamMemberRow) Kind() Kind     { return KindTeamMember }
func (*TeamNestingRow) Kind() Kind    { return KindTeamNesting }
func (*RoleAssignmentRow) Kind() Kind { return KindRoleAssignment }
func (*GroupMemberRow) Kind() Kind    { return KindGroupMember }
func (*ChatbotRow) Kind() Kind        { return KindChatbot }
func (*PolicyRow) Kind() Kind         { return KindPolicy }
func (*FeatureRow) Kind() Kind        { return KindFeature }
func (*ShareRow) Kind() Kind          { return KindShare }
func (*MatrixRow) Kind() Kind         { return KindRow }
func (*PublicLinkRow) Kind() Kind     { return KindPublicLink }
func (*APIKeyRow) Kind() Kind         { return KindAPIKey }
func (*AccountKeyRow) Kind() Kind     { return KindAccountKey }
func (*RequestRow) Kind() Kind        { return KindRequest }
func (*InvitationRow) Kind() Kind     { return KindInvitation }
func (*TakenAwayRow) Kind() Kind      { return KindTakenAway }
func (r *ResourceRow) Kind() Kind     { return Kind(r.Type) }

func (r *HashKeyRow) Key() string        { return r.Value }
func (r *UserRow) Key() string           { return string(r.User) }
func (r *HomeRow) Key() string           { return string(r.User) }
func (r *OrganizationRow) Key() string   { return string(r.Organization) }
func (r *MembershipRow) Key() string     { return pair(r.Organization, r.User) }
func (r *PlatformRoleRow) Key() string   { return pair(r.Role, r.User) }
func (r *RoleRow) Key() string           { return string(r.Role) }
func (r *GroupRow) Key() string          { return string(r.Group) }
func (r *TeamRow) Key() string           { return string(r.Team) }
func (r *TeamMemberRow) Key() string     { return pair(r.Team, r.User) }
func (r *TeamNestingRow) Key() string    { return pair(r.Team, r.Inner) }
func (r *RoleAssignmentRow) Key() string { return pair(r.Role, r.User) }
func (r *GroupMemberRow) Key() string    { return pair(r.Group, r.Principal.String()) }
func (r *ChatbotRow) Key() string        { return string(r.Chatbot) }
func (r *PolicyRow) Key() string         { return string(r.Chatbot) }
func (r *FeatureRow) Key() string        { return pair(r.Chatbot, r.Feature) }
func (r *ShareRow) Key() string          { return pair(r.Chatbot, r.Principal.String()) }
func (r *MatrixRow) Key() string         { return pair(r.Chatbot, r.User) }
func (r *PublicLinkRow) Key() string     { return string(r.Chatbot) }
func (r *APIKeyRow) Key() string         { return string(r.APIKey) }
func (r *AccountKeyRow) Key() string     { return string(r.AccountKey) }
func (r *RequestRow) Key() string        { return pair(r.Chatbot, r.Principal.String()) }
func (r *InvitationRow) Key() string     { return string(r.Invitation) }
func (r *TakenAwayRow) Key() string      { t := r.fact(""); return pair(r.User, string(t.Kind)+"/"+t.Target) }
func (r *ResourceRow) Key() string       { return r.ID }

// pair joins two IDs into one text that no other pair has.
func pair[A, B ~string](a A, b B) string {
	return fmt.Sprintf("%d:", len(a)) + strings.Join([]string{string(a), string(b)}, "/")
}
