package decision_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// told is an explanation as people read it: "allowed: because; …" or "denied: stopped by; … (could be granted by …)".
func told(a decision.Answer) string {
	if a.Allowed {
		return "allowed: " + strings.Join(a.Why.Because, "; ")
	}
	text := "denied: " + strings.Join(a.Why.StoppedBy, "; ")
	if len(a.Why.CouldBeGrantedBy) > 0 {
		text += " [" + strings.Join(a.Why.CouldBeGrantedBy, ", or ") + "]"
	}
	return text
}

// storyWorld has something of every rule: acme with ada, its owner; adam, an admin; mel, mia and devon, members; cal, a client. pat and
// zoe are of globex or nowhere; sam is a site admin, cora a content admin.
func storyWorld() *plain.World {
	noon := decisiontest.Noon
	principal := func(s string) access.Principal {
		p, err := access.ParsePrincipal(s)
		if err != nil {
			panic(err)
		}
		return p
	}
	share := func(bot access.ChatbotID, with string, level access.Level, ends time.Time) access.Share {
		return access.Share{Chatbot: bot, Principal: principal(with), Level: level, ExpiresAt: ends}
	}
	bot := func(id access.ChatbotID, owner access.UserID, v access.Visibility) access.Chatbot {
		return access.Chatbot{ID: id, Organization: "acme", Owner: owner, Visibility: v, Enabled: true, PublicMode: access.AudienceNone}
	}
	w := &plain.World{
		Users: []access.User{
			{ID: "ada", Active: true, Type: access.Internal, Email: "ada@acme.com", EmailVerified: true}, {ID: "adam", Active: true}, {ID: "mel", Active: true},
			{ID: "mia", Active: true}, {ID: "devon", Active: true, Type: access.Internal}, {ID: "cal", Active: true},
			{ID: "pat", Active: true, Type: access.External, Email: "pat@globex.com", EmailVerified: true}, {ID: "zoe", Active: true},
			{ID: "gwen", Active: true}, {ID: "sam", Active: true, Type: access.Internal}, {ID: "cora", Active: true, Type: access.Internal}, {ID: "gone", Deleted: true},
		},
		PlatformGrants: []access.PlatformGrant{{Role: access.SiteAdmin, User: "sam"}, {Role: access.ContentAdmin, User: "cora"}},
		Organizations:  []access.Organization{{ID: "acme", OutsideSharing: true}, {ID: "globex", OutsideSharing: true}},
		Memberships: []access.Membership{
			{Organization: "acme", User: "ada", Role: access.OrgOwner}, {Organization: "acme", User: "adam", Role: access.OrgAdmin},
			{Organization: "acme", User: "mel", Role: access.OrgMember}, {Organization: "acme", User: "mia", Role: access.OrgMember},
			{Organization: "acme", User: "devon", Role: access.OrgMember}, {Organization: "acme", User: "cal", Role: access.OrgClient},
			{Organization: "globex", User: "gwen", Role: access.OrgMember},
		},
		Teams:            []access.Team{{ID: "support", Organization: "acme"}, {ID: "night", Organization: "acme"}},
		TeamMemberships:  []access.TeamMembership{{Team: "support", User: "mel", Role: access.TeamAdmin}, {Team: "night", User: "cal", Role: access.TeamMember}},
		Nestings:         []access.TeamNesting{{Outer: "support", Inner: "night"}},
		Roles:            []access.Role{{ID: "tier1", Organization: "acme"}, {ID: "tier2", Organization: "acme"}},
		Assignments:      []access.RoleAssignment{{Role: "tier1", User: "zoe"}},
		Groups:           []access.Group{{ID: "friends", Organization: "acme"}},
		GroupMemberships: []access.GroupMembership{{Group: "friends", Member: principal("email:pat@globex.com")}},
		Chatbots: []access.Chatbot{
			bot("helper", "mia", access.Shared), bot("mine", "mia", access.OwnerOnly), bot("ours", "mia", access.OrganizationVisible),
			bot("hrbot", "mia", access.OrganizationVisible), bot("gated", "mia", access.Shared), bot("off", "mia", access.Shared), bot("linked", "mia", access.Shared),
			bot("lent", "mia", access.Shared),
		},
		Shares: []access.Share{
			share("helper", "team:support", access.ReadOnly, time.Time{}), share("helper", "role:tier1", access.UseOnly, time.Time{}),
			share("helper", "group:friends", access.UseOnly, time.Time{}), share("helper", "organization:globex", access.UseOnly, time.Time{}),
			share("helper", "user:devon", access.ReadWrite, noon),
			share("lent", "user:cal", access.ReadWrite, time.Time{}), share("lent", "email:pat@globex.com", access.ReadWrite, noon.Add(time.Hour)),
			share("gated", "everyone", access.UseOnly, time.Time{}), share("off", "everyone", access.ReadOnly, time.Time{}),
		},
		Rows: []access.Row{
			{Chatbot: "hrbot", User: "devon", Actions: []access.Action{access.Update}}, {Chatbot: "hrbot", User: "adam", Actions: []access.Action{access.Read}},
			{Chatbot: "mine", User: "devon", Actions: []access.Action{access.Read}},
			{Chatbot: "hrbot", User: "cal", Actions: []access.Action{access.Read, access.Deploy}}, // set while cal was a member
		},
		Policies: []access.Policy{
			{Chatbot: "gated", EmailDomains: []string{"acme.com"}, UserTypes: []access.UserType{access.Internal}, Entities: []access.OrganizationID{"acme"},
				AllowedRoles: []string{"tier1"}, RequiredRoles: []string{"tier1", "platform:site_admin"}, AllowedUsers: []access.UserID{"ada"}, DeniedUsers: []access.UserID{"pat"}},
			{Chatbot: "linked", UserTypes: []access.UserType{}},
		},
		Resources: []access.Resource{
			{Type: access.TypeDocument, ID: "open", Chatbot: "helper", Mode: access.ModePublic},
			{Type: access.TypeDocument, ID: "plan", Chatbot: "helper", Mode: access.ModeRestricted, Allowed: []access.Principal{principal("user:zoe"), principal("team:support")}},
			{Type: access.TypeMCPServer, ID: "logins", Chatbot: "linked", Mode: access.ModeAuthenticated},
		},
		Features: []access.Feature{
			{Chatbot: "helper", Name: "upload", Enabled: true, Limits: map[string]float64{"max_file_size_mb": 10}, AllowedRoles: []string{"tier1"}},
			{Chatbot: "helper", Name: "traces", UserTypes: []access.UserType{access.Internal}},
		},
		APIKeys: []access.APIKey{
			{ID: "k1", Chatbot: "helper", Level: access.ReadOnly}, {ID: "old", Chatbot: "helper", Level: access.UseOnly, ExpiresAt: noon},
			{ID: "near", Chatbot: "helper", Level: access.UseOnly, AllowedIPs: []string{"192.0.2.0/24"}}, {ID: "k3", Chatbot: "off", Level: access.UseOnly},
		},
	}
	w.Chatbots[5].Enabled = false
	w.Chatbots[6].PublicMode, w.Chatbots[6].LinkDigest = access.AudienceEveryone, plain.LinkDigest(link)
	w.Chatbots[7].PublicMode, w.Chatbots[7].LinkDigest = access.AudienceAuthenticated, plain.LinkDigest(link)
	return w
}

