package sharing

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// DefaultRequestTTL is the default time after which a request expires (S7).
const DefaultRequestTTL = 30 * 24 * time.Hour

// typeRequest names requests to callers; they are not part of the access model.
const typeRequest access.Type = "request"

// decision names who decides about a share, and the rule: anyone with the action on the object.
type decision struct {
	rule   string
	action access.Action
	on     access.Object
}

// decisionFor returns who can share a chatbot of the organization with the principal immediately, and so decides requests (S4–S7). It returns false if
// manage_access on the chatbot is enough.
func decisionFor(org access.OrganizationID, with access.Principal) (decision, bool) {
	switch with.Kind {
	case access.PrincipalOrganization:
		return decision{"S4", access.Update, access.Object{Type: access.TypeOrganization, ID: with.ID}}, true
	case access.PrincipalTeam:
		return decision{"S5", access.ManageMembers, access.Object{Type: access.TypeTeam, ID: with.ID}}, true
	case access.PrincipalEveryone:
		return decision{"S6", access.Update, access.Obj(access.TypeOrganization, org)}, true
	case access.PrincipalUser, access.PrincipalEmail, access.PrincipalRole, access.PrincipalGroup:
		return decision{}, false
	}
	return decision{"S2", access.Administer, access.PlatformObject}, true // unknown kind, which nobody can share with
}

// ask makes a request for the share, or replaces the pending one (S9). An identical request by the same requester returns the pending one.
func (c *change) ask(b access.Chatbot, share access.Share, d decision) (access.Request, error) {
	if c.memo != nil {
		return access.Request{}, access.Deniedf(d.rule, "sharing with %s needs approval, which an import cannot ask for: "+
			"share it by itself, which makes a request, or let one of them import it", share.Principal)
	}
	r := access.Request{
		Chatbot: b.ID, Principal: share.Principal, Level: share.Level, ShareExpiresAt: share.ExpiresAt, Requester: ActorName(c.actor),
		CreatedAt: c.now, ExpiresAt: c.now.Add(c.s.requestTTL), State: access.RequestPending, Revision: 1,
	}
	old, pending, err := c.pendingRequest(b.ID, share.Principal)
	if err != nil {
		return r, err
	}
	c.outcome = access.Pending
	if !pending {
		if r, err = c.AddRequest(r); err != nil {
			return r, err
		}
		if err := c.addRequestEffects(nil, r); err != nil {
			return r, err
		}
		return r, c.notifyDeciders(b, r)
	}
	if old.Requester == r.Requester && old.Share() == share {
		return old, nil
	}
	if r.State, err = access.Next(old.State, access.EventReplace); err != nil {
		return old, err
	}
	r.ID, r.CreatedAt, r.Revision = old.ID, old.CreatedAt, old.Revision+1
	if err := c.addRequestEffects(old, r); err != nil {
		return r, err
	}
	if err := c.PutRequest(r); err != nil || old.Requester == r.Requester && old.Level == r.Level {
		return r, err
	}
	return r, c.notifyDeciders(b, r)
}

// pendingRequest returns the pending request. One whose time has passed is closed as expired.
func (c *change) pendingRequest(bot access.ChatbotID, with access.Principal) (access.Request, bool, error) {
	r, pending, err := c.PendingRequest(bot, with)
	if err != nil || !pending || r.StateAt(c.now) != access.RequestExpired {
		return r, pending, err
	}
	return access.Request{}, false, c.endAlong(r, access.EventExpire, "")
}

// notifyDeciders notifies the people who can decide the request, also by email: the owners and admins of the organization, or the team's admins if it
// has any (S7).
func (c *change) notifyDeciders(b access.Chatbot, r access.Request) error {
	about := access.Notification{
		Kind: access.NotifyRequest, Chatbot: r.Chatbot, Principal: r.Principal, Level: r.Level, Request: r.ID, State: r.State,
	}
	org := b.Organization
	switch r.Principal.Kind {
	case access.PrincipalOrganization:
		org = access.OrganizationID(r.Principal.ID)
	case access.PrincipalTeam:
		t, _, err := c.Team(access.TeamID(r.Principal.ID))
		if err != nil {
			return err
		}
		members, err := c.TeamMembers(t.ID, "", 0)
		if err != nil {
			return err
		}
		var admins []access.UserID
		for _, m := range members {
			if m.Role == access.TeamAdmin {
				admins = append(admins, m.User)
			}
		}
		if len(admins) > 0 {
			return c.notify(about, admins, true)
		}
		org = t.Organization
	case access.PrincipalEveryone: // those of the chatbot's organization decide (S6)
	case access.PrincipalUser, access.PrincipalEmail, access.PrincipalRole, access.PrincipalGroup: // need no decision (S3)
	}
	var users []access.UserID
	for _, role := range []access.OrgRole{access.OrgOwner, access.OrgAdmin} {
		members, err := c.MembersWithRole(org, role, 0)
		if err != nil {
			return err
		}
		for _, m := range members {
			users = append(users, m.User)
		}
	}
	return c.notify(about, users, true)
}

