package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// request loads a request that the actor sees (C6), and what the actor is to it.
func (c *caller) request(id access.RequestID) (access.Request, standing, error) {
	o := access.Obj(typeRequest, id)
	r, ok, err := c.Request(id)
	if err != nil {
		return r, standing{}, err
	}
	if !ok {
		return r, standing{}, access.NotFound(o)
	}
	sts, err := c.standings([]access.Request{r})
	if err != nil {
		return r, standing{}, err
	}
	switch st := sts[0]; {
	case st.sees():
		return r, st, nil
	case st.elsewhere != nil:
		return r, st, st.elsewhere
	}
	return r, standing{}, access.NotFound(o)
}

// standing is what an actor is to a request.
type standing struct {
	asked     bool  // is its requester
	decides   bool  // could share with the principal at once (S7)
	manages   bool  // manages the chatbot's access
	elsewhere error // what the actor would be besides, but for the address of the call (B4)
}

func (st standing) sees() bool { return st.asked || st.decides || st.manages }

// mustDecide refuses whoever does not decide the request.
func (st standing) mustDecide() error {
	if st.decides {
		return nil
	}
	return st.otherwise("a request is decided by those who could share with its principal at once")
}

func (st standing) otherwise(detail string) error {
	if st.elsewhere != nil {
		return st.elsewhere
	}
	return access.Deniedf("S7", "%s", detail)
}

// standings is what the actor is to each of the requests, with few calls of the engine. One whose chatbot or principal is gone is left to its
// requester and to site admins (O4).
func (c *caller) standings(rs []access.Request) ([]standing, error) {
	orgs := map[access.ChatbotID]access.OrganizationID{}
	for _, r := range rs {
		if _, known := orgs[r.Chatbot]; !known {
			var err error
			if orgs[r.Chatbot], _, err = c.OrganizationOf(access.Obj(access.TypeChatbot, r.Chatbot)); err != nil {
				return nil, err
			}
		}
	}
	questions := rights{}
	ask := func(r access.Request) (manages, decides right) {
		if r.Orphaned {
			admin := right{access.Administer, access.PlatformObject}
			return admin, admin
		}
		d, _ := deciding(orgs[r.Chatbot], r.Principal)
		return right{access.ManageAccess, access.Obj(access.TypeChatbot, r.Chatbot)}, right{d.action, d.on}
	}
	for _, r := range rs {
		manages, decides := ask(r)
		questions[manages], questions[decides] = false, false
	}
	if err := c.answer(questions); err != nil {
		return nil, err
	}
	sts := make([]standing, len(rs))
	admitted := map[access.Object]error{}
	for i, r := range rs {
		manages, decides := ask(r)
		st := &sts[i]
		here := func(has bool, o access.Object) (bool, error) {
			if !has || r.Orphaned {
				return has, nil
			}
			refusal, known := admitted[o]
			if !known {
				refusal = c.fromAllowedAddress(o)
				admitted[o] = refusal
			}
			if refusal == nil || access.KindOf(refusal) != access.KindDenied {
				return refusal == nil, refusal
			}
			st.elsewhere = refusal
			return false, nil
		}
		mine := r.Requester == ActorName(c.actor) && (c.actor.Organization == "" || orgs[r.Chatbot] == c.actor.Organization) // B3
		for _, way := range []struct {
			is  *bool
			has bool
			on  access.Object
		}{{&st.asked, mine, manages.on}, {&st.manages, questions[manages], manages.on}, {&st.decides, questions[decides], decides.on}} {
			var err error
			if *way.is, err = here(way.has, way.on); err != nil {
				return nil, err
			}
		}
	}
	return sts, nil
}

// right is an action on an object, and rights whether the actor has each.
type (
	right struct {
		action access.Action
		on     access.Object
	}
	rights map[right]bool
)

// answer asks the engine for all of the rights, action by action.
func (c *caller) answer(all rights) error {
	byAction := map[access.Action][]access.Object{}
	for r := range all {
		byAction[r.action] = append(byAction[r.action], r.on)
	}
	for action, objects := range byAction {
		allowed, err := c.mayEach(action, objects)
		if err != nil {
			return err
		}
		for i, o := range objects {
			all[right{action, o}] = allowed[i]
		}
	}
	return nil
}

// Request reads one request.
func (s *Service) Request(ctx context.Context, actor access.Actor, id access.RequestID) (r access.Request, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		r, _, err = c.request(id)
		r.State = r.StateAt(c.now)
		return err
	})
	return r, err
}

// RequestQuery filters a list of requests. Decidable leaves those that are pending and that the actor decides.
type RequestQuery struct {
	State     access.RequestState
	Chatbot   access.ChatbotID
	Decidable bool
}

// Requests lists the requests that the actor made, may decide or may cancel, the newest first.
func (s *Service) Requests(ctx context.Context, actor access.Actor, q RequestQuery, p Page) (rs []access.Request, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		f := store.RequestFilter{State: q.State, Chatbot: q.Chatbot}
		if q.Decidable {
			f.State = access.RequestPending
		}
		if q.State == access.RequestExpired { // some are still kept as pending
			f.State = ""
		}
		rs, next, err = visible(p,
			func(before string, limit int) ([]access.Request, error) {
				return c.Requests(f, access.RequestID(before), limit)
			},
			func(r access.Request) string { return string(r.ID) },
			func(rs []access.Request) ([]bool, error) {
				sts, err := c.standings(rs)
				if err != nil {
					return nil, err
				}
				listed := make([]bool, len(rs))
				for i, r := range rs {
					state := r.StateAt(c.now)
					listed[i] = sts[i].sees() && (q.State == "" || state == q.State) &&
						(!q.Decidable || sts[i].decides && state == access.RequestPending)
				}
				return listed, nil
			})
		for i := range rs {
			rs[i].State = rs[i].StateAt(c.now)
		}
		return err
	})
	return rs, next, err
}
