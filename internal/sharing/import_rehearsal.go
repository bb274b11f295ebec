package sharing

import (
	"context"
	"errors"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// Rehearsal tries rows, and nothing of it stays.
type Rehearsal struct {
	ctx   context.Context
	tx    *store.Tx
	s     *Service
	actor access.Actor
	read  memo

	committed *store.DB       // the facts that the engine knows
	people    []access.UserID // to whom the actor's key belongs
	known     map[asked]spice.Answer

	// What earlier rows may have taken from the actor, without the engine's knowledge.
	lowered  bool                      // something of the actor's own
	narrowed map[access.ChatbotID]bool // what the actor may have together with others
	lapsed   error                     // why the actor's key is refused from then on (B5), or nil
	withheld bool                      // the row that is tried has asked for something of that
}

// errRollback ends the transaction of a rehearsal or a dry run, which is never committed.
var errRollback = errors.New("nothing of it stays")

// Rehearse gives fn a Rehearsal on the facts as they are now. It is for few rows: other changes wait until fn returns, which must not
// change anything itself, nor wait for the caller.
func (s *Service) Rehearse(ctx context.Context, actor access.Actor, fn func(*Rehearsal) error) error {
	return s.rehearse(ctx, s.db, actor, fn)
}

// RehearseAside gives fn a Rehearsal in a store of its own over the facts, which takes the space of what the rows touch and make. It is made at
// path, where no file is, and stays there for the caller to remove. Changes are not held up, and those made meanwhile may be seen.
func (s *Service) RehearseAside(ctx context.Context, actor access.Actor, path string, fn func(*Rehearsal) error) (err error) {
	facts, err := s.db.Overlay(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, facts.Close()) }()
	return s.rehearse(ctx, facts, actor, fn)
}

func (s *Service) rehearse(ctx context.Context, facts *store.DB, actor access.Actor, fn func(*Rehearsal) error) error {
	if _, err := s.outbox.Fresh(ctx, true); err != nil {
		return undelivered(err)
	}
	err := facts.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockChanges(); err != nil {
			return err
		}
		r := &Rehearsal{ctx: ctx, tx: tx, actor: actor, committed: s.db, narrowed: map[access.ChatbotID]bool{}}
		r.s = &Service{db: facts, engine: s.engine, outbox: s.outbox, secrets: s.secrets, now: s.now, log: s.log, rehearsal: r}
		if err := r.begin(); err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}

// begin refuses a key that is no longer in force, and notes whose the key is.
func (r *Rehearsal) begin() error {
	if !r.actor.Keyed() || r.actor.Key == secret.RootKey {
		return nil
	}
	k, _, err := r.tx.AccountKey(r.actor.Key)
	if err != nil {
		return err
	}
	r.people = k.BelongsTo
	return r.stillCalls()
}

func (r *Rehearsal) stillCalls() error { return r.s.caller(r.ctx, r.tx, r.actor).stillCalls() }

// asked is what the engine was asked about the actor.
type asked struct {
	subject    access.Subject
	permission string
	resource   access.Object
}

// answers are the engine's, each asked for once: its state is the one of the beginning, whatever the rows say. When the rows are written it is asked anew.
func (r *Rehearsal) answers(c *caller, qs []spice.Question) ([]spice.Answer, error) {
	answers := make([]spice.Answer, len(qs))
	var open []int
	var unknown []spice.Question
	for i, q := range qs {
		known, ok := r.known[asked{q.Subject, q.Permission, q.Resource}]
		if answers[i] = known; !ok {
			open, unknown = append(open, i), append(unknown, q)
		}
	}
	if len(unknown) == 0 {
		return answers, nil
	}
	got, err := c.s.engine.CheckAll(c.ctx, c.fresh, unknown)
	if err != nil {
		return nil, err
	}
	for n, a := range got {
		if r.known == nil || len(r.known) >= maxRemembered {
			r.known = map[asked]spice.Answer{}
		}
		if q := unknown[n]; a.Err == nil {
			r.known[asked{q.Subject, q.Permission, q.Resource}] = a
		}
		answers[open[n]] = a
	}
	return answers, nil
}

// errLater undoes a row that is to be tried after all others.
var errLater = errors.New("the row takes rights from the actor")

