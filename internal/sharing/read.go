package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// read runs one reading use case on a snapshot of the facts. It never asks the engine while it holds a snapshot, because the store has few of them:
// if fn needs an answer that is not known yet, it ends with errUnanswered, the engine is asked, and fn runs again on a newer snapshot with the
// answer. So fn may run several times, and should ask as much at once as it can.
func (s *Service) read(ctx context.Context, actor access.Actor, fn func(*caller) error) error {
	if _, ok := actor.Subject(); !ok {
		return access.Refuse(access.KindUnauthenticated, "B2", "authentication is required")
	}
	fresh, unfresh := s.outbox.Fresh(ctx, true)
	asking := &asking{known: map[string]spice.Answer{}, found: map[access.Action][]access.ChatbotID{}}
	for {
		err := s.snapshot(ctx, actor, func(c *caller) error {
			c.fresh, c.unfresh, c.asking = fresh, unfresh, asking
			if asking.now.IsZero() {
				asking.now = c.now
			}
			c.now = asking.now
			return fn(c)
		})
		if !errors.Is(err, errUnanswered) {
			return err
		}
		if err := asking.ask(ctx, s.engine, fresh); err != nil {
			return err
		}
	}
}

// snapshot is read for long reads that do not ask the engine, such as an export: fn runs once.
func (s *Service) snapshot(ctx context.Context, actor access.Actor, fn func(*caller) error) error {
	return s.db.View(ctx, func(tx *store.Tx) error { return fn(s.caller(ctx, tx, actor)) })
}

// errUnanswered ends a run of a reading use case that needs an answer from the engine.
var errUnanswered = errors.New("sharing: the engine is to be asked first")

// asking holds the questions of a reading use case and the engine's answers.
type asking struct {
	now   time.Time
	known map[string]spice.Answer
	open  []spice.Question

	found  map[access.Action][]access.ChatbotID // sorted
	sought map[access.Action]spice.Question
}

// name identifies a question; the clock of a use case stands still.
func name(q spice.Question) string {
	return fmt.Sprintf("%s %t %q %s %s %q", q.Subject.Type, q.Subject.Confined, q.Subject.ID, q.Permission, q.Resource.Type, q.Resource.ID)
}

// answers returns the answers to the questions, if all are known.
func (a *asking) answers(qs []spice.Question) ([]spice.Answer, error) {
	answers := make([]spice.Answer, len(qs))
	var open []spice.Question
	for i, q := range qs {
		var known bool
		if answers[i], known = a.known[name(q)]; !known {
			open = append(open, q)
		}
	}
	if len(open) > 0 {
		a.open = open
		return nil, errUnanswered
	}
	return answers, nil
}

// ask sends the open questions to the engine.
func (a *asking) ask(ctx context.Context, engine Engine, fresh spice.Freshness) error {
	answers, err := engine.CheckAll(ctx, fresh, a.open)
	if err != nil {
		return err
	}
	for i, q := range a.open {
		a.known[name(q)] = answers[i]
	}
	a.open = nil
	for action, q := range a.sought {
		var found []access.ChatbotID
		err := engine.Resources(ctx, fresh, q, func(id string) error {
			found = append(found, access.ChatbotID(id))
			return nil
		})
		if err != nil {
			return err
		}
		slices.Sort(found)
		a.found[action] = slices.Compact(found)
	}
	a.sought = nil
	return nil
}

// chatbotsWith lists the chatbots on which the actor's user has the action, sorted. It is for reading use cases.
func (c *caller) chatbotsWith(action access.Action) ([]access.ChatbotID, error) {
	if found, known := c.asking.found[action]; known {
		return found, nil
	}
	if c.unfresh != nil {
		return nil, notInEngine(c.unfresh)
	}
	c.asking.sought = map[access.Action]spice.Question{action: {
		Subject: access.Subject{Type: access.TypeUser, ID: string(c.actor.User)}, Permission: string(action),
		Resource: access.Object{Type: access.TypeChatbot}, Context: map[string]any{schema.ParamTime: c.now.Format(time.RFC3339Nano)},
	}}
	return nil, errUnanswered
}
