package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// oddIDs are IDs that I1 allows, in byte order, which is neither that of any language nor that of UTF-16.
var oddIDs = []string{
	" ", "'; DROP TABLE users; --", "*", "A", "B", "Z10", "Z9", "_", "a", "a\x00b", "a ", "a%", "aa", "alice@acme.com", "auth0|123",
	"todo:{id}", "~", "ä", "é", "ｅ", "😀",
}

func testPagesFollowByteOrder(t *testing.T, stores maker) {
	require.True(t, slices.IsSorted(oddIDs))
	db := stores.open(t)
	update(t, db, func(tx *Tx) {
		must(t, tx.PutOrganization(access.Organization{ID: "acme"}), tx.PutGroup(access.Group{ID: "g", Organization: "acme"}))
		for _, id := range slices.Backward(oddIDs) {
			must(t,
				tx.PutUser(access.User{ID: access.UserID(id), Active: true}),
				tx.PutTeam(access.Team{ID: access.TeamID(id), Organization: "acme"}),
				tx.PutMembership(access.Membership{Organization: "acme", User: access.UserID(id), Role: access.OrgMember}),
				tx.PutGroupMembership(access.GroupMembership{Group: "g", Member: access.Principal{Kind: access.PrincipalUser, ID: id}}),
			)
		}
	})
	view(t, db, func(tx *Tx) {
		for _, limit := range []int{0, 1, 4, 100} {
			require.Equal(t, oddIDs, pages(t, limit, func(after string) ([]access.User, error) {
				return tx.Users(UserFilter{MemberOf: "acme"}, access.UserID(after), limit)
			}, func(u access.User) string { return string(u.ID) }))
			require.Equal(t, oddIDs, pages(t, limit, func(after string) ([]access.Team, error) {
				return tx.Teams(TeamFilter{}, access.TeamID(after), limit)
			}, func(o access.Team) string { return string(o.ID) }))
			require.Equal(t, oddIDs, pages(t, limit, func(after string) ([]access.Membership, error) {
				return tx.Members("acme", access.UserID(after), limit)
			}, func(m access.Membership) string { return string(m.User) }))
			members := pages(t, limit, func(after string) ([]access.Principal, error) {
				return tx.GroupMembers("g", after, limit)
			}, access.Principal.String)
			require.Equal(t, oddIDs, strings.Split(strings.TrimPrefix(strings.Join(members, "\n"), "user:"), "\nuser:"))
		}
	})
}

// pages lists page by page and gives the keys.
func pages[T any](t *testing.T, limit int, list func(after string) ([]T, error), key func(T) string) (keys []string) {
	t.Helper()
	for after := ""; ; after = keys[len(keys)-1] {
		page, err := list(after)
		require.NoError(t, err)
		for _, item := range page {
			keys = append(keys, key(item))
		}
		if limit == 0 || len(page) < limit {
			return keys
		}
		require.Len(t, page, limit)
	}
}

func testUsers(t *testing.T, stores maker) {
	alice := access.User{ID: "alice", Email: "a@acme.com", EmailVerified: true, Name: "Alice", Type: access.Internal, Active: true, Organization: "acme"}
	bob := access.User{ID: "bob", Email: "a@acme.com", Active: true}
	gone := access.User{ID: "gone", Email: "a@acme.com", EmailVerified: true, Deleted: true}
	nobody := access.User{ID: "nobody", EmailVerified: true}
	nameless := access.User{ID: "nameless", EmailVerified: true}
	update(t, stores.open(t), func(tx *Tx) {
		must(t, tx.PutUser(alice), tx.PutUser(bob), tx.PutUser(gone), tx.PutUser(nobody), tx.PutUser(nameless),
			tx.PutOrganization(access.Organization{ID: "acme"}), tx.PutMembership(access.Membership{Organization: "acme", User: "bob"}))
		is(t, alice)(tx.User("alice"))
		is(t, gone)(tx.User("gone"))
		absent[access.User](t)(tx.User("Alice"))
		is(t, alice)(tx.UserByVerifiedEmail("a@acme.com"))
		absent[access.User](t)(tx.UserByVerifiedEmail(""))
		are(t, alice, bob, nameless, nobody)(tx.Users(UserFilter{}, "", 0))
		are(t, alice, bob, gone, nameless, nobody)(tx.Users(UserFilter{IncludeDeleted: true}, "", 0))
		are(t, alice, bob)(tx.Users(UserFilter{Email: "a@acme.com"}, "", 0))
		are(t, alice)(tx.Users(UserFilter{Home: "acme"}, "", 0))
		are(t, bob)(tx.Users(UserFilter{MemberOf: "acme"}, "", 0))
		are[access.User](t)(tx.Users(UserFilter{Home: "acme", MemberOf: "acme"}, "", 0))

		alice.Deleted, alice.Active = true, false
		must(t, tx.PutUser(alice))
		is(t, alice)(tx.User("alice"))
		absent[access.User](t)(tx.UserByVerifiedEmail("a@acme.com"))
		bob.EmailVerified = true
		must(t, tx.PutUser(bob))
		is(t, bob)(tx.UserByVerifiedEmail("a@acme.com"))
	})
}

