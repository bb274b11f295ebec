package sharing_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// inForce reads the share of the chatbot with the principal.
func (e *env) inForce(bot access.ChatbotID, with string) (s access.Share, ok bool, err error) {
	err = e.db.View(e.ctx, func(tx *store.Tx) (err error) {
		s, ok, err = tx.Share(bot, who(with))
		return err
	})
	return s, ok && !s.ExpiredAt(e.now), err
}

// asks shares a chatbot where it takes a request, and gives the request.
func (e *env) asks(actor access.Actor, bot access.ChatbotID, with string, level access.Level) access.Request {
	e.t.Helper()
	r, err := e.PutShare(e.ctx, actor, bot, who(with), sharing.SharePatch{Access: access.Some(level)})
	require.NoError(e.t, err)
	require.NotNil(e.t, r.Request, "it is in force at once")
	require.Equal(e.t, access.RequestPending, r.Request.State)
	return *r.Request
}

// approve approves the request at the level that it asks for, in the revision that it is.
func (e *env) approve(actor access.Actor, r access.Request) error {
	_, err := e.ApproveRequest(e.ctx, actor, r.ID, sharing.Approval{Access: r.Level, Revision: r.Revision})
	return err
}

// state is the state of a request as a site admin reads it.
func (e *env) state(r access.Request) access.RequestState {
	e.t.Helper()
	now, err := e.Request(e.ctx, root, r.ID)
	require.NoError(e.t, err)
	return now.State
}

// requests lists requests.
func (e *env) requests(actor access.Actor, q sharing.RequestQuery) (ids []access.RequestID) {
	e.t.Helper()
	for _, r := range whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Request, string, error) {
		return e.Service.Requests(c, a, q, p)
	}, actor) {
		ids = append(ids, r.ID)
	}
	return ids
}

// told lists what a user was told and has not read, the newest first, and marks it read.
func (e *env) told(user access.UserID) (kinds []access.NotificationKind) {
	e.t.Helper()
	for _, n := range whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Notification, string, error) {
		return e.Notifications(c, a, sharing.NotificationQuery{Unread: true}, p)
	}, as(user)) {
		kinds = append(kinds, n.Kind)
		e.ok(e.ReadNotification(e.ctx, as(user), n.ID))
	}
	return kinds
}

// mailed lists the addresses of the emails that wait, and takes them.
func (e *env) mailed() (to []access.Email) {
	e.t.Helper()
	require.NoError(e.t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		mails, err := tx.Mails(access.MailQueued, e.now, 0)
		if err != nil {
			return err
		}
		for _, m := range mails {
			to = append(to, m.To)
			m.State = access.MailSent
			if err := tx.PutMail(m); err != nil {
				return err
			}
		}
		return nil
	}))
	return to
}

