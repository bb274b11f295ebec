package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// told is who is told of each approval, besides the one who asked: the people of globex but its client and the one who approves.
var told = []string{"gwen", "greg"}

// approval is a chatbot that mia asks to share with globex, which gil approves.
type approval struct {
	bot             string
	asked, approved bool // and answered
	request         string
}

// leaver is somebody who is offboarded.
type leaver struct {
	user string
	gone bool // and answered
}

// TestKillingTheServerDecidesOffboardsAndTellsOnceOrNotAtAll kills the process amid approvals and offboardings, whose people it mails through
// a real mail server. After each start, every approval and every offboarding is there as a whole or not at all, and what was answered is there;
// everybody was notified once of each approval, and in the end nobody got an email twice.
func TestKillingTheServerDecidesOffboardsAndTellsOnceOrNotAtAll(t *testing.T) {
	crashes, seed := max(crashesOf(t)/4, 3), seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 4))
	mails := mailbox.New(t)
	mails.Answers(func(string) error { // so slowly that kills come while emails are being sent
		time.Sleep(50 * time.Millisecond)
		return nil
	})
	place := backend.New(t)
	latest := 120 // milliseconds until the kill, in which some is done and not all
	if place.Mode != backend.Embedded {
		latest = 600
	}
	flags := []string{"--smtp-url", mails.URL(), "--mail-from", "Grantway <no-reply@grantway.test>", "--outside-mails", "100000"}
	p := startAt(t, place, flags...)
	twoCompanies(p)

	approvals, leavers, answered, taken := 0, 0, 0, 0
	for crash := range crashes {
		bots, people := crashRound(p, crash)
		ctx, stop := context.WithCancel(context.Background())
		var workers sync.WaitGroup
		workers.Go(func() { askAndApprove(ctx, p, bots) })
		workers.Go(func() { offboard(ctx, p, people) })
		time.Sleep(time.Duration(5+rng.IntN(latest)) * time.Millisecond)
		p.kill()
		stop()
		workers.Wait()

		p = startAt(t, place, flags...)
		for _, a := range bots {
			if a.approved {
				answered++
			}
			if checkApproval(p, a) {
				approvals++
			}
		}
		for _, l := range people {
			if l.gone {
				answered++
			}
			if checkLeaver(p, l) {
				leavers++
			}
		}
		taken = approvals + leavers
	}
	require.Positive(t, answered)
	require.GreaterOrEqual(t, taken, answered)

	sent := 0
	require.Eventually(t, func() bool {
		before := sent
		sent = len(mails.Messages())
		return sent == before
	}, time.Minute, 3*time.Second)
	p.kill()
	once, unknown := mailedOnce(t, place, mails, approvals)
	t.Logf("%d kills: %d approvals and %d offboardings were taken, %d of them answered; %d emails came once, of %d it is not known",
		crashes, approvals, leavers, answered, once, unknown)
}

// twoCompanies sets up acme, whose mia asks, and globex, whose gil approves.
func twoCompanies(p *process) {
	for _, user := range []string{"olga", "mia", "gil", "gwen", "greg", "gus"} {
		p.must("PUT", "/v1/users/"+user, fmt.Sprintf(`{"email": "%s@example.org", "email_verified": true}`, user))
	}
	p.must("PUT", "/v1/organizations/acme", `{"owner": "olga"}`)
	p.must("PUT", "/v1/organizations/acme/members/mia", `{"role": "member"}`)
	p.must("PUT", "/v1/organizations/globex", `{"owner": "gil"}`)
	p.must("PUT", "/v1/organizations/globex/members/gwen", `{"role": "member"}`)
	p.must("PUT", "/v1/organizations/globex/members/greg", `{"role": "admin"}`)
	p.must("PUT", "/v1/organizations/globex/members/gus", `{"role": "client"}`)
	p.must("PUT", "/v1/teams/crew", `{"organization": "acme"}`)
	p.must("PUT", "/v1/chatbots/kept", `{"organization": "acme", "owner": "mia"}`)
}

