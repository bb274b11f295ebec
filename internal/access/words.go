package access

import (
	"slices"
	"strings"
)

// OrgRole is what a user is in an organization; a user has at most one (section 2).
type OrgRole string

const (
	OrgOwner  OrgRole = "owner"
	OrgAdmin  OrgRole = "admin"
	OrgMember OrgRole = "member"
	OrgClient OrgRole = "client"
)

// TeamRole is what a user is in a team.
type TeamRole string

const (
	TeamAdmin  TeamRole = "admin"
	TeamMember TeamRole = "member"
)

// PlatformRole is what an internal user is on the whole installation (P1–P4).
type PlatformRole string

const (
	SiteAdmin    PlatformRole = "site_admin"
	ContentAdmin PlatformRole = "content_admin"
	ContentUser  PlatformRole = "content_user"
)

// UserType tells employees from everybody else; unknown users are external (C1).
type UserType string

const (
	Internal UserType = "internal"
	External UserType = "external"
)

// Visibility says what organization roles give on a chatbot (3.1).
type Visibility string

const (
	OwnerOnly           Visibility = "owner_only"
	Shared              Visibility = "shared"
	OrganizationVisible Visibility = "organization"
)

// Level is what a share or an API key gives (3.2).
type Level string

const (
	UseOnly   Level = "use_only"
	ReadOnly  Level = "read_only"
	ReadWrite Level = "read_write"
)

// Audience is whom a public link, or an organization's limit on it, admits (3.4, O5).
type Audience string

const (
	AudienceNone          Audience = "none"
	AudienceAuthenticated Audience = "authenticated"
	AudienceEveryone      Audience = "everyone"
)

// Mode is whom a document, MCP server or metric admits among those who may interact (section 4).
type Mode string

const (
	ModePublic        Mode = "public"
	ModeAuthenticated Mode = "authenticated"
	ModeRestricted    Mode = "restricted"
)

// Action is something that a subject may do to a resource, spelled as in the schema.
type Action string

const (
	// On the platform (P3).
	Administer          Action = "administer"
	ManageContent       Action = "manage_content"
	UseEnhancedFeatures Action = "use_enhanced_features"
	// On an organization (section 2); ManageMembers also on a team (T1).
	Billing       Action = "billing"
	CreateChatbot Action = "create_chatbot"
	ManageMembers Action = "manage_members"
	ViewData      Action = "view_data"
	// On a chatbot (section 3); Update and Delete also on an organization.
	Interact     Action = "interact"
	Read         Action = "read"
	ReadHistory  Action = "read_history"
	Update       Action = "update"
	ConfigureUI  Action = "configure_ui"
	Test         Action = "test"
	Deploy       Action = "deploy"
	ManageAccess Action = "manage_access"
	Transfer     Action = "transfer"
	Delete       Action = "delete"
	// On what hangs on a chatbot (section 4).
	View Action = "view"
	Use  Action = "use"
	// See is not asked by backends: any action at all on a chatbot lets its existence be known (C6).
	See Action = "see"
)

// Actions lists, for each type, what can be asked about it (sections 2–4), in the order of the model.
var Actions = map[Type][]Action{
	TypePlatform:     {Administer, ManageContent, UseEnhancedFeatures},
	TypeOrganization: {Billing, Delete, Update, ManageMembers, CreateChatbot, ViewData},
	TypeTeam:         {ManageMembers},
	TypeChatbot:      {Interact, Read, ReadHistory, Update, ConfigureUI, Test, Deploy, ManageAccess, Transfer, Delete},
	TypeDocument:     {View},
	TypeMCPServer:    {Use},
	TypeMetric:       {View},
	TypeFeature:      {Use},
}

// RowActions are the cells of the permission matrix, in the order of the model (3.3).
var RowActions = []Action{Read, Update, Deploy, Delete, Test}

// Ceiling is the most that a row gives to a holder of the role (3.3).
func Ceiling(role OrgRole) []Action {
	switch role {
	case OrgOwner:
		return []Action{Read, Update, Deploy, Delete, Test}
	case OrgAdmin, OrgMember:
		return []Action{Read, Update, Deploy, Test}
	case OrgClient:
		return []Action{Read, Update, Test}
	}
	return nil
}

// The values of each enumeration, weakest or most common first, for parsing, messages and the API description.
var (
	OrgRoles      = []OrgRole{OrgOwner, OrgAdmin, OrgMember, OrgClient}
	TeamRoles     = []TeamRole{TeamAdmin, TeamMember}
	PlatformRoles = []PlatformRole{SiteAdmin, ContentAdmin, ContentUser}
	UserTypes     = []UserType{Internal, External}
	Visibilities  = []Visibility{OwnerOnly, Shared, OrganizationVisible}
	Levels        = []Level{UseOnly, ReadOnly, ReadWrite}
	Audiences     = []Audience{AudienceNone, AudienceAuthenticated, AudienceEveryone}
	Modes         = []Mode{ModePublic, ModeAuthenticated, ModeRestricted}
)

// ParseWord returns s as one of words. The error is of kind Invalid and lists them.
func ParseWord[T ~string](s string, words []T) (T, error) {
	if slices.Contains(words, T(s)) {
		return T(s), nil
	}
	return "", Invalidf("", "%q is not one of %s", s, Listed(words))
}

// Listed puts words into a sentence, separated by commas.
func Listed[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}

// AtLeast reports whether l gives everything that m gives.
func (l Level) AtLeast(m Level) bool { return slices.Index(Levels, l) >= slices.Index(Levels, m) }

// Exceeds reports whether a admits someone whom limit does not (O5).
func (a Audience) Exceeds(limit Audience) bool {
	return slices.Index(Audiences, a) > slices.Index(Audiences, limit)
}

// Admits reports whether a link of that mode is for subjects of the type (L1).
func (a Audience) Admits(t Type) bool {
	switch t {
	case TypeUser:
		return a == AudienceAuthenticated || a == AudienceEveryone
	case TypeVisitor:
		return a == AudienceEveryone
	}
	return false
}

// PlatformRoleOf reads a role as gates name it: platform:site_admin and so on are platform roles, all else is a role's ID (G5).
func PlatformRoleOf(role string) (PlatformRole, bool) {
	name, ok := strings.CutPrefix(role, "platform:")
	if !ok || !slices.Contains(PlatformRoles, PlatformRole(name)) {
		return "", false
	}
	return PlatformRole(name), true
}