func TestS7ARequestIsApprovedByThoseForWhomItWouldHaveBeenImmediate(t *testing.T) {
	for with, people := range map[string]struct{ may, mayNot, never []access.UserID }{ // never may not see it
		"organization:globex": {[]access.UserID{"gus", "ada", "iris"}, []access.UserID{"mia", "olga", "adam"}, []access.UserID{"gil", "max", "otto", "carl"}},
		"team:red":            {[]access.UserID{"gus", "ada", "tess", "iris"}, []access.UserID{"mia", "olga", "adam"}, []access.UserID{"gil", "max", "otto"}},
		"everyone":            {[]access.UserID{"olga", "adam", "iris"}, []access.UserID{"mia"}, []access.UserID{"gus", "ada", "max", "otto"}},
	} {
		t.Run(with, func(t *testing.T) {
			e := acme(t)
			e.member("globex", access.OrgAdmin, "ada")
			e.member("globex", access.OrgMember, "gil", "tess")
			e.makeTeam("red", "globex", "gil")
			e.ok(e.PutTeamMember(e.ctx, root, "red", "tess", access.TeamAdmin))
			for _, u := range people.may {
				r := e.asks(as("mia"), "helper", with, access.UseOnly)
				require.Equal(t, []access.RequestID{r.ID}, e.requests(as(u), sharing.RequestQuery{Decidable: true}))
				for _, other := range people.mayNot {
					e.refused(e.approve(as(other), r), access.KindDenied, "S7")
					_, err := e.DenyRequest(e.ctx, as(other), r.ID, "")
					e.refused(err, access.KindDenied, "S7")
					require.Empty(t, e.requests(as(other), sharing.RequestQuery{Decidable: true}))
					require.NotEmpty(t, e.requests(as(other), sharing.RequestQuery{}))
				}
				for _, other := range people.never {
					e.nowhere(e.approve(as(other), r), string(r.ID), e.approve(as(other), access.Request{ID: "absent"}), "absent")
					require.Empty(t, e.requests(as(other), sharing.RequestQuery{}))
				}
				e.cannot("gil", "helper", access.See)
				require.NoError(t, e.approve(as(u), r))
				e.can("gil", "helper", access.Interact)
				e.cannot("gil", "helper", access.Read)
				require.Equal(t, access.Done, e.lastRecord().Outcome)
				require.Equal(t, "request.approve", e.lastRecord().Action)
				require.Equal(t, access.Obj[access.ChatbotID](access.TypeChatbot, "helper"), e.lastRecord().Resource)
				e.refused(e.approve(as(u), r), access.KindConflict, "S7")
				require.Equal(t, access.RequestApproved, e.state(r))
				e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who(with)))
			}
		})
	}
}

func TestS7ADeniedRequestGivesNothing(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.ok(e.DenyRequest(e.ctx, as("gus"), r.ID, ""))
	require.Equal(t, access.RequestDenied, e.state(r))
	e.cannot("gus", "helper", access.See)
	require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("mia"))
	for _, err := range []error{e.approve(as("gus"), r), second(e.DenyRequest(e.ctx, as("gus"), r.ID, "")), second(e.CancelRequest(e.ctx, as("mia"), r.ID))} {
		require.Contains(t, e.refused(err, access.KindConflict, "S7").Detail, "denied")
	}
	require.NotEqual(t, r.ID, e.asks(as("mia"), "helper", "organization:globex", access.UseOnly).ID, "she may ask again")
}

func TestS7ARequestIsCancelledByItsRequesterAndByThoseWhoManageTheAccess(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	for _, u := range []access.UserID{"max", "mia", "adam"} {
		r := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
		e.refused(second(e.CancelRequest(e.ctx, as("gus"), r.ID)), access.KindDenied, "S7")
		e.nowhere(second(e.CancelRequest(e.ctx, as("otto"), r.ID)), string(r.ID), second(e.CancelRequest(e.ctx, as("otto"), "absent")), "absent")
		e.ok(e.CancelRequest(e.ctx, as(u), r.ID))
		require.Equal(t, access.RequestCancelled, e.state(r))
		require.Contains(t, e.refused(e.approve(as("gus"), r), access.KindConflict, "S7").Detail, "cancelled")
	}
	r := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
	e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who("user:max")))
	e.ok(e.CancelRequest(e.ctx, as("max"), r.ID))
}

func TestS7ARequestExpiresAfterThirtyDays(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.now = e.now.Add(30*24*time.Hour - time.Second)
	require.NoError(t, e.Upkeep(e.ctx))
	require.Equal(t, access.RequestPending, e.state(r))
	e.now = e.now.Add(time.Second)
	require.Equal(t, access.RequestExpired, e.state(r), "by the clock alone")
	require.Contains(t, e.refused(e.approve(as("gus"), r), access.KindConflict, "S7").Detail, "expired")
	require.Empty(t, e.requests(as("gus"), sharing.RequestQuery{Decidable: true}))
	require.Empty(t, e.requests(as("mia"), sharing.RequestQuery{State: access.RequestPending}))
	require.Equal(t, []access.RequestID{r.ID}, e.requests(as("mia"), sharing.RequestQuery{State: access.RequestExpired}))
	require.Empty(t, e.told("mia"))
	require.NoError(t, e.Upkeep(e.ctx))
	require.Equal(t, "request.expire", e.lastRecord().Action)
	require.Equal(t, "system", e.lastRecord().Actor)
	written := len(e.records())
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), written, "once")
	require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("mia"))
	require.Equal(t, access.RequestExpired, e.state(r))
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S7")
	e.cannot("gus", "helper", access.See)

	again := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.now = e.now.Add(30 * 24 * time.Hour)
	third := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	require.NotEqual(t, again.ID, third.ID, "one that has expired by the clock is not replaced")
	require.Equal(t, access.RequestExpired, e.state(again))
	require.NoError(t, e.approve(as("gus"), third))
}

