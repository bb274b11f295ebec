package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

const (
	corp    = "https://login.corp.test"
	partner = "https://login.partner.test"
)

// signs in the user with a token that is a minute newer than the one before.
func (e *env) signs(issuer string, user access.UserID, edit func(*access.SignIn)) error {
	e.now = e.now.Add(time.Minute)
	in := access.SignIn{
		Issuer: issuer, Subject: "s-" + string(user), User: user, IssuedAt: e.now.Truncate(time.Second), Create: true, Claimants: []string{corp, partner},
		Address: "192.0.2.9", RequestID: "req",
	}
	if edit != nil {
		edit(&in)
	}
	return e.SignIn(e.ctx, in)
}

func adopting(in *access.SignIn) { in.Adopt = true }

func (e *env) user(id access.UserID) access.User {
	return facts(e, func(tx *store.Tx) (access.User, error) {
		u, _, err := tx.User(id)
		return u, err
	})
}

func TestU1AnIssuerCreatesItsUsersAndNamesNoOthers(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.signs(corp, "nina", func(in *access.SignIn) {
		in.Email, in.EmailVerified, in.Name, in.Type = "nina@acme.test", true, "Nina", access.Internal
	}))
	require.Equal(t, access.User{ID: "nina", Email: "nina@acme.test", EmailVerified: true, Name: "Nina", Type: access.Internal, Active: true}, e.user("nina"))
	last := e.lastRecord()
	require.Equal(t, "issuer:"+corp, last.Actor)
	require.Equal(t, access.KeyID("issuer:"+corp), last.Key)
	require.Equal(t, "user.sign_in", last.Action)
	require.Equal(t, access.Obj[access.UserID](access.TypeUser, "nina"), last.Resource)
	require.Equal(t, "192.0.2.9", last.Address)
	require.Equal(t, "req", last.RequestID)

	known := len(e.records())
	for name, err := range map[string]error{
		"one whom an administrator created": e.signs(corp, "mia", nil),
		"another issuer's":                  e.signs(partner, "nina", nil),
		"another issuer's, adopting":        e.signs(partner, "nina", adopting),
		"its own, with another subject":     e.signs(corp, "nina", func(in *access.SignIn) { in.Subject, in.Adopt = "else", true }),
		"one whom nobody knows":             e.signs(corp, "paul", func(in *access.SignIn) { in.Create = false }),
	} {
		require.Equal(t, "invalid token", e.refused(err, access.KindUnauthenticated, "U1").Detail, name)
	}
	require.Len(t, e.records(), known, "and nothing was written")
	require.NoError(t, e.signs(corp, "mia", adopting))
	require.NoError(t, e.signs(partner, "nina", func(in *access.SignIn) { in.Adopt, in.Claimants = true, []string{partner} }), "corp is not configured any more")
	require.NoError(t, e.signs(corp, "somebody", func(in *access.SignIn) { in.Subject = "s-mia" }))
	require.Zero(t, e.user("somebody"), "whoever is known by the subject stays that user")
	e.agrees()
}

func TestI2AnAddressIsVerifiedForWhomItWasFirst(t *testing.T) {
	e := acme(t)
	says := func(address access.Email, verified bool) func(*access.SignIn) {
		return func(in *access.SignIn) { in.Email, in.EmailVerified = address, verified }
	}
	e.shared("helper", "email:new@acme.test", access.ReadOnly)
	require.NoError(t, e.signs(corp, "nina", says("new@acme.test", false)))
	e.cannot("nina", "helper", access.Read)
	require.NoError(t, e.signs(corp, "nina", says("new@acme.test", true)))
	e.can("nina", "helper", access.Read)
	require.NoError(t, e.signs(partner, "rival", says("new@acme.test", true)), "it is somebody, without the address")
	require.False(t, e.user("rival").EmailVerified)
	e.cannot("rival", "helper", access.Read)
	e.can("nina", "helper", access.Read)

	require.NoError(t, e.signs(corp, "nina", nil), "the issuer does not say it any more")
	require.Empty(t, e.user("nina").Email)
	e.cannot("nina", "helper", access.Read)
	require.NoError(t, e.signs(partner, "rival", says("new@acme.test", true)))
	e.can("rival", "helper", access.Read)

	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Email: access.Some(access.Email("nina@acme.test")), EmailVerified: access.Some(true)}))
	for _, said := range []func(*access.SignIn){nil, says("x@acme.test", false)} {
		require.NoError(t, e.signs(corp, "nina", said))
		require.Equal(t, access.Email("nina@acme.test"), e.user("nina").Verified(), "an administrator has verified it")
	}
	e.replays()
}

