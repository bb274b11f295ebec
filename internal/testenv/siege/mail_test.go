package siege_test

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// mostMails is how many mails an actor may cause in an hour to people outside the actor's organizations (S11).
const mostMails = 100

const victim = "victim@acme.test"

// mails are what one person is sent for what another one does.
var mails = attack{
	name: "A8",
	does: "mallory shares a chatbot with a user of acme and takes it back, shares new chatbots, and invites, as often as one can",
	prepare: func(s *siege) {
		s.root.must(s, "PUT", "/v1/users/victim", object{"email": victim, "email_verified": true})
		s.root.must(s, "PUT", "/v1/organizations/acme/members/victim", object{"role": "member"})
		s.server.from("127.0.0.1", s.mallory).must(s, "PUT", "/v1/chatbots/malbot", object{"name": "Your account is locked - visit http://evil.test/unlock"})
	},
	wage: func(ctx context.Context, s *siege) {
		c := s.server.from(attackersFrom[0], s.mallory)
		call := func(what, method, path string, body any) {
			status, _, err := c.call(ctx, method, path, body)
			s.tallies(ctx, what, status, err)
		}
		began := time.Now().UnixNano()
		n := 0
		among(ctx, 3, func(ctx context.Context, i int) {
			switch i {
			case 0:
				call("share", "PUT", "/v1/chatbots/malbot/shares/user:victim", object{"access": "use_only"})
				call("unshare", "DELETE", "/v1/chatbots/malbot/shares/user:victim", nil)
			case 1:
				n++
				bot := fmt.Sprintf("/v1/chatbots/malbot-%d-%d", began, n)
				call("new chatbot", "PUT", bot, object{"organization": "evil", "name": fmt.Sprintf("Invoice %d", n)})
				call("share a new one", "PUT", bot+"/shares/email:"+victim, object{"access": "use_only"})
			case 2:
				call("invite", "POST", "/v1/organizations/evil/invitations", object{"email": victim, "role": "member"})
			}
		})
	},
	judge: func(s *siege) {
		for tried := -1; tried != s.box.Tried(); time.Sleep(2 * time.Second) {
			tried = s.box.Tried()
		}
		all := s.box.To(victim)
		var locked, invoices, invitations, misleading int
		for _, m := range all {
			switch {
			case strings.Contains(m.Subject, "locked"), strings.Contains(m.Text, "locked"):
				locked++
			case strings.Contains(m.Subject, "Invoice"):
				invoices++
			default:
				invitations++
			}
			if strings.Contains(m.Subject, "http:") {
				misleading++
			}
		}
		if misleading > 0 {
			s.miss("%d mails have the address of a page in their subject", misleading)
		}
		s.note("%d mails came: %d about the shared chatbot, %d about new ones, %d invitations", len(all), locked, invoices, invitations)
		if locked > 1 {
			s.miss("%d mails came about one chatbot", locked)
		}
		if len(all) > mostMails {
			s.miss("%d mails came", len(all))
		}
	},
}
