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

// comes is the chatbots that come with an invitation, at use_only.
func comes(bots ...access.ChatbotID) (all []access.InvitationShare) {
	for _, b := range bots {
		all = append(all, access.InvitationShare{Chatbot: b, Level: access.UseOnly})
	}
	return all
}

func (e *env) invite(actor access.Actor, org access.OrganizationID, to access.UserID, role access.OrgRole, shares ...access.InvitationShare) (sharing.InvitationResult, error) {
	return e.Invite(e.ctx, actor, org, sharing.NewInvitation{Email: mail(to), Role: role, Shares: shares})
}

// invited invites otto, whom nobody knows in acme, and gives the invitation with its token.
func (e *env) invited(actor access.Actor, role access.OrgRole, shares ...access.InvitationShare) sharing.InvitationResult {
	e.t.Helper()
	r, err := e.invite(actor, "acme", "otto", role, shares...)
	require.NoError(e.t, err)
	return r
}

func (e *env) accept(user access.UserID, token string) error {
	_, err := e.AcceptInvitation(e.ctx, as(user), token)
	return err
}

// invitationIs reads the invitation as an owner does.
func (e *env) invitationIs(id access.InvitationID, state access.InvitationState) access.Invitation {
	e.t.Helper()
	inv, err := e.Invitation(e.ctx, as("olga"), id)
	require.NoError(e.t, err)
	require.Equal(e.t, state, inv.State)
	return inv
}

func (e *env) nobodyIn(org access.OrganizationID, user access.UserID) {
	e.t.Helper()
	_, member := e.membership(org, user)
	require.False(e.t, member)
}

func (e *env) membership(org access.OrganizationID, user access.UserID) (m access.Membership, member bool) {
	e.t.Helper()
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) (err error) {
		m, member, err = tx.Membership(org, user)
		return err
	}))
	return m, member
}

func TestN1_AnInvitationIsAccepted(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember, comes("helper")...)
	require.Regexp(t, `^gwinv_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$`, r.Token)
	require.Equal(t, e.now.Add(7*24*time.Hour), r.Invitation.ExpiresAt)
	e.cannot("otto", "helper", access.Interact)

	accepted, err := e.AcceptInvitation(e.ctx, as("otto"), r.Token)
	require.NoError(t, err)
	require.Equal(t, access.Membership{Organization: "acme", User: "otto", Role: access.OrgMember, Source: access.Accepted, Since: e.now}, accepted.Membership)
	require.NotEmpty(t, accepted.Token)
	e.can("otto", "helper", access.Interact)
	e.cannot("otto", "helper", access.Read)
	require.True(t, e.may("otto", access.CreateChatbot, access.Obj(access.TypeOrganization, access.OrganizationID("acme"))))
	require.Equal(t, access.UserID("otto"), e.invitationIs(r.Invitation.ID, access.InvitationAccepted).AcceptedBy)

	e.refused(e.accept("otto", r.Token), access.KindConflict, "N1") // used once
	e.ok(e.RemoveMember(e.ctx, as("olga"), "acme", "otto", sharing.Offboard{}))
	e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
	e.nobodyIn("acme", "otto")
}

func TestN1_TwoAcceptAtOnceAndOneWins(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	var all sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		all.Go(func() { errs <- e.accept("otto", r.Token) })
	}
	all.Wait()
	close(errs)
	won := 0
	for err := range errs {
		if err == nil {
			won++
			continue
		}
		e.refused(err, access.KindConflict, "N1")
	}
	require.Equal(t, 1, won)
}

func TestN1_OnlyWhoHasTheVerifiedAddress(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	other := e.refused(e.accept("gus", r.Token), access.KindDenied, "N1")
	require.NotContains(t, other.Detail, "otto")
	_, err := e.PutUser(e.ctx, root, "otto", sharing.UserPatch{EmailVerified: access.Some(false)})
	require.NoError(t, err)
	e.refused(e.accept("otto", r.Token), access.KindDenied, "N1")
	_, err = e.AcceptInvitation(e.ctx, root, r.Token)
	e.refused(err, access.KindDenied, "B2")
	reader := root
	reader.Access = access.KeyReadWrite
	_, err = e.AcceptInvitation(e.ctx, reader, r.Token)
	e.refused(err, access.KindDenied, "B1")
	e.nobodyIn("acme", "otto")

	_, err = e.PutUser(e.ctx, root, "otto", sharing.UserPatch{EmailVerified: access.Some(true)})
	require.NoError(t, err)
	require.NoError(t, e.accept("otto", r.Token), "none of that has used it up")
}

