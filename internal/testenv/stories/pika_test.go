package stories_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestPika tells the page on the layers of Pika's access control: user types, roles, entities, user lists, state and features.
func TestPika(t *testing.T) {
	t.Parallel()
	const (
		pika     access.OrganizationID = "pika" // the company that runs the chat apps
		initech  access.OrganizationID = "initech"
		premium  access.OrganizationID = "premium-customers"
		external                       = access.External
		internal                       = access.Internal

		root access.UserID = "root" // employees: site admin
		cory access.UserID = "cory" // content admin
		cody access.UserID = "cody" // content user
		olga access.UserID = "olga" // owner of pika, who keeps the chat apps
		emil access.UserID = "emil" // an employee in HR and in support

		anna access.UserID = "anna" // customers: of acme
		gina access.UserID = "gina" // of globex
		ivan access.UserID = "ivan" // of initech
		pete access.UserID = "pete" // of premium-customers
		paul access.UserID = "paul" // of premium-customers, too
		nora access.UserID = "nora" // of no entity
	)
	s := begin(t, []string{"root@pika.example", "cory@pika.example", "cody@pika.example", "olga@pika.example", "emil@pika.example",
		"anna@acme.com", "gina@globex.example", "ivan@initech.example", "pete@premium.example", "paul@premium.example", "nora@else.example"})
	s.internal(root, cory, cody, olga, emil)
	for role, user := range map[string]access.UserID{"site_admin": root, "content_admin": cory, "content_user": cody} {
		s.Admin().GrantsPlatformRole(access.PlatformRole(role), user)
	}
	for org, owner := range map[access.OrganizationID]access.UserID{pika: olga, acme: anna, globex: gina, initech: ivan, premium: pete} {
		s.As(root).PutsOrganization(org, fields{"owner": owner})
	}
	s.As(pete).PutsMember(premium, paul, access.OrgMember)
	s.As(olga).PutsMember(pika, emil, access.OrgMember)
	// gives makes a custom role of the company, and assigns it.
	gives := func(s *story, role string, users ...access.UserID) {
		s.Helper()
		s.As(olga).PutsRole(access.RoleID(role), fields{"organization": pika})
		for _, u := range users {
			s.As(olga).Assigns(access.RoleID(role), u)
		}
	}
	// app is a chat app that everyone may use as far as its gates let them.
	app := func(s *story, id access.ChatbotID, gates fields) access.ChatbotID {
		s.Helper()
		bot := s.bot(id, pika, olga)
		s.As(olga).Shares(bot, access.Everyone, access.UseOnly)
		s.As(olga).SetsPolicy(bot, gates)
		return bot
	}
	employees := []access.UserID{root, cory, cody, olga, emil}
	customers := []access.UserID{anna, gina, ivan, pete, paul, nora}

	s.part(t, "two fundamental user types, and a check of them: internal and external (G3, U1)", func(s *story) {
		s.only(access.Interact, app(s, "for-employees", fields{"user_types": []access.UserType{internal}}), employees...)
		// The owner of an app passes its gates (G8).
		s.only(access.Interact, app(s, "for-customers", fields{"user_types": []access.UserType{external}}), append(customers, olga)...)
		for _, user := range []access.UserID{anna, nora, "nobody"} { // a customer makes nobody an employee
			s.As(anna).Refused(access.KindDenied, "U1").PutsUser(user, fields{"type": internal})
		}
	})

	s.part(t, "internal users see detailed traces and debugging information, external users do not (F1)", func(s *story) {
		bot := app(s, "traced", fields{})
		s.As(olga).PutsFeature(bot, "traces", fields{"enabled": true, "user_types": []access.UserType{internal}})
		s.only(access.Use, feature(bot, "traces"), employees...)
		s.only(access.Interact, bot, s.cast...)
	})

	s.part(t, "admin features are for internal users with their roles, and never for external users (P3, P4)", func(s *story) {
		s.only(access.Administer, access.PlatformObject, root)
		s.As(root).Refused(access.KindUnprocessable, "P4").GrantsPlatformRole(access.SiteAdmin, "anna")
		s.As(root).GrantsPlatformRole(access.ContentUser, "emil")
		s.only(access.UseEnhancedFeatures, access.PlatformObject, root, cory, cody, emil)
		s.As(root).PutsUser(emil, fields{"type": external})
		s.only(access.UseEnhancedFeatures, access.PlatformObject, root, cory, cody)
		s.As(root).PutsUser(emil, fields{"type": internal})
		s.only(access.UseEnhancedFeatures, access.PlatformObject, root, cory, cody) // what was lost does not come back
	})

	s.part(t, "internal users with a role support customers across entity boundaries; customers see their own entity's data only (P1, P2, E1)", func(s *story) {
		for org, people := range map[access.OrganizationID][]access.UserID{
			acme: {anna}, globex: {gina}, initech: {ivan}, premium: {pete, paul}, pika: {olga, emil},
		} {
			s.only(access.ViewData, org, append(people, root, cory)...)
		}
		s.reaches(anna, access.ViewData, access.TypeOrganization, "acme")
		s.reaches(nora, access.ViewData, access.TypeOrganization)
		s.As(anna).Refused(access.KindNotFound, "").Sees("v1", "organizations", "globex")
		require.Equal(s, []string{"acme"}, each(items(s.As(anna).Sees("v1", "organizations"), "items"), "id"))
	})

	s.part(t, "built-in roles: site admin, full platform administration; content admin; content user (P1, P2, P3)", func(s *story) {
		s.has(root, access.PlatformObject, access.Administer, access.ManageContent, access.UseEnhancedFeatures)
		s.has(cory, access.PlatformObject, access.ManageContent, access.UseEnhancedFeatures)
		s.has(cody, access.PlatformObject, access.UseEnhancedFeatures)
		s.has(emil, access.PlatformObject)
		bot := s.bot("administered", acme, anna)
		s.has(root, bot, everything...)
		s.has(cory, bot, access.ReadHistory) // content and sessions
		s.has(cody, bot)
	})

	s.part(t, "custom roles name functions, and gates ask for them (U2, G5)", func(s *story) {
		for role, user := range map[string]access.UserID{
			"customer-support-tier1": emil, "customer-support-tier2": cody, "billing-specialist": cory, "technical-support": emil,
		} {
			gives(s, role, user)
			s.only(access.Interact, app(s, access.ChatbotID("app-of-"+role), fields{"allowed_roles": []string{role}}), user, olga)
		}
	})

	s.part(t, "entity isolation is configurable per chat app (G4)", func(s *story) {
		s.only(access.Interact, app(s, "isolated", fields{"entities": []access.OrganizationID{acme}}), anna, olga)
		s.only(access.Interact, app(s, "not-isolated", fields{"entities": nil}), s.cast...)
	})

	s.part(t, "enabled status: an app that is disabled is used by nobody, its owner included (G1)", func(s *story) {
		bot := app(s, "switched", fields{"enabled": false})
		s.nobody(access.Interact, bot)
		s.has(olga, bot, access.Actions[access.TypeChatbot][1:]...)
		s.As(olga).SetsPolicy(bot, fields{"enabled": true})
		s.only(access.Interact, bot, s.cast...)
	})

	s.part(t, "user allowlists and denylists of specific user IDs (G6, G7)", func(s *story) {
		bot := app(s, "listed", fields{"allowed_users": []access.UserID{anna, gina, emil}})
		s.only(access.Interact, bot, anna, gina, emil, olga)
		s.As(olga).SetsPolicy(bot, fields{"denied_users": []access.UserID{gina}})
		s.only(access.Interact, bot, anna, emil, olga)
		s.As(olga).SetsPolicy(bot, fields{"allowed_users": nil})
		s.only(access.Interact, bot, without(s.cast, gina)...)
	})

	s.part(t, "customer-support: a simple restriction to a user type (G3)", func(s *story) {
		s.only(access.Interact, app(s, "customer-support", fields{"user_types": []access.UserType{external}, "enabled": true}), append(customers, olga)...)
	})

	s.part(t, "admin-tools: internal users with one of the built-in roles (G3, G5)", func(s *story) {
		bot := app(s, "admin-tools", fields{
			"user_types": []access.UserType{internal}, "allowed_roles": []string{"platform:site_admin", "platform:content_admin"}, "enabled": true,
		})
		s.only(access.Interact, bot, root, cory, olga)
	})

	s.part(t, "enterprise-features: external users of two organizations (G3, G4)", func(s *story) {
		bot := app(s, "enterprise-features", fields{
			"user_types": []access.UserType{external}, "entities": []access.OrganizationID{acme, globex}, "enabled": true,
		})
		s.only(access.Interact, bot, anna, gina, olga)
	})

	s.part(t, "premium-support: user type, entity and role together, with feature overrides and a limit (G3, G4, G5, F1, example 5)", func(s *story) {
		gives(s, "premium-subscriber", pete, ivan, emil)
		bot := app(s, "premium-support", fields{
			"enabled": true, "user_types": []access.UserType{external}, "entities": []access.OrganizationID{premium}, "required_roles": []string{"premium-subscriber"},
		})
		s.As(olga).PutsFeature(bot, "traces", fields{"enabled": false})
		s.As(olga).PutsFeature(bot, "file_upload", fields{
			"enabled": true, "limits": fields{"max_file_size_mb": 10}, "allowed_roles": []string{"premium-subscriber"},
		})
		s.only(access.Interact, bot, pete, olga)     // not paul without the role, not ivan of another entity, not emil who is internal
		s.nobody(access.Use, feature(bot, "traces")) // no traces for external users
		upload := func(user access.UserID, properties fields) map[string]any {
			return s.decides("evaluation", fields{
				"subject": entity(testenv.Object(user)), "action": fields{"name": access.Use, "properties": properties}, "resource": entity(feature(bot, "file_upload")),
			})
		}
		require.Equal(s, map[string]any{"decision": true, "context": map[string]any{"limits": map[string]any{"max_file_size_mb": 10.0}}},
			upload(pete, fields{"file_size_mb": 8}))
		require.Equal(s, false, upload(pete, fields{"file_size_mb": 12})["decision"])
		require.Equal(s, []any{"file_size_mb"}, upload(pete, nil)["context"].(map[string]any)["missing"])
		require.Equal(s, false, upload(paul, fields{"file_size_mb": 8})["decision"])
		require.Equal(s, false, upload(ivan, fields{"file_size_mb": 8})["decision"])
		s.Admin().Unassigns("premium-subscriber", "pete")
		s.only(access.Interact, bot, olga)
	})

	s.part(t, "internal and external apps are separate (G3, G5)", func(s *story) {
		gives(s, "employee", emil, cody)
		s.only(access.Interact, app(s, "employee-assistant", fields{"user_types": []access.UserType{internal}, "allowed_roles": []string{"employee"}}), emil, cody, olga)
		s.only(access.Interact, app(s, "customer-facing", fields{"user_types": []access.UserType{external}}), append(customers, olga)...)
	})

	s.part(t, "tiers: basic and premium subscribers, the premium app with more features (G5, F1)", func(s *story) {
		gives(s, "tier-basic", nora, anna)
		gives(s, "tier-premium", anna)
		basic := app(s, "basic-support", fields{"user_types": []access.UserType{external}, "allowed_roles": []string{"tier-basic"}})
		better := app(s, "better-support", fields{"user_types": []access.UserType{external}, "allowed_roles": []string{"tier-premium"}})
		s.As(olga).PutsFeature(better, "voice", fields{"enabled": true})
		s.only(access.Interact, basic, nora, anna, olga)
		s.only(access.Interact, better, anna, olga)
		s.only(access.Use, feature(better, "voice"), anna, olga)
		s.nobody(access.Use, feature(basic, "voice"))
	})

	s.part(t, "departments: HR only, finance only, and site admins (G3, G5)", func(s *story) {
		gives(s, "hr-team", emil, anna)
		gives(s, "finance-team", cody)
		s.only(access.Interact, app(s, "hr-assistant", fields{
			"user_types": []access.UserType{internal}, "allowed_roles": []string{"hr-team", "platform:site_admin"}}), emil, root, olga)
		s.only(access.Interact, app(s, "finance-tools", fields{
			"user_types": []access.UserType{internal}, "allowed_roles": []string{"finance-team", "platform:site_admin"}}), cody, root, olga)
	})

	s.part(t, "start restrictive: internal users, then with roles, then a small external group, then everyone (G3, G5, G6, G8)", func(s *story) {
		gives(s, "pilot", emil, anna)
		bot := app(s, "staged", fields{"user_types": []access.UserType{internal}})
		s.only(access.Interact, bot, employees...)
		s.As(olga).SetsPolicy(bot, fields{"allowed_roles": []string{"pilot", "platform:content_user"}})
		s.only(access.Interact, bot, emil, cody, olga)
		s.As(olga).SetsPolicy(bot, fields{"user_types": []access.UserType{internal, external}})
		s.only(access.Interact, bot, emil, cody, anna, olga)
		s.As(olga).SetsPolicy(bot, fields{"user_types": nil, "allowed_roles": nil})
		s.only(access.Interact, bot, s.cast...)
	})

	s.part(t, "layer defenses: each layer alone stops what the others let pass, to the features (G8, F1)", func(s *story) {
		gives(s, "layered", anna, gina)
		bot := app(s, "layers", fields{
			"user_types": []access.UserType{external}, "allowed_roles": []string{"layered"}, "entities": []access.OrganizationID{acme, globex},
		})
		s.As(olga).PutsFeature(bot, "export", fields{"enabled": true, "allowed_roles": []string{"layered"}, "user_types": []access.UserType{external}})
		s.only(access.Use, feature(bot, "export"), anna, gina)
		s.As(olga).SetsPolicy(bot, fields{"entities": []access.OrganizationID{acme}})
		s.only(access.Use, feature(bot, "export"), anna)
		s.As(root).PutsUser(anna, fields{"type": internal})
		s.only(access.Use, feature(bot, "export"))
		s.As(root).PutsUser(anna, fields{"type": external})
		s.only(access.Use, feature(bot, "export"), anna)
		s.As(olga).Unassigns("layered", "anna")
		s.only(access.Interact, bot, olga)
	})

	s.part(t, "the authentication provider drives user type, roles and entity (U1, U2, G3, G4, G5)", func(s *story) {
		gives(s, "synced-subscriber")
		bot := app(s, "synced", fields{
			"user_types": []access.UserType{external}, "required_roles": []string{"synced-subscriber"}, "entities": []access.OrganizationID{acme},
		})
		const user123 access.UserID = "user123"
		provider := s.With(s.Admin().MakesKey(fields{"name": "identity provider", "access": access.KeyReadWrite}))
		provider.PutsUser(user123, fields{"type": external})
		s.has(user123, bot)
		provider.PutsMember(acme, user123, access.OrgMember)
		provider.Assigns("synced-subscriber", "user123")
		s.has(user123, bot, access.Interact)
		provider.RemovesMember(acme, user123)
		s.has(user123, bot)
	})

	s.part(t, "the admin site: view the settings, modify allowed roles, enable and disable apps (A3)", func(s *story) {
		gives(s, "first", emil)
		gives(s, "second", cody)
		bot := app(s, "on-the-admin-site", fields{"allowed_roles": []string{"first"}})
		require.Equal(s, []any{"first"}, s.As(root).Sees("v1", "chatbots", string(bot), "policy")["allowed_roles"])
		s.As(root).SetsPolicy(bot, fields{"allowed_roles": []string{"second"}})
		s.only(access.Interact, bot, cody, olga)
		s.As(root).SetsPolicy(bot, fields{"enabled": false})
		require.Equal(s, false, s.As(root).Sees("v1", "chatbots", string(bot), "policy")["enabled"])
		s.nobody(access.Interact, bot)
		s.As(emil).Refused(access.KindNotFound, "").SetsPolicy(bot, fields{"enabled": true})
	})

	s.part(t, "the admin site: test access with different user types, and learn what stops whom (C5, C7)", func(s *story) {
		bot := app(s, "tried-out", fields{"user_types": []access.UserType{internal}})
		for user, allowed := range map[access.UserID]bool{emil: true, anna: false} {
			explained := s.As(root).Does(http.MethodPost, "/v1/explain", question(user, access.Interact, bot))
			require.Equal(s, allowed, explained["decision"])
			if allowed {
				require.NotEmpty(s, explained["because"])
			} else {
				require.Contains(s, s.text(explained["stopped_by"]), "G3")
			}
		}
		// What others may do is told to those who manage the app.
		about := s.As(anna).Does(http.MethodPost, "/v1/explain", question(emil, access.Interact, bot))
		require.Equal(s, false, about["decision"])
		require.NotContains(s, s.text(about), "G3")
	})

	s.part(t, "audit access history; document changes (H1, H2)", func(s *story) {
		bot := app(s, "audited", fields{"user_types": []access.UserType{internal}})
		s.As(olga).SetsPolicy(bot, fields{"user_types": nil})
		history := s.audit(root, "resource=chatbot:audited&action=policy.put")
		require.Len(s, history, 2)
		for _, entry := range history {
			require.Equal(s, "user:olga", entry["actor"])
			require.Equal(s, "done", entry["outcome"])
		}
	})

	s.part(t, "review who has access to what, and whether roles are still appropriate (C5, reviews)", func(s *story) {
		gives(s, "reviewed", emil)
		bot := s.bot("under-review", pika, olga)
		s.As(olga).Shares(bot, access.Principal{Kind: access.PrincipalRole, ID: "reviewed"}, access.ReadOnly)
		s.As(olga).Shares(bot, anna, access.UseOnly)
		require.Equal(s, []string{"emil"}, each(items(s.As(olga).Sees("v1", "roles", "reviewed", "assignees"), "items"), "user"))
		who := items(s.As(olga).Sees("v1", "chatbots", string(bot), "access"), "items")
		require.Subset(s, each(who, "user"), []string{"olga", "emil", "anna"})
		what := s.text(s.As(root).Sees("v1", "users", "anna", "access")["items"])
		require.Contains(s, what, `"under-review"`)
	})

	s.part(t, "remove inactive users, and update as organizations change: every access ends with them (N2, O3)", func(s *story) {
		const temp access.UserID = "temp"
		s.As(root).PutsUser(temp, fields{"email": "temp@acme.com", "email_verified": true})
		s.As(anna).PutsMember(acme, temp, access.OrgMember)
		bot := app(s, "open", fields{})
		s.has(temp, bot, access.Interact)
		s.has(temp, acme, access.CreateChatbot, access.ViewData)
		s.As(root).PutsUser(temp, fields{"active": false})
		s.has(temp, bot)
		s.has(temp, acme)
		s.As(root).PutsUser(temp, fields{"active": true})
		s.has(temp, acme) // coming back starts with nothing
	})
}