// C5: each rule, in the words of the model.
func TestExplanations(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(storyWorld())
	s := e.Service(nil)
	org, team := thing(access.TypeOrganization, "acme"), thing(access.TypeTeam, "support")
	visitor := thing(access.TypeVisitor, "v")
	key := func(id string) access.Object { return thing(access.TypeAPIKey, id) }
	feature := func(name string) access.Object { return thing(access.TypeFeature, "helper/"+name) }
	for _, c := range []struct {
		name     string
		subject  access.Object
		action   string
		resource access.Object
		want     string
		more     []any
	}{
		{"A1", user("mia"), "transfer", chatbot("helper"), "allowed: mia owns helper (A1)", nil},
		{"3.1 shared", user("adam"), "deploy", chatbot("helper"), "allowed: adam is an admin of acme, and helper is shared (3.1)", nil},
		{"3.1 shared, denied", user("adam"), "delete", chatbot("helper"), "denied: only the owner of helper and the owners of acme have delete (3.1) [mia, who owns helper, or an owner of acme]", nil},
		{"3.1 organization", user("mel"), "update", chatbot("ours"), "allowed: mel is a member of acme, and ours is visible to its organization (3.1)", nil},
		{"3.1 owner_only", user("ada"), "transfer", chatbot("mine"), "allowed: ada is an owner of acme, and mine is owner_only (3.1)", nil},
		{"V1", user("adam"), "read", chatbot("mine"), "denied: mine is owner_only, which leaves read to its owner (3.1, V1) [mia, who owns mine, or an owner of acme]", nil},
		{"V1, asleep", user("devon"), "read", chatbot("mine"), "denied: mine is owner_only, which leaves read to its owner; the row has no effect (3.1, V1, M1) [mia, who owns mine, or an owner of acme]", nil},
		{"S1 team", user("mel"), "read", chatbot("helper"), "allowed: mel is an admin of team support, which has read_only on helper (S1)", nil},
		{"S1 nested team", user("cal"), "read_history", chatbot("helper"), "allowed: cal is in a team nested in team support, which has read_only on helper (S1)", nil},
		{"S1 role", user("zoe"), "interact", chatbot("helper"), "allowed: zoe holds the role tier1, which has use_only on helper (S1)", nil},
		{"S1 group", user("pat"), "interact", chatbot("helper"), "allowed: pat is on the list of group friends, which has use_only on helper (S1)", nil},
		{"S1 organization", user("gwen"), "interact", chatbot("helper"), "allowed: gwen is a member of globex, which has use_only on helper (S1)", nil},
		{"S1 user", user("cal"), "update", chatbot("lent"), "allowed: lent is shared with cal at read_write (S1)", nil},
		{"S1 email", user("pat"), "deploy", chatbot("lent"), "allowed: pat has the verified address pat@globex.com, which has read_write on lent (S1)", nil},
		{"S1 everyone", user("stranger"), "read", chatbot("off"), "allowed: off is shared with everyone at read_only (S1)", nil},
		{"S1 too low", user("mel"), "update", chatbot("helper"), "denied: no share or role gives update to mel on helper (3.1, 3.2) [mia, who owns helper, or an owner or admin of acme]", nil},
		{"no path", user("stranger"), "interact", chatbot("helper"), "denied: no share, role or link gives interact to stranger on helper (3.1, 3.2) [mia, who owns helper, or an owner or admin of acme]", nil},
		{"S12", user("cal"), "deploy", chatbot("lent"), "denied: cal is a client of acme, and shares never give clients deploy (S12) [mia, who owns lent, or an owner or admin of acme]", nil},
		{"S13", user("devon"), "update", chatbot("helper"), "denied: the read_write share with user devon expired at 2031-03-01T12:00:00Z (S13); no share or role gives update to devon on helper (3.1, 3.2) [mia, who owns helper, or an owner or admin of acme]", nil},
		{"M1", user("devon"), "update", chatbot("hrbot"), "allowed: devon's row on hrbot has update (M1)", nil},
		{"M1, A2", user("devon"), "configure_ui", chatbot("hrbot"), "allowed: devon's row on hrbot has update, which includes configure_ui (M1, A2)", nil},
		{"M1 denied", user("devon"), "read", chatbot("hrbot"), "denied: devon's row on hrbot has no read (M1) [mia, who owns hrbot, or an owner or admin of acme]", nil},
		{"M2", user("cal"), "deploy", chatbot("hrbot"), "denied: cal's row on hrbot has deploy, but the ceiling of a client is read, update, test (M2) [mia, who owns hrbot, or an owner or admin of acme]", nil},
		{"M5 interact", user("cal"), "interact", chatbot("hrbot"), "allowed: cal's row on hrbot has read, which interact follows (M5)", nil},
		{"M5 no interact", user("devon"), "interact", chatbot("hrbot"), "denied: devon's row on hrbot has no read, which interact follows (M1, M5) [mia, who owns hrbot, or an owner or admin of acme]", nil},
		{"M5 admin", user("adam"), "manage_access", chatbot("hrbot"), "denied: adam's row on hrbot has no update, which manage_access follows (M1, M5) [mia, who owns hrbot, or an owner or admin of acme]", nil},
		{"M5 member", user("devon"), "manage_access", chatbot("hrbot"), "denied: devon is a member of acme with a row on hrbot, which leaves no manage_access (M5) [mia, who owns hrbot, or an owner or admin of acme]", nil},
		{"L1", user("stranger"), "interact", chatbot("lent"), "allowed: stranger presents the public link of lent (L1)", []any{"context.link", link}},
		{"L1 none", user("stranger"), "interact", chatbot("lent"), "denied: no share, role or link gives interact to stranger on lent (3.1, 3.2); needs link (L1) [mia, who owns lent, or an owner or admin of acme]", nil},
		{"L1 another", user("stranger"), "interact", chatbot("lent"), "denied: no share, role or link gives interact to stranger on lent (3.1, 3.2); the link presented is not the public link of lent (L1) [mia, who owns lent, or an owner or admin of acme]", []any{"context.link", "x"}},
		{"L1 visitor", visitor, "interact", chatbot("lent"), "denied: nothing gives interact to a visitor on lent (L1) [mia, who owns lent, or an owner or admin of acme]", []any{"context.link", link}},
		{"G8 emptied", visitor, "interact", chatbot("linked"), "denied: gate user_types: everything it named was deleted, so nobody passes (G8) [mia, who owns linked, or an owner or admin of acme]", []any{"context.link", link}},
		{"G1", user("mia"), "interact", chatbot("off"), "denied: off is disabled (G1) [mia, who owns off, or an owner or admin of acme]", nil},
		{"G1 key", key("k3"), "interact", chatbot("off"), "denied: off is disabled (G1) [mia, who owns off, or an owner or admin of acme]", []any{"subject.by", "id"}},
		{"G2–G7", user("pat"), "interact", chatbot("gated"), "denied: gate email_domains: the address of pat has none of these domains (G2); gate user_types: pat is external (G3); gate entities: pat has no role in any of these organizations (G4); " +
			"gate allowed_roles: pat holds none of these roles (G5); gate required_roles: pat does not hold tier1, platform:site_admin (G5); gate allowed_users: pat is not listed (G6); gate denied_users: pat is listed (G7) " +
			"[mia, who owns gated, or an owner or admin of acme]", nil},
		{"G2, C2", user("zoe"), "interact", chatbot("gated"), "denied: needs email (G2); gate user_types: zoe is external (G3); gate entities: zoe has no role in any of these organizations (G4); " +
			"gate required_roles: zoe does not hold platform:site_admin (G5); gate allowed_users: zoe is not listed (G6) [mia, who owns gated, or an owner or admin of acme]", nil},
		{"G8 owner", user("mia"), "interact", chatbot("gated"), "allowed: mia owns gated (A1); the gates of gated do not stop its owner (G8)", nil},
		{"K3", key("k1"), "read", chatbot("helper"), "allowed: API key k1 has read_only on helper (K3)", []any{"subject.by", "id"}},
		{"K3 denied", key("k1"), "manage_access", chatbot("helper"), "denied: API key k1 has read_only on helper, which does not give keys manage_access (K3)", []any{"subject.by", "id"}},
		{"K1", key("k1"), "read", chatbot("lent"), "denied: API key k1 is not a key of lent (K1)", []any{"subject.by", "id"}},
		{"K4", key("near"), "interact", chatbot("helper"), "allowed: API key near has use_only on helper (K3)", []any{"subject.by", "id", "context.ip", "192.0.2.7"}},
		{"K4, C2", key("near"), "interact", chatbot("helper"), "denied: needs ip (K4) [mia, who owns helper, or an owner or admin of acme]", []any{"subject.by", "id"}},
		{"K4 elsewhere", key("near"), "interact", chatbot("helper"), "denied: API key near is used from outside its IP ranges (K4) [mia, who owns helper, or an owner or admin of acme]", []any{"subject.by", "id", "context.ip", "198.51.100.7"}},
		{"K5", key("old"), "interact", chatbot("helper"), "denied: API key old has expired (K5) [mia, who owns helper, or an owner or admin of acme]", []any{"subject.by", "id"}},
		{"nobody's key", key("a secret that is nobody's"), "interact", chatbot("helper"), "denied: unknown subject", nil},
		{"R1", user("zoe"), "view", thing(access.TypeDocument, "open"), "allowed: zoe holds the role tier1, which has use_only on helper (S1); document:open is public: everyone with interact has it (R1)", nil},
		{"R1 listed", user("cal"), "view", thing(access.TypeDocument, "plan"), "allowed: cal is in a team nested in team support, which has read_only on helper (S1); cal is in a team nested in team support, which is on the list of document:plan (R1)", nil},
		{"R1 restricted", user("gwen"), "view", thing(access.TypeDocument, "plan"), "denied: document:plan is restricted, and gwen is not on its list (R1) [those who may update helper]", nil},
		{"R1 no interact", user("stranger"), "view", thing(access.TypeDocument, "open"), "denied: no share, role or link gives interact to stranger on helper (3.1, 3.2) [mia, who owns helper, or an owner or admin of acme]", nil},
		{"R2", user("adam"), "view", thing(access.TypeDocument, "plan"), "allowed: adam is an admin of acme, and helper is shared (3.1); update on helper includes view (R2)", nil},
		{"R1 visitor", visitor, "use", thing(access.TypeMCPServer, "logins"), "denied: gate user_types: everything it named was deleted, so nobody passes (G8); mcp_server:logins is only for logged-in users (R1) [mia, who owns linked, or an owner or admin of acme]", []any{"context.link", link}},
		{"F1", user("zoe"), "use", feature("upload"), "allowed: zoe holds the role tier1, which has use_only on helper (S1); feature upload of helper is on (F1); zoe meets the conditions of feature upload (F1); all values are within the limits of feature upload (F1)", []any{"action.file_size_mb", 9.5}},
		{"F1 above", user("zoe"), "use", feature("upload"), "denied: file_size_mb 12 exceeds max_file_size_mb 10 (F1)", []any{"action.file_size_mb", 12.0}},
		{"F1 below 0", user("zoe"), "use", feature("upload"), "denied: file_size_mb -1 is below 0 (F1)", []any{"action.file_size_mb", -1.0}},
		{"F1 missing", user("zoe"), "use", feature("upload"), "denied: needs file_size_mb (F1)", nil},
		{"F1 conditions", user("pat"), "use", feature("upload"), "denied: feature upload: pat holds none of its allowed roles (F1) [those who may update helper]", []any{"action.file_size_mb", 1.0}},
		{"F1 off", user("pat"), "use", feature("traces"), "denied: feature traces of helper is off (F1); feature traces: pat is external (F1) [those who may update helper]", nil},
		{"F1 never set", user("pat"), "use", feature("other"), "denied: feature other of helper is off (F1) [those who may update helper]", nil},
		{"section 2", user("adam"), "update", org, "allowed: adam is an admin of acme (section 2)", nil},
		{"section 2 denied", user("adam"), "billing", org, "denied: adam has none of these roles in acme: owner (section 2) [an owner of acme, or a site admin]", nil},
		{"E1", user("gwen"), "view_data", org, "denied: gwen has none of these roles in acme: owner, admin, member, client (E1) [an owner or admin of acme, or a site admin]", nil},
		{"P1", user("sam"), "billing", org, "allowed: sam is a site_admin (P1)", nil},
		{"P1 chatbot", user("sam"), "delete", chatbot("helper"), "allowed: sam is a site admin, who acts as an owner of acme (P1)", nil},
		{"P2", user("cora"), "read_history", chatbot("mine"), "allowed: cora is a content admin, who can read the history of every chatbot (P2)", nil},
		{"P2 organization", user("cora"), "view_data", org, "allowed: cora is a content_admin (P2)", nil},
		{"P3", user("cora"), "manage_content", access.PlatformObject, "allowed: cora is a content_admin (P3)", nil},
		{"P3 denied", user("ada"), "administer", access.PlatformObject, "denied: ada has none of these roles: site_admin (P3) [a site admin]", nil},
		{"T1", user("mel"), "manage_members", team, "allowed: mel is an admin of team support (T1)", nil},
		{"T1 owner", user("ada"), "manage_members", team, "allowed: ada is an owner of acme, the organization of team support (T1)", nil},
		{"T1 denied", user("mia"), "manage_members", team, "denied: mia is not an admin of team support, and not an owner or admin of acme (T1) [an admin of team support, or an owner or admin of acme]", nil},
		{"N2", user("gone"), "interact", chatbot("gated"), "denied: gone is inactive or deleted (N2)", nil},
		{"C1", user("mia"), "read", chatbot("nothing"), "denied: chatbot:nothing does not exist, or you may not see it", nil},
		{"C1 action", user("mia"), "fly", chatbot("helper"), "denied: unknown action for this type of resource", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := asks(c.subject, c.action, c.resource, c.more...)
			a := answer(t, s, backend, explained(req))
			require.Equal(t, c.want, told(a))
			require.Equal(t, told(a), told(answer(t, s, backend, explained(req))), "also where the engine has it in its cache")
		})
	}
}

