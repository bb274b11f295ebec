package decision

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// MaxEvaluations is the maximum number of requests in one call of EvaluateAll.
const MaxEvaluations = 1000

// Evaluate decides one request. Unknown things are denied (C1). An error means that there is no decision (C4): of kind Unauthenticated for an actor
// without an identity, Invalid for a malformed token, Unavailable if the engine or the store cannot answer.
func (s *Service) Evaluate(ctx context.Context, actor access.Actor, req Request) (Answer, error) {
	call := callSingle
	if req.Explain {
		call = callExplanation
	}
	answers, err := s.evaluateAs(ctx, call, actor, []Request{req})
	if err != nil {
		return Answer{}, err
	}
	return answers[0], answers[0].Err
}

// EvaluateAll decides many requests at one moment; the answers are in the order of the requests. A request that cannot be decided has its error in
// its answer, and does not fail the others. More than MaxEvaluations requests are refused with an error of kind TooLarge.
func (s *Service) EvaluateAll(ctx context.Context, actor access.Actor, reqs []Request) ([]Answer, error) {
	if len(reqs) > MaxEvaluations {
		return nil, access.Refuse(access.KindTooLarge, "", "a call can have at most %d evaluations, and this one has %d", MaxEvaluations, len(reqs))
	}
	return s.evaluateAs(ctx, callBatch, actor, reqs)
}

// evaluateAs decides, counts and records.
func (s *Service) evaluateAs(ctx context.Context, call string, actor access.Actor, reqs []Request) ([]Answer, error) {
	if err := somebody(actor); err != nil {
		return nil, err
	}
	r, items, err := s.settleAll(ctx, actor, reqs)
	answers := answersOf(items)
	s.figures.decided(s, call, reqs, answers, err)
	if err != nil {
		return nil, err
	}
	r.recordEvaluations(ctx, items)
	return answers, nil
}

// somebody refuses an actor without an identity.
func somebody(actor access.Actor) error {
	if _, ok := actor.Subject(); !ok {
		return access.Refuse(access.KindUnauthenticated, "", "authentication is required")
	}
	return nil
}

// round is one call: all of its items are decided for one actor, at one moment, at one freshness.
type round struct {
	*Service
	actor       access.Actor
	actorUser   access.User // the actor's user, as the directory knows them
	now         time.Time
	engineState spice.Freshness
	newest      bool                    // the facts must include what other servers have changed (C3)
	keys        map[string]access.KeyID // by secret; "" for unknown secrets
	sent        sentValues              // the parsed values of earlier items
	tried       int                     // number of candidates that a search has decided
}

// round starts a call. If newest is true, it uses the newest state of all servers (C3).
func (s *Service) round(ctx context.Context, actor access.Actor, newest bool) (*round, error) {
	fresh, err := s.fresh(ctx, newest)
	return &round{Service: s, actor: actor, now: s.now(), engineState: fresh, newest: newest}, err
}

// item is a request that is being answered.
type item struct {
	req        Request
	answer     Answer
	subject    access.Subject
	permission string
	guard      *spice.Question // what the actor needs before the item may be answered (C7), or nil
	stage      stage
	why        string // why it was settled without the engine, or why it failed
	values     map[string]any
	mistyped   []string
	limits     map[string]float64
	limited    limited
	missing    []string       // in the engine's names
	failed     bool           // conditions cannot be computed with the values sent
	private    bool           // it was settled because of the subject
	veiled     bool           // the subject is a stranger about whom gates could reveal something (C7)
	instead    *access.Object // the chatbot on which update is asked instead, or nil
	absent     bool           // the facts have no such resource; the engine may not know yet that it was deleted
	mayKnowWhy bool           // the actor may know the reason (C6)
	trace      spice.Trace    // for an extension's resource with an explanation
}

// stage is the progress of an item.
type stage int

const (
	open    stage = iota // the engine has to be asked
	settled              // a denial without asking the engine, or an error
	hidden               // for this actor the resource does not exist (C6)
	decided              // the engine has answered
)

// evaluate is EvaluateAll without its limit and without recording, for an actor with an identity.
func (s *Service) evaluate(ctx context.Context, actor access.Actor, reqs []Request) ([]Answer, error) {
	_, items, err := s.settleAll(ctx, actor, reqs)
	return answersOf(items), err
}

func answersOf(items []*item) []Answer {
	answers := make([]Answer, len(items))
	for i, it := range items {
		answers[i] = it.answer
	}
	return answers
}

