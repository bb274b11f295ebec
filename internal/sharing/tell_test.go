package sharing_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// hears checks who was told of what since the last time, and who of the rest was told nothing, and whom the emails are for.
func (e *env) hears(kind access.NotificationKind, users []access.UserID, mails ...access.Email) {
	e.t.Helper()
	for _, u := range []access.UserID{"olga", "adam", "mia", "max", "carl", "gus", "otto", "iris"} {
		if slices.Contains(users, u) {
			require.Equal(e.t, []access.NotificationKind{kind}, e.told(u), "%s is told once", u)
		} else {
			require.Empty(e.t, e.told(u), "%s is not told", u)
		}
	}
	require.ElementsMatch(e.t, mails, e.mailed())
}

func mails(users ...access.UserID) (to []access.Email) {
	for _, u := range users {
		to = append(to, mail(u))
	}
	return to
}

func TestS11ANewShareIsToldToEachOfItsPeopleOnce(t *testing.T) {
	for with, people := range map[string][]access.UserID{
		"user:otto":            {"otto"},
		"email:otto@acme.test": {"otto"},
		"team:blue":            {"max", "carl"},
		"organization:acme":    {"olga", "adam", "max"}, // not its client, nor mia, who owns the chatbot
		"organization:globex":  {"gus"},
		"role:vip":             {"otto", "carl"},
		"group:friends":        {"otto", "max"},
		"everyone":             nil,
	} {
		t.Run(with, func(t *testing.T) {
			e := acme(t)
			e.makeTeam("blue", "acme", "carl", "mia")
			e.makeTeam("navy", "acme", "max", "carl")
			e.ok(e.NestTeam(e.ctx, root, "blue", "navy"))
			e.makeRole("vip", "acme", "otto", "carl")
			e.makeGroup("friends", "acme", "email:otto@acme.test", "user:otto", "user:max", "user:mia")
			e.shared("helper", with, access.UseOnly)
			e.hears(access.NotifyShared, people, mails(people...)...)
			e.shared("helper", with, access.ReadOnly)
			e.hears(access.NotifyShareChanged, people)
			e.ok(e.PutShare(e.ctx, root, "helper", who(with), sharing.SharePatch{ExpiresAt: access.Some(e.now.AddDate(1, 0, 0))}))
			e.hears("", nil)
			e.ok(e.DeleteShare(e.ctx, root, "helper", who(with)))
			e.hears("", nil)
		})
	}
}

func TestS11AnAddressThatNobodyHoldsGetsAnEmailOnly(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "otto", sharing.UserPatch{EmailVerified: access.Some(false)}))
	e.makeGroup("friends", "acme", "email:otto@acme.test", "email:new@acme.test", "user:max")
	e.shared("helper", "email:otto@acme.test", access.UseOnly)
	e.hears("", nil, "otto@acme.test")
	e.shared("helper", "group:friends", access.UseOnly)
	e.hears(access.NotifyShared, []access.UserID{"max"}, "new@acme.test", "max@acme.test") // otto@ has been told today
}

// TestC6NobodyIsMailedAtAnAddressThatNobodyHasVerified has a home organization change the address of one of its users, who works elsewhere too.
func TestC6NobodyIsMailedAtAnAddressThatNobodyHasVerified(t *testing.T) {
	e := acme(t)
	e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{Organization: access.Some(access.OrganizationID("globex"))}))
	e.ok(e.PutUser(e.ctx, as("gus"), "max", sharing.UserPatch{Email: access.Some(access.Email("gus@elsewhere.test"))}))
	e.shared("helper", "user:max", access.UseOnly)
	e.hears(access.NotifyShared, []access.UserID{"max"})
	e.ok(e.DeleteShare(e.ctx, root, "helper", who("user:max")))
	e.ok(e.PutUser(e.ctx, root, "max", sharing.UserPatch{EmailVerified: access.Some(true)}))
	e.shared("helper", "user:max", access.UseOnly)
	e.hears(access.NotifyShared, []access.UserID{"max"}, "gus@elsewhere.test")
}

func TestS11WhoSharesKnowsAlready(t *testing.T) {
	e := acme(t)
	require.NoError(t, e.share(as("adam"), "helper", "organization:acme", access.UseOnly))
	e.hears(access.NotifyShared, []access.UserID{"olga", "max"}, mails("olga", "max")...)
}

func TestS11AnApprovalIsToldLikeAShareThatIsGivenAtOnce(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "otto")
	e.member("globex", access.OrgClient, "carl")
	e.told("otto")
	e.told("carl")
	e.mailed()
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.hears(access.NotifyRequest, []access.UserID{"gus"}, mails("gus")...)
	require.NoError(t, e.approve(as("gus"), r))
	require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("mia"))
	e.hears(access.NotifyShared, []access.UserID{"otto"}, mails("otto")...)
}