func TestS8AnApprovalNamesWhatItApproves(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	approve := func(a sharing.Approval) error { return second(e.ApproveRequest(e.ctx, as("gus"), r.ID, a)) }
	e.refused(approve(sharing.Approval{Access: access.ReadOnly}), access.KindConflict, "S8")
	e.refused(approve(sharing.Approval{Access: access.UseOnly, Revision: 2}), access.KindConflict, "S8")
	wider := e.asks(as("mia"), "helper", "organization:globex", access.ReadWrite)
	require.Equal(t, r.ID, wider.ID)
	e.refused(approve(sharing.Approval{Access: access.UseOnly}), access.KindConflict, "S8")
	e.refused(approve(sharing.Approval{Access: access.ReadWrite, Revision: 1}), access.KindConflict, "S8")
	require.Equal(t, access.RequestPending, e.state(r), "such a conflict leaves the request as it is")
	e.cannot("gus", "helper", access.See)
	require.NoError(t, approve(sharing.Approval{Access: access.ReadWrite, Revision: 2}))
	e.can("gus", "helper", access.Update)
}

// asksUntil is asks for a share with an end; the zero time is none.
func (e *env) asksUntil(actor access.Actor, bot access.ChatbotID, with string, level access.Level, end time.Time) access.Request {
	e.t.Helper()
	p := sharing.SharePatch{Access: access.Some(level), ExpiresAt: access.Optional[time.Time]{Set: true, Null: end.IsZero(), Value: end}}
	r, err := e.PutShare(e.ctx, actor, bot, who(with), p)
	require.NoError(e.t, err)
	require.NotNil(e.t, r.Request)
	return *r.Request
}

func TestS8ARequestAskedAgainWithoutAnEndIsNotApprovedByTheLevelAlone(t *testing.T) {
	e := acme(t)
	hour := e.now.Add(time.Hour).Truncate(time.Second)
	seen := e.asksUntil(as("mia"), "helper", "organization:globex", access.UseOnly, hour)
	again := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	require.Equal(t, []any{seen.ID, int64(2)}, []any{again.ID, again.Revision})
	approve := func(a sharing.Approval) error { return second(e.ApproveRequest(e.ctx, as("gus"), seen.ID, a)) }
	require.Contains(t, e.refused(approve(sharing.Approval{Access: access.UseOnly}), access.KindConflict, "S8").Detail, "revision 2")
	e.refused(approve(sharing.Approval{Access: access.UseOnly, Revision: seen.Revision}), access.KindConflict, "S8")
	e.refused(approve(sharing.Approval{Access: access.UseOnly, ExpiresAt: access.Some(hour)}), access.KindConflict, "S8")
	require.Equal(t, access.RequestPending, e.state(seen))
	e.cannot("gus", "helper", access.See)
	require.NoError(t, approve(sharing.Approval{Access: access.UseOnly, Revision: 2}))
	share, inForce, err := e.inForce("helper", "organization:globex")
	require.NoError(t, err)
	require.True(t, inForce && share.ExpiresAt.IsZero())
}