func TestU2AnIssuerTakesBackWhatItGaveAndNothingElse(t *testing.T) {
	e := acme(t)
	e.makeRole("a", "acme")
	e.makeRole("b", "", "max")
	says := func(in *access.SignIn) {
		in.Roles, in.Type, in.PlatformRoles = []access.RoleID{"a", "b", "unknown"}, access.Internal, []access.PlatformRole{access.ContentAdmin}
		in.Memberships = []access.Membership{{Organization: "acme", Role: access.OrgAdmin}, {Organization: "globex", Role: access.OrgMember}, {Organization: "x", Role: access.OrgMember}}
		in.Adopt = true
	}
	roles := func(u access.UserID) []access.RoleID {
		return facts(e, func(tx *store.Tx) ([]access.RoleID, error) { return tx.RolesOf(u) })
	}
	platform := func(u access.UserID) []access.PlatformRole {
		return facts(e, func(tx *store.Tx) ([]access.PlatformRole, error) { return tx.PlatformGrants(u) })
	}
	in := func(org access.OrganizationID, u access.UserID) access.OrgRole {
		m, _ := e.membership(org, u)
		return m.Role
	}
	require.NoError(t, e.signs(corp, "max", says))
	require.Equal(t, []access.RoleID{"a", "b"}, roles("max"))
	require.Equal(t, []access.PlatformRole{access.ContentAdmin}, platform("max"))
	require.Equal(t, access.OrgMember, in("acme", "max"), "an administrator has decided that")
	require.Equal(t, access.OrgMember, in("globex", "max"))
	require.NoError(t, e.signs(partner, "max", func(in *access.SignIn) { in.Claimants, in.Adopt = nil, true }))
	require.Equal(t, access.OrgMember, in("globex", "max"), "another issuer does not take it back")
	e.agrees()

	require.NoError(t, e.signs(corp, "max", func(in *access.SignIn) { in.Type = access.Internal }))
	require.Equal(t, []access.RoleID{"b"}, roles("max"))
	require.Empty(t, platform("max"))
	require.Equal(t, access.OrgMember, in("acme", "max"))
	require.Empty(t, in("globex", "max"))

	// What an administrator grants as well is the administrator's.
	require.NoError(t, e.signs(corp, "max", says))
	e.ok(e.AssignRole(e.ctx, root, "a", "max"))
	e.ok(e.PutMember(e.ctx, root, "globex", "max", access.OrgMember, sharing.Offboard{}))
	e.ok(e.PutPlatformRole(e.ctx, root, access.ContentAdmin, "max"))
	require.NoError(t, e.signs(corp, "max", func(in *access.SignIn) { in.Type = access.Internal }))
	require.Equal(t, []access.RoleID{"a", "b"}, roles("max"))
	require.Equal(t, []access.PlatformRole{access.ContentAdmin}, platform("max"))
	require.Equal(t, access.OrgMember, in("globex", "max"))

	// What an administrator took away and granted again is too; P4 holds for all.
	e.ok(e.UnassignRole(e.ctx, root, "a", "max"))
	require.NoError(t, e.signs(corp, "max", says))
	require.Equal(t, []access.RoleID{"b"}, roles("max"), "the issuer does not give back what an administrator took away (D2)")
	e.ok(e.AssignRole(e.ctx, root, "a", "max"))
	require.NoError(t, e.signs(corp, "max", func(in *access.SignIn) {
		in.Type, in.PlatformRoles = access.External, []access.PlatformRole{access.SiteAdmin}
	}))
	require.Equal(t, []access.RoleID{"a", "b"}, roles("max"))
	require.Empty(t, platform("max"), "P4")
	e.agrees()
	e.replays()
}

