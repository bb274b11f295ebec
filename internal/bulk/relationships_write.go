package bulk

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
)

// relationshipWriter writes the facts that relationships can name. A chatbot with something that narrows it and that they cannot name is left
// out with its shares, so that what is imported never gives more than what was exported.
type relationshipWriter struct {
	w       io.Writer
	bot     *sharing.ChatbotRow    // the one that rows may still say something about
	narrows string                 // why it is left out
	shares  bool                   // whether its shares have begun
	wide    map[access.RoleID]bool // the platform-wide roles, which are few
}

const relationshipPreamble = `// Facts of Grantway as SpiceDB relationships, in a form that grantway import accepts.
// Left out, because relationships cannot name them: users' addresses, names and types, and who is deleted or inactive; names of everything;
// organizations' limits; platform roles; platform-wide roles; features, documents, MCP servers and metrics; public links, keys, requests and
// invitations; chatbots that nobody owns, or with gates or rows or a visibility other than shared. Use JSON Lines to move everything.
`

func newRelationshipWriter(w io.Writer) (*relationshipWriter, error) {
	_, err := io.WriteString(w, relationshipPreamble)
	return &relationshipWriter{w: w, wide: map[access.RoleID]bool{}}, err
}

// row writes a row; those about a chatbot follow it, and its shares come last.
func (rw *relationshipWriter) row(r sharing.Row) error {
	switch r := r.(type) {
	case *sharing.ChatbotRow:
		if err := rw.close(); err != nil {
			return err
		}
		rw.bot, rw.narrows, rw.shares = r, "", false
		if r.Visibility != access.Shared {
			rw.narrows = "its visibility is " + string(r.Visibility)
		}
		if r.Ownerless {
			rw.narrows = "nobody owns it"
		}
		return nil
	case *sharing.PolicyRow:
		rw.narrows = "it has gates"
		return nil
	case *sharing.MatrixRow:
		rw.narrows = "it has rows"
		return nil
	case *sharing.FeatureRow, *sharing.ResourceRow, *sharing.UserRow, *sharing.OrganizationRow, *sharing.PublicLinkRow, *sharing.APIKeyRow,
		*sharing.AccountKeyRow, *sharing.RequestRow, *sharing.InvitationRow, *sharing.TakenAwayRow, *sharing.HashKeyRow:
		return nil
	case *sharing.PlatformRoleRow: // an import of it would find an external user, whom P4 refuses
		_, err := fmt.Fprintf(rw.w, "// %s of %s is left out: it needs an internal user, and users' types are left out\n", r.Role, ref("user", string(r.User)))
		return err
	case *sharing.ShareRow:
		if err := rw.chatbot(); err != nil || rw.narrows != "" || r.Principal.Kind == access.PrincipalRole && rw.wide[access.RoleID(r.Principal.ID)] {
			return err
		}
		expiry := ""
		if !r.ExpiresAt.IsZero() {
			expiry = "[expiration:" + r.ExpiresAt.UTC().Format(time.RFC3339) + "]"
		}
		return rw.line("chatbot", string(r.Chatbot), string(r.Access), subjectOf(r.Principal)+expiry)
	case *sharing.RoleRow:
		if r.Organization == "" {
			rw.wide[r.Role] = true
			return rw.comment(access.Obj(access.TypeRole, r.Role), "it is platform-wide")
		}
		return rw.line("role", string(r.Role), "organization", ref("organization", string(r.Organization)))
	}
	return rw.plain(r)
}

// plain writes a row that is one relationship.
func (rw *relationshipWriter) plain(r sharing.Row) error {
	switch r := r.(type) {
	case *sharing.MembershipRow:
		return rw.line("organization", string(r.Organization), string(r.Role), ref("user", string(r.User)))
	case *sharing.GroupRow:
		return rw.line("group", string(r.Group), "organization", ref("organization", string(r.Organization)))
	case *sharing.TeamRow:
		return rw.line("team", string(r.Team), "organization", ref("organization", string(r.Organization)))
	case *sharing.TeamMemberRow:
		return rw.line("team", string(r.Team), string(r.Role), ref("user", string(r.User)))
	case *sharing.TeamNestingRow:
		return rw.line("team", string(r.Team), "member", ref("team", string(r.Inner))+"#member")
	case *sharing.RoleAssignmentRow:
		if rw.wide[r.Role] {
			return nil
		}
		return rw.line("role", string(r.Role), "assignee", ref("user", string(r.User)))
	case *sharing.GroupMemberRow:
		return rw.line("group", string(r.Group), "member", subjectOf(r.Principal))
	}
	return fmt.Errorf("a row of kind %s cannot be written as a relationship", r.Kind())
}

// close writes the last chatbot.
func (rw *relationshipWriter) close() error { return rw.chatbot() }

// chatbot writes the chatbot, once all is known that could narrow it.
func (rw *relationshipWriter) chatbot() error {
	b := rw.bot
	if b == nil || rw.shares {
		return nil
	}
	rw.shares = true
	if rw.narrows != "" {
		return rw.comment(access.Obj(access.TypeChatbot, b.Chatbot), rw.narrows)
	}
	if err := rw.line("chatbot", string(b.Chatbot), "organization", ref("organization", string(b.Organization))); err != nil {
		return err
	}
	return rw.line("chatbot", string(b.Chatbot), "owner", ref("user", string(b.Owner)))
}

func (rw *relationshipWriter) line(typ, id, relation, subject string) error {
	_, err := fmt.Fprintf(rw.w, "%s#%s@%s\n", ref(typ, id), relation, subject)
	return err
}

// comment says what is left out, and why. The encoded ID keeps the comment on its line.
func (rw *relationshipWriter) comment(o access.Object, why string) error {
	_, err := fmt.Fprintf(rw.w, "// %s is left out: %s\n", ref(string(o.Type), o.ID), why)
	return err
}

func ref(typ, id string) string { return typ + ":" + spice.Encode(id) }

func subjectOf(p access.Principal) string {
	if p.Kind == access.PrincipalEveryone {
		return ref(string(access.TypePlatform), access.Platform) + "#" + string(access.PrincipalEveryone)
	}
	subject := ref(string(p.Kind), p.ID)
	if relation := members[p.Kind]; relation != "" && p.Kind != access.PrincipalOrganization {
		subject = strings.Join([]string{subject, relation}, "#")
	}
	return subject
}
