package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// O7: a membership knows how it came about, and the strongest reason stays.
func TestO7AMembershipSaysHowItCameAbout(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "hal", sharing.UserPatch{}))
	came := func(user access.UserID) access.MembershipSource {
		e.t.Helper()
		m, there := e.membership("acme", user)
		require.True(t, there)
		return m.Source
	}
	says := func(in *access.SignIn) {
		in.Adopt, in.Memberships = true, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
	}
	e.ok(e.PutMember(e.ctx, root, "acme", "otto", access.OrgMember, sharing.Offboard{}))
	require.Equal(t, access.Assigned, came("otto"), "an unconfined key")
	e.ok(e.PutMember(e.ctx, as("olga"), "acme", "otto", access.OrgAdmin, sharing.Offboard{}))
	require.Equal(t, access.Assigned, came("otto"), "another role")
	e.ok(e.PutMember(e.ctx, as("olga"), "acme", "gus", access.OrgMember, sharing.Offboard{}))
	require.Equal(t, access.Added, came("gus"), "an owner")
	e.ok(e.PutMember(e.ctx, e.key("acme"), "acme", "hal", access.OrgMember, sharing.Offboard{}))
	require.Equal(t, access.Added, came("hal"), "a confined key")
	e.ok(e.PutMember(e.ctx, as("iris"), "acme", "hal", access.OrgMember, sharing.Offboard{}))
	require.Equal(t, access.Assigned, came("hal"), "a site admin, who gives the same role")
	e.ok(e.PutMember(e.ctx, as("iris"), "acme", "iris", access.OrgMember, sharing.Offboard{}))
	require.Equal(t, access.Accepted, came("iris"), "herself")
	require.NoError(t, e.signs(corp, "gus", says))
	require.Equal(t, access.SignedIn, came("gus"), "a provider says it too")
	require.NoError(t, e.signs(corp, "nina", says))
	require.Equal(t, access.SignedIn, came("nina"))
	e.replays()
	e.agrees()
}

// atGlobex gives globex a person of its own, ann, whom acme's owner has added to acme.
func atGlobex(e *env) {
	e.ok(e.PutUser(e.ctx, root, "ann", sharing.UserPatch{
		Organization: access.Some(access.OrganizationID("globex")), Email: access.Some(access.Email("ann@globex.test")), EmailVerified: access.Some(true),
	}))
}

// joins has a provider confirm what the users are in the organization.
func (e *env) joins(org access.OrganizationID, users ...access.UserID) {
	e.t.Helper()
	for _, u := range users {
		require.NoError(e.t, e.signs(corp, u, func(in *access.SignIn) {
			in.Adopt, in.Memberships = true, []access.Membership{{Organization: org, Role: e.role(org, u)}}
		}))
	}
}

// offers makes a PUT of an owner that waits for the person.
func (e *env) offers(by access.Actor, org access.OrganizationID, to access.UserID) access.Invitation {
	e.t.Helper()
	r, err := e.PutMember(e.ctx, by, org, to, access.OrgOwner, sharing.Offboard{})
	require.NoError(e.t, err)
	require.NotNil(e.t, r.Offer, "it is in force at once")
	return *r.Offer
}

func (e *env) role(org access.OrganizationID, user access.UserID) access.OrgRole {
	m, _ := e.membership(org, user)
	return m.Role
}

// B3: an owner of acme cannot leave it to somebody of globex who has not accepted it.
func TestO7TheOwnershipIsAcceptedByThePerson(t *testing.T) {
	e := acme(t)
	atGlobex(e)
	require.NoError(t, e.putMember(as("olga"), "acme", "ann", access.OrgMember))
	require.Equal(t, []access.NotificationKind{access.NotifyAdded}, e.told("ann"))
	offer := e.offers(as("olga"), "acme", "ann")
	require.Equal(t, access.OrgMember, e.role("acme", "ann"), "until then the old role holds")
	require.Equal(t, []any{access.Pending, "member.put"}, []any{e.lastRecord().Outcome, e.lastRecord().Action})
	require.Equal(t, []access.NotificationKind{access.NotifyOwnership}, e.told("ann"))
	records := len(e.records())
	require.Equal(t, offer.ID, e.offers(as("olga"), "acme", "ann").ID, "the same offer")
	require.Len(t, e.records(), records)
	_, err := e.RemoveMember(e.ctx, as("olga"), "acme", "olga", sharing.Offboard{Successor: "ann"})
	e.refused(err, access.KindUnprocessable, "O7")
	_, err = e.RemoveMember(e.ctx, as("olga"), "acme", "olga", sharing.Offboard{})
	e.refused(err, access.KindConflict, "O1")

	_, err = e.AcceptOwnership(e.ctx, as("max"), offer.ID)
	e.refused(err, access.KindNotFound, "")
	e.ok(e.AcceptOwnership(e.ctx, as("ann"), offer.ID))
	m, _ := e.membership("acme", "ann")
	require.Equal(t, []any{access.OrgOwner, access.Accepted}, []any{m.Role, m.Source})
	_, err = e.AcceptOwnership(e.ctx, as("ann"), offer.ID)
	e.refused(err, access.KindConflict, "N1")
	e.ok(e.RemoveMember(e.ctx, as("olga"), "acme", "olga", sharing.Offboard{}))
	e.replays()
	e.agrees()
}