func TestN1_AWrongTokenSaysNothing(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	unknown := e.refused(e.accept("otto", ""), access.KindNotFound, "N1")
	last := r.Token[len(r.Token)-1:]
	flipped := r.Token[:len(r.Token)-1] + map[bool]string{true: "1", false: "0"}[last == "0"]
	for _, token := range []string{
		"x", "gwinv_", "gw_000000000000_x", flipped, r.Token + "0", strings.Replace(r.Token, "gwinv_", "gw_", 1), string(r.Invitation.ID),
		"gwinv_000000000000_" + strings.Repeat("0", 43), strings.ToUpper(r.Token),
	} {
		require.Equal(t, unknown, e.refused(e.accept("otto", token), access.KindNotFound, "N1"), token)
	}
	require.NoError(t, e.accept("otto", r.Token))
}

func TestN1_ItExpires(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	e.now = r.Invitation.ExpiresAt.Add(-time.Microsecond)
	e.invitationIs(r.Invitation.ID, access.InvitationPending)
	e.now = r.Invitation.ExpiresAt
	late := e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
	require.Contains(t, late.Detail, "expired")
	e.refused(e.accept("gus", r.Token), access.KindDenied, "N1") // that it has expired is nobody else's business
	e.invitationIs(r.Invitation.ID, access.InvitationExpired)
	require.NoError(t, e.Upkeep(e.ctx))
	require.Equal(t, "invitation.expire", e.lastRecord().Action)
	require.Equal(t, "system", e.lastRecord().Actor)
	e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
	n := len(e.records())
	require.NoError(t, e.Upkeep(e.ctx))
	require.Len(t, e.records(), n, "it expires once")

	again := e.invited(as("olga"), access.OrgClient)
	require.NotEqual(t, r.Invitation.ID, again.Invitation.ID)
	require.NoError(t, e.accept("otto", again.Token))
}

func TestN1_SentAgainItHasAnotherToken(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember, comes("helper")...)
	e.now = e.now.Add(3 * 24 * time.Hour)
	again, err := e.ResendInvitation(e.ctx, as("olga"), r.Invitation.ID)
	require.NoError(t, err)
	require.Equal(t, r.Invitation.ID, again.Invitation.ID)
	require.NotEqual(t, r.Token, again.Token)
	require.Equal(t, e.now.Add(7*24*time.Hour), again.Invitation.ExpiresAt)
	e.refused(e.accept("otto", r.Token), access.KindNotFound, "N1")

	// Rights are judged again: adam has lost nothing, max never had any.
	_, err = e.ResendInvitation(e.ctx, as("max"), r.Invitation.ID)
	e.refused(err, access.KindNotFound, "")
	last, err := e.ResendInvitation(e.ctx, as("adam"), r.Invitation.ID)
	require.NoError(t, err)
	require.Equal(t, "user:adam", last.Invitation.Inviter)
	e.now = last.Invitation.ExpiresAt
	late, err := e.ResendInvitation(e.ctx, as("adam"), r.Invitation.ID)
	require.NoError(t, err, "an expired one can be sent again")
	require.NoError(t, e.accept("otto", late.Token))
	_, err = e.ResendInvitation(e.ctx, as("adam"), r.Invitation.ID)
	e.refused(err, access.KindConflict, "N1")
}

func TestN1_InvitingAgainReplaces(t *testing.T) {
	e := acme(t)
	first := e.invited(as("olga"), access.OrgAdmin, comes("helper")...)
	second := e.invited(as("adam"), access.OrgClient)
	require.Equal(t, first.Invitation.ID, second.Invitation.ID)
	e.refused(e.accept("otto", first.Token), access.KindNotFound, "N1")
	require.NoError(t, e.accept("otto", second.Token))
	m, _ := e.membership("acme", "otto")
	require.Equal(t, access.OrgClient, m.Role)
	e.cannot("otto", "helper", access.Interact)
	_, err := e.invite(as("adam"), "acme", "otto", access.OrgMember)
	e.refused(err, access.KindConflict, "N1") // who is there is not invited
}