// O5: a group lists somebody by an address who is outside of an organization that shares nothing outside, and the explanation says why the list gives
// nothing. To an actor who may not see the address, it does not say that the address is on the list (O7).
func TestO5ListedAndOutside(t *testing.T) {
	e := decisiontest.Start(t)
	w := storyWorld()
	w.Organizations[0].OutsideSharing = false
	w.Resources[1].Allowed = append(w.Resources[1].Allowed, access.Principal{Kind: access.PrincipalGroup, ID: "friends"})
	e.Load(w)
	s := e.Service(nil)
	const why = "pat is listed in group friends, but is outside of acme, which does not share outside (O5)"
	for _, req := range []decision.Request{asks(user("pat"), "interact", chatbot("helper")), asks(user("pat"), "view", thing(access.TypeDocument, "plan"))} {
		a := answer(t, s, backend, explained(req))
		require.False(t, a.Allowed)
		require.Contains(t, a.Why.StoppedBy, why)
		a = answer(t, s, as("ada"), explained(req))
		require.False(t, a.Allowed)
		require.NotContains(t, a.Why.StoppedBy, why)
	}
	a := answer(t, s, backend, explained(asks(user("pat"), "read", chatbot("helper"))))
	require.NotContains(t, a.Why.StoppedBy, why, "a share at use_only would not give that either")
}

