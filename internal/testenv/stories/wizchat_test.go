package stories_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/testenv"
)

// TestWizChat tells the page on access at six levels: account, team, chatbot, document, MCP server and metric. An account is an organization
// of the model, and what the page calls a team role is the role in it.
func TestWizChat(t *testing.T) {
	t.Parallel()
	const (
		wiz access.OrganizationID = "wiz"

		olga access.UserID = "olga" // owner of the account
		adam access.UserID = "adam" // admin
		mia  access.UserID = "mia"  // members
		moe  access.UserID = "moe"  //
		ann  access.UserID = "ann"  // users of the chatbots, of no account
		xia  access.UserID = "xia"  // at partner.org
		sue  access.UserID = "sue"  // at a subdomain
		zoe  access.UserID = "zoe"  // elsewhere
	)
	s := begin(t, []string{"olga@acme.com", "adam@acme.com", "mia@acme.com", "moe@acme.com", "ann@acme.com", "xia@partner.org", "sue@sub.acme.com",
		"zoe@else.example"}, func(c *server.Config) { c.RecordDecisions = "all" })
	s.Admin().PutsOrganization(wiz, fields{"owner": olga})
	s.As(olga).PutsMember(wiz, adam, access.OrgAdmin)
	s.As(adam).PutsMember(wiz, mia, access.OrgMember)
	s.As(adam).PutsMember(wiz, moe, access.OrgMember)
	s.As(adam).PutsGroup("analysts", fields{"organization": wiz})
	s.As(adam).PutsGroupMember("analysts", access.Email("zoe@else.example"))
	// public is a chatbot that everyone who is logged in may use.
	public := func(s *story, id access.ChatbotID) access.ChatbotID {
		s.Helper()
		bot := s.bot(id, wiz, olga)
		s.As(olga).Shares(bot, access.Everyone, access.UseOnly)
		return bot
	}

	s.part(t, "account level: who can access your account (section 2, E1)", func(s *story) {
		s.only(access.ViewData, wiz, olga, adam, mia, moe)
		s.As(zoe).Refused(access.KindNotFound, "").Sees("v1", "organizations", "wiz")
	})

	s.part(t, "team level: who can access team resources (T1, S5)", func(s *story) {
		const support access.TeamID = "support"
		s.As(adam).PutsTeam(support, fields{"organization": wiz})
		s.As(adam).PutsTeamMember(support, mia, access.TeamAdmin)
		s.only(access.ManageMembers, support, olga, adam, mia)
		bot := s.bot("team-resource", wiz, olga)
		s.As(mia).PutsTeamMember(support, moe, access.TeamMember)
		s.As(olga).Shares(bot, support, access.UseOnly)
		s.only(access.Interact, bot, olga, adam, mia, moe)
		s.As(zoe).Refused(access.KindNotFound, "").Sees("v1", "teams", "support")
	})

	s.part(t, "owner: full access and billing; admin: manage team and chatbots; member: use shared chatbots (section 2, 3.1)", func(s *story) {
		s.has(olga, wiz, access.Actions[access.TypeOrganization]...)
		s.has(adam, wiz, access.Update, access.ManageMembers, access.CreateChatbot, access.ViewData)
		s.only(access.Billing, wiz, olga)
		bot, other := s.bot("shared-one", wiz, olga), s.bot("unshared", wiz, olga)
		s.has(olga, bot, everything...)
		s.has(adam, bot, asAdmin...)
		s.As(adam).Shares(bot, mia, access.UseOnly)
		s.has(mia, bot, access.Interact)
		s.has(mia, other)
		s.As(adam).PutsTeam("managed", fields{"organization": wiz})
		s.As(mia).Refused(access.KindDenied, "").PutsTeam("mias", fields{"organization": wiz})
	})

	s.part(t, "chatbot access, owner only: just the chatbot owner (3.1, V1)", func(s *story) {
		bot := s.bot("owner-only", wiz, mia, fields{"visibility": access.OwnerOnly})
		s.only(access.Interact, bot, mia)
		s.only(access.Read, bot, mia)
		s.As(mia).Refused(access.KindConflict, "V1").Shares(bot, ann, access.UseOnly)
	})

	s.part(t, "chatbot access, team: all team members (3.1)", func(s *story) {
		bot := s.bot("for-the-team", wiz, mia, fields{"visibility": access.OrganizationVisible})
		s.only(access.Interact, bot, olga, adam, mia, moe)
	})

	s.part(t, "chatbot access, specific people: invited individuals, by user or by address (S1, S3, I2)", func(s *story) {
		bot := s.bot("invited", wiz, mia)
		s.As(mia).Shares(bot, ann, access.UseOnly)
		s.As(mia).Shares(bot, access.Email("xia@partner.org"), access.UseOnly)
		s.only(access.Interact, bot, mia, olga, adam, ann, xia)
		s.As(mia).Unshares(bot, ann)
		s.only(access.Interact, bot, mia, olga, adam, xia)
	})

	s.part(t, "documents: public for all chatbot users, for logged-in users only, or for specific addresses (section 4, R1, R2)", func(s *story) {
		bot := public(s, "documented")
		link := s.As(olga).SetsLink(bot, access.AudienceEveryone)
		s.As(olga).Puts(document("brochure"), fields{"chatbot": bot, "access": access.ModePublic})
		s.As(olga).Puts(document("manual"), fields{"chatbot": bot, "access": access.ModeAuthenticated})
		s.As(olga).Puts(document("contract"), fields{"chatbot": bot, "access": access.ModeRestricted, "allowed": []string{"email:ann@acme.com", "email:xia@partner.org"}})
		s.only(access.View, document("brochure"), s.cast...)
		s.only(access.View, document("manual"), s.cast...)
		s.only(access.View, document("contract"), ann, xia, olga, adam)
		s.with(fields{"link": link}).reaches(visitor, access.View, access.TypeDocument, "brochure")
		s.reaches(visitor, access.View, access.TypeDocument) // who came without the link is no user of the chatbot
		s.reaches(ann, access.View, access.TypeDocument, "brochure", "manual", "contract")
		s.As(olga).Puts(document("memo"), fields{"chatbot": s.bot("undocumented", wiz, olga)})
		s.only(access.View, document("memo"), olga, adam) // all users of its chatbot, and of no other
		require.ElementsMatch(s, []string{"brochure", "manual"}, s.As(zoe).Lists(bot, access.TypeDocument, "user:zoe"))
	})

	s.part(t, "domains: only @acme.com, or both @acme.com and @partner.org, exactly (G2, C2, example 6)", func(s *story) {
		bot := public(s, "by-domain")
		s.As(adam).SetsPolicy(bot, fields{"email_domains": []string{"acme.com"}}) // on the chatbot's settings, for who manages its access
		s.only(access.Interact, bot, olga, adam, mia, moe, ann)                   // not sue@sub.acme.com
		s.As(adam).SetsPolicy(bot, fields{"email_domains": []string{"acme.com", "partner.org"}})
		s.only(access.Interact, bot, olga, adam, mia, moe, ann, xia)
		s.As(mia).Refused(access.KindDenied, "").SetsPolicy(bot, fields{"email_domains": nil})
		for address, passes := range map[string]bool{
			"x@acme.com": true, "X@ACME.COM": true, "x@sub.acme.com": false, "x@notacme.com": false, "x@acme.com.evil.example": false,
		} {
			stranger := fields{"type": access.TypeUser, "id": "a-stranger", "properties": fields{"email": address}}
			answer := s.decides("evaluation", fields{"subject": stranger, "action": fields{"name": access.Interact}, "resource": entity(testenv.Object(bot))})
			require.Equal(s, passes, answer["decision"], address)
		}
		s.Admin().PutsUser("capital", fields{"email": "X@ACME.COM", "email_verified": true})
		s.has(access.UserID("capital"), bot, access.Interact)
		s.Admin().Does(http.MethodDelete, "/v1/users/capital", nil)
	})

	s.part(t, "MCP servers: for all chatbot users, or for specific users or email groups (R1, R4)", func(s *story) {
		bot := public(s, "integrated")
		s.As(adam).Puts(mcpServer("search"), fields{"chatbot": bot})
		s.As(adam).Puts(mcpServer("billing"), fields{"chatbot": bot, "access": access.ModeRestricted, "allowed": []string{"user:mia", "group:analysts"}})
		s.only(access.Use, mcpServer("search"), s.cast...)
		s.only(access.Use, mcpServer("billing"), mia, zoe, olga, adam)
		require.Equal(s, []string{"search"}, s.As(ann).Lists(bot, access.TypeMCPServer, "user:ann"))
		require.ElementsMatch(s, []string{"search", "billing"}, s.As(zoe).Lists(bot, access.TypeMCPServer, "user:zoe"))
		s.As(adam).RemovesGroupMember("analysts", access.Email("zoe@else.example"))
		s.only(access.Use, mcpServer("billing"), mia, olga, adam)
		s.As(adam).PutsGroupMember("analysts", access.Email("zoe@else.example"))
	})

	s.part(t, "metrics: public by default, or restricted, and then silently hidden from everyone else (R3, R4)", func(s *story) {
		bot := public(s, "measured")
		require.Equal(s, "public", s.As(adam).Puts(metric("visits"), fields{"chatbot": bot})["access"])
		s.As(adam).Puts(metric("revenue"), fields{"chatbot": bot, "access": access.ModeRestricted, "allowed": []string{"user:mia", "group:analysts"}})
		s.only(access.View, metric("revenue"), mia, zoe, olga, adam)
		require.Equal(s, []string{"visits"}, s.As(ann).Lists(bot, access.TypeMetric, "user:ann"))
		require.ElementsMatch(s, []string{"visits", "revenue"}, s.As(zoe).Lists(bot, access.TypeMetric, "user:zoe"))
		s.reaches(ann, access.View, access.TypeMetric, "visits")
		// By name it answers exactly like one that does not exist.
		s.likeNothing(ann, "/v1/metrics/", "revenue")
		s.As(ann).Refused(access.KindDenied, "R2").Sees("v1", "metrics", "visits") // she may know of this one, and not who else does
		require.Equal(s, s.answers(ann, access.View, metric("nothing")), s.answers(ann, access.View, metric("revenue")))
	})

	s.part(t, "API key permissions: read-only, read-write, full access (B1, B2)", func(s *story) {
		read := s.With(s.Admin().MakesKey(fields{"name": "reports", "access": access.KeyReadOnly}))
		write := s.With(s.Admin().MakesKey(fields{"name": "sync", "access": access.KeyReadWrite}))
		full := s.With(s.Admin().MakesKey(fields{"name": "operator", "access": access.KeyFull}))
		bot := s.bot("by-key", wiz, olga)
		for _, key := range []*testenv.Caller{read, write, full} {
			key.Sees("v1", "chatbots", "by-key")
			require.Equal(s, true, key.Does(http.MethodPost, "/access/v1/evaluation", question(olga, access.Interact, bot))["decision"])
		}
		read.Refused(access.KindDenied, "B1").Shares(bot, ann, access.UseOnly)
		write.Shares(bot, ann, access.UseOnly)
		s.has(ann, bot, access.Interact)
		write.Refused(access.KindDenied, "B1").MakesKey(fields{"name": "more", "access": access.KeyReadOnly})
		full.MakesKey(fields{"name": "more", "access": access.KeyReadOnly})
	})

	s.part(t, "IP allowlisting: a key, and an account, reached from the listed addresses only (B1, B4)", func(s *story) {
		outside := s.With(s.Admin().MakesKey(fields{"name": "elsewhere", "access": access.KeyReadOnly, "allowed_ips": []string{"192.0.2.0/24"}}))
		outside.Refused(access.KindDenied, "B1").Sees("v1", "organizations", "wiz")
		inside := s.With(s.Admin().MakesKey(fields{"name": "here", "access": access.KeyReadOnly, "allowed_ips": []string{"192.0.2.0/24", "127.0.0.1"}}))
		inside.Sees("v1", "organizations", "wiz")

		s.As(adam).Refused(access.KindUnprocessable, "B4").PutsOrganization(wiz, fields{"allowed_ips": []string{"192.0.2.0/24"}}) // would lock adam out
		bot := s.bot("from-here", wiz, olga)
		s.As(adam).PutsOrganization(wiz, fields{"allowed_ips": []string{"127.0.0.1"}})
		s.As(adam).PutsChatbot(bot, fields{"name": "From here"})
		elsewhere := s.From("127.0.0.2")
		elsewhere.As(adam).Refused(access.KindDenied, "B4").PutsChatbot(bot, fields{"name": "From elsewhere"})
		elsewhere.As(adam).Refused(access.KindDenied, "B4").PutsOrganization(wiz, fields{"allowed_ips": nil})
		s.As(adam).PutsOrganization(wiz, fields{"allowed_ips": nil})
		elsewhere.As(adam).PutsChatbot(bot, fields{"name": "From anywhere"})
	})

	s.part(t, "IP restrictions on a chatbot's key (K4)", func(s *story) {
		bot := s.bot("keyed-by-ip", wiz, olga)
		key := s.As(olga).MakesAPIKey(bot, fields{"name": "office", "access": access.UseOnly, "allowed_ips": []string{"192.0.2.0/24"}})
		secret := apiKey(key["secret"].(string))
		s.with(fields{"ip": "192.0.2.7"}).has(secret, bot, access.Interact)
		s.with(fields{"ip": "198.51.100.7"}).has(secret, bot)
		s.has(secret, bot)
	})

	s.part(t, "the audit log: who did what to what, and when, to filter, search and export (H1, H2)", func(s *story) {
		began := time.Now().Add(-time.Second).UTC()
		bot := s.bot("audited", wiz, olga)
		s.As(olga).Shares(bot, ann, access.UseOnly)
		s.As(mia).Refused(access.KindNotFound, "").Shares(bot, zoe, access.UseOnly)
		entries := s.audit(adam, "resource=chatbot:audited&action=share.put")
		require.ElementsMatch(s, []string{"user:olga", "user:mia"}, each(entries, "actor"))
		require.ElementsMatch(s, []string{"done", "refused"}, each(entries, "outcome"))
		when, err := time.Parse(time.RFC3339, entries[0]["time"].(string))
		require.NoError(s, err)
		require.WithinRange(s, when, began, time.Now().Add(time.Second))
		require.Len(s, s.audit(adam, "resource=chatbot:audited&actor=user:mia"), 1)
		require.Empty(s, s.audit(adam, "resource=chatbot:audited&to="+began.Format(time.RFC3339)))
		require.Len(s, s.audit(adam, "resource=chatbot:audited&q=user:ann"), 1)
		for format, count := range map[string]int{"csv": 3, "jsonl": 2} {
			a := s.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?format=" + format + "&resource=chatbot:audited&action=share.put", Key: testenv.RootKey, Actor: string(adam)})
			require.Equal(s, http.StatusOK, a.Status)
			require.Len(s, lines(a.Body), count)
		}
		for _, other := range []access.UserID{mia, ann} { // it is for those who run the account
			require.Empty(s, s.audit(other, "resource=chatbot:audited"))
		}
	})

	s.part(t, "the audit log: who accessed what, and when (H3)", func(s *story) {
		bot := s.bot("accessed", wiz, olga)
		s.As(olga).Shares(bot, ann, access.UseOnly)
		s.may(ann, access.Interact, bot)
		s.may(zoe, access.Interact, bot)
		var accesses []map[string]any
		require.Eventually(s, func() bool {
			accesses = s.audit(adam, "resource=chatbot:accessed&action=decision.*")
			return len(accesses) == 2
		}, 10*time.Second, 10*time.Millisecond)
		require.ElementsMatch(s, []string{"user:ann allowed", "user:zoe denied"},
			[]string{accesses[0]["subject"].(string) + " " + accesses[0]["outcome"].(string), accesses[1]["subject"].(string) + " " + accesses[1]["outcome"].(string)})
	})

	s.part(t, "least privilege: grant the minimum, review, and revoke what is not used (C5, S10, H3)", func(s *story) {
		bot := s.bot("reviewed", wiz, olga)
		s.As(olga).Shares(bot, ann, access.ReadOnly)
		s.As(olga).Shares(bot, xia, access.UseOnly)
		who := map[string]string{}
		for _, line := range items(s.As(olga).Sees("v1", "chatbots", string(bot), "access"), "items") {
			who[line["user"].(string)] = s.text(line)
		}
		require.Contains(s, who["ann"], "read_only share")
		require.Contains(s, who["xia"], "use_only share")
		require.Contains(s, who, "adam")
		s.may(ann, access.Interact, bot)
		used := func(user access.UserID) bool {
			return len(s.audit(adam, "resource=chatbot:reviewed&action=decision.*&outcome=allowed&subject=user:"+string(user))) > 0
		}
		require.Eventually(s, func() bool { return used(ann) }, 10*time.Second, 10*time.Millisecond)
		require.False(s, used(xia))
		s.As(olga).Shares(bot, ann, access.UseOnly) // the least that she uses
		s.As(olga).Unshares(bot, xia)
		s.has(ann, bot, access.Interact)
		s.has(xia, bot)
		s.As(ann).Refused(access.KindDenied, "").Sees("v1", "chatbots", string(bot), "access")
	})

	s.part(t, "regular reviews: the team's members, the use of API keys, the shares of chatbots (T1, K2, S10)", func(s *story) {
		require.ElementsMatch(s, []string{"olga", "adam", "mia", "moe"}, each(items(s.As(adam).Sees("v1", "organizations", "wiz", "members"), "items"), "user"))
		bot := s.bot("used", wiz, olga)
		s.As(olga).Shares(bot, ann, access.UseOnly)
		key := s.As(olga).MakesAPIKey(bot, fields{"name": "crm", "access": access.UseOnly})
		usage := func() any {
			return items(s.As(olga).Sees("v1", "chatbots", string(bot), "api-keys"), "items")[0]["last_used"]
		}
		require.Nil(s, usage())
		s.has(apiKey(key["secret"].(string)), bot, access.Interact)
		require.Eventually(s, func() bool { return usage() != nil }, 10*time.Second, 10*time.Millisecond)
		require.Equal(s, []string{"user:ann"}, each(items(s.As(olga).Sees("v1", "chatbots", string(bot), "shares"), "items"), "principal"))
	})

	s.part(t, "rotate API keys regularly: a new one, and the old one is denied at once (K1, K5)", func(s *story) {
		bot := s.bot("rotated", wiz, olga)
		old := s.As(olga).MakesAPIKey(bot, fields{"name": "crm", "access": access.UseOnly})
		renewed := s.As(olga).MakesAPIKey(bot, fields{"name": "crm", "access": access.UseOnly})
		s.As(olga).DeletesAPIKey(bot, old)
		s.has(apiKey(old["secret"].(string)), bot)
		s.has(apiKey(renewed["secret"].(string)), bot, access.Interact)
	})
}
