package authzen

import (
	"errors"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// decided is a Decision. It holds a context only where there is something to say.
type decided struct {
	Decision bool     `json:"decision"`
	Context  *details `json:"context,omitempty"`
}

// details is the context of a Decision.
type details struct {
	Reason   string             `json:"reason,omitempty"`
	Missing  []string           `json:"missing,omitempty"`
	Mistyped []string           `json:"mistyped,omitempty"`
	Limits   map[string]float64 `json:"limits,omitempty"`
	Error    *itemError         `json:"error,omitempty"`

	Because          []string `json:"because,omitempty"`
	StoppedBy        []string `json:"stopped_by,omitempty"`
	CouldBeGrantedBy []string `json:"could_be_granted_by,omitempty"`

	Rules map[string]string `json:"rules,omitempty"` // the page that explains each rule named above
}

// itemError says why one evaluation of many could not be decided.
type itemError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// manyDecided is the answer to several evaluations.
type manyDecided struct {
	Evaluations []decided `json:"evaluations"`
}

// answered is the Decision for one answer.
func (h *Handler) answered(a decision.Answer) decided {
	d := details{Reason: a.Reason, Missing: a.Missing, Mistyped: a.Mistyped, Limits: a.Limits}
	if a.Err != nil {
		d.Error = &itemError{Status: h.status(access.KindOf(a.Err)), Message: message(a.Err)}
	}
	if a.Why != nil {
		d.Because, d.StoppedBy, d.CouldBeGrantedBy = a.Why.Because, a.Why.StoppedBy, a.Why.CouldBeGrantedBy
		d.Rules = h.rules(a.Why)
	}
	if a.Why == nil && d.Reason == "" && len(d.Missing) == 0 && len(d.Mistyped) == 0 && len(d.Limits) == 0 && d.Error == nil {
		return decided{Decision: a.Allowed}
	}
	return decided{Decision: a.Allowed && a.Err == nil, Context: &d}
}

// explained is the answer to an explanation.
type explained struct {
	Decision         bool     `json:"decision"`
	Because          []string `json:"because"`
	StoppedBy        []string `json:"stopped_by"`
	CouldBeGrantedBy []string `json:"could_be_granted_by"`

	Rules map[string]string `json:"rules"`
}

func (h *Handler) explanation(a decision.Answer) explained {
	some := func(sentences []string) []string { return append([]string{}, sentences...) }
	return explained{
		Decision: a.Allowed, Because: some(a.Why.Because), StoppedBy: some(a.Why.StoppedBy), CouldBeGrantedBy: some(a.Why.CouldBeGrantedBy),
		Rules: h.rules(a.Why),
	}
}

// rules is the page of each rule that the explanation names.
func (h *Handler) rules(why *decision.Explanation) map[string]string {
	pages := map[string]string{}
	for _, rule := range why.Rules() {
		pages[rule] = h.ruleURL(rule)
	}
	return pages
}

// message is what a caller may read of an error.
func message(err error) string {
	var known *access.Error
	if errors.As(err, &known) && known.Kind != access.KindInternal {
		return known.Detail
	}
	return "internal server error"
}

// searched is the answer to a search; the page comes first, so that a caller can read on while the results arrive.
type searched struct {
	Page    pageInfo `json:"page"`
	Results []any    `json:"results"`
}

type pageInfo struct {
	NextToken string `json:"next_token"`
	Count     int    `json:"count"`
}

// foundEntity is a subject or a resource that was found: put into an evaluation as it is, it is allowed.
type foundEntity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// foundAction is an action that was found.
type foundAction struct {
	Name string `json:"name"`
}

func results(f decision.Found, of func(id string) any) searched {
	s := searched{Page: pageInfo{NextToken: f.Next, Count: len(f.IDs)}, Results: make([]any, len(f.IDs))}
	for i, id := range f.IDs {
		s.Results[i] = of(id)
	}
	return s
}