// D1: somebody in so many groups that the token says only where they are keeps what the groups gave, and gets nothing for them.
func TestD1WhatATokenDoesNotTellIsNotTakenBack(t *testing.T) {
	e := acme(t)
	e.makeRole("support", "acme")
	e.makeRole("other", "acme")
	full := func(in *access.SignIn) {
		in.Email, in.EmailVerified, in.Type = "nina@acme.test", true, access.Internal
		in.Memberships, in.Roles = []access.Membership{{Organization: "acme", Role: access.OrgAdmin}}, []access.RoleID{"support", "other"}
		in.PlatformRoles = []access.PlatformRole{access.ContentAdmin}
	}
	unknown := access.Unknown{Email: true, Grants: []access.UnknownGrant{
		{Organization: "*", As: access.OrgAdmin}, {Role: "supp*"}, {Platform: access.ContentAdmin},
	}}
	require.NoError(t, e.signs(corp, "nina", full))
	e.makeTeam("blue", "acme", "nina")
	e.makeBot("ninas", "acme", "nina")
	e.shared("helper", "user:nina", access.ReadOnly)

	require.NoError(t, e.signs(corp, "nina", func(in *access.SignIn) { in.Roles, in.Unknown = []access.RoleID{"other"}, unknown }))
	require.NoError(t, e.signs(corp, "nina", func(in *access.SignIn) {
		in.Memberships, in.Roles, in.Unknown = []access.Membership{{Organization: "acme", Role: access.OrgClient}}, []access.RoleID{"other"}, unknown
	}), "that a known claim gives less does not tell that the unknown one does not give more")
	m, _ := e.membership("acme", "nina")
	require.Equal(t, access.OrgAdmin, m.Role)
	require.Equal(t, access.Email("nina@acme.test"), e.user("nina").Verified())
	require.Equal(t, access.Internal, e.user("nina").Type)
	e.can("nina", "helper", access.Read)
	require.Len(t, facts(e, func(tx *store.Tx) ([]access.TeamMembership, error) { return tx.TeamsOf("nina") }), 1)
	require.Equal(t, access.UserID("nina"), facts(e, func(tx *store.Tx) (access.UserID, error) {
		b, _, err := tx.Chatbot("ninas")
		return b.Owner, err
	}))
	roles := func() []access.RoleID {
		return facts(e, func(tx *store.Tx) ([]access.RoleID, error) { return tx.RolesOf("nina") })
	}
	require.Equal(t, []access.RoleID{"other", "support"}, roles())
	require.Equal(t, []access.PlatformRole{access.ContentAdmin}, facts(e, func(tx *store.Tx) ([]access.PlatformRole, error) { return tx.PlatformGrants("nina") }))

	require.NoError(t, e.signs(corp, "nora", func(in *access.SignIn) { in.Unknown = unknown }))
	e.nobodyIn("acme", "nora")

	require.NoError(t, e.signs(corp, "nina", func(in *access.SignIn) {
		full(in)
		in.Roles, in.Unknown = nil, access.Unknown{Grants: []access.UnknownGrant{{Role: "supp*"}}}
	}))
	require.Equal(t, []access.RoleID{"support"}, roles(), "what only known claims give is taken back")
	require.NoError(t, e.signs(corp, "nina", nil))
	e.nobodyIn("acme", "nina")
	require.Empty(t, e.user("nina").Email)
	e.agrees()
	e.replays()
}

func TestO1O2AnIssuerNeverTouchesAnOwner(t *testing.T) {
	e := acme(t)
	client := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgClient}}
	}
	require.NoError(t, e.signs(corp, "olga", client))
	m, _ := e.membership("acme", "olga")
	require.Equal(t, access.OrgOwner, m.Role)
	require.NoError(t, e.signs(corp, "nina", client))
	e.ok(e.PutMember(e.ctx, root, "acme", "nina", access.OrgOwner, sharing.Offboard{}))
	require.NoError(t, e.signs(corp, "nina", client))
	require.NoError(t, e.signs(corp, "nina", nil))
	m, _ = e.membership("acme", "nina")
	require.Equal(t, access.OrgOwner, m.Role, "that an owner made her one is not the issuer's")
}