// A dry run of an offer shows the ID of no invitation but one that there is.
func TestO7ADryRunOfAnOfferNamesNoInvitationThatIsNotMade(t *testing.T) {
	e := acme(t)
	atGlobex(e)
	preview := func(by access.Actor) access.Invitation {
		r, err := e.PutMember(e.ctx, by, "acme", "ann", access.OrgOwner, sharing.Offboard{DryRun: true})
		require.NoError(t, err)
		require.NotNil(t, r.Offer)
		require.Equal(t, access.UserID("ann"), r.Offer.User)
		return *r.Offer
	}
	require.Empty(t, preview(as("olga")).ID)
	offer := e.offers(as("olga"), "acme", "ann")
	require.Equal(t, offer.ID, preview(as("olga")).ID, "the same offer")
	e.now = offer.ExpiresAt
	require.Empty(t, preview(as("olga")).ID, "it has expired, and another one would be made")
}

func TestO7WhoBecomesAnOwnerAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		by     access.Actor
		before func(*env)
		atOnce bool
	}{
		"somebody who has no role":     {as("olga"), func(*env) {}, false},
		"somebody whom an owner added": {as("olga"), func(e *env) { require.NoError(e.t, e.putMember(as("olga"), "acme", "ann", access.OrgAdmin)) }, false},
		"somebody whom root added":     {as("olga"), func(e *env) { require.NoError(e.t, e.putMember(root, "acme", "ann", access.OrgAdmin)) }, false},
		"by a site admin":              {as("iris"), func(*env) {}, true},
		"by an unconfined key":         {root, func(*env) {}, true},
		"somebody at home": {as("olga"), func(e *env) {
			e.ok(e.PutUser(e.ctx, root, "ann", sharing.UserPatch{Organization: access.Some(access.OrganizationID("acme"))}))
		}, true},
		"somebody who was invited": {as("olga"), func(e *env) { e.invites("acme", "ann@globex.test", "ann") }, true},
		"somebody whom a provider says": {as("olga"), func(e *env) {
			require.NoError(e.t, e.signs(corp, "ann", func(in *access.SignIn) {
				in.Adopt, in.Email, in.EmailVerified, in.Memberships = true, "ann@globex.test", true, []access.Membership{{Organization: "acme", Role: access.OrgMember}}
			}))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			atGlobex(e)
			c.before(e)
			had := e.role("acme", "ann")
			r, err := e.PutMember(e.ctx, c.by, "acme", "ann", access.OrgOwner, sharing.Offboard{})
			require.NoError(t, err)
			require.Equal(t, c.atOnce, r.Offer == nil)
			if c.atOnce {
				had = access.OrgOwner
			}
			require.Equal(t, had, e.role("acme", "ann"))
		})
	}
}

// invites brings the user into the organization by an invitation to the address.
func (e *env) invites(org access.OrganizationID, to access.Email, user access.UserID) {
	e.t.Helper()
	r, err := e.Invite(e.ctx, as("olga"), org, sharing.NewInvitation{Email: to, Role: access.OrgMember})
	require.NoError(e.t, err)
	e.ok(e.AcceptInvitation(e.ctx, as(user), r.Token))
}

