package sharing

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// request loads a request that the actor sees (C6), with the actor's part in it.
func (c *caller) request(id access.RequestID) (access.Request, involvement, error) {
	o := access.Obj(typeRequest, id)
	r, ok, err := c.Request(id)
	if err != nil {
		return r, involvement{}, err
	}
	if !ok {
		return r, involvement{}, access.NotFound(o)
	}
	sts, err := c.involvements([]access.Request{r})
	if err != nil {
		return r, involvement{}, err
	}
	switch st := sts[0]; {
	case st.sees():
		return r, st, nil
	case st.elsewhere != nil:
		return r, st, st.elsewhere
	}
	return r, involvement{}, access.NotFound(o)
}

// involvement is an actor's part in a request.
type involvement struct {
	asked     bool  // is its requester
	decides   bool  // could share with the principal immediately (S7)
	manages   bool  // has manage_access on the chatbot
	elsewhere error // the actor's part if the address of the call were allowed (B4)
}

func (st involvement) sees() bool { return st.asked || st.decides || st.manages }

// mustDecide refuses actors who do not decide the request.
func (st involvement) mustDecide() error {
	if st.decides {
		return nil
	}
	return st.otherwise("only those who could make this share immediately can decide the request")
}

func (st involvement) otherwise(detail string) error {
	if st.elsewhere != nil {
		return st.elsewhere
	}
	return access.Deniedf("S7", "%s", detail)
}

// involvements returns the actor's part in each of the requests, with few calls of the engine. Only its requester and site admins see a request whose
// chatbot or principal no longer exists (O4).
func (c *caller) involvements(rs []access.Request) ([]involvement, error) {
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
		d, _ := decisionFor(orgs[r.Chatbot], r.Principal)
		return right{access.ManageAccess, access.Obj(access.TypeChatbot, r.Chatbot)}, right{d.action, d.on}
	}
	for _, r := range rs {
		manages, decides := ask(r)
		questions[manages], questions[decides] = false, false
	}
	if err := c.answer(questions); err != nil {
		return nil, err
	}
	sts := make([]involvement, len(rs))
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

// answer asks the engine for all rights.
func (c *caller) answer(all rights) error {
	list := slices.Collect(maps.Keys(all))
	allowed, err := c.mayAll(list)
	if err != nil {
		return err
	}
	for i, r := range list {
		all[r] = allowed[i]
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

// RequestQuery filters a list of requests. Decidable selects pending ones that the actor can decide.
type RequestQuery struct {
	State     access.RequestState
	Chatbot   access.ChatbotID
	Decidable bool
}

// Requests lists the requests that the actor made, can decide or can cancel, newest first.
func (s *Service) Requests(ctx context.Context, actor access.Actor, q RequestQuery, p Page) (rs []access.Request, next string, err error) {
	err = s.readPage(ctx, actor, p, "", func(c *caller) error {
		f := store.RequestFilter{State: q.State, Chatbot: q.Chatbot}
		if q.Decidable {
			f.State = access.RequestPending
		}
		if q.State == access.RequestExpired { // some are stored as pending although they have expired
			f.State = ""
		}
		all, err := c.visibleRequests(f)
		if err != nil {
			return err
		}
		rs, next, err = visible(p, all, func(r access.Request) string { return string(r.ID) },
			func(rs []access.Request) ([]bool, error) {
				sts, err := c.involvements(rs)
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

// visibleRequests is a source of the requests that the actor may see, and some others: those it made, those for chatbots on which it has
// manage_access or on whose organization it has update, and those for principals it decides about (S7).
func (c *caller) visibleRequests(f store.RequestFilter) (source[access.Request], error) {
	requests := func(f store.RequestFilter) source[access.Request] {
		return func(before string, limit int) ([]access.Request, error) {
			return c.Requests(f, access.RequestID(before), limit)
		}
	}
	sc, err := c.scope()
	if err != nil || sc.all {
		return requests(f), err
	}
	var sources []source[access.Request]
	add := func(narrow func(*store.RequestFilter)) {
		one := f
		narrow(&one)
		sources = append(sources, requests(one))
	}
	add(func(f *store.RequestFilter) { f.Requester = ActorName(c.actor) })
	bots, err := c.managedChatbots(sc)
	if err != nil {
		return nil, err
	}
	for _, bot := range bots {
		if f.Chatbot == "" || f.Chatbot == bot {
			add(func(f *store.RequestFilter) { f.Chatbot = bot })
		}
	}
	teams, err := c.decidedTeams(sc)
	if err != nil {
		return nil, err
	}
	for _, team := range teams {
		add(func(f *store.RequestFilter) {
			f.Principal = access.Principal{Kind: access.PrincipalTeam, ID: string(team)}
		})
	}
	for _, org := range sc.manages {
		add(func(f *store.RequestFilter) {
			f.Principal = access.Principal{Kind: access.PrincipalOrganization, ID: string(org)}
		})
	}
	newestFirst := func(a, b access.Request) int { return cmp.Compare(b.ID, a.ID) }
	return merged(newestFirst, sources...), nil
}

// managedChatbots returns the chatbots on which the actor has manage_access, and those of organizations on which it has update.
func (c *caller) managedChatbots(sc scope) ([]access.ChatbotID, error) {
	var bots []access.ChatbotID
	if c.actor.User != "" {
		managed, err := c.chatbotsWith(access.ManageAccess)
		if err != nil {
			return nil, err
		}
		bots = slices.Clone(managed)
	}
	for _, org := range sc.manages {
		all, err := c.Chatbots(store.ChatbotFilter{Organization: org}, "", 0)
		if err != nil {
			return nil, err
		}
		for _, b := range all {
			bots = append(bots, b.ID)
		}
	}
	slices.Sort(bots)
	return slices.Compact(bots), nil
}

// decidedTeams returns the teams whose members the actor manages (T1).
func (c *caller) decidedTeams(sc scope) ([]access.TeamID, error) {
	var teams []access.TeamID
	if c.actor.User != "" {
		own, err := c.TeamsOf(c.actor.User)
		if err != nil {
			return nil, err
		}
		for _, m := range own {
			if m.Role == access.TeamAdmin {
				teams = append(teams, m.Team)
			}
		}
	}
	for _, org := range sc.manages {
		all, err := c.Teams(store.TeamFilter{Organization: org}, "", 0)
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			teams = append(teams, t.ID)
		}
	}
	slices.Sort(teams)
	return slices.Compact(teams), nil
}

// RequestRights is what an actor may do about a request that is pending.
type RequestRights struct {
	Decides bool // approve and deny it
	Cancels bool
}

// RequestRights says what the actor may do about the request, which it must be able to see.
func (s *Service) RequestRights(ctx context.Context, actor access.Actor, id access.RequestID) (r RequestRights, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		_, st, err := c.request(id)
		r = RequestRights{Decides: st.decides, Cancels: st.asked || st.manages}
		return err
	})
	return r, err
}