func TestS8AnApprovalMayEndTheShareEarlierAndNeverLater(t *testing.T) {
	e := acme(t)
	day, hour := e.now.Add(24*time.Hour).Truncate(time.Second), e.now.Add(time.Hour).Truncate(time.Second)
	never := access.Optional[time.Time]{Set: true, Null: true}
	for name, c := range map[string]struct {
		asked time.Time
		end   access.Optional[time.Time]
		rule  string // that refuses it, or ""
		given time.Time
	}{
		"as asked":                 {asked: day, given: day},
		"earlier":                  {asked: day, end: access.Some(hour), given: hour},
		"the same":                 {asked: day, end: access.Some(day), given: day},
		"an end for one without":   {end: access.Some(hour), given: hour},
		"none for one without":     {end: never},
		"a second later":           {asked: day, end: access.Some(day.Add(time.Second)), rule: "S8"},
		"none for one with an end": {asked: day, end: never, rule: "S8"},
		"a past one":               {asked: day, end: access.Some(e.now), rule: "S13"},
		"the year 10000":           {end: access.Some(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), rule: "S13"},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			r := e.asksUntil(as("mia"), "helper", "organization:globex", access.UseOnly, c.asked)
			result, err := e.ApproveRequest(e.ctx, as("gus"), r.ID, sharing.Approval{Access: access.UseOnly, ExpiresAt: c.end})
			if c.rule != "" {
				e.refused(err, access.KindUnprocessable, c.rule)
				require.Equal(t, access.RequestPending, e.state(r), "the request waits on")
				e.cannot("gus", "helper", access.See)
				return
			}
			require.NoError(t, err)
			share, _, err := e.inForce("helper", "organization:globex")
			require.NoError(t, err)
			require.Equal(t, c.given, share.ExpiresAt)
			require.Equal(t, c.given != c.asked, result.Request.Detail != "", "its requester reads that it ends earlier")
		})
	}
}

func TestS8ADenialCarriesAReason(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	e.ok(e.DenyRequest(e.ctx, as("gus"), r.ID, "we have a chatbot for that"))
	shown, err := e.Request(e.ctx, as("mia"), r.ID)
	require.NoError(t, err)
	require.Equal(t, "we have a chatbot for that", shown.Detail)
	require.Contains(t, e.lastRecord().After+e.lastRecord().Effects, "we have a chatbot for that")
}

func TestS9TheSameAskByAnotherRequesterIsANewRevision(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	first := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	require.Equal(t, int64(1), e.asks(as("mia"), "helper", "organization:globex", access.UseOnly).Revision)
	by := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
	require.Equal(t, []any{first.ID, int64(2), "user:max"}, []any{by.ID, by.Revision, by.Requester})
	e.refused(second(e.ApproveRequest(e.ctx, as("gus"), first.ID, sharing.Approval{Access: access.UseOnly})), access.KindConflict, "S8")
	require.NoError(t, e.approve(as("gus"), by))
}

func TestS8AnApprovalFailsWhereWhatItNeedsIsLost(t *testing.T) {
	for name, lose := range map[string]func(e *env){
		"the requester's share is gone": func(e *env) { e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who("user:max"))) },
		"the requester's share is less": func(e *env) { e.shared("helper", "user:max", access.ReadOnly) },
		"the requester left": func(e *env) {
			e.ok(e.RemoveMember(e.ctx, as("olga"), "acme", "max", sharing.Offboard{}))
		},
		"a row took it": func(e *env) { require.NoError(e.t, e.row(as("mia"), "helper", "max", access.Read)) },
		"owner_only":    func(e *env) { e.ok(e.visible(as("mia"), "helper", access.OwnerOnly)) },
		"no outside shares": func(e *env) {
			e.ok(e.PutOrganization(e.ctx, as("adam"), "acme", sharing.OrganizationPatch{OutsideSharing: access.Some(false)}))
		},
		"the share's own expiry passed": func(e *env) {
			_, err := e.PutShare(e.ctx, as("max"), "helper", who("organization:globex"),
				sharing.SharePatch{Access: access.Some(access.UseOnly), ExpiresAt: access.Some(e.now.Add(time.Minute))})
			require.NoError(e.t, err)
			e.now = e.now.Add(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			e.shared("helper", "user:max", access.ReadWrite)
			r := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
			lose(e)
			e.told("max")
			r, err := e.Request(e.ctx, root, r.ID)
			require.NoError(t, err)
			refusal := e.refused(e.approve(as("gus"), r), access.KindConflict, "S8")
			failed, err := e.Request(e.ctx, root, r.ID)
			require.NoError(t, err)
			require.Equal(t, access.RequestFailed, failed.State)
			require.Contains(t, refusal.Detail, failed.Detail)
			require.NotEmpty(t, failed.Detail)
			e.cannot("gus", "helper", access.See)
			_, inForce, err := e.inForce("helper", "organization:globex")
			require.NoError(t, err)
			require.False(t, inForce)
			last := e.lastRecord()
			require.Equal(t, []any{"request.approve", access.Refused, "S8", "user:gus"}, []any{last.Action, last.Outcome, last.Rule, last.Actor})
			require.NotEmpty(t, last.After+last.Effects, "the record tells that it was closed")
			require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("max"))
			e.refused(e.approve(as("gus"), r), access.KindConflict, "S8")
		})
	}
}

