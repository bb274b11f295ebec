package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

const (
	acme   access.OrganizationID = "acme"
	globex access.OrganizationID = "globex"

	alice access.UserID = "alice" // owner of acme
	adam  access.UserID = "adam"  // admin of acme
	mel   access.UserID = "mel"   // member of acme, owner of helper
	bob   access.UserID = "bob"   // member of acme
	cal   access.UserID = "cal"   // client of acme
	gus   access.UserID = "gus"   // owner of globex

	helper  access.ChatbotID = "helper"
	support access.TeamID    = "support"
	nested  access.TeamID    = "nested"
	tier1   access.RoleID    = "tier1"
	list    access.GroupID   = "list1"
)

// What hangs on helper.
var (
	handbook = access.Object{Type: access.TypeDocument, ID: "handbook"}
	tools    = access.Object{Type: access.TypeMCPServer, ID: "tools"}
	revenue  = access.Object{Type: access.TypeMetric, ID: "revenue"}
)

// fields is a body.
type fields = testenv.Fields

// newWorld starts a server with two organizations: acme has one of everything, and globex only its owner.
func newWorld(t testing.TB, options ...testenv.Option) *testenv.Env {
	t.Helper()
	e := testenv.New(t, options...)
	admin := e.Admin()
	for _, u := range []access.UserID{alice, adam, mel, bob, cal, gus} {
		admin.PutsUser(u, fields{"email": string(u) + "@example.com", "email_verified": true})
	}
	admin.PutsOrganization(acme, fields{"owner": alice, "name": "Acme"})
	admin.PutsOrganization(globex, fields{"owner": gus})
	admin.PutsMember(acme, adam, access.OrgAdmin)
	admin.PutsMember(acme, mel, access.OrgMember)
	admin.PutsMember(acme, bob, access.OrgMember)
	admin.PutsMember(acme, cal, access.OrgClient)
	for _, u := range []access.UserID{adam, mel, bob, cal} {
		e.As(u).Hears() // that they were added
	}
	e.As(alice).PutsTeam(support, fields{"organization": acme})
	e.As(alice).PutsTeam(nested, fields{"organization": acme})
	e.As(alice).PutsTeamMember(support, bob, access.TeamMember)
	e.As(alice).Does(http.MethodPut, testenv.Path("v1", "teams", string(support), "teams", string(nested)), nil)
	e.As(alice).PutsRole(tier1, fields{"organization": acme})
	e.As(alice).Assigns(tier1, bob)
	e.As(alice).PutsGroup(list, fields{"organization": acme})
	e.As(alice).PutsGroupMember(list, access.UserID("bob"))
	e.As(mel).PutsChatbot(helper, fields{"organization": acme, "name": "Helper"})
	e.As(mel).Shares(helper, bob, access.ReadOnly)
	e.As(mel).Asks(helper, nested, access.UseOnly)
	e.As(alice).Invites(acme, "ivy@example.com", access.OrgMember, nil)
	e.As(mel).SetsPolicy(helper, fields{"email_domains": []string{"example.com"}})
	e.As(mel).PutsFeature(helper, "traces", fields{"enabled": true, "allowed_roles": []string{"tier1"}})
	e.As(mel).Puts(handbook, fields{"chatbot": helper, "access": access.ModeRestricted, "allowed": []string{"user:bob"}})
	e.As(mel).Puts(tools, fields{"chatbot": helper})
	e.As(mel).Puts(revenue, fields{"chatbot": helper, "access": access.ModeRestricted, "allowed": []string{"team:support"}})
	return e
}
