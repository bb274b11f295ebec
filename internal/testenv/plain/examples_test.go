package plain

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/grantway/grantway/internal/access"
)

// people makes users of one type who have a role in the organization.
func people(w *World, org access.OrganizationID, t access.UserType, roles map[access.UserID]access.OrgRole) {
	w.Organizations = append(w.Organizations, access.Organization{ID: org, PublicAccess: access.AudienceEveryone, OutsideSharing: true})
	for _, id := range slices.Sorted(maps.Keys(roles)) {
		if _, known := w.user(id); !known {
			w.Users = append(w.Users, access.User{ID: id, Active: true, Type: t})
		}
		w.Memberships = append(w.Memberships, access.Membership{Organization: org, User: id, Role: roles[id]})
	}
}

// bot makes an enabled chatbot.
func bot(w *World, org access.OrganizationID, id access.ChatbotID, owner access.UserID, v access.Visibility) *access.Chatbot {
	w.Chatbots = append(w.Chatbots, access.Chatbot{
		ID: id, Organization: org, Owner: owner, Visibility: v, Enabled: true, PublicMode: access.AudienceNone,
	})
	return &w.Chatbots[len(w.Chatbots)-1]
}

// allowed is the actions of the chatbot that the user has.
func allowed(w *World, user, chatbot string, r Request) []access.Action {
	actions := []access.Action{}
	for _, a := range access.Actions[access.TypeChatbot] {
		q := Question{access.Subject{Type: access.TypeUser, ID: user}, a, access.Object{Type: access.TypeChatbot, ID: chatbot}, r}
		if Decide(w, q) {
			actions = append(actions, a)
		}
	}
	return actions
}

// expect compares what the user has on the chatbot with a list of actions.
func expect(t *testing.T, w *World, user, chatbot string, r Request, want ...access.Action) {
	t.Helper()
	if got := allowed(w, user, chatbot, r); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s on %s has %v, want %v", user, chatbot, got, want)
	}
}

func row(chatbot access.ChatbotID, user access.UserID, cells ...access.Action) access.Row {
	return access.Row{Chatbot: chatbot, User: user, Actions: cells}
}

var allButTransferAndDelete = []access.Action{
	access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test, access.Deploy, access.ManageAccess,
}

func TestExample1(t *testing.T) {
	var w World
	people(&w, "agency", access.External, map[access.UserID]access.OrgRole{
		"boss": access.OrgOwner, "lead": access.OrgAdmin, "carla": access.OrgClient,
	})
	bot(&w, "agency", "acmebot", "boss", access.Shared)
	bot(&w, "agency", "otherbot", "boss", access.Shared)
	w.Rows = []access.Row{row("acmebot", "carla", access.Read, access.Test)}

	expect(t, &w, "carla", "acmebot", Request{}, access.Interact, access.Read, access.ReadHistory, access.Test)
	expect(t, &w, "carla", "otherbot", Request{})
	expect(t, &w, "lead", "acmebot", Request{}, allButTransferAndDelete...)
	expect(t, &w, "lead", "otherbot", Request{}, allButTransferAndDelete...)
}

func TestExample2(t *testing.T) {
	var w World
	people(&w, "o", access.External, map[access.UserID]access.OrgRole{
		"boss": access.OrgOwner, "devon": access.OrgMember, "mia": access.OrgMember,
	})
	bot(&w, "o", "supportbot", "boss", access.OrganizationVisible)
	hrbot := bot(&w, "o", "hrbot", "boss", access.OrganizationVisible)
	hrbot.PublicMode, hrbot.LinkDigest = access.AudienceEveryone, LinkDigest("hr")
	w.Rows = []access.Row{row("supportbot", "devon", access.Read), row("hrbot", "devon")}

	expect(t, &w, "devon", "supportbot", Request{}, access.Interact, access.Read, access.ReadHistory)
	expect(t, &w, "devon", "hrbot", Request{Link: "hr"})
	expect(t, &w, "stranger", "hrbot", Request{Link: "hr"}, access.Interact)
	expect(t, &w, "stranger", "hrbot", Request{})
	expect(t, &w, "mia", "supportbot", Request{},
		access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test, access.Deploy)
}

func TestExample3(t *testing.T) {
	var w World
	people(&w, "o", access.External, map[access.UserID]access.OrgRole{
		"boss": access.OrgOwner, "mel": access.OrgMember, "ada": access.OrgAdmin,
	})
	bot(&w, "o", "b", "boss", access.Shared)
	// Delete is above a member's ceiling: it was set when mel was an owner (M2).
	w.Rows = []access.Row{row("b", "mel", access.Read, access.Update, access.Delete), row("b", "ada", access.Read)}

	expect(t, &w, "mel", "b", Request{}, access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI)
	expect(t, &w, "ada", "b", Request{}, access.Interact, access.Read, access.ReadHistory)
	expect(t, &w, "boss", "b", Request{}, access.Actions[access.TypeChatbot]...)
	w.Rows = append(w.Rows, row("b", "boss2"))
	people(&w, "o2", access.External, map[access.UserID]access.OrgRole{"boss2": access.OrgOwner})
	w.Memberships = append(w.Memberships, access.Membership{Organization: "o", User: "boss2", Role: access.OrgOwner})
	expect(t, &w, "boss2", "b", Request{}, access.ManageAccess, access.Transfer)
}

