package access

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxIDBytes is the longest ID, in bytes of UTF-8 (I1).
const MaxIDBytes = 256

// maxObjectBytes is the longest type:ID; types are much shorter than IDs.
const maxObjectBytes = 2 * MaxIDBytes

// The IDs of the model's nouns. Each is 1–256 bytes of UTF-8, chosen by the caller, case-sensitive and unique within its type (I1).
type (
	UserID         string
	OrganizationID string
	TeamID         string
	RoleID         string
	GroupID        string
	ChatbotID      string
	KeyID          string
	RequestID      string
	InvitationID   string
	NotificationID string
	MailID         string
)

// AnyID is any of the typed IDs.
type AnyID interface{ ~string }

// ParseID checks s against I1 and returns it as the typed ID. The error is of kind Invalid.
func ParseID[T AnyID](s string) (T, error) {
	switch {
	case s == "":
		return "", Invalidf("I1", "an ID must not be empty")
	case len(s) > MaxIDBytes:
		return "", Invalidf("I1", "an ID can have at most %d bytes, and this one has %d", MaxIDBytes, len(s))
	case !utf8.ValidString(s):
		return "", Invalidf("I1", "an ID must be valid UTF-8")
	}
	if at := strings.IndexFunc(s, unicode.IsControl); at >= 0 {
		r, _ := utf8.DecodeRuneInString(s[at:])
		return "", Invalidf("I1", "an ID must not contain control characters, and this one contains %U", r)
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	for _, r := range []rune{first, last} {
		if invisible(r) {
			return "", Invalidf("I1", "an ID must not begin or end with white space or an invisible character (here %U)", r)
		}
	}
	return T(s), nil
}

// invisible reports whether people cannot see the character: white space, format characters such as U+200B and U+FEFF, and what else Unicode says is
// drawn as nothing, such as the Hangul filler U+3164.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Z, unicode.Other_Default_Ignorable_Code_Point)
}

var featureName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// ParseFeatureName checks the name of a feature (I1).
func ParseFeatureName(s string) (string, error) {
	if len(s) > MaxIDBytes || !featureName.MatchString(s) {
		return "", Invalidf("I1", "a feature's name must match %s", featureName)
	}
	return s, nil
}

// FeatureID is a feature's ID as a resource: the chatbot, a slash, the feature's name (I1).
func FeatureID(chatbot ChatbotID, feature string) string {
	return string(chatbot) + "/" + feature
}

// Type is a type of object in the access model, spelled as in the schema and in AuthZEN requests.
type Type string

// The types of the model (section 1).
const (
	TypePlatform     Type = "platform"
	TypeOrganization Type = "organization"
	TypeTeam         Type = "team"
	TypeRole         Type = "role"
	TypeGroup        Type = "group"
	TypeUser         Type = "user"
	TypeVisitor      Type = "visitor"
	TypeAPIKey       Type = "api_key"
	TypeChatbot      Type = "chatbot"
	TypeDocument     Type = "document"
	TypeMCPServer    Type = "mcp_server"
	TypeMetric       Type = "metric"
	TypeFeature      Type = "feature"
)

// Platform is the ID of the one platform.
const Platform = "main"

// Object is one thing: its type and its ID as the caller chose it.
type Object struct {
	Type Type   `json:"type"`
	ID   string `json:"id"`
}

// Obj names an object of type t.
func Obj[T AnyID](t Type, id T) Object { return Object{Type: t, ID: string(id)} }

// PlatformObject is the installation.
var PlatformObject = Object{Type: TypePlatform, ID: Platform}

func (o Object) String() string { return string(o.Type) + ":" + o.ID }

// ParseObject reads "type:id"; the ID is all that follows the first colon. The error is of kind Invalid.
func ParseObject(s string) (Object, error) {
	if len(s) > maxObjectBytes {
		return Object{}, Invalidf("I1", "type:id can have at most %d bytes", maxObjectBytes)
	}
	t, id, ok := strings.Cut(s, ":")
	if !ok || t == "" {
		return Object{}, Invalidf("I1", "%q is not of the form type:id", s)
	}
	id, err := ParseID[string](id)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", s, err)
	}
	return Object{Type: Type(t), ID: id}, nil
}
