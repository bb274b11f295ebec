package schema

// Types that only the engine knows; those of the model are in package access.
const (
	TypeService     = "service"
	TypeEmail       = "email"
	TypeEmailDomain = "email_domain"
	TypeMatrix      = "matrix"
	TypeGatehouse   = "gatehouse"
	TypeGate        = "gate"
)

// Relations, and the permissions that relationships name as subject sets.
const (
	RelAnyone    = "anyone"
	RelInactive  = "inactive"
	RelInternal  = "internal"
	RelApplied   = "applied"
	PermExternal = "external"
	PermEveryone = "everyone"
	PermLoggedIn = "logged_in"

	RelPlatform = "platform"
	RelOwner    = "owner"
	RelClient   = "client"
	RelManager  = "manager"
	RelStaff    = "staff"
	RelPerson   = "person"
	PermInsider = "insider"

	RelOrganization = "organization"
	RelAdmin        = "admin"
	RelMember       = "member"
	RelAssignee     = "assignee"
	RelHolder       = "holder"

	RelEntrance    = "entrance"
	RelRulebook    = "rulebook"
	RelCanInteract = "can_interact"
	RelCanRead     = "can_read"
	RelCanUpdate   = "can_update"
	RelCanDeploy   = "can_deploy"
	RelReadWrite   = "read_write"
	PermAdmitted   = "admitted"

	RelChatbot         = "chatbot"
	RelRowed           = "rowed"
	RelRowRead         = "row_read"
	RelRowUpdate       = "row_update"
	RelRowDeploy       = "row_deploy"
	RelRowDelete       = "row_delete"
	RelRowTest         = "row_test"
	RelRowManageAccess = "row_manage_access"

	RelBeyond = "beyond"
	RelExempt = "exempt"
	RelGate   = "gate"
	RelPasser = "passer"
	RelDenied = "denied"

	RelViewer    = "viewer"
	RelEnabled   = "enabled"
	RelCondition = "condition"
)

// Caveats.
const (
	CaveatNotExpired    = "not_expired"
	CaveatLinkPresented = "link_presented"
	CaveatKeyUsable     = "key_usable"
	CaveatEmailDomainIn = "email_domain_in"
	CaveatWithinLimits  = "within_limits"
)

// ParamPrefix begins every caveat parameter that the gateway alone fills; an extension's caveats must not use it.
const ParamPrefix = "gw_"

// Caveat parameters that the gateway fills with each question.
const (
	ParamTime        = "gw_time"
	ParamLink        = "gw_link"
	ParamIP          = "gw_ip"
	ParamEmailDomain = "gw_email_domain"
	ParamValues      = "gw_values"
)

// Caveat parameters that are stored with a relationship.
const (
	StoredExpiresAt  = "expires_at"
	StoredLink       = "link"
	StoredAllowedIPs = "allowed_ips"
	StoredDomains    = "domains"
	StoredLimits     = "limits"
)

// Resources lists the types of which the built-in schema has relationships.
var Resources = []string{
	"platform", "organization", "team", "role", "group", TypeEmail, TypeEmailDomain, "chatbot", TypeMatrix, TypeGatehouse, TypeGate,
	"document", "mcp_server", "metric", "feature",
}
