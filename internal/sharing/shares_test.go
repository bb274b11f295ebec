package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

func TestS1AShareGivesItsLevelToItsPrincipalAndASecondOneReplacesIt(t *testing.T) {
	for principal, users := range map[string][2][]access.UserID{ // who gains, and who does not
		"user:otto":            {{"otto"}, {"max", "carl"}},
		"email:Otto@ACME.test": {{"otto"}, {"max", "carl"}},
		"team:blue":            {{"carl"}, {"otto", "max"}},
		"organization:acme":    {{"max"}, {"carl", "otto"}},
		"role:vip":             {{"otto"}, {"max", "carl"}},
		"group:friends":        {{"otto"}, {"max", "carl"}},
	} {
		t.Run(principal, func(t *testing.T) {
			e := acme(t)
			e.makeTeam("blue", "acme", "carl")
			e.makeRole("vip", "acme", "otto")
			e.makeGroup("friends", "acme", "email:otto@acme.test")
			e.shared("helper", principal, access.UseOnly)
			for _, u := range users[0] {
				e.can(u, "helper", access.Interact)
				e.cannot(u, "helper", access.Read)
			}
			for _, u := range users[1] {
				e.cannot(u, "helper", access.See)
			}
			e.shared("helper", principal, access.ReadWrite)
			for _, u := range users[0] {
				e.can(u, "helper", access.Read, access.Update, access.Test)
			}
			e.shared("helper", principal, access.ReadOnly)
			for _, u := range users[0] {
				e.can(u, "helper", access.Read)
				e.cannot(u, "helper", access.Update, access.Deploy, access.ManageAccess)
			}
			require.Len(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Share, string, error) {
				return e.Shares(c, a, "helper", p)
			}, as("mia")), 1)
			e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who(principal)))
			for _, u := range users[0] {
				e.cannot(u, "helper", access.See)
			}
		})
	}
}

func TestS1EveryoneIsAnyLoggedInUserAndGetsAtMostReadOnly(t *testing.T) {
	e := acme(t)
	e.refused(e.share(root, "helper", "everyone", access.ReadWrite), access.KindUnprocessable, "S1")
	e.shared("helper", "everyone", access.ReadOnly)
	e.can("stranger", "helper", access.Interact, access.Read)
	e.refused(e.share(root, "helper", "everyone", access.ReadWrite), access.KindUnprocessable, "S1")
	_, err := e.PutShare(e.ctx, root, "helper", who("user:otto"), sharing.SharePatch{})
	e.refused(err, access.KindUnprocessable, "S1")
}

func TestS2UnknownPrincipalsAreRefusedAndSoIsTheOwner(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "gone", inactive))
	for _, p := range []string{"user:stranger", "user:gone", "team:x", "organization:x", "role:x", "group:x", "user:mia", "email:MIA@acme.test"} {
		e.refused(e.share(as("mia"), "helper", p, access.UseOnly), access.KindUnprocessable, "S2")
	}
}

func TestS3ARoleOrGroupOfAnotherOrganizationIsRefused(t *testing.T) {
	e := acme(t)
	e.makeRole("theirs", "globex")
	e.makeGroup("their friends", "globex")
	e.makeRole("premium", "")
	for _, p := range []string{"role:theirs", "group:their friends"} {
		e.refused(e.share(as("iris"), "helper", p, access.UseOnly), access.KindUnprocessable, "S3")
	}
	e.nowhere(e.share(as("mia"), "helper", "role:theirs", access.UseOnly), "theirs", e.share(as("mia"), "helper", "role:absent", access.UseOnly), "absent")
	e.nowhere(e.share(as("mia"), "helper", "group:their friends", access.UseOnly), "their friends",
		e.share(as("mia"), "helper", "group:absent", access.UseOnly), "absent")
	e.refused(e.share(as("olga"), "helper", "role:premium", access.UseOnly), access.KindDenied, "S3")
	require.NoError(t, e.share(as("iris"), "helper", "role:premium", access.UseOnly))
}