// Try judges the row and makes it true for the rows after it. It reports what Import would report, and, as a *RowError, why the row is refused;
// the rehearsal goes on after that, as if the row were not there. Rows are checked and in the order of their ranks.
//
// A row that takes from the actor what other rows may rest on is Postponed, and not made true, unless it is one of the last: once all others are tried, it
// is tried again, and so it is written.
func (r *Rehearsal) Try(row Row, last bool) (Result, error) {
	if r.lapsed != nil {
		return "", &RowError{Err: r.lapsed}
	}
	if expiredAt(row, r.s.now()) {
		return Expired, nil
	}
	r.withheld = false
	result := Unchanged
	var deltas []spice.Changes
	var lapsed error
	err := store.Attempt(r.tx, func() error {
		for _, st := range row.steps() {
			c := &change{caller: r.s.caller(r.ctx, r.tx, r.actor), action: st.action, resource: st.resource}
			c.memo = r.read.of(r.tx)
			if err := c.mayChange(); err != nil {
				return err
			}
			if err := st.run(c); err != nil {
				return err
			}
			result = result.after(c)
			deltas = append(deltas, c.deltas...)
		}
		var err error
		if lapsed, err = r.lapses(deltas); err != nil {
			return err
		}
		if !last && (lapsed != nil || r.takes(deltas)) {
			return errLater
		}
		return nil
	})
	if err == nil {
		r.note(deltas)
		r.lapsed = lapsed
		return result, nil
	}
	r.read = memo{} // of what was undone
	switch {
	case errors.Is(err, errLater):
		return Postponed, nil
	case refuses(err):
		return "", &RowError{Err: r.explained(err)}
	}
	return "", err
}

// takes reports whether a row whose changes these are takes rights from the actor that are known before all rows are tried. An address may have
// to pass to another user in the same import, so that the row of its user has its place.
func (r *Rehearsal) takes(deltas []spice.Changes) bool {
	if r.actor.User == "" {
		return false
	}
	return slices.ContainsFunc(spice.Merge(deltas...).LowersAt(r.actor.User), func(t access.Type) bool {
		return t != schema.TypeEmail && t != schema.TypeEmailDomain
	})
}

// lapses says why a row whose changes these are has the actor's key refused (B5), or nil.
func (r *Rehearsal) lapses(deltas []spice.Changes) (why, err error) {
	changes := spice.Merge(deltas...)
	if !slices.ContainsFunc(r.people, func(person access.UserID) bool { return len(changes.LowersAt(person)) > 0 }) {
		return nil, nil
	}
	err = r.stillCalls()
	var refused *access.Error
	if errors.As(err, &refused) && refused.Kind == access.KindUnauthenticated {
		return access.Deniedf(refused.Rule, "an earlier row of the import takes a right that your key depends on: %s", refused.Detail), nil
	}
	return nil, err
}

// note remembers what a row may have taken from the actor.
func (r *Rehearsal) note(deltas []spice.Changes) {
	changes := spice.Merge(deltas...)
	r.lowered = r.lowered || r.actor.User != "" && len(changes.LowersAt(r.actor.User)) > 0
	for _, bot := range changes.Narrowed() {
		r.narrowed[bot] = true
	}
}

// doubts reports whether earlier rows may have taken from the actor what the engine says about the object.
func (r *Rehearsal) doubts(o access.Object) bool {
	return r != nil && (r.lowered || o.Type == access.TypeChatbot && r.narrowed[access.ChatbotID(o.ID)])
}

// explained says of a refusal that it is for what an earlier row has taken, if it is.
func (r *Rehearsal) explained(err error) error {
	var refused *access.Error
	if !r.withheld || !errors.As(err, &refused) {
		return err
	}
	more := *refused
	more.Detail += "; an earlier row of the import takes it from you"
	return &more
}

// doubted answers for the engine where earlier rows may have taken from the actor what it says yes to.
func (c *caller) doubted(action access.Action, o access.Object) (bool, error) {
	has, err := c.byFacts(action, o)
	c.s.rehearsal.withheld = c.s.rehearsal.withheld || !has
	return has, err
}

// uncommitted answers for the engine where it cannot know the object, because the same import has just made it.
func (c *caller) uncommitted(action access.Action, o access.Object) (bool, error) {
	committed := c.s.db
	if c.s.rehearsal != nil {
		committed = c.s.rehearsal.committed
	}
	var known bool
	if err := committed.View(c.ctx, func(tx *store.Tx) (err error) {
		_, known, err = tx.OrganizationOf(o)
		return err
	}); err != nil || known {
		return false, err
	}
	return c.byFacts(action, o)
}