// end stores how a pending request ended, and notifies its requester, once (N3).
func (c *change) end(r access.Request, event access.RequestEvent, why string) (access.Request, error) {
	state := r.StateAt(c.now)
	if event == access.EventExpire {
		state = r.State
	}
	var err error
	if r.State, err = access.Next(state, event); err != nil {
		return r, err
	}
	r.DecidedBy, r.DecidedAt, r.Detail = ActorName(c.actor), c.now, why
	if event == access.EventExpire {
		r.DecidedBy = ActorName(access.System)
	}
	if err := c.PutRequest(r); err != nil {
		return r, err
	}
	user, person := strings.CutPrefix(r.Requester, "user:")
	if !person {
		return r, nil
	}
	return r, c.notify(access.Notification{
		Kind: access.NotifyRequestDecided, Chatbot: r.Chatbot, Principal: r.Principal, Level: r.Level, Request: r.ID, State: r.State,
	}, []access.UserID{access.UserID(user)}, false)
}

// supersede closes the pending request for a share that now exists.
func (c *change) supersede(share access.Share) error {
	r, pending, err := c.PendingRequest(share.Chatbot, share.Principal)
	if err != nil || !pending {
		return err
	}
	return c.cancelAlong(r, "superseded: shared by somebody who needs no approval")
}

// addRequestEffects adds the request before and after to the record of the chatbot's organization and, if others decide, to theirs.
func (c *change) addRequestEffects(before any, r access.Request) error {
	c.state(before, r)
	return c.addDeciderEffect(before, r)
}

// addDeciderEffect adds the request before and after to the record of those who decide it, if the chatbot is not theirs.
func (c *change) addDeciderEffect(before any, r access.Request) error {
	org, _, err := c.OrganizationOf(access.Obj(access.TypeChatbot, r.Chatbot))
	if err != nil {
		return err
	}
	d, _ := decisionFor(org, r.Principal)
	theirs, ok, err := c.OrganizationOf(d.on)
	if err != nil || !ok || theirs == org {
		return err
	}
	return c.addEffect(altered("request", before, r), d.on)
}

// endAlong ends a request as part of another change.
func (c *change) endAlong(r access.Request, event access.RequestEvent, why string) error {
	ended, err := c.end(r, event, why)
	if err != nil {
		return err
	}
	if err := c.addEffect(altered("request", r, ended), access.Obj(access.TypeChatbot, r.Chatbot)); err != nil {
		return err
	}
	return c.addDeciderEffect(r, ended)
}

// cancelAlong cancels a pending request as part of another change. One whose time has passed is closed as expired.
func (c *change) cancelAlong(r access.Request, why string) error {
	if r.StateAt(c.now) == access.RequestExpired {
		return c.endAlong(r, access.EventExpire, "")
	}
	bot := access.Obj(access.TypeChatbot, r.Chatbot)
	told, err := c.mayShow(access.ManageAccess, bot)
	if err != nil {
		return err
	}
	if !told {
		sts, err := c.involvements([]access.Request{r})
		if err != nil {
			return err
		}
		told = sts[0].sees()
	}
	c.removals = append(c.removals, removal{"request", "request for " + string(r.Level) + " of " + bot.String() + " with " + r.Principal.String(), told})
	return c.endAlong(r, access.EventCancel, why)
}

// cancelAll cancels those of the requests that are pending.
func (c *change) cancelAll(f store.RequestFilter, why string) error {
	f.State = access.RequestPending
	pending, err := c.Requests(f, "", 0)
	if err != nil {
		return err
	}
	return eachFact(pending, func(r access.Request) error { return c.cancelAlong(r, why) })
}

// orphanRequestsOf cancels the pending requests for a chatbot that is being deleted, and hides all its requests from readers of a later chatbot with
// that ID (O4).
func (c *change) orphanRequestsOf(bot access.ChatbotID) error {
	if err := c.cancelAll(store.RequestFilter{Chatbot: bot}, "the chatbot was deleted"); err != nil {
		return err
	}
	return c.OrphanRequestsOf(bot)
}

// orphanRequestsWith is orphanRequestsOf for a team or an organization.
func (c *change) orphanRequestsWith(p access.Principal) error {
	if err := c.cancelAll(store.RequestFilter{Principal: p}, "the "+string(p.Kind)+" was deleted"); err != nil {
		return err
	}
	return c.OrphanRequestsWith(p)
}

// forgetRequester cancels the requests of an offboarded user, and separates them from a user who comes back under the same ID (N2).
func (c *change) forgetRequester(id access.UserID) error {
	requester := ActorName(access.Actor{User: id})
	if err := c.cancelAll(store.RequestFilter{Requester: requester}, "its requester was offboarded"); err != nil {
		return err
	}
	return c.ForgetRequester(requester)
}

// expireAtOnce is the number of requests that one upkeep closes.
const expireAtOnce = 1000

// expireRequests closes the requests that were not decided in time (S7).
func (s *Service) expireRequests(ctx context.Context) error {
	var due []access.Request
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.RequestsDue(s.now(), expireAtOnce)
		return err
	}); err != nil {
		return err
	}
	var failed error
	for _, r := range due {
		_, err := s.change(ctx, access.System, "request.expire", access.Obj(access.TypeChatbot, r.Chatbot), func(c *change) error {
			old, pending, err := c.PendingRequest(r.Chatbot, r.Principal)
			if err != nil || !pending || old.StateAt(c.now) != access.RequestExpired {
				return err // it was replaced or decided meanwhile
			}
			ended, err := c.end(old, access.EventExpire, "")
			if err != nil {
				return err
			}
			return c.addRequestEffects(old, ended)
		})
		failed = errors.Join(failed, err)
	}
	return failed
}
