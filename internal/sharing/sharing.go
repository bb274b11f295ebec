// Package sharing makes every change of access, one use case a file, and reads what can be changed.
//
// It is the only writer. It checks a change against the facts in the store and the engine's decision about the actor, writes facts, record and
// outbox entry in one transaction, and carries the change to the engine before it answers. Each use case takes the actor as an argument and names
// the rule that refuses it. It must not answer access checks: package decision does.
package sharing

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/record"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// applyWithin is how long a committed change may take to reach the engine before its caller gets an error. The change is not lost: the outbox carries
// it as soon as the engine answers.
const applyWithin = 30 * time.Second

// maxWaiting is the maximum number of changes that wait for their turn. Callers of this package limit how many they accept at a time.
const maxWaiting = 10_000

// Engine answers about the actor; *spice.Client is one.
type Engine interface {
	Check(ctx context.Context, f spice.Freshness, q spice.Question) (spice.Answer, error)
	CheckAll(ctx context.Context, f spice.Freshness, qs []spice.Question) ([]spice.Answer, error)
	Resources(ctx context.Context, f spice.Freshness, q spice.Question, each func(id string) error) error
}

// Config is what a Service needs.
type Config struct {
	Store   *store.DB
	Engine  Engine
	Outbox  *outbox.Carrier
	Secrets *secret.Hasher
	Admits  func(*store.Tx) error // refuses changes by a process that must not make any; nil refuses none
	Mails   bool                  // whether there is a mail server, so that emails are queued for it
	// RecordRetention is how long entries of the record are kept, within an hour or so (H2); 0 keeps them forever.
	RecordRetention time.Duration
	InvitationTTL   time.Duration    // how long an invitation can be accepted (N1); 0 means DefaultInvitationTTL
	Now             func() time.Time // nil means time.Now
	Log             *slog.Logger

	OutsideMails int // how many emails to outsiders an actor sends in an hour (S11); 0 means DefaultOutsideMails

	RequestTTL time.Duration // how long a request waits for its decision (S7); 0 means DefaultRequestTTL

	SessionLifetime time.Duration // how long a session of the console lasts (D6); 0 means DefaultSessionLifetime
}

// Service is the use cases.
type Service struct {
	db            *store.DB
	engine        Engine
	outbox        *outbox.Carrier
	secrets       *secret.Hasher
	admits        func(*store.Tx) error
	mails         bool
	retain        time.Duration
	now           func() time.Time
	log           *slog.Logger
	turn          *fair.Limiter // one change at a time, callers in turn (B6); its holder knows that engine and facts agree
	invitationTTL time.Duration

	outsideMails int

	requestTTL      time.Duration
	sessionLifetime time.Duration
	keyRounds       rounds // of the upkeep

	refusals *record.Refusals
	names    atomic.Pointer[record.Names]

	rehearsal *Rehearsal // of a rehearsal's facts, or nil for the real ones
}

// New makes the service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Admits == nil {
		c.Admits = func(*store.Tx) error { return nil }
	}
	if c.RequestTTL == 0 {
		c.RequestTTL = DefaultRequestTTL
	}
	if c.OutsideMails == 0 {
		c.OutsideMails = DefaultOutsideMails
	}
	if c.InvitationTTL == 0 {
		c.InvitationTTL = DefaultInvitationTTL
	}
	if c.SessionLifetime == 0 {
		c.SessionLifetime = DefaultSessionLifetime
	}
	return &Service{
		db: c.Store, engine: c.Engine, outbox: c.Outbox, secrets: c.Secrets, admits: c.Admits, mails: c.Mails, retain: c.RecordRetention, now: c.Now, log: c.Log,
		turn: fair.New(fair.Config{Places: 1, Waiting: maxWaiting}), requestTTL: c.RequestTTL, invitationTTL: c.InvitationTTL,
		sessionLifetime: c.SessionLifetime,
		outsideMails:    c.OutsideMails, refusals: record.NewRefusals(c.Store, c.Now, c.Log),
	}
}

// Change is the common part of every change's result.
type Change struct {
	Token   spice.Token // a decision with it includes the change
	Changed bool        // false if nothing had to change
	// RefusedKeys are the account keys that the change refused, as far as the actor manages them (B5).
	RefusedKeys []access.KeyID
}

