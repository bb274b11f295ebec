package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func user(id string) access.Principal { return access.Principal{Kind: access.PrincipalUser, ID: id} }

func testChatbots(t *testing.T, stores maker) {
	bot := access.Chatbot{ID: "bot", Organization: "acme", Owner: "bob", Name: "Bot", Visibility: access.Shared, Enabled: true,
		PublicMode: access.AudienceEveryone, LinkDigest: "abc"}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutChatbot(bot))
		help, _, _ := tx.Chatbot("help")
		sales, _, _ := tx.Chatbot("sales")
		is(t, bot)(tx.Chatbot("bot"))
		are(t, bot, help, sales)(tx.Chatbots(ChatbotFilter{}, "", 0))
		are(t, bot, help)(tx.Chatbots(ChatbotFilter{Organization: "acme"}, "", 0))
		are(t, help, sales)(tx.Chatbots(ChatbotFilter{Owner: "alice"}, "", 0))
		are(t, help)(tx.Chatbots(ChatbotFilter{Organization: "acme", Owner: "alice"}, "bot", 1))
		bot.Owner, bot.Enabled = "alice", false
		must(t, tx.PutChatbot(bot))
		is(t, bot)(tx.Chatbot("bot"))
		must(t, tx.DeleteChatbot("bot"), tx.DeleteChatbot("bot"))
		absent[access.Chatbot](t)(tx.Chatbot("bot"))
	})
}

func testShares(t *testing.T, stores maker) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	forever := access.Share{Chatbot: "help", Principal: access.Everyone, Level: access.UseOnly}
	noonish := access.Share{Chatbot: "help", Principal: user("b:o/b"), Level: access.ReadOnly, ExpiresAt: noon}
	earlier := access.Share{Chatbot: "sales", Principal: user("b:o/b"), Level: access.ReadWrite, ExpiresAt: noon.Add(-time.Second)}
	later := access.Share{Chatbot: "sales", Principal: user("a"), Level: access.ReadWrite, ExpiresAt: noon.Add(time.Second)}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutShare(forever), tx.PutShare(noonish), tx.PutShare(earlier), tx.PutShare(later))
		is(t, noonish)(tx.Share("help", user("b:o/b")))
		is(t, forever)(tx.Share("help", access.Everyone))
		are(t, forever, noonish)(tx.Shares("help", "", 0))
		are(t, noonish)(tx.Shares("help", "everyone", 1))
		are(t, noonish, earlier)(tx.SharesWith(user("b:o/b")))
		are(t, later, earlier)(tx.SharesOfOrganization("globex"))

		noonish.ExpiresAt, noonish.Level = time.Time{}, access.UseOnly
		must(t, tx.PutShare(noonish), tx.DeleteShare("sales", user("b:o/b")), tx.DeleteShare("sales", user("nobody")))
		is(t, noonish)(tx.Share("help", user("b:o/b")))
	})
}

func testRows(t *testing.T, stores maker) {
	none := access.Row{Chatbot: "help", User: "alice", Actions: []access.Action{}}
	some := access.Row{Chatbot: "help", User: "bob", Actions: []access.Action{access.Read, access.Test}}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutRow(access.Row{Chatbot: "help", User: "alice"}), tx.PutRow(some))
		is(t, none)(tx.Row("help", "alice"))
		are(t, none, some)(tx.Rows("help", "", 0))
		are(t, some)(tx.Rows("help", "alice", 1))
		are(t, some)(tx.RowsOf("bob"))
		for chatbot, want := range map[access.ChatbotID]bool{"help": true, "sales": false} {
			has, err := tx.HasRows(chatbot)
			must(t, err)
			require.Equal(t, want, has)
		}
		must(t, tx.DeleteRow("help", "bob"), tx.DeleteRow("help", "bob"))
		absent[access.Row](t)(tx.Row("help", "bob"))
	})
}

func testPolicies(t *testing.T, stores maker) {
	full := access.Policy{
		Chatbot: "help", EmailDomains: []string{"b.org", "a.org"}, UserTypes: []access.UserType{access.External},
		Entities: []access.OrganizationID{"acme"}, AllowedRoles: []string{"platform:site_admin", "r1"}, RequiredRoles: []string{"r1"},
		AllowedUsers: []access.UserID{"alice"}, DeniedUsers: []access.UserID{"bob", "acme"},
	}
	emptied := access.Policy{Chatbot: "sales", AllowedUsers: []access.UserID{}, DeniedUsers: []access.UserID{"bob"}}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutPolicy(full), tx.PutPolicy(emptied))
		is(t, full)(tx.Policy("help"))
		is(t, emptied)(tx.Policy("sales"))
		are(t, full)(tx.PoliciesNaming("organization", "acme"))
		are(t, full)(tx.PoliciesNaming("role", "r1"))
		are(t, full)(tx.PoliciesNaming("role", "platform:site_admin"))
		are(t, full)(tx.PoliciesNaming("user", "alice"))
		are(t, full, emptied)(tx.PoliciesNaming("user", "bob"))
		are[access.Policy](t)(tx.PoliciesNaming("role", "acme"))

		full.DeniedUsers, full.RequiredRoles = nil, []string{}
		for i := range 2 * rowsPerInsert {
			full.AllowedUsers = append(full.AllowedUsers, access.UserID(fmt.Sprint(i)))
		}
		must(t, tx.PutPolicy(full))
		is(t, full)(tx.Policy("help"))
		are(t, emptied)(tx.PoliciesNaming("user", "bob"))
		are(t, full)(tx.PoliciesNaming("user", "99"))
		must(t, tx.DeletePolicy("help"), tx.DeletePolicy("help"))
		absent[access.Policy](t)(tx.Policy("help"))
		are[access.Policy](t)(tx.PoliciesNaming("user", "99"))
	})
}

