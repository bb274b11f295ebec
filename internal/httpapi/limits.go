package httpapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// Limits bound what callers can make the server do. What exceeds one is answered with an error of kind TooLarge or Exhausted, and what takes
// too long with one of kind Unavailable, never with a part of an answer.
type Limits struct {
	Body        int64 // of a call, in bytes; imports have their own
	ImportBody  int64 // of an import, in bytes; 0 is none
	Evaluations int   // in one batch, at most decision.MaxEvaluations

	// Calls, Changes and Transfers are how many questions, changes, and imports and exports are worked on at the same time. Each has its own
	// limit, so that changes that wait for a slow engine do not keep questions out.
	Calls, Changes, Transfers int
	Waiting                   int           // how many more of each wait for their turn
	Wait                      time.Duration // how long they wait, before they are refused

	Call   time.Duration // how long a call may take; imports and exports may take as long as they need
	Search time.Duration // how long a search may take
	IO     time.Duration // how long a caller may take to send a body or to take an answer; for imports and exports, each part of it

	KeyRate      float64 // calls a second of one key or user, and in a burst those of burstOf; 0 is no limit
	StrangerRate float64 // the same, for calls from one address that bring no credentials that are known; 0 is no limit
}

// burstOf is how long a caller can save up calls.
const burstOf = 5 * time.Second

// DefaultLimits suit a server of some cores.
var DefaultLimits = Limits{
	Body: 1 << 20, ImportBody: 4 << 30, Evaluations: decision.MaxEvaluations,
	Calls: 256, Changes: 64, Transfers: 4, Waiting: 256, Wait: time.Second,
	Call: 30 * time.Second, Search: 10 * time.Second, IO: 30 * time.Second,
	KeyRate: 5000, StrangerRate: 20,
}

// Check refuses limits that let nobody in.
func (l Limits) Check() error {
	switch {
	case l.Body < 1 || l.ImportBody < 0:
		return errors.New("a body has at least a byte")
	case l.Evaluations < 1 || l.Evaluations > decision.MaxEvaluations:
		return fmt.Errorf("a batch has between 1 and %d evaluations", decision.MaxEvaluations)
	case l.Calls < 1 || l.Changes < 1 || l.Transfers < 1:
		return errors.New("at least one call of each sort is worked on")
	case l.Waiting < 0 || l.Wait < 0:
		return errors.New("calls do not wait for less than no time")
	case l.Call <= 0 || l.Search <= 0 || l.IO <= 0:
		return errors.New("a call takes some time")
	case l.KeyRate < 0 || l.StrangerRate < 0:
		return errors.New("a rate is not negative; 0 is no limit")
	}
	return nil
}

// limit makes what holds calls to the limits.
func (a *api) limit() error {
	l := a.Limits
	if err := l.Check(); err != nil {
		return err
	}
	a.pace = newPace(l)
	a.gates = map[work]*gate{}
	for sort, at := range map[work]int{questions: l.Calls, changes: l.Changes, transfers: l.Transfers} {
		a.gates[sort] = newGate(at, l.Waiting, l.Wait)
	}
	a.metrics.observeGates(a.gates)
	a.Metrics.MustRegister(a.parts)
	return nil
}

// limitRate is how a figure names the limit on the calls of one caller.
const limitRate = "rate"

// limited counts a call that is refused for a limit.
func (a *api) limited(limit string, err error) error {
	if access.KindOf(err) == access.KindExhausted {
		a.metrics.limited.WithLabelValues(limit).Inc()
	}
	return err
}

// work is the sort of a call, by which it is limited.
type work string

const (
	questions  work = "calls"
	changes    work = "changes"
	transfers  work = "transfers"
	operations work = "operations" // what operators and their machines ask: never refused
)

// work is the sort of the route's calls.
func (rt route) work() work {
	switch {
	case rt.demand == operators:
		return operations
	case slices.Contains([]string{"import", "export", "backup", "exportAudit"}, rt.name):
		return transfers
	case rt.method == "GET" || rt.asks():
		return questions
	}
	return changes
}

// asks reports whether the route's calls are questions although their method is POST.
func (rt route) asks() bool { return strings.HasPrefix(rt.path, "/access/") || rt.name == "explain" }

// within is how long a call of the route may take, 0 for as long as it needs.
func (l Limits) within(rt route) time.Duration {
	switch {
	case rt.work() == transfers:
		return 0
	case strings.HasPrefix(rt.path, "/access/v1/search/"):
		return l.Search
	}
	return l.Call
}

// body is the longest body of the route's calls, 0 for any.
func (l Limits) body(rt route) int64 {
	if rt.work() == transfers {
		return l.ImportBody
	}
	return l.Body
}