func testPlatformGrants(t *testing.T, stores maker) {
	site, content := access.PlatformGrant{Role: access.SiteAdmin, User: "alice"}, access.PlatformGrant{Role: access.ContentUser, User: "alice"}
	other := access.PlatformGrant{Role: access.ContentAdmin, User: "bob"}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutPlatformGrant(site), tx.PutPlatformGrant(site), tx.PutPlatformGrant(content), tx.PutPlatformGrant(other))
		are(t, access.ContentUser, access.SiteAdmin)(tx.PlatformGrants("alice"))
		are(t, content, site, other)(tx.AllPlatformGrants())
		must(t, tx.DeletePlatformGrant(site), tx.DeletePlatformGrant(site))
		are(t, access.ContentUser)(tx.PlatformGrants("alice"))
	})
}

func testOrganizationsAndMemberships(t *testing.T, stores maker) {
	initech := access.Organization{ID: "initech", Name: "Initech", PublicAccess: access.AudienceEveryone, OutsideSharing: true,
		AllowedIPs: []string{"10.0.0.0/8", "::1/128"}}
	owner := access.Membership{Organization: "initech", User: "alice", Role: access.OrgOwner}
	client := access.Membership{Organization: "initech", User: "bob", Role: access.OrgClient}
	elsewhere := access.Membership{Organization: "acme", User: "bob", Role: access.OrgOwner}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutOrganization(initech), tx.PutMembership(owner), tx.PutMembership(client), tx.PutMembership(elsewhere))
		is(t, initech)(tx.Organization("initech"))
		are(t, access.Organization{ID: "acme"}, access.Organization{ID: "globex"})(tx.Organizations("", 2))
		are(t, initech)(tx.Organizations("globex", 2))
		is(t, client)(tx.Membership("initech", "bob"))
		absent[access.Membership](t)(tx.Membership("globex", "bob"))
		are(t, owner, client)(tx.Members("initech", "", 0))
		are(t, client)(tx.Members("initech", "alice", 1))
		are(t, elsewhere, client)(tx.Memberships("bob"))
		are(t, owner)(tx.MembersWithRole("initech", access.OrgOwner, 0))

		initech.AllowedIPs, client.Role = nil, access.OrgOwner
		must(t, tx.PutOrganization(initech), tx.PutMembership(client))
		is(t, initech)(tx.Organization("initech"))
		are(t, owner)(tx.MembersWithRole("initech", access.OrgOwner, 1))
		are(t, owner, client)(tx.MembersWithRole("initech", access.OrgOwner, 0))
		must(t, tx.DeleteMembership("initech", "alice"), tx.DeleteMembership("initech", "bob"), tx.DeleteMembership("initech", "bob"))
		are[access.Membership](t)(tx.Members("initech", "", 0))
		must(t, tx.DeleteOrganization("initech"), tx.DeleteOrganization("initech"))
		absent[access.Organization](t)(tx.Organization("initech"))
	})
}

func testTeams(t *testing.T, stores maker) {
	ops := access.Team{ID: "ops", Organization: "acme", Name: "Operations"}
	dev := access.Team{ID: "dev", Organization: "globex"}
	lead := access.TeamMembership{Team: "ops", User: "alice", Role: access.TeamAdmin}
	hand := access.TeamMembership{Team: "ops", User: "bob", Role: access.TeamMember}
	coder := access.TeamMembership{Team: "dev", User: "bob", Role: access.TeamMember}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutTeam(ops), tx.PutTeam(dev), tx.PutTeamMembership(lead), tx.PutTeamMembership(hand), tx.PutTeamMembership(coder))
		is(t, ops)(tx.Team("ops"))
		are(t, dev, ops)(tx.Teams(TeamFilter{}, "", 0))
		are(t, ops)(tx.Teams(TeamFilter{Organization: "acme"}, "", 0))
		is(t, lead)(tx.TeamMembership("ops", "alice"))
		are(t, lead, hand)(tx.TeamMembers("ops", "", 0))
		are(t, hand)(tx.TeamMembers("ops", "alice", 5))
		are(t, coder, hand)(tx.TeamsOf("bob"))

		nesting := access.TeamNesting{Outer: "ops", Inner: "dev"}
		must(t, tx.PutTeamNesting(nesting), tx.PutTeamNesting(nesting))
		are(t, access.TeamID("dev"))(tx.InnerTeams("ops"))
		are(t, access.TeamID("ops"))(tx.OuterTeams("dev"))
		are[access.TeamID](t)(tx.InnerTeams("dev"))
		must(t, tx.DeleteTeamNesting(nesting), tx.DeleteTeamMembership("dev", "bob"), tx.DeleteTeam("dev"))
		are[access.TeamID](t)(tx.InnerTeams("ops"))
		absent[access.Team](t)(tx.Team("dev"))
		absent[access.TeamMembership](t)(tx.TeamMembership("dev", "bob"))
	})
}

