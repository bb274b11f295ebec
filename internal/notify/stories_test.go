package notify_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

const acme access.OrganizationID = "acme"

// clock is a time that a test sets forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

// newWorld is a server with an organization that alice owns, and a mailbox.
func newWorld(t *testing.T, options ...testenv.Option) (*testenv.Env, *mailbox.Mailbox) {
	t.Helper()
	box := mailbox.New(t)
	e := testenv.New(t, append(options, testenv.Mail(box))...)
	e.Admin().PutsUser("alice", testenv.Fields{"email": "alice@acme.test", "email_verified": true, "name": "Alice"})
	e.Admin().PutsUser("bob", testenv.Fields{"email": "bob@acme.test", "email_verified": true})
	e.Admin().PutsOrganization(acme, testenv.Fields{"owner": "alice", "name": "Acme & Sons"})
	e.As("alice").PutsChatbot("helper", testenv.Fields{"organization": acme, "name": "Helper"})
	return e, box
}

// tokenIn finds the token in a text.
func tokenIn(t *testing.T, text string) string {
	t.Helper()
	token := regexp.MustCompile(`gwinv_\w+`).FindString(text)
	require.NotEmpty(t, token, text)
	return token
}

// TestN1_TheMailBringsTheInvitation accepts an invitation by what is in its email.
func TestN1_TheMailBringsTheInvitation(t *testing.T) {
	e, box := newWorld(t)
	e.As("alice").Invites(acme, "bob@acme.test", access.OrgMember, map[access.ChatbotID]access.Level{"helper": access.ReadOnly})
	m := box.Await("bob@acme.test")
	require.Equal(t, "You are invited to “Acme & Sons”", m.Subject)
	require.Contains(t, m.Text, "“Alice” invites you to join “Acme & Sons” as a member.")
	require.Contains(t, m.Text, "- the chatbot “Helper” (read only)")
	require.Contains(t, m.HTML, "Acme &amp; Sons")
	require.Equal(t, tokenIn(t, m.Text), tokenIn(t, m.HTML))

	e.As("bob").Accepts(tokenIn(t, m.Text))
	e.Can(access.UserID("bob"), access.Read, access.ChatbotID("helper"))
	e.As("alice").Refused(access.KindConflict, "N1").Does(http.MethodPost, "/v1/organizations/acme/invitations",
		testenv.Fields{"email": "bob@acme.test", "role": "member"})
	require.Len(t, box.Messages(), 1)
	for _, secret := range []string{"bob@acme.test", "gwinv_"} {
		require.NotContains(t, e.Log.String(), secret)
	}
	figures := e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"})
	require.Eventually(t, func() bool {
		figures = e.Do(testenv.Call{Method: http.MethodGet, Path: "/metrics"})
		return strings.Contains(string(figures.Body), `grantway_mail_attempts_total{state="sent"} 1`)
	}, 5*time.Second, 10*time.Millisecond, "%s", figures.Body)
}

// A mail server that says later is asked again later, and one that says never is not.
func TestN3_TriedAgainLater(t *testing.T) {
	var c clock
	e, box := newWorld(t, testenv.At(c.now))
	box.Answers(func(to string) error {
		if to == "never@acme.test" {
			return mailbox.Refusal(550, "nobody is never@acme.test")
		}
		return mailbox.Refusal(451, "bob@acme.test is not served now")
	})
	e.As("alice").Invites(acme, "bob@acme.test", access.OrgMember, nil)
	e.As("alice").Invites(acme, "never@acme.test", access.OrgMember, nil)
	tried := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return box.Tried() >= n }, 20*time.Second, 10*time.Millisecond)
	}
	tried(2)
	require.Eventually(t, func() bool { return strings.Contains(e.Log.String(), "giving up") }, 20*time.Second, 10*time.Millisecond)
	box.Answers(nil)
	time.Sleep(1500 * time.Millisecond) // the queue is looked at meanwhile
	require.Equal(t, 2, box.Tried(), "the minute is not over")
	c.forward(time.Minute)
	box.Await("bob@acme.test")
	c.forward(24 * time.Hour)
	time.Sleep(1500 * time.Millisecond)
	require.Equal(t, 3, box.Tried())
	require.NotContains(t, e.Log.String(), "@acme.test")
}

// A mail server that takes a message and cuts the connection is not sent it again, and one that is down for a while misses nothing.
func TestS11_NeverTwice(t *testing.T) {
	var c clock
	e, box := newWorld(t, testenv.At(c.now))
	box.Cuts(true)
	e.As("alice").Invites(acme, "bob@acme.test", access.OrgMember, nil)
	require.Eventually(t, func() bool { return strings.Contains(e.Log.String(), "not trying again") }, 20*time.Second, 10*time.Millisecond)
	box.Cuts(false)
	box.Stop()
	e.As("alice").Invites(acme, "carol@acme.test", access.OrgMember, nil)
	require.Eventually(t, func() bool { return strings.Contains(e.Log.String(), "email; trying again") }, 20*time.Second, 10*time.Millisecond)
	box.Start()
	c.forward(time.Hour)
	box.Await("carol@acme.test")
	require.Len(t, box.To("bob@acme.test"), 1)
}

// What is queued when the server stops is sent when it runs again, by the token that was made before.
func TestN3_SentAfterARestart(t *testing.T) {
	dir := t.TempDir()
	in := func(c *server.Config) { c.Data = dir }
	box := mailbox.New(t)
	box.Stop()
	t.Run("stops", func(t *testing.T) {
		e := testenv.New(t, in, testenv.Mail(box))
		e.Admin().PutsUser("bob", testenv.Fields{"email": "bob@acme.test", "email_verified": true})
		e.Admin().PutsUser("alice", testenv.Fields{})
		e.Admin().PutsOrganization(acme, testenv.Fields{"owner": "alice"})
		e.As("alice").Invites(acme, "bob@acme.test", access.OrgMember, nil)
	})
	box.Start()
	var c clock
	c.forward(time.Hour)
	e := testenv.New(t, in, testenv.Mail(box), testenv.At(c.now))
	e.As("bob").Accepts(tokenIn(t, box.Await("bob@acme.test").Text))
}

// A slow mail server holds up nobody but its own messages, and is cut off when the server stops: what it has done with them is not known.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	e, box := newWorld(t)
	stuck, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	var once atomic.Bool
	box.Answers(func(string) error {
		if once.CompareAndSwap(false, true) {
			close(stuck)
		}
		<-release
		return nil
	})
	e.As("alice").Invites(acme, "bob@acme.test", access.OrgMember, nil)
	<-stuck
	began := time.Now()
	e.As("alice").PutsChatbot("helper", testenv.Fields{"name": "Helpful"})
	require.Less(t, time.Since(began), 5*time.Second)
	e.Close()
	require.Contains(t, e.Log.String(), "not trying again")
}