func TestS8TheRequesterWhoMayAgainIsNotRemembered(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	r := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
	e.shared("helper", "user:max", access.ReadOnly)
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S8")
	e.shared("helper", "user:max", access.ReadWrite)
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S8")
	require.NoError(t, e.approve(as("gus"), e.asks(as("max"), "helper", "organization:globex", access.UseOnly)))
}

func TestS8AKeyThatAskedIsJudgedAgainToo(t *testing.T) {
	e := acme(t)
	key := e.key("acme")
	r := e.asks(key, "helper", "organization:globex", access.UseOnly)
	require.Equal(t, "key:"+string(key.Key), r.Requester)
	require.Equal(t, []access.RequestID{r.ID}, e.requests(key, sharing.RequestQuery{}))
	require.NoError(t, e.approve(as("gus"), r))
	e.can("gus", "helper", access.Interact)
	e.ok(e.DeleteShare(e.ctx, root, "helper", who("organization:globex")))

	r = e.asks(key, "helper", "organization:globex", access.UseOnly)
	e.ok(e.DeleteKey(e.ctx, root, key.Key, false))
	require.Equal(t, access.RequestCancelled, e.state(r), "O4")
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S7")

	k, err := e.CreateKey(e.ctx, root, sharing.NewKey{Name: "k", Access: access.KeyReadWrite, Organization: "acme", ExpiresAt: e.now.Add(time.Hour)})
	require.NoError(t, err)
	r = e.asks(access.Actor{Key: k.Key.ID, Access: access.KeyReadWrite, Organization: "acme", Address: "127.0.0.1"}, "helper", "organization:globex", access.UseOnly)
	e.now = e.now.Add(time.Hour)
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S8")
	e.cannot("gus", "helper", access.See)
}

func TestS8TwoApproversAtOnceAndOneOfThemWins(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgAdmin, "ada")
	e.mailed()
	for range 5 {
		r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
		approvers := []access.UserID{"gus", "ada"}
		errs := make([]error, len(approvers))
		var both sync.WaitGroup
		for i, u := range approvers {
			both.Go(func() { errs[i] = e.approve(as(u), r) })
		}
		both.Wait()
		if errs[0] == nil {
			errs[0], errs[1] = errs[1], errs[0]
		}
		require.NoError(t, errs[1])
		require.Contains(t, e.refused(errs[0], access.KindConflict, "S7").Detail, "approved")
		e.can("gus", "helper", access.Interact)
		e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who("organization:globex")))
	}
}