// crashRound sets up what one round plays with.
func crashRound(p *process, crash int) (bots []*approval, people []*leaver) {
	for i := range 6 {
		a := &approval{bot: fmt.Sprintf("bot-%d-%d", crash, i)}
		p.must("PUT", "/v1/chatbots/"+a.bot, `{"organization": "acme", "owner": "mia"}`)
		bots = append(bots, a)
	}
	for i := range 4 {
		l := &leaver{user: fmt.Sprintf("leaver-%d-%d", crash, i)}
		p.must("PUT", "/v1/users/"+l.user, "{}")
		p.must("PUT", "/v1/organizations/acme/members/"+l.user, `{"role": "member"}`)
		p.must("PUT", "/v1/teams/crew/members/"+l.user, `{"role": "member"}`)
		p.must("PUT", "/v1/chatbots/kept/shares/user:"+l.user, `{"access": "read_write"}`)
		p.must("PUT", "/v1/chatbots/owned-by-"+l.user, `{"organization": "acme", "owner": "`+l.user+`"}`)
		people = append(people, l)
	}
	return bots, people
}

// askAndApprove goes on until the server is gone.
func askAndApprove(ctx context.Context, p *process, bots []*approval) {
	for _, a := range bots {
		status, body, err := p.callAs(ctx, "mia", "PUT", "/v1/chatbots/"+a.bot+"/shares/organization:globex", `{"access": "use_only"}`)
		var answer struct{ Request struct{ ID string } }
		if err != nil || status != 202 || json.Unmarshal(body, &answer) != nil {
			return
		}
		a.asked, a.request = true, answer.Request.ID
		status, _, err = p.callAs(ctx, "gil", "POST", "/v1/requests/"+a.request+"/approve", `{"access": "use_only"}`)
		if err != nil || status != 200 {
			return
		}
		a.approved = true
	}
}

func offboard(ctx context.Context, p *process, people []*leaver) {
	for _, l := range people {
		status, _, err := p.callAs(ctx, "", "DELETE", "/v1/users/"+l.user, "")
		if err != nil || status != 200 {
			return
		}
		l.gone = true
	}
}

// checkApproval reports whether the approval was taken, and fails where a part of it was.
func checkApproval(p *process, a *approval) bool {
	p.t.Helper()
	requests := items[struct{ ID, State string }](p, "mia", "/v1/requests?chatbot="+a.bot)
	if a.asked {
		require.Len(p.t, requests, 1, "%s: an answered request is lost", a.bot)
	}
	approved := len(requests) == 1 && requests[0].State == "approved"
	if a.approved {
		require.True(p.t, approved, "%s: an answered approval is lost", a.bot)
	}
	got := p.decisions([]pair{{a.bot, "gwen"}, {a.bot, "greg"}, {a.bot, "gus"}}, telling)
	for i, user := range []string{"gwen", "greg", "gus"} {
		require.Equal(p.t, []bool{approved && user != "gus", false, false}, got[i], "%s: %s", a.bot, user)
	}
	shares := items[struct{ Principal, Access string }](p, "mia", "/v1/chatbots/"+a.bot+"/shares")
	require.Len(p.t, shares, count(approved), "%s: %v", a.bot, shares)
	for _, user := range told {
		require.Equal(p.t, count(approved), notified(p, user, "share", a.bot), "%s: %s", a.bot, user)
	}
	require.Zero(p.t, notified(p, "gus", "share", a.bot), "clients have no part in a share with their organization")
	require.Equal(p.t, count(approved), notified(p, "mia", "request-decided", a.bot), "%s: who asked", a.bot)
	return approved
}

// notified counts what the user was told of the chatbot.
func notified(p *process, user, kind, bot string) (n int) {
	for _, item := range items[struct{ Kind, Chatbot string }](p, user, "/v1/notifications") {
		if item.Kind == kind && item.Chatbot == bot {
			n++
		}
	}
	return n
}

