package decision

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// A search gets its candidates from the engine and decides each as an evaluation would, so that the two agree (R4). Results are transitive. Unknown
// types and IDs find nothing.

// leastAtOnce and mostAtOnce are the minimum and maximum number of candidates decided in one call to the engine.
const (
	leastAtOnce = 100
	mostAtOnce  = MaxEvaluations
)

// SearchResources finds the resources of req.Resource.Type on which the subject can do the action; req.Resource.ID is ignored. Errors are those of
// Evaluate, of kind Invalid for a page that does not fit, and of kind TooLarge for more values than a search can compare with limits.
func (s *Service) SearchResources(ctx context.Context, actor access.Actor, req Request, page Page) (Found, error) {
	req.Resource.ID = ""
	r, w, err := s.beginSearch(ctx, "resource", actor, req, page)
	if err != nil {
		return Found{}, err
	}
	candidates, err := r.resources(ctx, req)
	if err != nil {
		r.figures.searched("resource", 0, err)
		return Found{}, err
	}
	found, err := r.collect(ctx, w, listed(candidates), func(id string) Request {
		one := req
		one.Resource.ID = id
		return one
	})
	r.figures.searched("resource", r.tried, err)
	if err == nil {
		r.recordSearch(ctx, "resource", req, found)
	}
	return found, err
}

// SearchActions finds the actions that the subject can do on the resource; req.Action.Name is ignored. Errors are those of SearchResources.
func (s *Service) SearchActions(ctx context.Context, actor access.Actor, req Request, page Page) (Found, error) {
	req.Action.Name = ""
	r, w, err := s.beginSearch(ctx, "action", actor, req, page)
	if err != nil {
		return Found{}, err
	}
	names := s.actions(access.Type(req.Resource.Type))
	next := func(after string, n int) ([]string, error) {
		rest := names[slices.Index(names, after)+1:]
		return rest[:min(n, len(rest))], nil
	}
	found, err := r.collect(ctx, w, next, func(name string) Request {
		one := req
		one.Action.Name = name
		return one
	})
	r.figures.searched("action", r.tried, err)
	if err == nil {
		r.recordSearch(ctx, "action", req, found)
	}
	return found, err
}

// beginSearch checks the actor, the token and the page.
func (s *Service) beginSearch(ctx context.Context, kind string, actor access.Actor, req Request, page Page) (*round, window, error) {
	if err := somebody(actor); err != nil {
		return nil, window{}, err
	}
	if req.Token != "" {
		if _, err := spice.ParseToken(string(req.Token)); err != nil {
			return nil, window{}, err
		}
	}
	w, err := page.open(searchDigest(kind, actor, req, page))
	if err != nil {
		return nil, w, err
	}
	r, err := s.round(ctx, actor, req.demanding())
	return r, w, err
}

// collect decides candidates until there is one more than the page needs. next returns at most n candidates after the given one, and fewer only at
// the end.
func (r *round) collect(ctx context.Context, w window, next func(after string, n int) ([]string, error), of func(id string) Request) (Found, error) {
	atOnce := min(max(w.limit+1, leastAtOnce), mostAtOnce)
	found := []string{}
	for after := w.after; len(found) <= w.limit; {
		ids, err := next(after, atOnce)
		if err != nil {
			return Found{}, err
		}
		reqs := make([]Request, len(ids))
		for i, id := range ids {
			reqs[i] = of(id)
		}
		r.tried += len(reqs)
		answers, err := r.evaluate(ctx, r.actor, reqs)
		if err != nil {
			return Found{}, err
		}
		for i, a := range answers {
			if a.Err != nil {
				return Found{}, a.Err
			}
			if a.Allowed {
				found = append(found, ids[i])
			}
		}
		if len(ids) < atOnce {
			break
		}
		after = ids[len(ids)-1]
	}
	return w.found(found), nil
}

// listed walks a sorted list.
func listed(ids []string) func(after string, n int) ([]string, error) {
	return func(after string, n int) ([]string, error) {
		rest := behind(ids, after)
		return rest[:min(n, len(rest))], nil
	}
}

// behind returns the part of the sorted list after the ID.
func behind(ids []string, after string) []string {
	from, there := slices.BinarySearch(ids, after)
	if there {
		from++
	}
	return ids[from:]
}