// No explanation holds the secret of a key.
func TestExplanationsKeepSecrets(t *testing.T) {
	e := decisiontest.Start(t)
	e.Load(storyWorld())
	s := e.Service(nil)
	for _, action := range []string{"read", "deploy", "fly"} {
		a := answer(t, s, backend, explained(asks(thing(access.TypeAPIKey, decisiontest.Secret("k1")), action, chatbot("helper"))))
		require.NotContains(t, told(a), "secret")
	}
}

// C5: an explanation decides as an evaluation does, says what it must, and finds all that it says in the facts.
func TestExplanationsAgree(t *testing.T) { inWorlds(t, 1, aWorldIsExplained) }

func aWorldIsExplained(t *testing.T, e *randomWorld) {
	w, s := e.World, e.Service(nil)
	for _, q := range e.questions(questionsPerWorld) {
		e.Set(q.Request.Now)
		about := fmt.Sprintf("%s: %+v", e.again, q)
		want := plain.Decide(w, q) && q.Action != access.See
		a, err := s.Evaluate(t.Context(), backend, explained(decisiontest.Asked(q)))
		require.NoError(t, err)
		require.Equal(t, want, a.Allowed, about)
		require.Equal(t, want, len(a.Why.Because) > 0, about)
		require.Equal(t, want, len(a.Why.StoppedBy) == 0, about)
		require.NotContains(t, told(a), "changing right now", about)
		for _, word := range a.Missing {
			if strings.Contains(told(a), "gate email_domains: everything it named was deleted") {
				continue // whose domain is whose does not matter any more
			}
			require.Contains(t, told(a), "needs "+word, about)
		}
	}
}