// Reassignment is a chatbot with its new owner (O3).
type Reassignment struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	To      access.UserID    `json:"to"`
}

// change is a running change: the caller within a write transaction, and the effects so far.
type change struct {
	*caller
	action   string
	resource access.Object

	before, after any
	changed       bool
	deltas        []spice.Changes
	effects       []effect      // on facts other than the one of before and after
	about         access.Object // the organization of the last of them, whose record gets the entry
	aboutIn       access.OrganizationID
	removals      []removal
	reassignments []reassignment
	refusedKeys   []access.KeyID
	handover      *handover // the recipient of account keys that would be refused, or nil
	handedOver    []HandedOver
	unmailed      []access.Mail // emails that would have been sent with a mail server

	repeat   bool // the call was carried out before and is only checked: see ErrRepeated
	withheld bool // its actor has lost what it gave, so the first answer is not returned again

	outcome access.Outcome // the outcome for the record: done, or pending if others decide (S4–S6)
	refusal *access.Error  // the refusal for the caller of a committed change: a failed request or invitation is closed (S8, N1)
}

// refold notes that the implied relationships change from before to after.
func (c *change) refold(before, after spice.Relationships) {
	if d := spice.Diff(before, after); len(d) > 0 {
		c.deltas = append(c.deltas, d)
		c.changed = true
	}
}

// state notes the main fact before and after, for the record, and whether it changed.
func (c *change) state(before, after any) {
	c.before, c.after, c.changed = before, after, true
}

// change runs one use case from the lock to the answer. A refusal is recorded too (H1).
func (s *Service) change(ctx context.Context, actor access.Actor, action string, resource access.Object, fn func(*change) error) (Change, error) {
	return s.changes(ctx, actor, []step{{action: action, resource: resource, run: fn}})
}

// changeOrTry is change, or with dryRun the same without keeping anything except the record of a refusal (H1).
func (s *Service) changeOrTry(ctx context.Context, actor access.Actor, dryRun bool, action string, resource access.Object, fn func(*change) error) (Change, error) {
	return s.carryOut(ctx, actor, []step{{action: action, resource: resource, run: fn}}, dryRun)
}

// step is one use case of several that are committed together.
type step struct {
	action   string
	resource access.Object
	run      func(*change) error
}

func (s *Service) changes(ctx context.Context, actor access.Actor, steps []step) (Change, error) {
	return s.carryOut(ctx, actor, steps, false)
}