func TestO3WhoLosesAMembershipByTheIssuerLosesWhatHungOnIt(t *testing.T) {
	e := acme(t)
	as := func(role access.OrgRole) func(*access.SignIn) {
		return func(in *access.SignIn) { in.Memberships = []access.Membership{{Organization: "acme", Role: role}} }
	}
	require.NoError(t, e.signs(corp, "nina", as(access.OrgMember)))
	e.makeBot("ninas", "acme", "nina")
	e.makeTeam("blue", "acme", "nina")
	require.NoError(t, e.signs(corp, "nina", as(access.OrgClient)))
	require.Equal(t, access.UserID("olga"), facts(e, func(tx *store.Tx) (access.UserID, error) {
		b, _, err := tx.Chatbot("ninas")
		return b.Owner, err
	}))
	require.NoError(t, e.signs(corp, "nina", nil))
	require.Empty(t, facts(e, func(tx *store.Tx) ([]access.TeamMembership, error) { return tx.TeamsOf("nina") }))
	e.agrees()
	e.replays()
}

// B4: an organization's ranges are for those who change it; that somebody is nobody there any more holds wherever they call from.
func TestB4ASignInTakesHoldFromAnywhere(t *testing.T) {
	e := acme(t)
	in := func(in *access.SignIn) {
		in.Memberships = []access.Membership{{Organization: "acme", Role: access.OrgAdmin}}
	}
	require.NoError(t, e.signs(corp, "nina", in))
	e.ok(e.PutOrganization(e.ctx, root, "acme", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})}))
	nina := access.Actor{User: "nina", Issuer: corp, Address: "192.0.2.9"}
	e.refused(e.putMember(nina, "acme", "otto", access.OrgClient), access.KindDenied, "B4")
	require.NoError(t, e.signs(corp, "nina", nil))
	e.nobodyIn("acme", "nina")
}

func TestN2ATokenBringsNobodyBack(t *testing.T) {
	e := acme(t)
	in := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}
	require.NoError(t, e.signs(corp, "nina", in))
	e.now = e.now.Add(time.Hour)
	before := e.now.Add(-time.Minute)
	e.ok(e.PutUser(e.ctx, root, "nina", inactive))
	e.refused(e.signs(corp, "nina", in), access.KindUnauthenticated, "U1")
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Active: access.Some(true)}))
	e.refused(e.signs(corp, "nina", func(i *access.SignIn) { in(i); i.IssuedAt = before }), access.KindUnauthenticated, "U1")
	e.nobodyIn("acme", "nina")
	require.NoError(t, e.signs(corp, "nina", in))
	require.True(t, e.may("nina", access.ViewData, access.Obj[access.OrganizationID](access.TypeOrganization, "acme")))

	e.ok(e.DeleteUser(e.ctx, root, "nina", sharing.Offboard{}))
	e.refused(e.signs(corp, "nina", in), access.KindUnauthenticated, "U1")
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{}))
	e.refused(e.signs(corp, "nina", func(i *access.SignIn) { in(i); i.Adopt = false }), access.KindUnauthenticated, "U1")
	e.nobodyIn("acme", "nina")
}

// Whoever is deleted stays out also where the provider gives them another name, until an administrator creates a user whom they adopt.
func TestN2WhoIsDeletedDoesNotComeBackUnderAnotherName(t *testing.T) {
	e := acme(t)
	named := func(adopt bool) func(*access.SignIn) {
		return func(in *access.SignIn) { in.Subject, in.Adopt = "s-nina", adopt }
	}
	require.NoError(t, e.signs(corp, "nina", nil))
	e.ok(e.DeleteUser(e.ctx, root, "nina", sharing.Offboard{}))
	e.refused(e.signs(corp, "ninette", named(true)), access.KindUnauthenticated, "U1")
	require.Zero(t, e.user("ninette"))
	require.NoError(t, e.signs(partner, "ninette", named(false)), "to another provider it is somebody else")
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{}))
	e.refused(e.signs(corp, "ninon", named(true)), access.KindUnauthenticated, "U1")
	e.ok(e.PutUser(e.ctx, root, "ninon", sharing.UserPatch{}))
	e.refused(e.signs(corp, "ninon", named(false)), access.KindUnauthenticated, "U1")
	require.NoError(t, e.signs(corp, "ninon", named(true)))
	require.NoError(t, e.signs(corp, "whoever", named(false)))
	e.ok(e.DeleteUser(e.ctx, root, "ninon", sharing.Offboard{}))
	e.refused(e.signs(corp, "ninette", named(false)), access.KindUnauthenticated, "U1")
}