func testResources(t *testing.T, stores maker) {
	paper := access.Resource{Type: access.TypeDocument, ID: "paper", Chatbot: "help", Mode: access.ModeRestricted,
		Allowed: []access.Principal{user("bob"), {Kind: access.PrincipalEmail, ID: "x@y.z"}, user("bob")}}
	other := access.Resource{Type: access.TypeDocument, ID: "other", Chatbot: "sales", Mode: access.ModePublic}
	metric := access.Resource{Type: access.TypeMetric, ID: "paper", Chatbot: "help", Mode: access.ModeRestricted, Allowed: []access.Principal{}}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutResource(paper), tx.PutResource(other), tx.PutResource(metric))
		is(t, paper)(tx.Resource(access.TypeDocument, "paper"))
		is(t, metric)(tx.Resource(access.TypeMetric, "paper"))
		absent[access.Resource](t)(tx.Resource(access.TypeMCPServer, "paper"))
		are(t, other, paper)(tx.Resources(access.TypeDocument, ResourceFilter{}, "", 0))
		are(t, paper)(tx.Resources(access.TypeDocument, ResourceFilter{}, "other", 1))
		are(t, paper)(tx.Resources(access.TypeDocument, ResourceFilter{Chatbot: "help"}, "", 0))
		are(t, paper)(tx.ResourcesAllowing(user("bob")))

		metric.Allowed, paper.Allowed = paper.Allowed[:1], nil
		must(t, tx.PutResource(metric), tx.PutResource(paper))
		are(t, metric)(tx.ResourcesAllowing(user("bob")))
		must(t, tx.DeleteResource(access.TypeMetric, "paper"), tx.DeleteResource(access.TypeMetric, "paper"))
		are[access.Resource](t)(tx.ResourcesAllowing(user("bob")))
		is(t, paper)(tx.Resource(access.TypeDocument, "paper"))
	})
}

func testFeatures(t *testing.T, stores maker) {
	upload := access.Feature{Chatbot: "help", Name: "file_upload", Enabled: true, AllowedRoles: []string{"r1", "platform:content_user"},
		UserTypes: []access.UserType{}, Limits: map[string]float64{"max_file_size_mb": 0.1, "max_files": 1e21}}
	traces := access.Feature{Chatbot: "help", Name: "traces"}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutFeature(upload), tx.PutFeature(traces))
		is(t, upload)(tx.Feature("help", "file_upload"))
		is(t, traces)(tx.Feature("help", "traces"))
		are(t, upload, traces)(tx.Features("help", "", 0))
		are(t, upload)(tx.FeaturesNaming("platform:content_user"))
		traces.AllowedRoles, upload.AllowedRoles = []string{"r1"}, []string{}
		must(t, tx.PutFeature(traces), tx.PutFeature(upload))
		are(t, traces)(tx.FeaturesNaming("r1"))
		must(t, tx.DeleteFeature("help", "traces"), tx.DeleteFeature("help", "traces"))
		are[access.Feature](t)(tx.FeaturesNaming("r1"))
		are(t, upload)(tx.Features("help", "", 0))
	})
}

func testOrganizationOf(t *testing.T, stores maker) {
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t,
			tx.PutTeam(access.Team{ID: "x", Organization: "acme"}), tx.PutGroup(access.Group{ID: "x", Organization: "globex"}),
			tx.PutRole(access.Role{ID: "x", Organization: "acme"}), tx.PutRole(access.Role{ID: "wide"}),
			tx.PutResource(access.Resource{Type: access.TypeDocument, ID: "x", Chatbot: "sales"}),
			tx.PutChatbot(access.Chatbot{ID: "a/b", Organization: "acme", Owner: "alice"}),
		)
		for object, want := range map[string]access.OrganizationID{
			"organization:acme": "acme", "team:x": "acme", "group:x": "globex", "role:x": "acme", "chatbot:sales": "globex",
			"document:x": "globex", "feature:a/b/traces": "acme",
			"organization:x": "", "team:y": "", "role:wide": "", "chatbot:x": "", "metric:x": "", "feature:x/traces": "", "feature:x": "",
			"user:alice": "", "platform:main": "", "unheard:of": "",
		} {
			o, err := access.ParseObject(object)
			must(t, err)
			org, found, err := tx.OrganizationOf(o)
			must(t, err)
			require.Equal(t, want, org, object)
			require.Equal(t, want != "", found, object)
		}
	})
}