func TestS4ToS6SharingBeyondOneselfNeedsThoseWhoManageThePrincipal(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "max")
	e.makeTeam("red", "globex")
	e.member("acme", access.OrgMember, "tina")
	e.ok(e.PutTeamMember(e.ctx, root, "blue", "tina", access.TeamAdmin))
	e.member("globex", access.OrgAdmin, "mia")
	e.makeBot("tina's", "acme", "tina")
	for _, s := range []struct {
		actor     access.UserID
		bot       access.ChatbotID
		with      string
		immediate bool
	}{
		{"mia", "helper", "organization:acme", false}, {"adam", "helper", "organization:acme", true}, {"mia", "helper", "organization:globex", true},
		{"adam", "helper", "organization:globex", true}, // in force: S10
		{"olga", "tina's", "organization:globex", false}, {"iris", "tina's", "organization:globex", true},
		{"mia", "helper", "team:blue", false}, {"tina", "tina's", "team:blue", true}, {"adam", "helper", "team:blue", true},
		{"adam", "tina's", "team:red", false}, {"mia", "helper", "team:red", true},
		{"mia", "helper", "everyone", false}, {"olga", "helper", "everyone", true}, {"tina", "tina's", "everyone", false}, {"iris", "tina's", "everyone", true},
	} {
		r, err := e.PutShare(e.ctx, as(s.actor), s.bot, who(s.with), sharing.SharePatch{Access: access.Some(access.UseOnly)})
		require.NoError(t, err, "%+v", s)
		require.Equal(t, s.immediate, r.Request == nil, "%+v", s)
		_, inForce, err := e.inForce(s.bot, s.with)
		require.NoError(t, err)
		require.Equal(t, s.immediate, inForce, "%+v", s)
		if !s.immediate {
			require.Equal(t, access.Pending, e.lastRecord().Outcome)
		}
	}
}

func TestS10AShareInForceIsChangedAndRemovedByWhoeverManagesTheAccess(t *testing.T) {
	e := acme(t)
	e.shared("helper", "organization:globex", access.ReadWrite)
	require.NoError(t, e.share(as("mia"), "helper", "organization:globex", access.UseOnly))
	e.shared("helper", "user:max", access.ReadWrite)
	require.NoError(t, e.share(as("max"), "helper", "organization:globex", access.ReadOnly), "max manages the access by his own share")
	e.refused(e.share(as("gus"), "helper", "organization:globex", access.ReadWrite), access.KindDenied, "")
	_, err := e.DeleteShare(e.ctx, as("gus"), "helper", who("organization:globex"))
	e.refused(err, access.KindDenied, "")
	e.ok(e.DeleteShare(e.ctx, as("max"), "helper", who("organization:globex")))
	_, err = e.DeleteShare(e.ctx, as("max"), "helper", who("organization:globex"))
	e.refused(err, access.KindNotFound, "")
}

func TestS13AnExpiredShareIsNoShareFromItsSecondOn(t *testing.T) {
	e := acme(t)
	until := func(at time.Time) sharing.SharePatch {
		return sharing.SharePatch{Access: access.Some(access.UseOnly), ExpiresAt: access.Some(at)}
	}
	put := func(actor access.Actor, p sharing.SharePatch) error {
		_, err := e.PutShare(e.ctx, actor, "helper", who("organization:globex"), p)
		return err
	}
	for _, at := range []time.Time{e.now, e.now.Add(-time.Hour), e.now.Add(900 * time.Millisecond), time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))} {
		e.refused(put(root, until(at)), access.KindUnprocessable, "S13")
	}
	require.NoError(t, put(root, until(e.now.Add(10*time.Second))))
	e.now = e.now.Add(9 * time.Second)
	e.can("gus", "helper", access.Interact)
	require.NoError(t, put(as("mia"), sharing.SharePatch{Access: access.Some(access.ReadOnly)}), "S10: still in force")
	e.now = e.now.Add(time.Second)
	e.cannot("gus", "helper", access.See)
	require.Empty(t, whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Share, string, error) {
		return e.Shares(c, a, "helper", p)
	}, as("mia")))
	require.NoError(t, put(as("mia"), until(e.now.Add(time.Hour))), "S4: it takes a request again")
	e.cannot("gus", "helper", access.See)
	e.refused(put(root, sharing.SharePatch{ExpiresAt: access.Some(e.now.Add(time.Hour))}), access.KindUnprocessable, "S1")
	require.NoError(t, put(root, sharing.SharePatch{Access: access.Some(access.UseOnly)}))
	e.can("gus", "helper", access.Interact)
	e.cannot("gus", "helper", access.Read)
}

func TestO5AnOrganizationThatDoesNotShareOutsideRefusesWhatIsNotItsOwn(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme")
	e.makeTeam("red", "globex")
	outside := []string{"user:otto", "email:otto@acme.test", "email:nobody@acme.test", "team:red", "organization:globex", "everyone"}
	inside := []string{"user:max", "email:carl@acme.test", "team:blue", "organization:acme"}
	for _, p := range append(outside, inside...) {
		e.shared("helper", p, access.UseOnly)
	}
	r, err := e.PutOrganization(e.ctx, as("adam"), "acme", sharing.OrganizationPatch{OutsideSharing: access.Some(false)})
	require.NoError(t, err)
	var gone []string
	for _, p := range outside {
		gone = append(gone, "share use_only of chatbot:helper with "+p)
		e.refused(e.share(root, "helper", p, access.UseOnly), access.KindUnprocessable, "O5")
	}
	require.ElementsMatch(t, gone, r.Removed)
	for _, p := range inside {
		require.NoError(t, e.share(as("mia"), "helper", p, access.ReadOnly), "in force: S10")
	}
}