func TestN1_ARevokedOneIsDead(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	_, err := e.RevokeInvitation(e.ctx, as("max"), r.Invitation.ID)
	e.refused(err, access.KindNotFound, "")
	e.ok(e.RevokeInvitation(e.ctx, as("adam"), r.Invitation.ID))
	e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
	_, err = e.ResendInvitation(e.ctx, as("olga"), r.Invitation.ID)
	e.refused(err, access.KindConflict, "N1")
	n := len(e.records())
	e.ok(e.RevokeInvitation(e.ctx, as("adam"), r.Invitation.ID))
	require.Len(t, e.records(), n)
	e.nobodyIn("acme", "otto")
}

func TestO2_AnAdminInvitesNoOwner(t *testing.T) {
	e := acme(t)
	_, err := e.invite(as("adam"), "acme", "otto", access.OrgOwner)
	e.refused(err, access.KindDenied, "O2")
	_, err = e.invite(as("max"), "acme", "otto", access.OrgClient)
	e.refused(err, access.KindDenied, "")
	_, err = e.invite(e.key("acme"), "acme", "otto", access.OrgOwner)
	e.refused(err, access.KindDenied, "O2")

	r := e.invited(as("olga"), access.OrgOwner)
	_, err = e.ResendInvitation(e.ctx, as("adam"), r.Invitation.ID)
	e.refused(err, access.KindDenied, "O2")
	_, err = e.RevokeInvitation(e.ctx, as("adam"), r.Invitation.ID)
	e.refused(err, access.KindDenied, "O2")
	_, err = e.invite(as("adam"), "acme", "otto", access.OrgMember)
	e.refused(err, access.KindDenied, "O2")
	require.NoError(t, e.accept("otto", r.Token))
	m, _ := e.membership("acme", "otto")
	require.Equal(t, access.OrgOwner, m.Role)
}

// What does not suffice for a share does not suffice for one that comes with an invitation.
func TestN1_TheInviterSharesOnlyWhatIsTheirs(t *testing.T) {
	e := acme(t)
	e.makeBot("secret", "acme", "mia")
	_, err := e.visible(as("mia"), "secret", access.OwnerOnly)
	require.NoError(t, err)
	_, err = e.invite(as("olga"), "acme", "otto", access.OrgMember, comes("secret")...)
	e.refused(err, access.KindConflict, "V1")

	e.makeBot("other", "globex", "gus")
	_, hidden := e.invite(as("olga"), "acme", "otto", access.OrgMember, comes("other")...)
	_, absent := e.invite(as("olga"), "acme", "otto", access.OrgMember, comes("otherX")...)
	e.nowhere(hidden, "other", absent, "otherX")

	e.shared("other", "user:adam", access.ReadWrite)
	e.ok(e.invite(as("adam"), "acme", "otto", access.OrgMember, comes("other")...))
	_, err = e.PutOrganization(e.ctx, root, "globex", sharing.OrganizationPatch{OutsideSharing: access.Some(false)})
	require.NoError(t, err)
	e.member("globex", access.OrgMember, "adam")
	e.shared("other", "user:adam", access.ReadWrite)
	_, err = e.invite(as("adam"), "acme", "otto", access.OrgMember, comes("other")...)
	e.refused(err, access.KindUnprocessable, "O5")

	// An organization that shares nothing outside invites to its own chatbots: whoever accepts is inside.
	_, err = e.PutOrganization(e.ctx, root, "acme", sharing.OrganizationPatch{OutsideSharing: access.Some(false)})
	require.NoError(t, err)
	r := e.invited(as("adam"), access.OrgClient, comes("helper")...)
	require.NoError(t, e.accept("otto", r.Token))
	e.can("otto", "helper", access.Interact)

	_, err = e.invite(as("adam"), "acme", "gus", access.OrgMember, append(comes("helper"), comes("helper")...)...)
	e.refused(err, access.KindUnprocessable, "N1")
}