// checkLeaver reports whether the offboarding was taken, and fails where a part of it was.
func checkLeaver(p *process, l *leaver) bool {
	p.t.Helper()
	status, _, err := p.callAs(context.Background(), "", "GET", "/v1/users/"+l.user, "")
	require.NoError(p.t, err)
	gone := status == 404
	if l.gone {
		require.True(p.t, gone, "%s: an answered offboarding is lost", l.user)
	}
	has := !gone
	got := p.decisions([]pair{{"kept", l.user}, {"owned-by-" + l.user, l.user}}, telling)
	require.Equal(p.t, [][]bool{{has, has, has}, {has, has, has}}, got, "%s", l.user)
	var owned struct{ Owner string }
	require.NoError(p.t, json.Unmarshal(p.must("GET", "/v1/chatbots/owned-by-"+l.user, ""), &owned))
	require.Equal(p.t, map[bool]string{true: l.user, false: "olga"}[has], owned.Owner)
	for path, member := range map[string]string{
		"/v1/chatbots/kept/shares": "user:" + l.user, "/v1/organizations/acme/members": l.user, "/v1/teams/crew/members": l.user,
	} {
		listed := 0
		for _, item := range items[struct{ Principal, User string }](p, "", path) {
			if item.Principal == member || item.User == member {
				listed++
			}
		}
		require.Equal(p.t, count(has), listed, "%s in %s", l.user, path)
	}
	return gone
}

// mailedOnce checks every email of the store against those that the mail server got, and counts those that came and those whose outcome nobody
// can know.
func mailedOnce(t *testing.T, place *backend.Place, box *mailbox.Mailbox, approvals int) (once, unknown int) {
	t.Helper()
	got := map[string]int{}
	for _, m := range box.Messages() {
		id := m.Header.Get("Message-Id")
		require.NotEmpty(t, id)
		got[id]++
		require.Equal(t, 1, got[id], "%s came twice: to %s", id, m.To)
	}
	db, err := place.OpenStore(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	type event struct {
		to   access.Email
		kind access.NotificationKind
		bot  access.ChatbotID
	}
	events := map[event]int{}
	require.NoError(t, db.View(t.Context(), func(tx *store.Tx) error {
		for _, state := range []access.MailState{access.MailQueued, access.MailSending, access.MailFailed, access.MailSent, access.MailUnknown} {
			mails, err := tx.Mails(state, time.Now().Add(1000*time.Hour), 0)
			if err != nil {
				return err
			}
			for _, m := range mails {
				events[event{m.To, m.About.Kind, m.About.Chatbot}]++
				n := 0
				for id, times := range got {
					if strings.Contains(id, string(m.ID)) {
						n += times
					}
				}
				switch state {
				case access.MailSent:
					require.Equal(t, 1, n, "%s is called sent", m.ID)
					once++
				case access.MailUnknown, access.MailSending: // the lease of a killed sender has not ended yet
					require.LessOrEqual(t, n, 1)
					unknown++
				default:
					t.Errorf("%s is still %s: %s", m.ID, state, m.LastError)
				}
			}
		}
		return nil
	}))
	shares := 0
	for e, n := range events {
		require.Equal(t, 1, n, "%v", e)
		if e.kind == access.NotifyShared && e.bot != "kept" {
			shares++
		}
	}
	require.Equal(t, approvals*len(told), shares, "one email a person for each approval")
	return once, unknown
}

// items reads a list to its end.
func items[T any](p *process, actor, path string) (all []T) {
	p.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for token := ""; ; {
		status, body, err := p.callAs(context.Background(), actor, "GET", path+sep+"page_size=1000&page_token="+token, "")
		require.NoError(p.t, err)
		require.Equal(p.t, 200, status, "%s: %s", path, body)
		var page struct {
			Items         []T
			NextPageToken string `json:"next_page_token"`
		}
		require.NoError(p.t, json.Unmarshal(body, &page), "%s", body)
		all = append(all, page.Items...)
		if token = page.NextPageToken; token == "" {
			return all
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
