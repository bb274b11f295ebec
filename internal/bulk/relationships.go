package bulk

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/authzed/spicedb/pkg/tuple"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
)

// maxRelationship is how long a relationship may be, in bytes: its two IDs take most of it, three bytes for each of theirs.
const maxRelationship = 8 << 10

var errLongRelationship = access.Invalidf("", "a relationship can have at most %d bytes", maxRelationship)

// readRelationships reads relationships as SpiceDB's tools write them, one a line: chatbot:x#use_only@user:alice. They name facts, not
// what the engine makes of them. Blank lines and those that begin with // are passed over.
func readRelationships(in *lines, each Each) error {
	for {
		raw, whole, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		raw = withoutEnd(raw)
		line := Line{Number: in.number, Raw: raw}
		text := bytes.TrimSpace(raw)
		switch {
		case !whole:
			line.Err = errTooLong
		case len(text) == 0 || bytes.HasPrefix(text, []byte("//")):
			continue
		case !utf8.Valid(text):
			line.Err = errNotUTF8
		case len(text) > maxRelationship:
			line.Err = errLongRelationship
		default:
			row, err := relationshipRow(string(text))
			line = checked(in.number, raw, row, err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

// engineOnly are relations of the engine that no fact is named by.
var engineOnly = []string{
	"can_interact", "can_read", "can_update", "can_deploy", "manager", "staff", "person", "entrance", "rulebook", "viewer", "holder", "inactive",
	"internal", "anyone", "platform",
}

// relationshipRow is the fact that a relationship names. IDs are spelled in SpiceDB's grammar.
func relationshipRow(text string) (sharing.Row, error) {
	text, expiry, expires := cutExpiry(text)
	r, err := tuple.Parse(text)
	if err != nil {
		return nil, access.Invalidf("", "not a relationship: write type:id#relation@type:id")
	}
	if r.OptionalCaveat != nil {
		return nil, access.Invalidf("", "a relationship with a caveat cannot be imported")
	}
	if expires && !slices.Contains(access.Levels, access.Level(r.Resource.Relation)) {
		return nil, access.Invalidf("S13", "only shares can expire")
	}
	if access.Type(r.Resource.ObjectType) == access.TypeAPIKey || access.Type(r.Subject.ObjectType) == access.TypeAPIKey {
		return nil, access.Invalidf("K2", "a relationship cannot contain an API key's digest, without which the key would not work: import keys as JSON Lines")
	}
	if row := factRow(r); row != nil {
		return row, nil
	}
	share, err := shareRow(r)
	if err == nil && share != nil && expires {
		share.ExpiresAt, err = readTime("expiration", expiry)
	}
	if err != nil {
		return nil, err
	}
	if share != nil {
		return share, nil
	}
	if slices.Contains(engineOnly, r.Resource.Relation) {
		return nil, access.Invalidf("", "%s is a relation that the engine derives from facts: name the fact, such as chatbot:x#use_only@user:alice "+
			"or organization:o#member@user:alice", r.Resource.Relation)
	}
	return nil, access.Invalidf("", "%s#%s@%s cannot be imported: import documents, MCP servers, metrics and rows as CSV or JSON Lines, and gates, "+
		"features, public links, keys, requests and invitations as JSON Lines",
		r.Resource.ObjectType, r.Resource.Relation, r.Subject.ObjectType)
}

// idOf is the ID of a subject of the type that stands for itself, or "".
func idOf[T access.AnyID](s tuple.ObjectAndRelation, t access.Type) T {
	if access.Type(s.ObjectType) != t || s.Relation != tuple.Ellipsis || s.ObjectID == spice.Wildcard {
		return ""
	}
	return T(spice.Decode(s.ObjectID))
}

// factRow is the fact, unless the relationship names none or a share.
func factRow(r tuple.Relationship) sharing.Row {
	id, relation := spice.Decode(r.Resource.ObjectID), r.Resource.Relation
	user := idOf[access.UserID](r.Subject, access.TypeUser)
	org := idOf[access.OrganizationID](r.Subject, access.TypeOrganization)
	switch access.Type(r.Resource.ObjectType) {
	case access.TypePlatform:
		if id == access.Platform && user != "" && slices.Contains(access.PlatformRoles, access.PlatformRole(relation)) {
			return &sharing.PlatformRoleRow{Role: access.PlatformRole(relation), User: user}
		}
	case access.TypeOrganization:
		if user != "" && slices.Contains(access.OrgRoles, access.OrgRole(relation)) {
			return &sharing.MembershipRow{Organization: access.OrganizationID(id), User: user, Role: access.OrgRole(relation)}
		}
	case access.TypeTeam:
		return teamRow(access.TeamID(id), relation, user, org, r.Subject)
	case access.TypeRole:
		switch {
		case relation == "organization" && org != "":
			return &sharing.RoleRow{Role: access.RoleID(id), Organization: org}
		case relation == "assignee" && user != "":
			return &sharing.RoleAssignmentRow{Role: access.RoleID(id), User: user}
		}
	case access.TypeGroup:
		switch {
		case relation == "organization" && org != "":
			return &sharing.GroupRow{Group: access.GroupID(id), Organization: org}
		case relation == "member":
			if p, ok := principalOf(r.Subject); ok {
				return &sharing.GroupMemberRow{Group: access.GroupID(id), Principal: p}
			}
		}
	case access.TypeChatbot: // two relationships, which staging joins
		switch {
		case relation == "organization" && org != "":
			return &sharing.ChatbotRow{Chatbot: access.ChatbotID(id), Organization: org}
		case relation == "owner" && user != "":
			return &sharing.ChatbotRow{Chatbot: access.ChatbotID(id), Owner: user}
		}
	}
	return nil
}

func teamRow(id access.TeamID, relation string, user access.UserID, org access.OrganizationID, s tuple.ObjectAndRelation) sharing.Row {
	switch {
	case relation == "organization" && org != "":
		return &sharing.TeamRow{Team: id, Organization: org}
	case user != "" && slices.Contains(access.TeamRoles, access.TeamRole(relation)):
		return &sharing.TeamMemberRow{Team: id, User: user, Role: access.TeamRole(relation)}
	case relation == "member" && access.Type(s.ObjectType) == access.TypeTeam && s.ObjectID != spice.Wildcard &&
		(s.Relation == tuple.Ellipsis || s.Relation == "member"):
		return &sharing.TeamNestingRow{Team: id, Inner: access.TeamID(spice.Decode(s.ObjectID))}
	}
	return nil
}

// cutExpiry cuts [expiration:TIME] off the end of a relationship.
func cutExpiry(text string) (relationship, expiry string, expires bool) {
	inner, closed := strings.CutSuffix(text, "]")
	begin := strings.LastIndex(inner, "[expiration:")
	if !closed || begin < 0 {
		return text, "", false
	}
	return text[:begin], inner[begin+len("[expiration:"):], true
}

// shareRow is the share that the relationship names, if it names one.
func shareRow(r tuple.Relationship) (*sharing.ShareRow, error) {
	level := access.Level(r.Resource.Relation)
	if access.Type(r.Resource.ObjectType) != access.TypeChatbot || !slices.Contains(access.Levels, level) {
		return nil, nil
	}
	p, ok := principalOf(r.Subject)
	if !ok {
		return nil, access.Invalidf("S1", "the subject of a share must be user:…, email:…#holder, team:…#member, organization:…, role:…#assignee, group:…#member or "+
			"platform:main#everyone")
	}
	return &sharing.ShareRow{Chatbot: access.ChatbotID(spice.Decode(r.Resource.ObjectID)), Principal: p, Access: level}, nil
}

// members names, for each type of principal, the relation that stands for its members and may be left out.
var members = map[access.PrincipalKind]string{
	access.PrincipalUser: "", access.PrincipalEmail: "holder", access.PrincipalTeam: "member", access.PrincipalOrganization: "staff",
	access.PrincipalRole: "assignee", access.PrincipalGroup: "member",
}

// principalOf is the principal that a subject stands for.
func principalOf(s tuple.ObjectAndRelation) (access.Principal, bool) {
	id := spice.Decode(s.ObjectID)
	if access.Type(s.ObjectType) == access.TypePlatform {
		return access.Everyone, id == access.Platform && (s.Relation == tuple.Ellipsis || s.Relation == string(access.PrincipalEveryone))
	}
	kind := access.PrincipalKind(s.ObjectType)
	relation, ok := members[kind]
	if !ok || s.ObjectID == spice.Wildcard || s.Relation != tuple.Ellipsis && s.Relation != relation {
		return access.Principal{}, false
	}
	p, err := access.ParsePrincipal(string(kind) + ":" + id)
	return p, err == nil
}
