package authzen

import (
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// semantic says how far an Access Evaluations request is carried out.
type semantic string

const (
	executeAll          semantic = "execute_all"
	denyOnFirstDeny     semantic = "deny_on_first_deny"
	permitOnFirstPermit semantic = "permit_on_first_permit"
)

var semantics = []semantic{executeAll, denyOnFirstDeny, permitOnFirstPermit}

// cut is the answers up to the one that decides.
func (s semantic) cut(answers []decision.Answer) []decision.Answer {
	for i, a := range answers {
		if s == denyOnFirstDeny && !a.Allowed || s == permitOnFirstPermit && a.Allowed {
			return answers[:i+1]
		}
	}
	return answers
}

// batch is an Access Evaluations request. An item that is malformed has an error and no request.
type batch struct {
	semantic semantic
	requests []decision.Request
	errs     []error
}

// batch reads an Access Evaluations request of at most so many evaluations; the second result is false for one without evaluations, which is a single one.
func (m members) batch(most int) (batch, bool, error) {
	if !m.has("evaluations") {
		return batch{}, false, nil
	}
	items, ok := m.values["evaluations"].([]any)
	if !ok {
		return batch{}, false, wrong(m.pointer("evaluations"), "must be an array")
	}
	if len(items) == 0 {
		return batch{}, false, nil
	}
	if len(items) > most {
		return batch{}, false, access.Refuse(access.KindTooLarge, "", "a call can have at most %d evaluations, and this one has %d", most, len(items))
	}
	b := batch{semantic: executeAll, requests: make([]decision.Request, len(items)), errs: make([]error, len(items))}
	if err := m.defaults(); err != nil {
		return batch{}, false, err
	}
	options, err := m.optionalObject("options")
	if err != nil {
		return batch{}, false, err
	}
	o := members{at: m.pointer("options"), values: options}
	if o.has("evaluations_semantic") {
		text, err := o.text("evaluations_semantic")
		if err != nil {
			return batch{}, false, err
		}
		if b.semantic = semantic(text); !slices.Contains(semantics, b.semantic) {
			return batch{}, false, wrong(o.pointer("evaluations_semantic"), "must be one of %v", semantics)
		}
	}
	for i, item := range items {
		b.requests[i], b.errs[i] = m.item(fmt.Sprintf("/evaluations/%d", i), item)
	}
	return b, true, nil
}

// defaults refuses defaults that are no objects. They may lack members: an item may bring them.
func (m members) defaults() error {
	for _, name := range []string{"subject", "action", "resource", "context"} {
		if _, err := m.optionalObject(name); err != nil {
			return err
		}
	}
	return nil
}

// item reads one evaluation. A member that it has replaces the default as a whole. Nothing inside it is merged: completing an entity that lacks its
// type or ID with those of the default would answer about something that nobody named (certification, 3.2.7).
func (m members) item(pointer string, v any) (decision.Request, error) {
	own, err := asObject(pointer, v)
	if err != nil {
		return decision.Request{}, err
	}
	merged := members{at: pointer, values: map[string]any{}}
	for _, name := range []string{"subject", "action", "resource", "context"} {
		merged.values[name] = m.values[name]
		if own.has(name) {
			merged.values[name] = own.values[name]
		}
	}
	return merged.evaluation()
}