// What the inviter has lost meanwhile is not given, and the invitation is closed.
func TestN1_WhatTheInviterHasLostIsNotGiven(t *testing.T) {
	for name, loses := range map[string]func(e *env){
		"offboarded": func(e *env) { e.ok(e.DeleteUser(e.ctx, root, "adam", sharing.Offboard{})) },
		"inactive": func(e *env) {
			e.ok(e.PutUser(e.ctx, root, "adam", sharing.UserPatch{Active: access.Some(false)}))
		},
		"came back": func(e *env) {
			e.ok(e.DeleteUser(e.ctx, root, "adam", sharing.Offboard{}))
			e.member("acme", access.OrgAdmin, "adam")
		},
		"demoted":      func(e *env) { e.ok(e.PutMember(e.ctx, root, "acme", "adam", access.OrgMember, sharing.Offboard{})) },
		"left":         func(e *env) { e.ok(e.RemoveMember(e.ctx, root, "acme", "adam", sharing.Offboard{})) },
		"lost the bot": func(e *env) { require.NoError(e.t, e.row(as("olga"), "helper", "adam", access.Read)) },
		"owner only": func(e *env) {
			_, err := e.visible(as("mia"), "helper", access.OwnerOnly)
			require.NoError(e.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			r := e.invited(as("adam"), access.OrgMember, comes("helper")...)
			loses(e)
			e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
			e.nobodyIn("acme", "otto")
			e.cannot("otto", "helper", access.Interact)
			require.NotEmpty(t, e.invitationIs(r.Invitation.ID, access.InvitationFailed).Reason)
			last := e.lastRecord()
			require.Equal(t, access.Refused, last.Outcome)
			require.Equal(t, "N1", last.Rule)
			e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
		})
	}
}

func TestN1_AKeyThatIsGoneInvitesNobody(t *testing.T) {
	for name, c := range map[string]struct {
		ends   func(e *env, key access.Actor)
		acting access.UserID
		fails  bool
	}{
		"stays":   {ends: func(*env, access.Actor) {}},
		"deleted": {ends: func(e *env, key access.Actor) { e.ok(e.DeleteKey(e.ctx, root, key.Key, false)) }, fails: true},
		"expired": {ends: func(e *env, _ access.Actor) { e.now = e.now.Add(time.Hour) }, fails: true},
		"acted for a user": {
			ends: func(e *env, key access.Actor) { e.ok(e.DeleteKey(e.ctx, root, key.Key, false)) }, acting: "adam",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := acme(t)
			k, err := e.CreateKey(e.ctx, root, sharing.NewKey{Name: "k", Access: access.KeyFull, Organization: "acme", ExpiresAt: e.now.Add(time.Hour)})
			require.NoError(t, err)
			key := access.Actor{Key: k.Key.ID, Access: access.KeyFull, Organization: "acme", Address: "127.0.0.1", User: c.acting}
			r := e.invited(key, access.OrgMember)
			c.ends(e, key)
			if c.fails {
				e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
				e.nobodyIn("acme", "otto")
				return
			}
			require.NoError(t, e.accept("otto", r.Token))
		})
	}
}

// A confined key reaches no invitation of another organization, and cannot make more of its user than an admin (B3).
func TestB3_AConfinedKeyInvitesInItsOwnOrganization(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	globex := e.key("globex")
	_, err := e.Invitation(e.ctx, globex, r.Invitation.ID)
	_, absent := e.Invitation(e.ctx, globex, "nothing")
	e.nowhere(err, string(r.Invitation.ID), absent, "nothing")
	_, err = e.invite(globex, "acme", "otto", access.OrgMember)
	e.refused(err, access.KindNotFound, "")
	_, err = e.AcceptInvitation(e.ctx, acting(globex, "otto"), r.Token)
	e.refused(err, access.KindDenied, "B3")
	e.member("globex", access.OrgMember, "otto")
	_, err = e.AcceptInvitation(e.ctx, acting(globex, "otto"), r.Token)
	e.refused(err, access.KindNotFound, "N1") // acme is outside
	e.nobodyIn("acme", "otto")
	_, err = e.invite(acting(e.key("acme"), "olga"), "acme", "gus", access.OrgOwner)
	e.refused(err, access.KindDenied, "O2")
}

func TestB4_AcceptingChangesTheOrganizationFromAllowedAddressesOnly(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	_, err := e.PutOrganization(e.ctx, as("olga"), "acme", sharing.OrganizationPatch{AllowedIPs: access.Some([]string{"127.0.0.0/8"})})
	require.NoError(t, err)
	_, err = e.AcceptInvitation(e.ctx, from("192.0.2.1", as("otto")), r.Token)
	e.refused(err, access.KindDenied, "B4")
	e.invitationIs(r.Invitation.ID, access.InvitationPending)
	_, err = e.Invitation(e.ctx, from("192.0.2.1", as("olga")), r.Invitation.ID)
	e.refused(err, access.KindDenied, "B4")
	require.NoError(t, e.accept("otto", r.Token))
}