func TestExample4(t *testing.T) {
	var w World
	people(&w, "o", access.External, map[access.UserID]access.OrgRole{"boss": access.OrgOwner, "mel": access.OrgMember})
	people(&w, "globex", access.External, map[access.UserID]access.OrgRole{
		"gwen": access.OrgOwner, "adam": access.OrgAdmin, "max": access.OrgMember, "cleo": access.OrgClient,
	})
	bot(&w, "o", "helper", "mel", access.Shared)
	expect(t, &w, "max", "helper", Request{})
	w.Shares = []access.Share{{
		Chatbot: "helper", Principal: access.Principal{Kind: access.PrincipalOrganization, ID: "globex"}, Level: access.UseOnly,
	}}

	expect(t, &w, "gwen", "helper", Request{}, access.Interact)
	expect(t, &w, "adam", "helper", Request{}, access.Interact)
	expect(t, &w, "max", "helper", Request{}, access.Interact)
	expect(t, &w, "cleo", "helper", Request{})
	expect(t, &w, "mel", "helper", Request{}, access.Actions[access.TypeChatbot]...)
}

func TestExample5(t *testing.T) {
	var w World
	people(&w, "vendor", access.External, map[access.UserID]access.OrgRole{"boss": access.OrgOwner})
	people(&w, "premium-customers", access.External, map[access.UserID]access.OrgRole{"pat": access.OrgClient, "poor": access.OrgMember})
	people(&w, "others", access.External, map[access.UserID]access.OrgRole{"olga": access.OrgMember})
	people(&w, "staff", access.Internal, map[access.UserID]access.OrgRole{"ines": access.OrgMember})
	w.Memberships = append(w.Memberships, access.Membership{Organization: "premium-customers", User: "ines", Role: access.OrgMember})
	w.Roles = []access.Role{{ID: "premium-subscriber"}}
	for _, u := range []access.UserID{"pat", "olga", "ines"} {
		w.Assignments = append(w.Assignments, access.RoleAssignment{Role: "premium-subscriber", User: u})
	}
	bot(&w, "vendor", "premium-support", "boss", access.Shared)
	w.Shares = []access.Share{{Chatbot: "premium-support", Principal: access.Everyone, Level: access.UseOnly}}
	w.Policies = []access.Policy{{
		Chatbot: "premium-support", UserTypes: []access.UserType{access.External},
		Entities: []access.OrganizationID{"premium-customers"}, RequiredRoles: []string{"premium-subscriber"},
	}}
	w.Features = []access.Feature{
		{Chatbot: "premium-support", Name: "traces"},
		{Chatbot: "premium-support", Name: "file_upload", Enabled: true, AllowedRoles: []string{"premium-subscriber"},
			Limits: map[string]float64{"max_file_size_mb": 10}},
	}
	expect(t, &w, "pat", "premium-support", Request{}, access.Interact)
	for _, user := range []string{"poor", "olga", "ines", "stranger"} {
		expect(t, &w, user, "premium-support", Request{})
	}
	expect(t, &w, "boss", "premium-support", Request{}, access.Actions[access.TypeChatbot]...)

	for _, c := range []struct {
		user, feature string
		values        map[string]float64
		want          bool
	}{
		{"pat", "file_upload", map[string]float64{"file_size_mb": 10}, true},
		{"pat", "file_upload", map[string]float64{"file_size_mb": 12}, false},
		{"pat", "file_upload", nil, false},
		{"ines", "file_upload", map[string]float64{"file_size_mb": 1}, false},
		{"olga", "file_upload", map[string]float64{"file_size_mb": 1}, false},
		{"pat", "traces", nil, false},
	} {
		q := Question{
			access.Subject{Type: access.TypeUser, ID: c.user}, access.Use,
			access.Object{Type: access.TypeFeature, ID: "premium-support/" + c.feature}, Request{Values: c.values},
		}
		if got := Decide(&w, q); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestExample6(t *testing.T) {
	var w World
	people(&w, "o", access.External, map[access.UserID]access.OrgRole{"boss": access.OrgOwner})
	bot(&w, "o", "b", "boss", access.Shared)
	w.Shares = []access.Share{{Chatbot: "b", Principal: access.Everyone, Level: access.UseOnly}}
	w.Policies = []access.Policy{{Chatbot: "b", EmailDomains: []string{"acme.com", "partner.org"}}}
	w.Users = append(w.Users, access.User{ID: "vera", Active: true, Email: "v@elsewhere.net", EmailVerified: true})

	expect(t, &w, "stranger", "b", Request{Email: "x@acme.com"}, access.Interact)
	expect(t, &w, "stranger", "b", Request{Email: "x@sub.acme.com"})
	expect(t, &w, "stranger", "b", Request{Email: "X@ACME.COM"}, access.Interact)
	expect(t, &w, "stranger", "b", Request{})
	expect(t, &w, "vera", "b", Request{Email: "x@acme.com"}) // C2: the directory's address counts
}

func TestExample7(t *testing.T) {
	var w World
	people(&w, "o", access.External, map[access.UserID]access.OrgRole{"boss": access.OrgOwner, "ada": access.OrgAdmin})
	bot(&w, "o", "b", "boss", access.Shared)
	create := Question{
		access.Subject{Type: access.TypeUser, ID: "ada"}, access.CreateChatbot, access.Object{Type: access.TypeOrganization, ID: "o"}, Request{},
	}
	if !Decide(&w, create) {
		t.Error("an organization admin creates chatbots")
	}
	expect(t, &w, "ada", "b", Request{}, allButTransferAndDelete...)
}
