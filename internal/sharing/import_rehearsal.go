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

// Rehearsal tries rows, and keeps nothing.
type Rehearsal struct {
	ctx   context.Context //nolint:containedctx // the call's: a rehearsal lasts as long as one import
	tx    *store.Tx
	s     *Service
	actor access.Actor
	read  memo

	committed *store.DB       // the facts that the engine knows
	people    []access.UserID // the people to whom the actor's key belongs
	known     map[asked]spice.Answer

	// Rights that earlier rows may have taken from the actor, which the engine does not know yet.
	lowered  bool                      // something of the actor's own
	narrowed map[access.ChatbotID]bool // something the actor shares with others
	lapsed   error                     // why the actor's key would be refused from now on (B5), or nil
	withheld bool                      // the current row depends on one of these
}

// errRollback ends the transaction of a rehearsal or a dry run, which is never committed.
var errRollback = errors.New("nothing of it stays")

// Rehearse calls fn with a Rehearsal on the current facts. It is for few rows: other changes wait until fn returns. fn must not make changes, and
// must not wait for its caller.
func (s *Service) Rehearse(ctx context.Context, actor access.Actor, fn func(*Rehearsal) error) error {
	return s.rehearse(ctx, s.db, actor, fn)
}

// RehearseAside calls fn with a Rehearsal in a scratch store over the facts, which takes space only for the rows it touches. The store is created at
// path, where no file may exist, and stays there for the caller to remove. Other changes continue, and fn may see them.
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
		return notInEngine(err)
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

// begin refuses a key that is no longer in force, and notes to whom the key belongs.
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

// asked is a question to the engine about the actor.
type asked struct {
	subject    access.Subject
	permission string
	resource   access.Object
}

// answers returns the engine's answers, each asked once: they are of the state at the beginning, whatever the rows change. When the rows are written,
// the engine is asked again.
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

// errLater rolls back a row that has to be tried after all others.
var errLater = errors.New("the row takes rights from the actor")

// Try checks the row and makes it true for later rows. It returns what Import would return, and, as a *RowError, why the row is refused; the
// rehearsal then continues as if the row did not exist. Rows must have passed Check and be ordered by Rank.
//
// A row that takes rights from the actor on which other rows may depend is Postponed, and not made true, unless last is set. Callers try such rows
// again once all others were tried, and write them in that order.
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
	r.read = memo{} // of the rolled back row
	switch {
	case errors.Is(err, errLater):
		return Postponed, nil
	case refuses(err):
		return "", &RowError{Err: r.explained(err)}
	}
	return "", err
}

// takes reports whether these changes take rights from the actor that are known before all rows are tried. An address may have to move to another
// user within the import, so the row of its user keeps its place.
func (r *Rehearsal) takes(deltas []spice.Changes) bool {
	if r.actor.User == "" {
		return false
	}
	return slices.ContainsFunc(spice.Merge(deltas...).LowersAt(r.actor.User), func(t access.Type) bool {
		return t != schema.TypeEmail && t != schema.TypeEmailDomain
	})
}

// lapses returns why these changes make the actor's key refused (B5), or nil.
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

// note remembers the rights that a row may have taken from the actor.
func (r *Rehearsal) note(deltas []spice.Changes) {
	changes := spice.Merge(deltas...)
	r.lowered = r.lowered || r.actor.User != "" && len(changes.LowersAt(r.actor.User)) > 0
	for _, bot := range changes.Narrowed() {
		r.narrowed[bot] = true
	}
}

// doubts reports whether earlier rows may have changed the engine's answer about the object.
func (r *Rehearsal) doubts(o access.Object) bool {
	return r != nil && (r.lowered || o.Type == access.TypeChatbot && r.narrowed[access.ChatbotID(o.ID)])
}

// explained adds to a refusal that an earlier row caused it, if it did.
func (r *Rehearsal) explained(err error) error {
	var refused *access.Error
	if !r.withheld || !errors.As(err, &refused) {
		return err
	}
	more := *refused
	more.Detail += "; an earlier row of the import takes it from you"
	return &more
}

// doubted answers instead of the engine if earlier rows may have taken the right that the engine still reports.
func (c *caller) doubted(action access.Action, o access.Object) (bool, error) {
	has, err := c.byFacts(action, o)
	c.s.rehearsal.withheld = c.s.rehearsal.withheld || !has
	return has, err
}

// uncommitted answers instead of the engine about an object that the same import has just created.
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