// O4: who is created anew starts with nothing, also where a token of before is still valid.
func TestO4ATokenOfBeforeADeletionGivesNothing(t *testing.T) {
	e := acme(t)
	in := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgAdmin}}
	}
	require.NoError(t, e.signs(corp, "nina", in))
	e.now = e.now.Add(time.Hour)
	unused := e.now.Add(-time.Minute)
	e.ok(e.DeleteUser(e.ctx, root, "nina", sharing.Offboard{}))
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{}))
	e.refused(e.signs(corp, "nina", func(i *access.SignIn) { in(i); i.IssuedAt = unused }), access.KindUnauthenticated, "U1")
	e.nobodyIn("acme", "nina")
	require.NoError(t, e.signs(corp, "nina", in))
	require.True(t, e.may("nina", access.Update, access.Obj[access.OrganizationID](access.TypeOrganization, "acme")))
}

func TestI2AnIssuerTakesBackTheAddressesThatItGave(t *testing.T) {
	e := acme(t)
	says := func(address access.Email) func(*access.SignIn) {
		return func(in *access.SignIn) { in.Adopt, in.Email, in.EmailVerified = true, address, true }
	}
	require.NoError(t, e.signs(corp, "mia", says("mia@acme.test")))
	require.NoError(t, e.signs(corp, "mia", nil))
	require.Equal(t, access.Email("mia@acme.test"), e.user("mia").Verified(), "an administrator had verified it before")

	require.NoError(t, e.signs(corp, "nina", says("nina@acme.test")))
	require.NoError(t, e.signs(corp, "nina", says("nina@acme.test")))
	e.ok(e.PutUser(e.ctx, root, "nina", inactive))
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Active: access.Some(true)}))
	require.NoError(t, e.signs(corp, "nina", nil))
	require.Empty(t, e.user("nina").Verified(), "it is the issuer's, whatever became of the user in between")
}

// An older token that is still valid gives nothing back, nor does the same one.
func TestAnOlderTokenChangesNothing(t *testing.T) {
	e := acme(t)
	in := func(in *access.SignIn) {
		in.Memberships = []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}
	require.NoError(t, e.signs(corp, "nina", in))
	first := e.now
	require.NoError(t, e.signs(corp, "nina", nil))
	records := len(e.records())
	for _, at := range []time.Time{first, e.now} {
		require.NoError(t, e.signs(corp, "nina", func(i *access.SignIn) { in(i); i.IssuedAt = at.Truncate(time.Second) }))
		e.nobodyIn("acme", "nina")
	}
	require.NoError(t, e.signs(corp, "nina", nil), "a new one that says the same writes no entry either")
	require.Len(t, e.records(), records)
}

// Of two tokens of one second that say different things the one that comes later counts, and the first one gives nothing back.
func TestTheLaterOfTwoTokensOfOneSecondCounts(t *testing.T) {
	e := acme(t)
	e.now = e.now.Truncate(time.Second).Add(time.Hour)
	at := e.now
	says := func(digest string, orgs ...access.Membership) error {
		return e.signs(corp, "nina", func(in *access.SignIn) { in.IssuedAt, in.Digest, in.Memberships = at, digest, orgs })
	}
	member := access.Membership{Organization: "acme", Role: access.OrgMember}
	require.NoError(t, says("in", member))
	require.Equal(t, access.OrgMember, e.roleIn("nina"))
	require.NoError(t, says("out"))
	e.nobodyIn("acme", "nina")
	require.NoError(t, says("in", member))
	e.nobodyIn("acme", "nina")

	e.ok(e.PutUser(e.ctx, root, "nina", inactive))
	e.ok(e.PutUser(e.ctx, root, "nina", sharing.UserPatch{Active: access.Some(true)}))
	e.refused(says("anew", member), access.KindUnauthenticated, "U1")
}