func TestS7ARequestIsToldToThoseWhoDecideIt(t *testing.T) {
	e := acme(t)
	e.makeTeam("blue", "acme", "max")
	e.asks(as("mia"), "helper", "team:blue", access.UseOnly)
	e.hears(access.NotifyRequest, []access.UserID{"olga", "adam"}, mails("olga", "adam")...)
	e.ok(e.PutTeamMember(e.ctx, root, "blue", "max", access.TeamAdmin))
	e.asks(as("mia"), "helper", "team:blue", access.ReadOnly)
	e.hears(access.NotifyRequest, []access.UserID{"max"}, mails("max")...)
	e.asks(as("mia"), "helper", "everyone", access.UseOnly)
	e.hears(access.NotifyRequest, []access.UserID{"olga", "adam"}, mails("olga", "adam")...)
	e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.hears(access.NotifyRequest, []access.UserID{"gus"}, mails("gus")...)
}

func TestS11AnImportTellsNobody(t *testing.T) {
	e := acme(t)
	_, _, err := e.Import(e.ctx, root, []sharing.Row{
		&sharing.ShareRow{Chatbot: "helper", Principal: who("user:otto"), Access: access.UseOnly},
		&sharing.ShareRow{Chatbot: "helper", Principal: who("email:new@acme.test"), Access: access.UseOnly},
		&sharing.ShareRow{Chatbot: "helper", Principal: who("organization:globex"), Access: access.UseOnly},
	})
	require.NoError(t, err)
	e.can("otto", "helper", access.Interact)
	e.hears("", nil)
	_, _, err = e.Import(e.ctx, as("mia"), []sharing.Row{&sharing.ShareRow{Chatbot: "helper", Principal: access.Everyone, Access: access.UseOnly}})
	e.refused(err, access.KindDenied, "S6")
	require.Empty(t, e.requests(root, sharing.RequestQuery{}), "nor does it ask")
}

func TestN3NotificationsAreTheUsersOwn(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:otto", access.UseOnly)
	ns := whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Notification, string, error) {
		return e.Notifications(c, a, sharing.NotificationQuery{}, p)
	}, as("otto"))
	require.Len(t, ns, 1)
	require.Equal(t, []any{access.NotifyShared, access.ChatbotID("helper"), "key:root", access.UseOnly}, []any{ns[0].Kind, ns[0].Chatbot, ns[0].By, ns[0].Level})
	for _, other := range []access.Actor{as("mia"), as("iris")} {
		e.nowhere(second(e.ReadNotification(e.ctx, other, ns[0].ID)), string(ns[0].ID), second(e.ReadNotification(e.ctx, other, "absent")), "absent")
	}
	for _, nobody := range []access.Actor{root, e.key("acme")} {
		_, _, err := e.Notifications(e.ctx, nobody, sharing.NotificationQuery{}, sharing.Page{Limit: 1})
		e.refused(err, access.KindDenied, "B2")
		e.refused(second(e.ReadNotification(e.ctx, nobody, ns[0].ID)), access.KindDenied, "B2")
	}
	written := len(e.records())
	read, err := e.ReadNotification(e.ctx, as("otto"), ns[0].ID)
	require.NoError(t, err)
	require.Equal(t, e.now, read.ReadAt)
	e.now = e.now.AddDate(0, 0, 1)
	again, err := e.ReadNotification(e.ctx, as("otto"), ns[0].ID)
	require.NoError(t, err)
	require.Equal(t, read, again, "the first time counts")
	require.Len(t, e.records(), written, "it is no change of access")
	require.Empty(t, e.told("otto"))
}

func TestB3AConfinedKeyReadsWhatIsAboutItsOrganization(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "max")
	e.makeBot("theirs", "globex", "gus")
	e.shared("helper", "user:max", access.UseOnly)
	e.shared("theirs", "user:max", access.UseOnly)
	e.shared("helper", "organization:globex", access.UseOnly)
	bots := func(a access.Actor) (bots []access.ChatbotID) {
		for _, n := range whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Notification, string, error) {
			return e.Notifications(c, a, sharing.NotificationQuery{}, p)
		}, a) {
			if n.Kind != access.NotifyAdded {
				bots = append(bots, n.Chatbot)
			}
		}
		return bots
	}
	require.Equal(t, []access.ChatbotID{"helper", "theirs", "helper"}, bots(as("max")))
	require.Equal(t, []access.ChatbotID{"helper", "helper"}, bots(acting(e.key("acme"), "max")))
	require.Equal(t, []access.ChatbotID{"helper", "theirs"}, bots(acting(e.key("globex"), "max")))
}