// resources lists the candidates of a resource search, sorted.
func (r *round) resources(ctx context.Context, req Request) ([]string, error) {
	t := access.Type(req.Resource.Type)
	permission, known := r.permission(t, req.Action.Name)
	if !known {
		return nil, nil
	}
	subject, known, err := r.subject(ctx, req.Subject)
	if err != nil || !known {
		return nil, err
	}
	if r.actor.User != "" && !r.isActor(subject) {
		return r.managedResources(ctx, t)
	}
	var u access.User
	if subject.Type == access.TypeUser {
		err := r.directory.View(ctx, func(facts Facts) (err error) {
			u, err = r.userCache(facts).user(access.UserID(subject.ID))
			return err
		})
		if err != nil || u.Gone() {
			return nil, err
		}
	}
	values := r.lookupValues(req, subject, u)
	if domain, ok := values[schema.ParamEmailDomain]; !ok || domain == "" {
		values[schema.ParamEmailDomain] = "" // no domain passes no gate, and needs no second check
	}
	limited := t == access.TypeFeature || r.extension.MeetsLimits(t)
	if limited && !req.tooWide() {
		values[schema.ParamValues] = everyNumber(req.Action.Properties)
	}
	if limited && req.tooWide() || !spice.ValuesFit(values) {
		return nil, access.Refuse(access.KindTooLarge, "F1", "the request has more values than a search can take: send only those it needs")
	}
	question := spice.Question{Subject: subject, Permission: permission, Resource: access.Object{Type: t}, Context: values}
	return r.gathered(func(each func(string) error) error { return r.engine.Resources(ctx, r.engineState, question, each) })
}

// managedResources lists the candidates of a user's search about others: the resources that the user manages, the same for every subject, so that the
// time reveals nothing about the subject's other access (C6, C7).
func (r *round) managedResources(ctx context.Context, t access.Type) ([]string, error) {
	managing, known := spice.Question{}, false
	hangs := t == access.TypeFeature || t == access.TypeDocument || t == access.TypeMCPServer || t == access.TypeMetric
	err := r.directory.View(ctx, func(facts Facts) (err error) {
		n := r.userCache(facts)
		if r.actorUser, err = n.user(r.actor.User); err != nil || hangs {
			return err
		}
		managing, known, err = r.managing(n, access.Object{Type: t})
		return err
	})
	if err != nil {
		return nil, err
	}
	if hangs {
		managing, known = r.actorQuestion(access.Object{Type: access.TypeChatbot}, string(access.ManageAccess)), true
	}
	if !known || t == access.TypePlatform {
		return []string{access.Platform}, nil
	}
	ids, err := r.gathered(func(each func(string) error) error { return r.engine.Resources(ctx, r.engineState, managing, each) })
	if err != nil || !hangs {
		return ids, err
	}
	return r.gathered(func(each func(string) error) error {
		return r.directory.View(ctx, func(facts Facts) error { return eachHanging(facts, t, ids, each) })
	})
}

// eachHanging returns the IDs of the chatbots' resources.
func eachHanging(facts Facts, t access.Type, chatbots []string, each func(string) error) error {
	for _, bot := range chatbots {
		for after, more := "", true; more; {
			var ids []string
			if t == access.TypeFeature {
				features, err := facts.Features(access.ChatbotID(bot), after, leastAtOnce)
				if err != nil {
					return err
				}
				for _, f := range features {
					ids = append(ids, f.Name)
				}
			} else {
				var err error
				if ids, err = facts.ResourceIDs(t, access.ChatbotID(bot), after, leastAtOnce); err != nil {
					return err
				}
			}
			for _, id := range ids {
				after = id
				if t == access.TypeFeature {
					id = access.FeatureID(access.ChatbotID(bot), id)
				}
				if err := each(id); err != nil {
					return err
				}
			}
			more = len(ids) == leastAtOnce
		}
	}
	return nil
}

// lookupValues are the values for looking up candidates. A missing link counts as a wrong one; otherwise every chatbot with a link would be a
// candidate.
func (r *round) lookupValues(req Request, subject access.Subject, u access.User) map[string]any {
	values := r.builtinValues(req, u)
	if _, ok := values[schema.ParamLink]; !ok {
		values[schema.ParamLink] = ""
	}
	addExtensionValues(values, r.extension.Parameters(access.Type(req.Resource.Type)), req, subject, r.now)
	return values
}

// gathered collects the engine's stream, sorted, without duplicates.
func (r *round) gathered(stream func(each func(string) error) error) ([]string, error) {
	var ids []string
	err := stream(func(id string) error {
		ids = append(ids, id)
		return nil
	})
	return sortedOnce(ids), err
}