func TestS9AskingAgainReplacesTheRequest(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	first := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	require.Equal(t, []access.NotificationKind{access.NotifyRequest}, e.told("gus"))
	written := len(e.records())
	e.now = e.now.Add(time.Hour)
	require.Equal(t, first, e.asks(as("mia"), "helper", "organization:globex", access.UseOnly), "the very same ask")
	require.Len(t, e.records(), written)
	require.Empty(t, e.told("gus"))

	until := sharing.SharePatch{Access: access.Some(access.UseOnly), ExpiresAt: access.Some(e.now.Add(time.Hour))}
	r, err := e.PutShare(e.ctx, as("mia"), "helper", who("organization:globex"), until)
	require.NoError(t, err)
	require.Equal(t, []any{first.ID, int64(2)}, []any{r.Request.ID, r.Request.Revision})
	require.Empty(t, e.told("gus"), "neither the level nor the requester changed")

	by := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
	require.Equal(t, []any{first.ID, "user:max", int64(3), e.now.Add(sharing.DefaultRequestTTL)}, []any{by.ID, by.Requester, by.Revision, by.ExpiresAt})
	require.Equal(t, []access.NotificationKind{access.NotifyRequest}, e.told("gus"))
	e.asks(as("max"), "helper", "organization:globex", access.ReadOnly)
	require.Equal(t, []access.NotificationKind{access.NotifyRequest}, e.told("gus"))
	require.Len(t, e.requests(root, sharing.RequestQuery{}), 1)

	e.ok(e.DeleteShare(e.ctx, as("mia"), "helper", who("user:max")))
	e.refused(e.approve(as("gus"), access.Request{ID: first.ID, Level: access.ReadOnly}), access.KindConflict, "S8")
	e.cannot("gus", "helper", access.See)
}

func TestS9AShareThatIsGivenAtOnceSupersedesTheRequest(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "everyone", access.ReadOnly)
	e.told("mia")
	require.NoError(t, e.share(as("adam"), "helper", "everyone", access.UseOnly))
	got, err := e.Request(e.ctx, as("mia"), r.ID)
	require.NoError(t, err)
	require.Equal(t, access.RequestCancelled, got.State)
	require.Contains(t, got.Detail, "superseded")
	require.Equal(t, []access.NotificationKind{access.NotifyRequestDecided}, e.told("mia"))
	require.Contains(t, e.lastRecord().Effects, `"kind":"request"`)
	e.ok(e.DeleteShare(e.ctx, as("adam"), "helper", access.Everyone))
	e.refused(e.approve(as("adam"), r), access.KindConflict, "S7")
}

func TestO4WhatIsDeletedCancelsItsRequestsAndIsNotTheSameAgain(t *testing.T) {
	for name, c := range map[string]struct {
		with       string
		delete     func(e *env) ([]string, error)
		recreate   func(e *env)
		namesakers []access.UserID // who would see it but for the deletion
	}{
		"the team": {"team:red", func(e *env) ([]string, error) { d, err := e.DeleteTeam(e.ctx, as("gus"), "red"); return d.Removed, err },
			func(e *env) { e.makeTeam("red", "globex", "gus") }, []access.UserID{"gus", "adam"}},
		"the organization": {"organization:globex", func(e *env) ([]string, error) {
			d, err := e.DeleteOrganization(e.ctx, as("gus"), "globex")
			return d.Removed, err
		}, func(e *env) { e.org("globex", "gus") }, []access.UserID{"gus", "adam"}},
		"the chatbot": {"organization:globex", func(e *env) ([]string, error) {
			d, err := e.DeleteChatbot(e.ctx, as("mia"), "helper")
			return d.Removed, err
		},
			func(e *env) { e.makeBot("helper", "globex", "gus") }, []access.UserID{"gus", "adam"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			e.makeTeam("red", "globex", "gus")
			denied := e.asks(as("mia"), "helper", c.with, access.ReadOnly)
			e.ok(e.DenyRequest(e.ctx, as("gus"), denied.ID, ""))
			r := e.asks(as("mia"), "helper", c.with, access.UseOnly)
			removed, err := c.delete(e)
			require.NoError(t, err)
			require.Contains(t, removed, "request for use_only of chatbot:helper with "+c.with)
			require.Equal(t, access.RequestCancelled, e.state(r))
			c.recreate(e)
			e.nowhere(e.approve(as("gus"), r), string(r.ID), e.approve(as("gus"), access.Request{ID: "absent"}), "absent")
			for _, u := range c.namesakers {
				require.Empty(t, e.requests(as(u), sharing.RequestQuery{}), u)
			}
			require.Equal(t, []access.RequestID{r.ID, denied.ID}, e.requests(as("mia"), sharing.RequestQuery{}), "what she asked for is hers")
			require.Equal(t, []access.RequestID{r.ID, denied.ID}, e.requests(as("iris"), sharing.RequestQuery{}))
			e.refused(e.approve(as("iris"), r), access.KindConflict, "S7")
			_, inForce, err := e.inForce("helper", c.with)
			require.NoError(t, err)
			require.False(t, inForce)
		})
	}
}