// An extension's resources are explained from the engine's trace, and from their relations where the engine has cached the rest.
func TestExtensionsAreExplained(t *testing.T) {
	_, s := extended(t)
	for _, c := range []struct {
		subject  access.Object
		action   string
		resource access.Object
		want     string
		more     []any
	}{
		{user("alice"), "GET", todo("todo:{id}"), "allowed: user:alice has todo#owner on todo:todo:{id}; user:alice has todo#read on todo:todo:{id}", nil},
		{user("bob"), "PUT", todo("groceries"), "allowed: user:bob has todo#editor on todo:groceries; user:bob has todo#update on todo:groceries", []any{"context.status", "open"}},
		{user("bob"), "PUT", todo("groceries"), "denied: needs status [those who have manage_access on todo:groceries]", nil},
		{user("bob"), "PUT", todo("groceries"), "denied: the condition not_archived of todo#editor on todo:groceries is false [those who have manage_access on todo:groceries]", []any{"context.status", "archived"}},
		{user("mia"), "GET", todo("groceries"), "allowed: user:mia has organization#view_data on organization:acme; user:mia has todo#read on todo:groceries", nil},
	} {
		require.Equal(t, c.want, told(answer(t, s, backend, explained(asks(c.subject, c.action, c.resource, c.more...)))))
	}
	again := asks(user("alice"), "GET", todo("groceries"))
	require.True(t, can(t, s, backend, again))
	require.Equal(t, "allowed: user:alice has todo#owner on todo:groceries; user:alice has todo#read on todo:groceries", told(answer(t, s, backend, explained(again))),
		"though the engine remembers no more than its answer")
	again = asks(user("mia"), "GET", todo("groceries"))
	require.Equal(t, "allowed: user:mia has organization#view_data on organization:acme; user:mia has todo#read on todo:groceries",
		told(answer(t, s, backend, explained(again))))
}
