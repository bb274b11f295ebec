package sharing

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// Kind is the kind of a row of an import.
type Kind string

// The kinds of rows, in the order in which they are processed: a row comes after those it depends on. A row can also create the organization, the
// user and the team that it names.
const (
	KindHashKey        Kind = "hash_key"
	KindUser           Kind = "user"
	KindOrganization   Kind = "organization"
	KindMembership     Kind = "membership"
	KindHome           Kind = "home" // the home organization of a user, when both are in the same import
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

// Kinds lists the kinds in the order in which they are processed.
var Kinds = []Kind{
	KindHashKey, KindUser, KindOrganization, KindMembership, KindHome, KindPlatformRole, KindRole, KindGroup, KindTeam, KindTeamMember, KindTeamNesting,
	KindRoleAssignment, KindGroupMember, KindChatbot, KindPolicy, KindRow, KindFeature, KindShare, KindPublicLink, KindAPIKey, KindDocument, KindMCPServer,
	KindMetric, KindAccountKey, KindRequest, KindInvitation, KindTakenAway,
}

// Row is one row of an import or an export: a fact in the terms of its file. A field that is left out keeps its value, or gets its default at
// creation.
type Row interface {
	Kind() Kind
	// Key identifies the fact among those of its kind.
	Key() string
	// Check normalizes the row, and refuses an invalid one with an error of kind Invalid.
	Check() error
	// steps returns the changes that make the row true, in order.
	steps() []step
}

// Rank orders rows: lower ranks come first. Owners come before other members, because the first owner's row creates the organization. A chatbot, its
// gates and its matrix are adjacent (Together).
func Rank(r Row) int64 {
	const chatbotBits, partBits = 48, 2
	kind, low := r.Kind(), int64(0)
	if of, part := partOf(r); of != "" {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(of))
		kind, low = KindChatbot, int64(hash.Sum64()>>(64-chatbotBits))<<partBits|part // 48 bits fit
	}
	rank := 2 * slices.Index(Kinds, kind)
	if m, ok := r.(*MembershipRow); ok && m.Role != access.OrgOwner {
		rank++
	}
	return int64(rank)<<(chatbotBits+partBits) | low
}

// Together reports whether adjacent rows are about one chatbot, where one row grants access and another restricts it. They are written together;
// otherwise people excluded by the gates or the matrix would have access during the import, or permanently after an interrupted one.
func Together(a, b Row) bool {
	of, _ := partOf(a)
	other, _ := partOf(b)
	return of != "" && of == other
}

// partOf returns the chatbot of a row that is written together with it, and the row's place; "" for other rows.
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

// pair joins two IDs into a text that is unique to the pair.
func pair[A, B ~string](a A, b B) string {
	return fmt.Sprintf("%d:", len(a)) + strings.Join([]string{string(a), string(b)}, "/")
}