func TestN2AnOffboardedRequesterAskedForNothing(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	r := e.asks(as("max"), "helper", "organization:globex", access.UseOnly)
	d, err := e.DeleteUser(e.ctx, root, "max", sharing.Offboard{})
	require.NoError(t, err)
	require.Contains(t, d.Removed, "request for use_only of chatbot:helper with organization:globex")
	require.Equal(t, access.RequestCancelled, e.state(r))
	e.users(access.External, "max")
	require.Empty(t, e.requests(as("max"), sharing.RequestQuery{}))
	require.Empty(t, e.told("max"))
	e.refused(e.approve(as("gus"), r), access.KindConflict, "S7")
}

func TestO3LeavingDoesNotCancelARequestThatIsStillGood(t *testing.T) {
	e := acme(t)
	e.member("globex", access.OrgMember, "mia")
	e.shared("helper", "organization:globex", access.ReadWrite)
	r := e.asks(as("mia"), "helper", "everyone", access.UseOnly)
	e.ok(e.RemoveMember(e.ctx, as("olga"), "acme", "mia", sharing.Offboard{}))
	require.Equal(t, access.RequestPending, e.state(r))
	require.NoError(t, e.approve(as("olga"), r), "she manages the access through globex")
}

func TestB3AConfinedKeyDecidesForItsOrganizationOnly(t *testing.T) {
	e := acme(t)
	e.makeTeam("red", "globex")
	e.ok(e.PutMember(e.ctx, root, "acme", "gus", access.OrgMember, sharing.Offboard{}))
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	ours, theirs := e.key("globex"), e.key("acme")
	e.refused(e.approve(theirs, r), access.KindDenied, "S7")
	e.refused(e.approve(acting(theirs, "gus"), r), access.KindNotFound, "")
	require.NoError(t, e.approve(acting(ours, "gus"), r))
	r = e.asks(as("mia"), "helper", "team:red", access.UseOnly)
	require.NoError(t, e.approve(ours, r))
	r = e.asks(as("mia"), "helper", "everyone", access.UseOnly)
	e.refused(e.approve(ours, r), access.KindNotFound, "")
	require.NoError(t, e.approve(theirs, r))

	e.makeBot("gus's", "acme", "gus")
	r = e.asks(as("gus"), "gus's", "everyone", access.UseOnly)
	require.Contains(t, e.requests(as("gus"), sharing.RequestQuery{}), r.ID)
	require.NotContains(t, e.requests(acting(ours, "gus"), sharing.RequestQuery{}), r.ID, "what he asked for in acme is outside")
}

func TestB4RequestsAreDecidedAndReadFromTheAllowedAddressesOnly(t *testing.T) {
	e := acme(t)
	r := e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
	_, err := e.PutOrganization(e.ctx, as("gus"), "globex", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})})
	require.NoError(t, err)
	away := from("192.0.2.1", as("gus"))
	e.refused(e.approve(away, r), access.KindDenied, "B4")
	e.refused(second(e.Request(e.ctx, away, r.ID)), access.KindDenied, "B4")
	require.Empty(t, e.requests(away, sharing.RequestQuery{}))
	e.ok(e.Request(e.ctx, from("192.0.2.1", as("mia")), r.ID))
	_, err = e.PutOrganization(e.ctx, as("olga"), "acme", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})})
	require.NoError(t, err)
	e.refused(second(e.CancelRequest(e.ctx, from("192.0.2.1", as("mia")), r.ID)), access.KindDenied, "B4")
	require.NoError(t, e.approve(as("gus"), r), "the requester is judged by what she is, not by where she was")
}