// moved gives an address that was max's, verified, to another user.
func (e *env) moved(to access.UserID) sharing.UserResult {
	e.t.Helper()
	e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{Email: access.Some(access.Email("max@new.test")), EmailVerified: access.Some(true)}))
	r, err := e.PutUser(e.ctx, root, to, sharing.UserPatch{Email: access.Some(mail("max")), EmailVerified: access.Some(true)})
	require.NoError(e.t, err)
	return r
}

func TestI2AShareFollowsTheVerifiedAddress(t *testing.T) {
	e := acme(t)
	e.shared("helper", "email:max@acme.test", access.UseOnly)
	e.can("max", "helper", access.Interact)
	require.Empty(t, e.moved("otto").Removed)
	e.can("otto", "helper", access.Interact)
	e.cannot("max", "helper", access.Interact)
}

// TestO5AnAddressThatMovesOutsideLosesTheSharesOfWhatStaysInside holds that nobody outside comes into a share that was given inside.
func TestO5AnAddressThatMovesOutsideLosesTheSharesOfWhatStaysInside(t *testing.T) {
	e := acme(t)
	_, err := e.PutOrganization(e.ctx, as("adam"), "acme", sharing.OrganizationPatch{OutsideSharing: access.Some(false)})
	require.NoError(t, err)
	e.shared("helper", "email:max@acme.test", access.UseOnly)
	require.Empty(t, e.moved("adam").Removed)
	e.can("adam", "helper", access.Interact) // the address stayed inside
	e.ok(e.PutUser(e.ctx, root, "adam", sharing.UserPatch{Email: access.Some(mail("adam")), EmailVerified: access.Some(true)}))
	require.Equal(t, []string{"share use_only of chatbot:helper with email:max@acme.test"}, e.moved("otto").Removed)
	e.cannot("otto", "helper", access.Interact)
	e.ok(e.PutUser(e.ctx, root, "otto", sharing.UserPatch{EmailVerified: access.Some(false)}))
	e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{Email: access.Some(mail("max")), EmailVerified: access.Some(true)}))
	e.cannot("max", "helper", access.Interact) // what is gone does not come back
}

func TestV1AnOwnerOnlyChatbotAdmitsNoShare(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:otto", access.UseOnly)
	e.shared("helper", "everyone", access.UseOnly)
	e.ok(e.PutShare(e.ctx, root, "helper", who("user:max"), sharing.SharePatch{Access: access.Some(access.UseOnly), ExpiresAt: access.Some(e.now.Add(time.Second))}))
	e.now = e.now.Add(time.Minute)
	removed, err := e.visible(as("mia"), "helper", access.OwnerOnly)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"share use_only of chatbot:helper with user:otto", "share use_only of chatbot:helper with everyone",
	}, removed, "an expired share is no share (S10)")
	e.refused(e.share(as("mia"), "helper", "user:otto", access.UseOnly), access.KindConflict, "V1")
	_, err = e.visible(as("mia"), "helper", access.Shared)
	require.NoError(t, err)
	e.cannot("otto", "helper", access.See)
}

func TestC6SharesOfAChatbotThatMayNotBeSeenAreNotThere(t *testing.T) {
	e := acme(t)
	for _, actor := range []access.Actor{as("otto"), as("max"), as("carl"), e.key("globex")} {
		e.nowhere(e.share(actor, "helper", "user:otto", access.UseOnly), "helper", e.share(actor, "absent", "user:otto", access.UseOnly), "absent")
		_, hidden := e.DeleteShare(e.ctx, actor, "helper", who("user:otto"))
		_, absent := e.DeleteShare(e.ctx, actor, "absent", who("user:otto"))
		e.nowhere(hidden, "helper", absent, "absent")
		_, _, hidden = e.Shares(e.ctx, actor, "helper", sharing.Page{Limit: 1})
		_, _, absent = e.Shares(e.ctx, actor, "absent", sharing.Page{Limit: 1})
		e.nowhere(hidden, "helper", absent, "absent")
	}
	e.shared("helper", "user:otto", access.ReadOnly)
	e.refused(e.share(as("otto"), "helper", "user:max", access.UseOnly), access.KindDenied, "")
}
