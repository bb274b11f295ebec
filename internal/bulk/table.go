package bulk

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/strictjson"
)

// table is one kind of CSV file.
type table struct {
	name     string
	kind     sharing.Kind
	required []string // the columns that its header must have, in any order
	optional []string // and those that it may have
	read     func(field func(column string) string) (sharing.Row, error)
	write    func(sharing.Row) []string // the fields of all columns, in the order of required and optional
}

func (t *table) columns() []string { return slices.Concat(t.required, t.optional) }

// tables are the CSV files that there are, in the order in which an export gives them.
var tables = []*table{
	{
		name: "memberships", kind: sharing.KindMembership, required: []string{"organization", "user", "role"}, optional: []string{"email", "name", "type"},
		read: func(field func(string) string) (sharing.Row, error) {
			return &sharing.MembershipRow{
				Organization: access.OrganizationID(field("organization")), User: access.UserID(field("user")), Role: access.OrgRole(field("role")),
				Email: access.Email(field("email")), Name: field("name"), Type: access.UserType(field("type")),
			}, nil
		},
		write: func(r sharing.Row) []string {
			m := r.(*sharing.MembershipRow)
			return []string{string(m.Organization), string(m.User), string(m.Role), string(m.Email), m.Name, string(m.Type)}
		},
	},
	{
		name: "team_members", kind: sharing.KindTeamMember, required: []string{"team", "organization", "user", "role"},
		read: func(field func(string) string) (sharing.Row, error) {
			return &sharing.TeamMemberRow{
				Team: access.TeamID(field("team")), Organization: access.OrganizationID(field("organization")), User: access.UserID(field("user")),
				Role: access.TeamRole(field("role")),
			}, nil
		},
		write: func(r sharing.Row) []string {
			m := r.(*sharing.TeamMemberRow)
			return []string{string(m.Team), string(m.Organization), string(m.User), string(m.Role)}
		},
	},
	{
		name: "role_assignments", kind: sharing.KindRoleAssignment, required: []string{"role", "user"},
		read: func(field func(string) string) (sharing.Row, error) {
			return &sharing.RoleAssignmentRow{Role: access.RoleID(field("role")), User: access.UserID(field("user"))}, nil
		},
		write: func(r sharing.Row) []string {
			a := r.(*sharing.RoleAssignmentRow)
			return []string{string(a.Role), string(a.User)}
		},
	},
	{
		name: "group_members", kind: sharing.KindGroupMember, required: []string{"group", "principal"},
		read: func(field func(string) string) (sharing.Row, error) {
			p, err := access.ParsePrincipal(field("principal"))
			return &sharing.GroupMemberRow{Group: access.GroupID(field("group")), Principal: p}, err
		},
		write: func(r sharing.Row) []string {
			m := r.(*sharing.GroupMemberRow)
			return []string{string(m.Group), m.Principal.String()}
		},
	},
	{
		name: "chatbots", kind: sharing.KindChatbot, required: []string{"chatbot", "organization", "owner"}, optional: []string{"visibility", "name", "ownerless"},
		read: func(field func(string) string) (sharing.Row, error) {
			ownerless := field("ownerless")
			if ownerless != "" && ownerless != "true" && ownerless != "false" {
				return nil, access.Invalidf("O3", "ownerless: must be true, false or empty")
			}
			return &sharing.ChatbotRow{
				Chatbot: access.ChatbotID(field("chatbot")), Organization: access.OrganizationID(field("organization")),
				Owner: access.UserID(field("owner")), Ownerless: ownerless == "true", Visibility: access.Visibility(field("visibility")), Name: field("name"),
			}, nil
		},
		write: func(r sharing.Row) []string {
			b := r.(*sharing.ChatbotRow)
			ownerless := ""
			if b.Ownerless {
				ownerless = "true"
			}
			return []string{string(b.Chatbot), string(b.Organization), string(b.Owner), string(b.Visibility), b.Name, ownerless}
		},
	},
	{
		name: "shares", kind: sharing.KindShare, required: []string{"chatbot", "principal", "access"}, optional: []string{"expires_at"},
		read: readShare,
		write: func(r sharing.Row) []string {
			s := r.(*sharing.ShareRow)
			expires := ""
			if !s.ExpiresAt.IsZero() {
				expires = s.ExpiresAt.Format(time.RFC3339)
			}
			return []string{string(s.Chatbot), s.Principal.String(), string(s.Access), expires}
		},
	},
	{
		name: "rows", kind: sharing.KindRow, required: []string{"chatbot", "user", "actions"},
		read: func(field func(string) string) (sharing.Row, error) {
			return &sharing.MatrixRow{
				Chatbot: access.ChatbotID(field("chatbot")), User: access.UserID(field("user")), Actions: splitActions(field("actions")),
			}, nil
		},
		write: func(r sharing.Row) []string {
			m := r.(*sharing.MatrixRow)
			return []string{string(m.Chatbot), string(m.User), joinActions(m.Actions)}
		},
	},
	resources("documents", access.TypeDocument),
	resources("mcp_servers", access.TypeMCPServer),
	resources("metrics", access.TypeMetric),
}