func TestO7AnOfferEnds(t *testing.T) {
	for name, end := range map[string]func(e *env, offer access.Invitation){
		"revoked":  func(e *env, o access.Invitation) { e.ok(e.RevokeInvitation(e.ctx, as("olga"), o.ID)) },
		"declined": func(e *env, o access.Invitation) { e.ok(e.RevokeInvitation(e.ctx, as("ann"), o.ID)) },
		"expired":  func(e *env, _ access.Invitation) { e.now = e.now.Add(sharing.DefaultInvitationTTL) },
		"who offered it left": func(e *env, _ access.Invitation) {
			e.ok(e.RemoveMember(e.ctx, root, "acme", "olga", sharing.Offboard{Successor: "mia"}))
		},
		"who offered it was demoted": func(e *env, _ access.Invitation) {
			e.ok(e.PutMember(e.ctx, root, "acme", "olga", access.OrgAdmin, sharing.Offboard{Successor: "mia"}))
		},
		"she left": func(e *env, _ access.Invitation) {
			e.ok(e.RemoveMember(e.ctx, as("ann"), "acme", "ann", sharing.Offboard{}))
		},
		"she was offboarded": func(e *env, _ access.Invitation) {
			e.ok(e.PutUser(e.ctx, root, "ann", inactive))
			e.ok(e.PutUser(e.ctx, root, "ann", sharing.UserPatch{Active: access.Some(true)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			atGlobex(e)
			require.NoError(t, e.putMember(as("olga"), "acme", "ann", access.OrgMember))
			offer := e.offers(as("olga"), "acme", "ann")
			end(e, offer)
			_, err := e.AcceptOwnership(e.ctx, as("ann"), offer.ID)
			e.refused(err, access.KindConflict, "N1")
			require.NotEqual(t, access.OrgOwner, e.role("acme", "ann"))
			e.agrees()
		})
	}
}

// N2, O1: whoever was made an owner elsewhere is offboarded by their home all the same; the organization's admins and the site admins are told.
func TestO1NobodyElseStopsAnOffboarding(t *testing.T) {
	for name, leave := range map[string]func(*env) error{
		"deactivated": func(e *env) error { return e.putUser(as("gus"), "ann", inactive) },
		"deleted":     func(e *env) error { return second(e.DeleteUser(e.ctx, as("gus"), "ann", sharing.Offboard{})) },
	} {
		for _, admins := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				e := acme(t)
				atGlobex(e)
				e.ok(e.PutMember(e.ctx, root, "acme", "ann", access.OrgOwner, sharing.Offboard{}))
				e.ok(e.RemoveMember(e.ctx, root, "acme", "olga", sharing.Offboard{Successor: "ann"}))
				e.makeBot("anns", "acme", "ann")
				heir := access.UserID("adam")
				if !admins {
					e.ok(e.RemoveMember(e.ctx, root, "acme", "adam", sharing.Offboard{Successor: "ann"}))
					heir = ""
				}
				e.told("adam")
				e.told("iris")
				require.NoError(t, leave(e))
				require.Equal(t, heir, e.owner("anns"))
				require.Equal(t, []access.NotificationKind{access.NotifyOwnerless}, e.told("iris"))
				if admins {
					require.Equal(t, []access.NotificationKind{access.NotifyOwnerless}, e.told("adam"))
					e.can("adam", "anns", access.Delete)
				} else {
					e.ok(e.PutMember(e.ctx, as("iris"), "acme", "mia", access.OrgOwner, sharing.Offboard{}))
					require.Equal(t, access.UserID("mia"), e.owner("anns"), "until the organization has an owner again")
					e.can("mia", "anns", access.Delete)
				}
				e.replays()
				e.agrees()
			})
		}
	}
}

func (e *env) owner(bot access.ChatbotID) access.UserID {
	b, err := e.Chatbot(e.ctx, root, bot)
	require.NoError(e.t, err)
	return b.Owner
}

// O7: everybody leaves an organization by themself, from any address, and loses there what hung on it (O3).
func TestO7EverybodyCanLeave(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "mia")
	e.ok(e.PutOrganization(e.ctx, root, "acme", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})}))
	mia := from("192.0.2.1", as("mia"))
	e.ok(e.RemoveMember(e.ctx, mia, "acme", "mia", sharing.Offboard{}))
	e.nobodyIn("acme", "mia")
	require.Equal(t, access.UserID("olga"), e.owner("helper"))
	_, err := e.RemoveMember(e.ctx, mia, "acme", "max", sharing.Offboard{})
	require.Error(t, err)
	_, err = e.RemoveMember(e.ctx, mia, "acme", "mia", sharing.Offboard{})
	e.refused(err, access.KindNotFound, "")
	e.replays()
	e.agrees()
}
