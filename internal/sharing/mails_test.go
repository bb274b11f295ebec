package sharing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// queued puts an email into the queue, as a change would.
func (e *env) queued(m access.Mail) {
	e.t.Helper()
	m.State, m.Due, m.CreatedAt = access.MailQueued, e.now, e.now
	require.NoError(e.t, e.db.Update(e.ctx, func(tx *store.Tx) error { return tx.PutMail(m) }))
}

// claimed takes the emails that are due.
func (e *env) claimed() []access.Letter {
	e.t.Helper()
	letters, err := e.ClaimMails(e.ctx, 10)
	require.NoError(e.t, err)
	return letters
}

func (e *env) mail(id access.MailID) (m access.Mail, known bool) {
	e.t.Helper()
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) (err error) {
		m, known, err = tx.Mail(id)
		return err
	}))
	return m, known
}

func aboutHelper(by string) access.Notification {
	return access.Notification{Kind: access.NotifyShared, Chatbot: "helper", Principal: who("team:support"), Level: access.ReadOnly, By: by}
}

func TestS11_EachMailIsGivenOutOnce(t *testing.T) {
	e := acme(t)
	for _, id := range []access.MailID{"m1", "m2", "m3", "m4", "m5", "m6"} {
		e.queued(access.Mail{ID: id, To: mail("max"), User: "max", About: aboutHelper("user:mia")})
	}
	var mu sync.Mutex
	given := map[access.MailID]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				letters, err := e.ClaimMails(e.ctx, 2)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, l := range letters {
					given[l.ID]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, map[access.MailID]int{"m1": 1, "m2": 1, "m3": 1, "m4": 1, "m5": 1, "m6": 1}, given)
}

func TestN3_MailIsTriedAgainAtGrowingWaitsAndGivenUp(t *testing.T) {
	e := acme(t)
	e.queued(access.Mail{ID: "m1", To: mail("max"), User: "max", About: aboutHelper("user:mia")})
	var waits []time.Duration
	for len(waits) < 100 {
		require.Len(t, e.claimed(), 1)
		require.NoError(t, e.SettleMail(e.ctx, "m1", access.MailQueued, "451"))
		m, _ := e.mail("m1")
		if m.State != access.MailQueued {
			break
		}
		waits = append(waits, m.Due.Sub(e.now))
		e.now = m.Due.Add(-time.Microsecond)
		require.Empty(t, e.claimed(), "it is not due yet")
		e.now = m.Due
	}
	require.Equal(t, time.Minute, waits[0])
	require.Equal(t, 2*time.Minute, waits[1])
	require.IsNonDecreasing(t, waits)
	require.Equal(t, 6*time.Hour, waits[len(waits)-1])
	m, _ := e.mail("m1")
	require.Equal(t, access.MailFailed, m.State)
	require.InDelta(t, 48, e.now.Sub(m.CreatedAt).Hours(), 6)
	e.now = e.now.Add(24 * time.Hour)
	require.Empty(t, e.claimed())
}

// What may have been sent is never sent again, whether its sender says so or has ended.
func TestS11_WhatMayHaveBeenSentIsNotSentAgain(t *testing.T) {
	e := acme(t)
	for _, id := range []access.MailID{"cut", "killed", "waits"} {
		m := access.Mail{ID: id, To: mail("max"), User: "max", About: aboutHelper("user:mia")}
		e.queued(m)
		if id != "waits" {
			require.Len(t, e.claimed(), 1)
		}
	}
	require.NoError(t, e.SettleMail(e.ctx, "cut", access.MailUnknown, "the connection broke"))

	e.close() // the process ends while it is sending
	e.open()
	require.NoError(t, e.Upkeep(e.ctx))
	m, _ := e.mail("killed")
	require.Equal(t, access.MailSending, m.State, "another process may be sending it")
	e.now = e.now.Add(access.MailLease)
	require.NoError(t, e.Upkeep(e.ctx))
	for _, id := range []access.MailID{"cut", "killed"} {
		m, _ := e.mail(id)
		require.Equal(t, access.MailUnknown, m.State)
	}
	require.NoError(t, e.SettleMail(e.ctx, "killed", access.MailQueued, "too late"))
	e.now = e.now.Add(time.Hour)
	letters := e.claimed()
	require.Len(t, letters, 1)
	require.Equal(t, access.MailID("waits"), letters[0].ID, "what was not begun is sent")
}

func TestN3_MailsAreForgottenAfterAMonth(t *testing.T) {
	e := acme(t)
	for _, id := range []access.MailID{"sent", "failed", "unknown", "waits"} {
		e.queued(access.Mail{ID: id, To: mail("max"), User: "max", About: aboutHelper("user:mia")})
	}
	require.Len(t, e.claimed(), 4)
	for _, id := range []access.MailID{"sent", "failed", "unknown"} {
		require.NoError(t, e.SettleMail(e.ctx, id, access.MailState(id), ""))
	}
	require.NoError(t, e.SettleMail(e.ctx, "waits", access.MailQueued, ""))
	e.now = e.now.Add(29 * 24 * time.Hour)
	require.NoError(t, e.Upkeep(e.ctx))
	_, known := e.mail("sent")
	require.True(t, known)
	e.now = e.now.Add(48 * time.Hour)
	require.NoError(t, e.Upkeep(e.ctx))
	for _, id := range []access.MailID{"sent", "failed", "unknown"} {
		_, known := e.mail(id)
		require.False(t, known, id)
	}
	_, known = e.mail("waits")
	require.True(t, known)
}

// A letter says names, and a name only to those who may still see what has it.
func TestC6_LettersNameOnlyWhatTheirReceiverMaySee(t *testing.T) {
	e := acme(t)
	e.makeTeam("support", "acme", "max")
	_, err := e.PutChatbot(e.ctx, root, "helper", sharing.ChatbotPatch{Name: access.Some("Helping hand")})
	require.NoError(t, err)
	e.shared("helper", "team:support", access.ReadOnly)
	e.mailed() // the one that the share itself made
	e.queued(access.Mail{ID: "m1", To: mail("max"), User: "max", About: aboutHelper("user:mia")})
	e.queued(access.Mail{ID: "m2", To: mail("otto"), User: "otto", About: aboutHelper("key:root")})
	letters := e.claimed()
	require.Equal(t, "Helping hand", letters[0].Chatbot)
	require.Equal(t, "mia", letters[0].By)
	require.Equal(t, "support", letters[0].With)
	require.Equal(t, access.PrincipalTeam, letters[0].WithKind)
	require.Equal(t, "helper", letters[1].Chatbot, "otto may not see it")
	require.Empty(t, letters[1].By)
}

// Whoever is offboarded is sent nothing any more.
func TestN2_NoMailToWhoIsGone(t *testing.T) {
	e := acme(t)
	e.queued(access.Mail{ID: "m1", To: mail("max"), User: "max", About: aboutHelper("user:mia")})
	_, err := e.DeleteUser(e.ctx, root, "max", sharing.Offboard{})
	require.NoError(t, err)
	require.Empty(t, e.claimed())
}

// TestMailsAreClaimedOverAsFewConnectionsAsAreAllowed takes the fewest that a database URI may name.
func TestMailsAreClaimedOverAsFewConnectionsAsAreAllowed(t *testing.T) {
	e := newEnvOn(t, postgres.Database(t)+"&pool_max_conns=4")
	e.queued(access.Mail{ID: "m1", To: mail("max"), About: aboutHelper("user:mia")})
	letters, err := e.ClaimMails(e.ctx, 10)
	require.NoError(t, err)
	require.Len(t, letters, 1)
}
