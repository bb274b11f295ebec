package decision

import (
	"context"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// userCache caches the users of one round, whose items mostly have the same subject.
type userCache struct {
	Facts
	users  map[access.UserID]access.User
	people map[access.UserID]*person
	views  *views // of the actor, if asked for

	showsAddress func(*userCache, *person) (bool, error) // to the actor
}

func (r *round) userCache(facts Facts) *userCache {
	return &userCache{Facts: facts, showsAddress: r.showsAddress}
}

// User gives the user, or the zero user for one whom the directory does not know.
func (n *userCache) user(id access.UserID) (access.User, error) {
	if u, ok := n.users[id]; ok {
		return u, nil
	}
	u, known, err := n.User(id)
	if err != nil {
		return access.User{}, err
	}
	if !known {
		u = access.User{ID: id, Active: true} // C1: a logged-in external user without roles
	}
	if n.users == nil {
		n.users = map[access.UserID]access.User{}
	}
	n.users[id] = u
	return u, nil
}

// lookUp settles what follows from the facts, and gathers the questions for the engine.
func (r *round) lookUp(ctx context.Context, n *userCache, items []*item) error {
	if r.actor.User != "" {
		var err error
		if r.actorUser, err = n.user(r.actor.User); err != nil {
			return err
		}
	}
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return access.Unavailable(err) // the caller has gone, or its time is up
		}
		if it.stage != open && !it.private {
			continue
		}
		// First check whether the actor may ask at all: an actor who may not must not learn that a subject does not exist (C6).
		if err := r.confine(n, it); err != nil {
			return err
		}
		if it.stage != open {
			continue
		}
		var u access.User
		var err error
		if it.subject.Type == access.TypeUser {
			if u, err = n.user(access.UserID(it.subject.ID)); err != nil {
				return err
			}
		}
		if u.ID != "" && u.Gone() {
			if r.bound() { // inactive users are answered like other strangers (C6); first, because a fact that is not cached restarts the lookup
				if err := r.veil(n, it); err != nil {
					return err
				}
			}
			it.settleBySubject(string(u.ID) + " is inactive or deleted (N2)") // C1: what is open to everyone included
			continue
		}
		if err := r.gather(n, it, u); err != nil {
			return err
		}
		if it.absent, err = r.absent(n, it.req.Resource.object()); err != nil {
			return err
		}
		if it.stage == open && r.bound() {
			if err := r.veil(n, it); err != nil {
				return err
			}
		}
	}
	return nil
}

// absent reports whether the resource does not exist (C1). A deleted resource is gone at once, even while its many relationships are being removed
// from the engine in parts.
func (r *round) absent(n *userCache, o access.Object) (bool, error) {
	if o.Type == access.TypePlatform || r.extension.Defines(o.Type) {
		return false, nil
	}
	_, there, err := n.OrganizationOf(o)
	return !there, err
}

// gather collects the values of the question.
func (r *round) gather(n *userCache, it *item, u access.User) error {
	t := access.Type(it.req.Resource.Type)
	it.values = r.builtinValues(it.req, u)
	switch {
	case t == access.TypeFeature:
		if err := r.gatherLimits(n, it); err != nil {
			return err
		}
	case r.extension.Defines(t):
		it.mistyped = addExtensionValues(it.values, r.extension.Parameters(t), it.req, it.subject, r.now)
		if r.extension.MeetsLimits(t) {
			if it.req.tooWide() {
				it.settle(tooMuchSent)
				it.failed = true
				return nil
			}
			it.values[schema.ParamValues] = everyNumber(it.req.Action.Properties)
		}
	}
	if !spice.ValuesFit(it.values) {
		it.settle(tooMuchSent)
		it.failed = true
	}
	return nil
}

// gatherLimits sends the values to the engine only if they are within all limits, so that a denial shows whether they caused it.
func (r *round) gatherLimits(n *userCache, it *item) error {
	chatbot, name, ok := splitFeature(it.req.Resource.ID)
	if !ok {
		return nil
	}
	f, ok, err := n.Feature(chatbot, name)
	if err != nil || !ok || len(f.Limits) == 0 {
		return err
	}
	it.limits = f.Limits
	it.limited = compareLimits(f.Limits, it.req.Action.Properties)
	if it.limited.met() {
		it.values[schema.ParamValues] = it.limited.values
	}
	return nil
}

// splitFeature splits a feature's ID as a resource at its last slash (I1).
func splitFeature(id string) (access.ChatbotID, string, bool) {
	slash := strings.LastIndexByte(id, '/')
	if slash < 0 {
		return "", "", false
	}
	return access.ChatbotID(id[:slash]), id[slash+1:], true
}

// isResourceID reports whether the ID is valid for a resource of that type: a feature's consists of its chatbot's ID and its name (I1).
func isResourceID(t access.Type, id string) bool {
	if chatbot, name, ok := splitFeature(id); ok && t == access.TypeFeature {
		_, err := access.ParseFeatureName(name)
		return err == nil && isResourceID(access.TypeChatbot, string(chatbot))
	}
	_, err := access.ParseID[string](id)
	return err == nil
}

// chatbotOf returns the chatbot that the resource is or belongs to, and false if there is none.
func (n *userCache) chatbotOf(o access.Object) (access.Object, bool, error) {
	switch o.Type {
	case access.TypeChatbot:
		return o, true, nil
	case access.TypeFeature:
		chatbot, _, ok := splitFeature(o.ID)
		return access.Obj(access.TypeChatbot, chatbot), ok, nil
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		res, ok, err := n.Resource(o.Type, o.ID)
		return access.Obj(access.TypeChatbot, res.Chatbot), ok, err
	}
	return access.Object{}, false, nil
}