func testRoles(t *testing.T, stores maker) {
	tier1 := access.Role{ID: "tier1", Organization: "acme", Name: "Tier 1"}
	premium := access.Role{ID: "premium", Name: "Premium"}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutRole(tier1), tx.PutRole(premium))
		is(t, tier1)(tx.Role("tier1"))
		are(t, premium, tier1)(tx.Roles(RoleFilter{}, "", 0))
		are(t, tier1)(tx.Roles(RoleFilter{Organization: "acme"}, "", 0))
		are(t, premium)(tx.Roles(RoleFilter{PlatformWide: true}, "", 0))
		for _, role := range []access.RoleID{"tier1", "premium", "premium"} {
			must(t, tx.PutRoleAssignment(access.RoleAssignment{Role: role, User: "bob"}))
		}
		assigned, err := tx.RoleAssigned("tier1", "bob")
		require.True(t, assigned)
		must(t, err, tx.PutRoleAssignment(access.RoleAssignment{Role: "tier1", User: "alice"}))
		are(t, access.UserID("alice"), "bob")(tx.RoleAssignees("tier1", "", 0))
		are(t, access.UserID("bob"))(tx.RoleAssignees("tier1", "alice", 1))
		are(t, access.RoleID("premium"), "tier1")(tx.RolesOf("bob"))
		must(t, tx.DeleteRoleAssignment("premium", "bob"), tx.DeleteRole("premium"))
		assigned, err = tx.RoleAssigned("premium", "bob")
		require.False(t, assigned)
		must(t, err)
		absent[access.Role](t)(tx.Role("premium"))
	})
}

func testGroups(t *testing.T, stores maker) {
	vips, press := access.Group{ID: "vips", Organization: "acme", Name: "VIPs"}, access.Group{ID: "press", Organization: "globex"}
	mail, bob := access.Principal{Kind: access.PrincipalEmail, ID: "x@y.z"}, access.Principal{Kind: access.PrincipalUser, ID: "bob"}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutGroup(vips), tx.PutGroup(press))
		is(t, vips)(tx.Group("vips"))
		are(t, press, vips)(tx.Groups(GroupFilter{}, "", 0))
		are(t, vips)(tx.Groups(GroupFilter{Organization: "acme"}, "", 0))
		for _, p := range []access.Principal{bob, mail, bob} {
			must(t, tx.PutGroupMembership(access.GroupMembership{Group: "vips", Member: p}))
		}
		must(t, tx.PutGroupMembership(access.GroupMembership{Group: "press", Member: mail}))
		has, err := tx.GroupHas("vips", mail)
		require.True(t, has)
		must(t, err)
		are(t, mail, bob)(tx.GroupMembers("vips", "", 0))
		are(t, bob)(tx.GroupMembers("vips", mail.String(), 0))
		are(t, access.GroupID("press"), "vips")(tx.GroupsOf(mail))
		must(t, tx.DeleteGroupMembership("press", mail), tx.DeleteGroup("press"))
		has, err = tx.GroupHas("press", mail)
		require.False(t, has)
		must(t, err)
		absent[access.Group](t)(tx.Group("press"))
	})
}

func testSettings(t *testing.T, stores maker) {
	update(t, stores.open(t), func(tx *Tx) {
		absent[string](t)(tx.Setting("zedtoken"))
		must(t, tx.PutSetting("zedtoken", "a"), tx.PutSetting("zedtoken", "b"))
		is(t, "b")(tx.Setting("zedtoken"))
	})
}