// settleAll answers requests.
func (s *Service) settleAll(ctx context.Context, actor access.Actor, reqs []Request) (*round, []*item, error) {
	r, err := s.round(ctx, actor, slices.ContainsFunc(reqs, Request.demanding))
	if err != nil {
		return nil, nil, err
	}
	items := make([]*item, len(reqs))
	for i, req := range reqs {
		if err := ctx.Err(); err != nil {
			return nil, nil, access.Unavailable(err)
		}
		items[i] = r.read(ctx, req)
	}
	err = s.directory.Recall(ctx, r.newest, func(facts Facts) error { return r.lookUp(ctx, r.userCache(facts), items) })
	if err != nil {
		return nil, nil, err
	}
	if err := r.guard(ctx, items); err != nil {
		return nil, nil, err
	}
	if err := r.decide(ctx, items); err != nil {
		return nil, nil, err
	}
	if err := r.tell(ctx, items); err != nil {
		return nil, nil, err
	}
	return r, items, nil
}

// read settles what follows from the request alone.
func (r *round) read(ctx context.Context, req Request) *item {
	it := &item{req: req}
	if req.Token != "" {
		if _, err := spice.ParseToken(string(req.Token)); err != nil {
			return it.fail(err)
		}
	}
	var known bool
	var err error
	if it.permission, known = r.permission(access.Type(req.Resource.Type), req.Action.Name); !known {
		return it.settle("unknown action for this type of resource")
	}
	if !isResourceID(access.Type(req.Resource.Type), req.Resource.ID) {
		return it.settle("invalid ID of a resource")
	}
	if it.subject, known, err = r.subject(ctx, req.Subject); err != nil {
		return it.fail(err)
	}
	if !known {
		return it.settleBySubject("unknown subject")
	}
	return it
}

func (it *item) settle(why string) *item {
	it.stage, it.why = settled, why
	return it
}

// settleBySubject is settle for reasons about the subject, which not every actor may learn.
func (it *item) settleBySubject(why string) *item {
	it.private = true
	return it.settle(why)
}

func (it *item) fail(err error) *item {
	it.stage, it.answer = settled, Answer{Err: err}
	return it
}

// decide asks the engine about every open item.
func (r *round) decide(ctx context.Context, items []*item) error {
	var asked []*item
	var questions []spice.Question
	for _, it := range items {
		if it.stage != open {
			continue
		}
		if err := r.traced(ctx, it); err != nil {
			return err
		}
		asked = append(asked, it)
		questions = append(questions, it.question())
	}
	answers, err := r.ask(ctx, questions)
	if err != nil {
		return err
	}
	for i, it := range asked {
		it.stage = decided
		switch a := answers[i]; {
		case it.absent: // the engine was asked anyway, so that the time does not reveal whether it exists (C6)
		case a.Err == nil:
			it.answer.Allowed, it.missing = a.Allowed, a.Missing
		case access.KindOf(a.Err) == access.KindInvalid:
			// The values have the right types, but a condition still fails on them: a denial, never an error (C1).
			it.failed, it.why = true, "a condition cannot be computed with the values sent"
		default:
			it.fail(a.Err)
		}
	}
	return nil
}

func (it *item) question() spice.Question {
	if it.instead != nil {
		return spice.Question{Subject: it.subject, Permission: string(access.Update), Resource: *it.instead, Context: it.values}
	}
	return spice.Question{Subject: it.subject, Permission: it.permission, Resource: it.req.Resource.object(), Context: it.values}
}

// ask returns the engine's answers. It repeats a refused question alone, because a question among many shares the refusal of the others.
func (r *round) ask(ctx context.Context, questions []spice.Question) ([]spice.Answer, error) {
	if len(questions) == 1 {
		a := r.askAlone(ctx, questions[0])
		if a.Err != nil && access.KindOf(a.Err) != access.KindInvalid {
			return nil, a.Err
		}
		return []spice.Answer{a}, nil
	}
	answers, err := r.engine.CheckAll(ctx, r.engineState, questions)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		if a.Err != nil && access.KindOf(a.Err) == access.KindInvalid {
			answers[i] = r.askAlone(ctx, questions[i])
		}
	}
	return answers, nil
}

func (r *round) askAlone(ctx context.Context, q spice.Question) spice.Answer {
	a, err := r.engine.Check(ctx, r.engineState, q)
	if err != nil {
		return spice.Answer{Err: err}
	}
	return a
}

// limitsStopped reports whether only the limits of a feature deny it. Values that are not all within the limits are not sent to the engine; if it
// reports them missing, nothing else denies.
func (it *item) limitsStopped() bool {
	for _, name := range it.missing {
		if name == schema.ParamValues {
			return true
		}
	}
	return false
}
