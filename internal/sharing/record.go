package sharing

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// effect is a fact that a change altered in addition to its main one, before and after; nil means that the fact does not exist.
type effect struct {
	Kind   string `json:"kind"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`

	in access.OrganizationID // the organization of the fact, or "" for the platform
}

// dropped is the effect on a fact that was removed along with the change.
func dropped(kind string, fact any) effect { return effect{Kind: kind, Before: fact} }

// altered is the effect on a fact that changed; before is nil for a new one.
func altered(kind string, before, after any) effect {
	return effect{Kind: kind, Before: before, After: after}
}

// addEffect adds an effect to the record. of is the object that the fact belongs to, and must still exist.
func (c *change) addEffect(e effect, of access.Object) (err error) {
	if c.about != of || of.Type != access.TypeOrganization && of.Type != access.TypeTeam { // many of its facts are removed at once
		if c.aboutIn, err = c.recordedIn(of); err != nil {
			return err
		}
		c.about = of
	}
	e.in = c.aboutIn
	c.effects = append(c.effects, e)
	return nil
}

// recordedIn is the organization whose record contains entries about the object: the one it belongs to, or a user's home; "" is the platform's
// record, which also has the entries about things that do not exist.
func (c *caller) recordedIn(o access.Object) (access.OrganizationID, error) {
	switch o.Type {
	case access.TypeUser:
		u, _, err := c.User(access.UserID(o.ID))
		return u.Organization, err
	case typeKey:
		k, _, err := c.AccountKey(access.KeyID(o.ID))
		return k.Organization, err
	}
	org, _, err := c.OrganizationOf(o)
	return org, err
}

// entry is the common part of all record entries of the change.
func (c *change) entry(outcome access.Outcome, in access.OrganizationID) access.Record {
	return access.Record{
		Time: c.now, Actor: ActorName(c.actor), Key: c.actor.Credential(), Action: c.action, Resource: c.resource, Organization: in,
		Address: c.actor.Address, RequestID: c.actor.RequestID, Outcome: outcome,
	}
}

// recordDone appends the committed change to the record of the organization that the resource belonged to or now belongs to, and its other effects to
// the records of the organizations whose facts they are (H1); no organization reads about another's facts (C6). A move of a user between homes is in
// the platform's record.
func (c *change) recordDone(before access.OrganizationID) error {
	home, err := c.recordedIn(c.resource)
	if err != nil {
		return err
	}
	switch {
	case home == "":
		home = before
	case before != "" && before != home:
		home = ""
	}
	in := []access.OrganizationID{home}
	effects := map[access.OrganizationID][]effect{}
	kind, _, _ := strings.Cut(c.action, ".")
	for _, e := range c.effects {
		if e.in == home && e.Kind == kind && reflect.DeepEqual(e.Before, c.before) && reflect.DeepEqual(e.After, c.after) {
			continue // the resource of the change
		}
		if !slices.Contains(in, e.in) {
			in = append(in, e.in)
		}
		effects[e.in] = append(effects[e.in], e)
	}
	for i, org := range in {
		r := c.entry(c.outcome, org)
		if c.refusal != nil {
			r.Outcome, r.Rule, r.Detail = access.Refused, c.refusal.Rule, c.refusal.Detail
		}
		if i == 0 {
			if r.Before, err = asJSON(c.before); err != nil {
				return err
			}
			if r.After, err = asJSON(c.after); err != nil {
				return err
			}
		}
		if len(effects[org]) > 0 {
			if r.Effects, err = asJSON(effects[org]); err != nil {
				return err
			}
		}
		if _, err := c.AppendRecord(r); err != nil {
			return err
		}
	}
	return nil
}

// recordRefusal records a refusal by a rule. Invalid requests and internal errors are not refusals.
func (s *Service) recordRefusal(ctx context.Context, actor access.Actor, st step, cause error) {
	if err := s.recordRefusals(ctx, actor, []refusedStep{{st, cause}}); err != nil {
		s.log.Error("cannot record a refusal", "action", st.action, "resource", st.resource.String(), "error", err)
	}
}

// refusedStep is a refused step with its error.
type refusedStep struct {
	step
	cause error
}

// recordRefusals is recordRefusal for several.
func (s *Service) recordRefusals(ctx context.Context, actor access.Actor, refused []refusedStep) error {
	ctx = context.WithoutCancel(ctx)
	var entries []access.Record
	err := s.db.View(ctx, func(tx *store.Tx) error {
		entries = nil
		for _, r := range refused {
			refusal, ok := recorded(r.cause)
			if !ok {
				continue
			}
			c := &change{caller: s.caller(ctx, tx, actor), action: r.action, resource: r.resource}
			in, err := c.recordedIn(c.resource)
			if err != nil {
				return err
			}
			e := c.entry(access.Refused, in)
			e.Rule, e.Detail = refusal.Rule, refusal.Detail
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil || len(entries) == 0 {
		return err
	}
	return s.refusals.Record(ctx, entries...)
}

// recorded returns the refusal in the error, and whether refusals of its kind are recorded.
func recorded(cause error) (*access.Error, bool) {
	var refusal *access.Error
	if !errors.As(cause, &refusal) {
		return nil, false
	}
	switch refusal.Kind {
	case access.KindDenied, access.KindNotFound, access.KindConflict, access.KindIDTaken, access.KindUnprocessable:
		return refusal, true
	}
	return nil, false
}

func asJSON(state any) (string, error) {
	if state == nil {
		return "", nil
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // so that searches find text as it was written
	err := e.Encode(state)
	return strings.TrimSuffix(text.String(), "\n"), err
}