func testAccountKeys(t *testing.T, stores maker) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)
	root := access.AccountKey{ID: "root", Name: "Root", Access: access.KeyFull, Preview: "gw_1", CreatedBy: "key:x", CreatedAt: at}
	agency := access.AccountKey{ID: "agency", Access: access.KeyReadOnly, Organization: "acme", ActorRequired: true, AllowedIPs: []string{"::1/128"},
		ExpiresAt: at.Add(time.Hour), LastUsed: at, CreatedAt: at, BelongsTo: []access.UserID{"alice", "bob"}, Parent: "root", Version: 2, FormerUntil: at}
	update(t, stores.open(t), func(tx *Tx) {
		must(t, tx.PutAccountKey(root, "d1"), tx.PutAccountKey(agency, "d2"))
		is(t, root)(tx.AccountKey("root"))
		is(t, agency)(tx.AccountKeyByDigest("d2"))
		is(t, "d2")(tx.AccountKeyDigest(agency.ID))
		absent[string](t)(tx.AccountKeyDigest("absent"))
		absent[access.AccountKey](t)(tx.AccountKeyByDigest(""))
		are(t, agency, root)(tx.AccountKeys(AccountKeyFilter{}, "", 0))
		are(t, agency)(tx.AccountKeys(AccountKeyFilter{Organization: "acme"}, "", 0))
		must(t, tx.TouchAccountKey("root", at.Add(time.Minute)), tx.TouchAccountKey("root", at), tx.TouchAccountKey("none", at))
		root.LastUsed = at.Add(time.Minute)
		is(t, root)(tx.AccountKey("root"))

		are(t, agency)(tx.AccountKeys(AccountKeyFilter{Personal: true}, "", 0))
		are(t, agency)(tx.AccountKeys(AccountKeyFilter{Parent: "root"}, "", 0))
		absent[access.AccountKey](t)(tx.AccountKeyByFormerDigest(""))
		must(t, tx.KeepFormerAccountKeyDigest("agency", "d0"))
		is(t, agency)(tx.AccountKeyByFormerDigest("d0"))
		is(t, "d0")(tx.FormerAccountKeyDigest("agency"))
		agency.BelongsTo, agency.RefusedFor, agency.RefusedAt = []access.UserID{"bob"}, "bob left", at
		must(t, tx.RefuseAccountKey(agency))
		is(t, agency)(tx.AccountKey("agency"))
		are[access.AccountKey](t)(tx.AccountKeys(AccountKeyFilter{Personal: true}, "", 0))

		must(t, tx.PutAccountKey(root, "d3"), tx.DeleteAccountKey("agency"))
		absent[access.AccountKey](t)(tx.AccountKeyByDigest("d1"))
		absent[access.AccountKey](t)(tx.AccountKeyByDigest("d2"))
		is(t, root)(tx.AccountKeyByDigest("d3"))
	})
}

func testAPIKeys(t *testing.T, stores maker) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)
	first := access.APIKey{ID: "a", Chatbot: "helper", Name: "First", Level: access.UseOnly, Preview: "gwbot_1", CreatedBy: "user:alice", CreatedAt: at}
	second := access.APIKey{ID: "b", Chatbot: "helper", Name: "Second", Level: access.ReadWrite, AllowedIPs: []string{"::1/128"}, ExpiresAt: at.Add(time.Hour),
		LastUsed: at, CreatedAt: at, CreatorLostDeploy: true}
	update(t, stores.open(t), func(tx *Tx) {
		seed(t, tx)
		must(t, tx.PutChatbot(access.Chatbot{ID: "helper", Organization: "acme", Owner: "alice", LinkDigest: "d", LinkNonce: "n"}))
		must(t, tx.AddAPIKey(first, "d1"), tx.AddAPIKey(second, "d2"))
		is(t, first)(tx.APIKey("a"))
		is(t, second)(tx.APIKeyByDigest("d2"))
		is(t, "d2")(tx.APIKeyDigest(second.ID))
		absent[access.APIKey](t)(tx.APIKeyByDigest(""))
		absent[access.AccountKey](t)(tx.AccountKeyByDigest("d1"))
		are(t, first, second)(tx.APIKeys(APIKeyFilter{}, "", 0))
		are(t, second)(tx.APIKeys(APIKeyFilter{Chatbot: "helper"}, "a", 1))
		are[access.APIKey](t)(tx.APIKeys(APIKeyFilter{Chatbot: "other"}, "", 0))
		must(t, tx.TouchAPIKey("a", at.Add(time.Minute)), tx.TouchAPIKey("a", at), tx.TouchAPIKey("none", at), tx.MarkAPIKey("a", true), tx.MarkAPIKey("b", false))
		first.LastUsed, first.CreatorLostDeploy, second.CreatorLostDeploy = at.Add(time.Minute), true, false
		must(t, tx.RenewAPIKey("a", "d1", "d3"), tx.RenewAPIKey("b", "d1", "d4"))
		absent[access.APIKey](t)(tx.APIKeyByDigest("d1"))
		is(t, first)(tx.APIKeyByDigest("d3"))
		is(t, second)(tx.APIKeyByDigest("d2"))
		is(t, "d2")(tx.APIKeyDigest(second.ID))
		must(t, tx.DeleteAPIKey("a"))
		are(t, second)(tx.APIKeys(APIKeyFilter{}, "", 0))
		must(t, tx.DeleteAPIKey("b"), tx.DeleteChatbot("helper"))
	})
}
