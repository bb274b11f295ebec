package sharing

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

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

// Together reports whether rows that follow each other are about one chatbot, where one row lets people in and another keeps some of them out. They are
// written at once: else people whom the gates or the matrix exclude would have access while the import goes on, and for good where it is interrupted.
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

// pair joins two IDs into one text that no other pair has.
func pair[A, B ~string](a A, b B) string {
	return fmt.Sprintf("%d:", len(a)) + strings.Join([]string{string(a), string(b)}, "/")
}
