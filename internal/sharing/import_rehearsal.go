package sharing

import (
	"context"
	"errors"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Rehearsal tries rows, and nothing of it stays.
type Rehearsal struct {
	ctx   context.Context
	tx    *store.Tx
	s     *Service
	actor access.Actor
	read  memo
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
	scratch := &Service{db: facts, engine: s.engine, outbox: s.outbox, secrets: s.secrets, now: s.now, log: s.log, rehearsalOf: s.db}
	err := facts.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockChanges(); err != nil {
			return err
		}
		if err := fn(&Rehearsal{ctx: ctx, tx: tx, s: scratch, actor: actor}); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}

// Try judges the row and makes it true for the rows after it. It reports whether that changed anything, and, as a *RowError, why the row is refused;
// the rehearsal goes on after that, as if the row were not there. Rows are checked and in the order of their ranks.
func (r *Rehearsal) Try(row Row) (bool, error) {
	changed := false
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
			changed = changed || c.changed
		}
		return nil
	})
	if err == nil {
		return changed, nil
	}
	r.read = memo{} // of what was undone
	if refuses(err) {
		return false, &RowError{Err: err}
	}
	return false, err
}

// uncommitted answers for the engine where it cannot know the object, because the same import has just made it: what follows from the owner,
// from organization roles, and from P1.
func (c *caller) uncommitted(action access.Action, o access.Object) (bool, error) {
	committed := c.s.rehearsalOf
	if committed == nil {
		committed = c.s.db
	}
	var known bool
	if err := committed.View(c.ctx, func(tx *store.Tx) (err error) {
		_, known, err = tx.OrganizationOf(o)
		return err
	}); err != nil || known {
		return false, err
	}
	org, ok, err := c.OrganizationOf(o)
	if err != nil || !ok {
		return false, err
	}
	in := access.Obj(access.TypeOrganization, org)
	switch o.Type {
	case access.TypeOrganization:
		return c.may(access.Administer, access.PlatformObject)
	case access.TypeTeam:
		return c.may(access.Update, in)
	case access.TypeChatbot:
		b, _, err := c.Chatbot(access.ChatbotID(o.ID))
		switch {
		case err != nil || b.Owner == c.actor.User && b.Owner != "":
			return err == nil, err
		case action == access.Transfer || action == access.Delete:
			return c.may(access.Delete, in)
		case b.Visibility == access.OwnerOnly && action != access.ManageAccess && action != access.See:
			return false, nil
		}
		return c.may(access.Update, in)
	}
	return false, nil
}
