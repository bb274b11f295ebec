package decision

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// confine limits what the actor can ask. A confined key reaches nothing outside its organization (B3). Users ask about themselves, and about others
// only on resources on which they have manage_access (C7). Everything else answers like something that does not exist (C6).
func (r *round) confine(n *userCache, it *item) error {
	resource := it.req.Resource.object()
	if r.actor.Organization != "" {
		org, ok, err := n.OrganizationOf(resource)
		if err != nil {
			return err
		}
		if !ok || org != r.actor.Organization {
			it.stage = hidden
			return nil
		}
	}
	if r.actor.User == "" {
		return nil
	}
	if r.actorUser.Gone() {
		it.stage = hidden // an offboarded user has nothing, and sees nothing (N2)
		return nil
	}
	if r.isActor(it.subject) {
		return nil
	}
	guard, ok, err := r.managing(n, resource)
	if err != nil {
		return err
	}
	if !ok {
		it.stage = hidden
		return nil
	}
	it.guard = &guard
	return nil
}

// admits reports whether the IP ranges of the object's organization allow the actor's address (B4).
func (r *round) admits(n *userCache, o access.Object) (bool, error) {
	id, ok, err := n.OrganizationOf(o)
	if err != nil || !ok || !r.bound() {
		return true, err
	}
	org, _, err := n.Organization(id)
	return org.Admits(r.actor), err
}

// isActor reports whether a question about the subject is one about the actor's own user.
func (r *round) isActor(s access.Subject) bool {
	return s.Type == access.TypeUser && s.ID == string(r.actor.User)
}

// managing returns the question whether the actor's user manages the resource: manage_access on a chatbot or on the chatbot of a resource,
// manage_members on an organization or a team, administer on the platform. It returns false for resources that nobody manages.
func (r *round) managing(n *userCache, o access.Object) (spice.Question, bool, error) {
	switch o.Type {
	case access.TypePlatform:
		return r.actorQuestion(o, string(access.Administer)), true, nil
	case access.TypeOrganization, access.TypeTeam:
		return r.actorQuestion(o, string(access.ManageMembers)), true, nil
	}
	if r.extension.Defines(o.Type) {
		permission, ok := r.extension.Permission(o.Type, string(access.ManageAccess))
		return r.actorQuestion(o, permission), ok, nil
	}
	chatbot, ok, err := n.chatbotOf(o)
	if err == nil && !ok && len(access.Actions[o.Type]) > 0 {
		chatbot, ok = nowhere, true // so that it takes as long as for an existing resource (C6)
	}
	return r.actorQuestion(chatbot, string(access.ManageAccess)), ok, err
}

// nowhere is a chatbot that never exists: no ID contains a zero byte (I1).
var nowhere = access.Object{Type: access.TypeChatbot, ID: "\x00"}

// actorQuestion asks about the actor's own user, with values only from the directory and the clock.
func (r *round) actorQuestion(o access.Object, permission string) spice.Question {
	user := access.Subject{Type: access.TypeUser, ID: string(r.actor.User)}
	req := Request{Subject: Entity{Type: string(user.Type), ID: user.ID}, Resource: Entity{Type: string(o.Type), ID: o.ID}}
	values := r.builtinValues(req, r.actorUser)
	addExtensionValues(values, r.extension.Parameters(o.Type), req, user, r.now)
	return spice.Question{Subject: user, Permission: permission, Resource: o, Context: values}
}

// guard hides the items that the actor may not ask about.
func (r *round) guard(ctx context.Context, items []*item) error {
	var guarded []*item
	for _, it := range items {
		if (it.stage == open || it.private) && it.guard != nil {
			guarded = append(guarded, it)
		}
	}
	return r.forEach(ctx, guarded, func(it *item) []spice.Question { return []spice.Question{*it.guard} }, func(it *item, yes bool, err error) {
		switch {
		case err != nil:
			it.fail(err)
		case !yes:
			it.stage = hidden
		}
	})
}

// forEach asks the questions of all items, each distinct one once, and calls fn for each item with whether any of its answers was yes.
func (r *round) forEach(ctx context.Context, items []*item, of func(*item) []spice.Question, then func(*item, bool, error)) error {
	type asked struct {
		resource   access.Object
		permission string
	}
	at := map[asked]int{}
	var questions []spice.Question
	indexes := make([][]int, len(items))
	for i, it := range items {
		for _, q := range of(it) {
			key := asked{q.Resource, q.Permission}
			if _, ok := at[key]; !ok {
				at[key] = len(questions)
				questions = append(questions, q)
			}
			indexes[i] = append(indexes[i], at[key])
		}
	}
	if len(questions) == 0 {
		return nil
	}
	answers, err := r.ask(ctx, questions)
	if err != nil {
		return err
	}
	for i, it := range items {
		var yes bool
		var failed error
		for _, index := range indexes[i] {
			a := answers[index]
			yes = yes || a.Allowed
			if a.Err != nil && access.KindOf(a.Err) != access.KindInvalid {
				failed = a.Err
			}
		}
		if yes {
			failed = nil
		}
		then(it, yes, failed)
	}
	return nil
}