func readShare(field func(string) string) (sharing.Row, error) {
	p, err := access.ParsePrincipal(field("principal"))
	s := &sharing.ShareRow{Chatbot: access.ChatbotID(field("chatbot")), Principal: p, Access: access.Level(field("access"))}
	if err != nil || field("expires_at") == "" {
		return s, err
	}
	s.ExpiresAt, err = readTime("expires_at", field("expires_at"))
	return s, err
}

func resources(name string, t access.Type) *table {
	return &table{
		name: name, kind: sharing.Kind(t), required: []string{string(t), "chatbot"}, optional: []string{"access", "allowed"},
		read: func(field func(string) string) (sharing.Row, error) {
			allowed, err := splitPrincipals(field("allowed"))
			return &sharing.ResourceRow{
				Type: t, ID: field(string(t)), Chatbot: access.ChatbotID(field("chatbot")), Access: access.Mode(field("access")), Allowed: allowed,
			}, err
		},
		write: func(r sharing.Row) []string {
			d := r.(*sharing.ResourceRow)
			return []string{d.ID, string(d.Chatbot), string(d.Access), joinPrincipals(d.Allowed)}
		},
	}
}

// tableOf finds the kind of file by its header, whose columns may come in any order.
func tableOf(header []string) (*table, error) {
	var near *table
	nearest := 0
	for _, t := range tables {
		common := 0
		for _, c := range t.columns() {
			if slices.Contains(header, c) {
				common++
			}
		}
		lacking := len(t.required) + len(header) - 2*common
		if near == nil || lacking < nearest {
			near, nearest = t, lacking
		}
		if t.takes(header) == nil {
			return t, nil
		}
	}
	return nil, near.takes(header)
}

// takes refuses a header that is not the table's.
func (t *table) takes(header []string) error {
	known := strings.Join(t.required, ",")
	if t.optional != nil {
		known += "[," + strings.Join(t.optional, ",") + "]"
	}
	for i, c := range header {
		if !slices.Contains(t.columns(), c) {
			return access.Invalidf("", "the column %q is unknown; the nearest kind of file is %s: %s", c, t.name, known)
		}
		if slices.Contains(header[:i], c) {
			return access.Invalidf("", "the column %q appears twice", c)
		}
	}
	for _, c := range t.required {
		if !slices.Contains(header, c) {
			return access.Invalidf("", "the column %q is missing; the nearest kind of file is %s: %s", c, t.name, known)
		}
	}
	return nil
}

// splitActions reads a row's cells: read+test. No cells at all are no access (M6).
func splitActions(s string) []access.Action {
	actions := []access.Action{}
	if s == "" {
		return actions
	}
	for a := range strings.SplitSeq(s, "+") {
		actions = append(actions, access.Action(a))
	}
	return actions
}

func joinActions(actions []access.Action) string {
	words := make([]string, len(actions))
	for i, a := range actions {
		words[i] = string(a)
	}
	return strings.Join(words, "+")
}

// splitPrincipals reads a list: user:a;team:b, or, for IDs with a semicolon, a JSON array. An empty field is a list that is left out.
func splitPrincipals(s string) ([]access.Principal, error) {
	if s == "" {
		return nil, nil
	}
	list := []access.Principal{}
	if strings.HasPrefix(s, "[") {
		if err := strictjson.Unmarshal([]byte(s), &list, lineLimits); err != nil {
			var known *access.Error
			if errors.As(err, &known) {
				return nil, known
			}
			var fault *strictjson.Error
			if errors.As(err, &fault) {
				return nil, access.Invalidf("R1", "allowed: %s", fault.About("the list"))
			}
			return nil, access.Invalidf("R1", "allowed: write a JSON array of principals, such as [\"user:alice\"]")
		}
		return list, nil
	}
	for part := range strings.SplitSeq(s, ";") {
		p, err := access.ParsePrincipal(part)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func joinPrincipals(list []access.Principal) string {
	words := make([]string, len(list))
	plain := len(list) > 0
	for i, p := range list {
		words[i] = p.String()
		plain = plain && !strings.Contains(words[i], ";")
	}
	if plain || list == nil {
		return strings.Join(words, ";")
	}
	text, err := json.Marshal(words)
	if err != nil {
		panic(err) // a defect: strings always marshal
	}
	return string(text)
}