func (s *Service) carryOut(ctx context.Context, actor access.Actor, steps []step, dryRun bool) (Change, error) {
	turn, err := s.turn.Take(ctx, actor.Holder(), nil)
	if err != nil {
		return Change{}, access.Unavailable(err)
	}
	defer turn.Release()
	var changed bool
	var failed step
	if len(steps) > 0 {
		failed = steps[0]
	}
	var entry int64
	var large bool
	var unmailed []access.Mail
	var refusedKeys []access.KeyID
	var refusal *access.Error
	err = s.exclusively(ctx, func(tx *store.Tx, parked outbox.Parked) error {
		changed, entry, large, unmailed, refusedKeys, refusal = false, 0, false, nil, nil, nil
		var deltas []spice.Changes
		if err := s.caller(ctx, tx, actor).stillCalls(); err != nil {
			return err
		}
		repeat, err := s.caller(ctx, tx, actor).repeats()
		if err != nil {
			return err
		}
		for _, st := range steps {
			failed = st
			c := &change{caller: s.caller(ctx, tx, actor), action: st.action, resource: st.resource, outcome: access.Done, repeat: repeat}
			if err := c.mayChange(); err != nil {
				return err
			}
			home, err := c.recordedIn(c.resource)
			if err != nil {
				return err
			}
			if err := st.run(c); err != nil {
				failed.resource = c.resource
				if repeat {
					return c.repeatedRefusal(err)
				}
				return err
			}
			if repeat || !c.changed {
				if err := parked.RefusesAbout(c.resource); err != nil {
					return err
				}
				continue
			}
			changed = true
			deltas = append(deltas, c.deltas...)
			unmailed = append(unmailed, c.unmailed...)
			refusedKeys = append(refusedKeys, c.refusedKeys...)
			if err := c.recordDone(home); err != nil {
				return err
			}
			if refusal = c.refusal; refusal != nil {
				continue // the request was not carried out
			}
			if err := c.noteOnce(); err != nil {
				return err
			}
		}
		if repeat {
			return ErrRepeated // which rolls back the steps' writes
		}
		if merged := spice.Merge(deltas...); len(merged) > 0 {
			if err := merged.Validate(); err != nil {
				return &access.Error{Kind: access.KindInternal, Detail: "cannot carry a change to the engine", Cause: err}
			}
			if err := parked.Refuses(merged); err != nil {
				return err
			}
			if entry, large, err = outbox.Commit(tx, merged, s.now()); err != nil {
				return err
			}
		}
		if dryRun {
			return errRollback
		}
		return nil
	})
	if dryRun && errors.Is(err, errRollback) {
		entry, unmailed, err = 0, nil, nil
	}
	if err != nil {
		switch {
		case errors.Is(err, ErrRepeated): // not a refusal
		case access.KindOf(err) == access.KindUnauthenticated: // since the call was let in
			s.refusedAtDoor(actor, failed.resource, err)
		default:
			s.recordRefusal(ctx, actor, failed, err)
		}
		return Change{}, err
	}

	for _, m := range unmailed {
		s.log.Info("no email was sent, because no mail server is configured", "request_id", actor.RequestID, "kind", m.About.Kind, "notification", m.About.ID, "invitation", m.Invitation)
	}

	if large {
		turn.Release() // other changes are carried between its parts
	}
	// The change is committed: a caller who hangs up does not stop it from reaching the engine.
	applying, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyWithin)
	defer cancel()
	token, err := s.outbox.Deliver(applying, entry)
	switch {
	case err != nil && dryRun:
		return Change{}, notBegun(err)
	case err != nil:
		return Change{}, madeButNotCarried(err)
	case refusal != nil:
		return Change{}, refusal
	}
	return Change{Token: token, Changed: changed, RefusedKeys: refusedKeys}, nil
}

// catchUps is the number of times a change starts again because other servers have committed changes that the engine does not have yet.
const catchUps = 10

// exclusively runs fn in the write transaction in which facts are changed, one at a time across all processes, once the engine has everything
// committed before: also changes of other processes, and those whose callers got a timeout.
func (s *Service) exclusively(ctx context.Context, fn func(*store.Tx, outbox.Parked) error) error {
	for range catchUps {
		if _, err := s.outbox.Drain(ctx); err != nil {
			return notBegun(err)
		}
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			if err := tx.LockChanges(); err != nil {
				return err
			}
			if err := s.admits(tx); err != nil {
				return err
			}
			parked, err := s.outbox.CatchUp(ctx, tx)
			if err != nil {
				return notBegun(err)
			}
			return fn(tx, parked)
		})
		if !errors.Is(err, outbox.ErrBehind) {
			return err
		}
	}
	return notBegun(outbox.ErrBehind)
}

// notBegun is the error of a change that did not begin, because earlier ones wait in the outbox. Whatever the engine has against these is not the fault
// of the current caller.
func notBegun(err error) error {
	return &access.Error{
		Kind: access.KindUnavailable, Cause: err,
		Detail: "nothing was changed, because earlier changes have not reached the engine yet: try again",
	}
}

// notInEngine is the error for an engine that does not have everything committed, so that it cannot be asked.
func notInEngine(err error) error {
	if access.KindOf(err) == access.KindUnavailable {
		return err
	}
	return access.Unavailable(err)
}

// madeButNotCarried is the error for a change that is committed and waits in the outbox.
func madeButNotCarried(err error) error {
	return &access.Error{
		Kind: access.KindUnavailable, Cause: err,
		Detail: "the change was made and takes effect as soon as the engine has it, without another call; until then, repeating the call can be refused",
	}
}

// ActorName is how the record and the lists name an actor.
func ActorName(a access.Actor) string { return a.Name() }
