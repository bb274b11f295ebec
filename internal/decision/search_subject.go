package decision

import (
	"context"
	"maps"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// AnonymousVisitor stands for every visitor in the results of a subject search: visitors have no IDs of their own, and all of them have the same
// access.
const AnonymousVisitor = "anonymous"

// SearchSubjects finds the subjects of req.Subject.Type that can do the action on the resource; req.Subject.ID is ignored. Access open to everyone is
// expanded to the directory's active users; for a confined key, and for a user who is not a site admin, only to the people of the resource's
// organization, because neither may learn who else exists. API keys are found by their IDs, and visitors as AnonymousVisitor. Errors are those of
// SearchResources.
func (s *Service) SearchSubjects(ctx context.Context, actor access.Actor, req Request, page Page) (Found, error) {
	req.Subject.ID = ""
	if access.Type(req.Subject.Type) == access.TypeAPIKey {
		req.Subject.Properties = maps.Clone(req.Subject.Properties)
		if req.Subject.Properties == nil {
			req.Subject.Properties = map[string]any{}
		}
		req.Subject.Properties["by"] = byID
	}
	r, w, err := s.beginSearch(ctx, "subject", actor, req, page)
	if err != nil {
		return Found{}, err
	}
	candidates, err := r.subjects(ctx, req)
	if err != nil {
		r.figures.searched("subject", 0, err)
		return Found{}, err
	}
	next := listed(candidates.named)
	if candidates.everyone {
		next = r.everyone(ctx, candidates)
	}
	found, err := r.collect(ctx, w, next, func(id string) Request {
		one := req
		one.Subject.ID = id
		return one
	})
	r.figures.searched("subject", r.tried, err)
	if err == nil {
		r.recordSearch(ctx, "subject", req, found)
	}
	return found, err
}

// candidates are the candidates of a subject search.
type candidates struct {
	named    []string              // sorted
	everyone bool                  // and all active users
	of       access.OrganizationID // of this organization only, unless it is ""
}

// subjects looks up the candidates.
func (r *round) subjects(ctx context.Context, req Request) (candidates, error) {
	o := req.Resource.object()
	permission, known := r.permission(o.Type, req.Action.Name)
	subjectType := access.Type(req.Subject.Type)
	if !known || !isResourceID(o.Type, o.ID) || !isSubjectType(subjectType) {
		return candidates{}, nil
	}
	scope, err := r.scope(ctx, o)
	if err != nil {
		return candidates{}, err
	}
	if scope.nobody {
		return candidates{}, nil
	}
	if scope.selfOnly {
		if subjectType != access.TypeUser {
			return candidates{}, nil
		}
		return candidates{named: []string{string(r.actor.User)}}, nil
	}
	values := r.lookupValues(req, access.Subject{Type: subjectType}, access.User{})
	delete(values, schema.ParamEmailDomain) // open to everyone; the engine lists only users for whom it would matter
	if !spice.ValuesFit(values) {
		return candidates{}, nil // every evaluation would deny
	}
	question := spice.Question{Subject: access.Subject{Type: subjectType}, Permission: permission, Resource: o, Context: values}
	found := candidates{of: scope.of}
	found.named, err = r.gathered(func(each func(string) error) error {
		return r.engine.Subjects(ctx, r.engineState, r.extension, question, func(id string) error {
			if id != spice.Wildcard {
				return each(id)
			}
			switch subjectType {
			case access.TypeUser:
				found.everyone = !scope.named
			case access.TypeVisitor:
				return each(AnonymousVisitor)
			}
			return nil
		})
	})
	if r.actor.User != "" && subjectType == access.TypeUser {
		found.named = sortedOnce(append(found.named, string(r.actor.User)))
	}
	return found, err
}

// scope limits the users that the actor can find.
type scope struct {
	nobody   bool                  // the actor may not ask about the resource
	selfOnly bool                  // a user without manage_access on the resource finds only themself (C7)
	named    bool                  // access open to everyone is not expanded
	of       access.OrganizationID // it is expanded to the people of this organization, or to all for ""
}

func (r *round) scope(ctx context.Context, o access.Object) (scope, error) {
	var managing spice.Question
	var manageable, belongs, admitted bool
	var org access.OrganizationID
	err := r.directory.View(ctx, func(facts Facts) (err error) {
		n := r.userCache(facts)
		if r.actorUser, err = n.user(r.actor.User); err != nil {
			return err
		}
		if managing, manageable, err = r.managing(n, o); err != nil {
			return err
		}
		if org, belongs, err = n.OrganizationOf(o); err != nil {
			return err
		}
		admitted, err = r.admits(n, o)
		return err
	})
	switch outside := r.actor.Organization != "" && (!belongs || org != r.actor.Organization); {
	case err != nil:
		return scope{}, err
	case outside:
		return scope{nobody: true}, nil // B3
	case r.actor.User == "":
		return scope{of: r.actor.Organization}, nil
	}
	if !manageable {
		return scope{selfOnly: true}, nil
	}
	answers, err := r.ask(ctx, []spice.Question{managing, r.actorQuestion(access.PlatformObject, string(access.Administer))})
	if err != nil {
		return scope{}, err
	}
	for _, a := range answers {
		if a.Err != nil && access.KindOf(a.Err) != access.KindInvalid {
			return scope{}, a.Err
		}
	}
	switch manages, administers := answers[0].Allowed, answers[1].Allowed; {
	case !manages || !admitted:
		return scope{selfOnly: true}, nil
	case administers && r.actor.Organization == "":
		return scope{}, nil
	}
	return scope{of: org, named: !belongs}, nil
}

// everyone walks the named candidates and the directory's users together, in byte order.
func (r *round) everyone(ctx context.Context, c candidates) func(after string, n int) ([]string, error) {
	return func(after string, n int) ([]string, error) {
		var users []access.UserID
		err := r.directory.View(ctx, func(facts Facts) (err error) {
			users, err = facts.ActiveUsers(c.of, access.UserID(after), n)
			return err
		})
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(users))
		for i, u := range users {
			ids[i] = string(u)
		}
		named := behind(c.named, after)
		return firstOf(n, ids, named[:min(n, len(named))]), nil
	}
}