func TestC6_InvitationsAreForWhoManagesMembers(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	for _, who := range []access.UserID{"max", "carl", "gus", "otto"} {
		_, err := e.Invitation(e.ctx, as(who), r.Invitation.ID)
		_, absent := e.Invitation(e.ctx, as(who), "nothing")
		e.nowhere(err, string(r.Invitation.ID), absent, "nothing")
	}
	list := func(c ctx, a access.Actor, p sharing.Page) ([]access.Invitation, string, error) {
		return e.Invitations(c, a, "acme", p)
	}
	for _, who := range []access.UserID{"olga", "adam", "iris"} {
		require.Len(t, whole(e, list, as(who)), 1)
	}
	_, _, err := e.Invitations(e.ctx, as("max"), "acme", sharing.Page{Limit: 1})
	e.refused(err, access.KindDenied, "")
	_, _, hidden := e.Invitations(e.ctx, as("gus"), "acme", sharing.Page{Limit: 1})
	_, _, absent := e.Invitations(e.ctx, as("gus"), "acmeX", sharing.Page{Limit: 1})
	e.nowhere(hidden, "acme", absent, "acmeX")
}

func TestO4_DeletionEndsInvitations(t *testing.T) {
	e := acme(t)
	e.makeBot("second", "acme", "mia")
	r := e.invited(as("olga"), access.OrgMember, comes("helper", "second")...)
	d, err := e.DeleteChatbot(e.ctx, as("olga"), "helper")
	require.NoError(t, err)
	require.Contains(t, d.Removed, "chatbot:helper in the invitation "+string(r.Invitation.ID))
	e.makeBot("helper", "acme", "mia")
	require.NoError(t, e.accept("otto", r.Token))
	e.can("otto", "second", access.Interact)
	e.cannot("otto", "helper", access.Interact)

	r, err = e.invite(as("olga"), "acme", "gus", access.OrgMember)
	require.NoError(t, err)
	deleted, err := e.DeleteOrganization(e.ctx, as("olga"), "acme")
	require.NoError(t, err)
	require.Contains(t, deleted.Removed, "invitation of gus@acme.test")
	e.org("acme", "olga")
	e.refused(e.accept("gus", r.Token), access.KindNotFound, "N1")
	require.Empty(t, e.claimed(), "nobody is mailed of what is gone")
}

func TestN2_ComingBackStartsWithoutInvitations(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember)
	e.ok(e.DeleteUser(e.ctx, root, "otto", sharing.Offboard{}))
	e.users(access.External, "otto")
	e.refused(e.accept("otto", r.Token), access.KindConflict, "N1")
	e.nobodyIn("acme", "otto")
	e.invitationIs(r.Invitation.ID, access.InvitationRevoked)
}

// The token is in the answer and in the email, which makes it again, and nowhere else.
func TestH2_TheTokenIsNeverKept(t *testing.T) {
	e := acme(t)
	r := e.invited(as("olga"), access.OrgMember, comes("helper")...)
	again, err := e.ResendInvitation(e.ctx, as("olga"), r.Invitation.ID)
	require.NoError(t, err)
	letters := e.claimed()
	require.Len(t, letters, 1, "the first token is dead, and not mailed")
	l := letters[0]
	require.Equal(t, again.Token, l.Token)
	require.Equal(t, mail("otto"), l.To)
	require.Equal(t, "olga", l.By)
	require.Equal(t, []access.LetterShare{{Chatbot: "helper", Level: access.UseOnly}}, l.Shares)
	for _, entry := range e.records() {
		require.NotContains(t, entry.Before+entry.After+entry.Effects+entry.Detail, "gwinv_")
		require.NotContains(t, entry.Before+entry.After+entry.Effects+entry.Detail, again.Invitation.Digest)
	}
	require.NoError(t, e.accept("otto", again.Token))
	e.ok(e.DeleteUser(e.ctx, root, "otto", sharing.Offboard{}))
}

// A refused invitation mails nobody.
func TestS11_WhatIsRefusedIsNotMailed(t *testing.T) {
	e := acme(t)
	_, err := e.invite(as("adam"), "acme", "otto", access.OrgOwner)
	e.refused(err, access.KindDenied, "O2")
	_, err = e.invite(as("olga"), "acme", "otto", access.OrgMember, comes("helper", "nothing")...)
	e.refused(err, access.KindNotFound, "")
	require.Empty(t, e.claimed())
}