// B1: what a user who calls directly does is the user's own, keys among it, which end with the user.
func TestB1AUserWhoCallsDirectlyHasTheirOwnRightsAndNoKeys(t *testing.T) {
	e := acme(t)
	olga, mia := access.Actor{User: "olga", Issuer: corp}, access.Actor{User: "mia", Issuer: corp}
	e.ok(e.CreateKey(e.ctx, olga, sharing.NewKey{Name: "k", Access: access.KeyFull, Organization: "acme"}))
	require.Equal(t, access.KeyID("issuer:"+corp), e.lastRecord().Key)
	require.Equal(t, "user:olga", e.lastRecord().Actor)
	e.refused(e.makeKey(olga, sharing.NewKey{Name: "k", Access: access.KeyFull}), access.KindDenied, "B3")
	e.refused(e.makeKey(mia, sharing.NewKey{Name: "k", Access: access.KeyReadOnly, Organization: "acme"}), access.KindDenied, "")
	e.refused(e.putUser(mia, "x", sharing.UserPatch{}), access.KindDenied, "U1")
	require.False(t, sharing.MayRestore(access.Actor{User: "iris", Issuer: corp}), "not even a site admin restores keys")
	e.ok(e.DeleteUser(e.ctx, root, "olga", sharing.Offboard{Successor: "max"}))
	require.Empty(t, liveKeys(e))
	e.refused(e.putUser(olga, "x", sharing.UserPatch{}), access.KindUnauthenticated, "N2")
}

// N2: whoever was never seen with a token adopts with none of before, of whichever issuer.
func TestN2ATokenOfBeforeAdoptsNobody(t *testing.T) {
	for name, leave := range map[string]func(*env){
		"deactivated": func(e *env) { e.ok(e.PutUser(e.ctx, root, "max", inactive)) },
		"deleted":     func(e *env) { e.ok(e.DeleteUser(e.ctx, root, "max", sharing.Offboard{})) },
		"created inactive": func(e *env) {
			e.ok(e.DeleteUser(e.ctx, root, "max", sharing.Offboard{}))
			e.ok(e.PutUser(e.ctx, root, "max", inactive))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			before := e.now.Truncate(time.Second)
			e.now = before.Add(900 * time.Millisecond)
			leave(e)
			e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{Active: access.Some(true)}))
			for _, issuer := range []string{corp, partner} {
				for _, at := range []time.Time{before.Add(-time.Minute), before} {
					e.refused(e.signs(issuer, "max", func(in *access.SignIn) { in.Adopt, in.IssuedAt = true, at }), access.KindUnauthenticated, "U1")
				}
			}
			require.NoError(t, e.signs(corp, "max", func(in *access.SignIn) { in.Adopt, in.IssuedAt = true, before.Add(time.Second) }))
		})
	}
}

// I2, N2: the address of an inactive user is free, and whoever comes back after somebody else got it has it unverified.
func TestN2AnAddressThatIsSomebodyElsesByNowComesBackUnverified(t *testing.T) {
	const address = access.Email("max@acme.test")
	verified := sharing.UserPatch{Email: access.Some(address), EmailVerified: access.Some(true)}
	for name, take := range map[string]func(*env) error{
		"by an administrator": func(e *env) error { return e.putUser(root, "rival", verified) },
		"by a provider": func(e *env) error {
			return e.signs(corp, "rival", func(in *access.SignIn) { in.Email, in.EmailVerified = address, true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			e.ok(e.PutUser(e.ctx, root, "max", verified))
			e.ok(e.PutUser(e.ctx, root, "max", inactive))
			e.shared("helper", "email:"+string(address), access.ReadOnly)
			require.NoError(t, take(e))
			e.can("rival", "helper", access.Read)
			e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{Active: access.Some(true)}))
			require.Equal(t, []any{address, false}, []any{e.user("max").Email, e.user("max").EmailVerified})
			e.cannot("max", "helper", access.Read)
			e.refused(e.putUser(root, "max", verified), access.KindConflict, "I2")
			e.agrees()
			e.replays()
		})
	}
}
