package httpapi

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
)

// Formats of strings that the domain parses. The validator knows how (validate.go).
const (
	formatID        = "id"
	formatEmail     = "email"
	formatPrincipal = "principal"
	formatSubject   = "subject"
	formatFeature   = "feature-name"
	formatTime      = "date-time"
)

// newRegistry makes the registry of schemas, which describes the words of the domain as package access reads them.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	describe[access.UserID, id](r)
	describe[access.OrganizationID, id](r)
	describe[access.TeamID, id](r)
	describe[access.RoleID, id](r)
	describe[access.GroupID, id](r)
	describe[access.ChatbotID, id](r)
	describe[access.KeyID, id](r)
	describe[access.RequestID, id](r)
	describe[access.NotificationID, id](r)
	describe[access.InvitationID, id](r)
	describe[access.Email, email](r)
	describe[access.Principal, principal](r)
	describe[access.Subject, subject](r)
	describe[access.OrgRole, orgRole](r)
	describe[access.TeamRole, teamRole](r)
	describe[access.PlatformRole, platformRole](r)
	describe[access.UserType, userType](r)
	describe[access.Visibility, visibility](r)
	describe[access.Level, level](r)
	describe[access.Audience, audience](r)
	describe[access.Mode, mode](r)
	describe[access.KeyAccess, keyAccess](r)
	describe[access.InvitationState, invitationState](r)
	describe[access.Outcome, outcome](r)
	describe[access.Action, action](r)
	describe[access.RequestState, requestState](r)
	describe[access.NotificationKind, notificationKind](r)

	optional[string](r)
	optional[bool](r)
	optional[[]string](r)
	optional[[]InvitationShare](r)
	optional[time.Time](r)
	optional[access.UserID](r)
	optional[access.OrganizationID](r)
	optional[access.Email](r)
	optional[access.UserType](r)
	optional[access.Visibility](r)
	optional[access.Level](r)
	optional[access.Audience](r)
	optional[access.Mode](r)
	optional[access.ChatbotID](r)
	optional[[]access.Principal](r)
	optional[[]access.UserID](r)
	optional[[]access.OrganizationID](r)
	optional[[]access.UserType](r)
	optional[map[string]float64](r)
	return r
}

// describe says that T has the schema that S provides.
func describe[T any, S huma.SchemaProvider](r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[S]())
}

// optional says that a field of a PUT has the schema of T, or is null.
func optional[T any](r huma.Registry) { describe[access.Optional[T], nullable[T]](r) }

// nullable provides the schema of an access.Optional[T].
type nullable[T any] struct{}

func (nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), false, "")
	s.Nullable = true
	if s.Enum != nil {
		s.Enum = append(s.Enum, nil)
	}
	return &s
}

type (
	id        struct{}
	email     struct{}
	principal struct{}
	subject   struct{}
)

func (id) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: formatID, MinLength: ref(1), MaxLength: ref(access.MaxIDBytes), Description: "1–256 bytes of UTF-8"}
}

func (email) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: formatEmail, Description: "an email address without invisible characters; compared in Unicode NFC, lower case, with the domain in IDNA form"}
}

func (principal) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: formatPrincipal, Examples: []any{"user:alice"},
		Description: "user:ID, email:ADDRESS, team:ID, organization:ID, role:ID, group:ID or everyone",
	}
}

func (subject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: formatSubject, Examples: []any{"user:alice"}, Description: "user:ID, visitor:ID or api_key:ID"}
}

type (
	orgRole      struct{}
	teamRole     struct{}
	platformRole struct{}
	userType     struct{}
	visibility   struct{}
	level        struct{}
	audience     struct{}
	mode         struct{}
	keyAccess    struct{}
	outcome      struct{}
	action       struct{}

	invitationState  struct{}
	requestState     struct{}
	notificationKind struct{}
)

func (orgRole) Schema(huma.Registry) *huma.Schema         { return oneOf(access.OrgRoles) }
func (teamRole) Schema(huma.Registry) *huma.Schema        { return oneOf(access.TeamRoles) }
func (platformRole) Schema(huma.Registry) *huma.Schema    { return oneOf(access.PlatformRoles) }
func (userType) Schema(huma.Registry) *huma.Schema        { return oneOf(access.UserTypes) }
func (visibility) Schema(huma.Registry) *huma.Schema      { return oneOf(access.Visibilities) }
func (level) Schema(huma.Registry) *huma.Schema           { return oneOf(access.Levels) }
func (audience) Schema(huma.Registry) *huma.Schema        { return oneOf(access.Audiences) }
func (mode) Schema(huma.Registry) *huma.Schema            { return oneOf(access.Modes) }
func (keyAccess) Schema(huma.Registry) *huma.Schema       { return oneOf(access.KeyAccesses) }
func (invitationState) Schema(huma.Registry) *huma.Schema { return oneOf(access.InvitationStates) }
func (outcome) Schema(huma.Registry) *huma.Schema         { return oneOf(access.Outcomes) }
func (action) Schema(huma.Registry) *huma.Schema          { return oneOf(access.Actions[access.TypeChatbot]) }

func (requestState) Schema(huma.Registry) *huma.Schema     { return oneOf(access.RequestStates) }
func (notificationKind) Schema(huma.Registry) *huma.Schema { return oneOf(access.NotificationKinds) }

// describeNulls says of each field that is a pointer that it can be null, which the schemas that types provide themselves do not.
func describeNulls(r huma.Registry) {
	for name, s := range r.Map() {
		t := r.TypeFromRef("#/components/schemas/" + name)
		for _, f := range reflect.VisibleFields(t) {
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[field]
			if f.Type.Kind() != reflect.Pointer || p == nil || p.Ref != "" || p.Nullable || !slices.Contains(s.Required, field) {
				continue
			}
			p.Nullable = true
			if p.Enum != nil {
				p.Enum = append(p.Enum, nil)
			}
		}
	}
}

// oneOf is a string that is one of the words.
func oneOf[T ~string](words []T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, w := range words {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

func ref[T any](v T) *T { return &v }