// TestB4AShareIsGivenAtOnceFromTheAddressesFromWhichItIsApproved keeps the immediate way from being the wider one.
func TestB4AShareIsGivenAtOnceFromTheAddressesFromWhichItIsApproved(t *testing.T) {
	e := acme(t)
	e.makeTeam("red", "globex", "gus")
	e.member("acme", access.OrgAdmin, "gus")
	_, err := e.PutOrganization(e.ctx, as("gus"), "globex", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})})
	require.NoError(t, err)
	for _, with := range []string{"organization:globex", "team:red"} {
		e.refused(e.share(from("192.0.2.1", as("gus")), "helper", with, access.UseOnly), access.KindDenied, "B4")
		_, inForce, err := e.inForce("helper", with)
		require.NoError(t, err)
		require.False(t, inForce)
		require.NoError(t, e.share(as("gus"), "helper", with, access.UseOnly))
	}
}

// TestH1TheEndOfARequestStandsInTheRecordOfThoseWhoDecideIt goes through the ways in which a request ends along with another change.
func TestH1TheEndOfARequestStandsInTheRecordOfThoseWhoDecideIt(t *testing.T) {
	for name, end := range map[string]func(e *env){
		"shared at once":   func(e *env) { e.shared("helper", "organization:globex", access.UseOnly) },
		"asker offboarded": func(e *env) { e.ok(e.DeleteUser(e.ctx, root, "mia", sharing.Offboard{})) },
		"chatbot deleted":  func(e *env) { e.ok(e.DeleteChatbot(e.ctx, root, "helper")) },
		"its clock ran out": func(e *env) {
			e.now = e.now.AddDate(1, 0, 0)
			e.asks(as("mia"), "helper", "organization:globex", access.UseOnly)
		},
		"asker took it back": func(e *env) {
			e.ok(e.CancelRequest(e.ctx, as("mia"), e.requests(as("mia"), sharing.RequestQuery{})[0]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			r := e.asks(as("mia"), "helper", "organization:globex", access.ReadOnly)
			end(e)
			ended := string(e.state(r))
			require.NotEqual(t, "pending", ended)
			var told []string
			for _, entry := range whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.Record, string, error) {
				return e.Records(c, a, sharing.RecordQuery{Organization: "globex", Text: string(r.ID)}, p)
			}, as("gus")) {
				told = append(told, entry.Effects)
			}
			require.Len(t, told, 2, "it was made and it ended: %s", told)
			require.Contains(t, strings.Join(told, ""), `"state":"`+ended+`"`)
		})
	}
}

func TestRequestsAreListedTheNewestFirstAndPageByPage(t *testing.T) {
	e := acme(t)
	var all []access.RequestID
	for _, bot := range []access.ChatbotID{"a", "b", "c", "d", "e"} {
		e.makeBot(bot, "acme", "mia")
		all = append([]access.RequestID{e.asks(as("mia"), bot, "organization:globex", access.UseOnly).ID}, all...)
		e.asks(as("mia"), bot, "everyone", access.UseOnly)
	}
	var got []access.RequestID
	for p := (sharing.Page{Limit: 2}); ; {
		rs, next, err := e.Service.Requests(e.ctx, as("gus"), sharing.RequestQuery{Decidable: true}, p)
		require.NoError(t, err)
		for _, r := range rs {
			got = append(got, r.ID)
		}
		if p.After = next; next == "" {
			break
		}
	}
	require.Equal(t, all, got)
	require.Len(t, e.requests(as("mia"), sharing.RequestQuery{}), 10)
	require.Len(t, e.requests(as("mia"), sharing.RequestQuery{Chatbot: "c"}), 2)
	e.ok(e.DenyRequest(e.ctx, as("gus"), all[0], ""))
	require.Equal(t, all[:1], e.requests(as("gus"), sharing.RequestQuery{State: access.RequestDenied}))
	require.Equal(t, all[1:], e.requests(as("gus"), sharing.RequestQuery{State: access.RequestPending}))
	require.Empty(t, e.requests(as("gus"), sharing.RequestQuery{State: access.RequestDenied, Decidable: true}))
}
