package decision

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// ListResources lists those of a chatbot's documents, MCP servers or metrics that the subject can view or use without sending values. Each is decided
// as an evaluation would be, so that lists agree with checks (R4) and denied resources leave no trace (R3).
//
// For actors who may not see the chatbot it does not exist (C6), and asking about another subject needs manage_access on the chatbot (C7). Other
// errors are those of SearchResources.
func (s *Service) ListResources(ctx context.Context, actor access.Actor, t access.Type, of access.ChatbotID, subject Entity, page Page) (Found, error) {
	actions := access.Actions[t]
	if len(actions) != 1 {
		return Found{}, access.Invalidf("", "things of type %s cannot be listed", t)
	}
	req := Request{Subject: subject, Action: Action{Name: string(actions[0])}, Resource: Entity{Type: string(t)}}
	r, w, err := s.beginSearch(ctx, "resources of "+string(of), actor, req, page)
	if err != nil {
		return Found{}, err
	}
	if err := r.mayList(ctx, access.Obj(access.TypeChatbot, of), subject); err != nil {
		return Found{}, err
	}
	next := func(after string, n int) (ids []string, err error) {
		err = r.directory.View(ctx, func(facts Facts) (err error) {
			ids, err = facts.ResourceIDs(t, of, after, n)
			return err
		})
		return ids, err
	}
	return r.collect(ctx, w, next, func(id string) Request {
		one := req
		one.Resource.ID = id
		return one
	})
}

// mayList refuses an actor who may not list the chatbot's resources for the subject, as confine does, but with an error instead of an empty list.
func (r *round) mayList(ctx context.Context, chatbot access.Object, subject Entity) error {
	about, _, err := r.subject(ctx, subject)
	if err != nil {
		return err
	}
	var org access.OrganizationID
	var there, admitted bool
	err = r.directory.View(ctx, func(facts Facts) (err error) {
		n := r.userCache(facts)
		if r.actorUser, err = n.user(r.actor.User); err != nil {
			return err
		}
		if org, there, err = n.OrganizationOf(chatbot); err != nil {
			return err
		}
		admitted, err = r.admits(n, chatbot)
		return err
	})
	if err != nil {
		return err
	}
	elsewhere := access.Deniedf("B4", "%s can be read and changed only from its allowed IP ranges", access.Obj(access.TypeOrganization, org))
	if r.actor.User == "" && !there || r.actor.Organization != "" && org != r.actor.Organization || r.actor.User != "" && r.actorUser.Gone() {
		return access.NotFound(chatbot)
	}
	if r.actor.User == "" && !admitted {
		return elsewhere
	}
	if r.actor.User == "" {
		return nil
	}
	// Ask the engine about a missing chatbot, too, so that it takes as long as one that is hidden (C6).
	answers, err := r.ask(ctx, []spice.Question{
		r.actorQuestion(chatbot, string(access.See)), r.actorQuestion(chatbot, string(access.ManageAccess)),
	})
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.Err != nil {
			return a.Err
		}
	}
	switch sees, manages := answers[0].Allowed, answers[1].Allowed; {
	case !sees || !there:
		return access.NotFound(chatbot)
	case !admitted:
		return elsewhere
	case !manages && !r.isActor(about):
		return access.Deniedf("C7", "you need manage_access on %s to see what others can use", chatbot)
	}
	return nil
}
