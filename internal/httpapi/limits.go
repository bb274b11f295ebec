package httpapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/fair"
)

// Limits bound what callers can make the server do. What exceeds one is answered with an error of kind TooLarge or Exhausted, and what takes
// too long with one of kind Unavailable, never with a part of an answer.
type Limits struct {
	Body        int64 // of a call, in bytes; imports have their own
	ImportBody  int64 // of an import, in bytes; 0 is none
	Evaluations int   // in one batch, at most decision.MaxEvaluations

	// Calls, Searches, Changes and Transfers are how many short questions, long questions, changes, and imports and exports are worked on at the
	// same time. Each sort has places of its own, so that neither long questions nor changes that wait for a slow engine keep short ones out. Of
	// Calls and Searches 0 is what suits the machine; see Sized.
	Calls, Searches, Changes, Transfers int
	Waiting                             int           // how many more of each wait for a place
	Wait                                time.Duration // how long they wait before they are refused
	Buffers                             int64         // bytes of bodies that arrive and of answers that leave, of all calls together

	Call   time.Duration // how long a call may take; imports and exports may take as long as they need
	Search time.Duration // how long a search may take
	IO     time.Duration // how long a caller may take to send a body, or to take a part of an answer; for imports and exports, each part of both
	// TransferRate is how many bytes a second a caller sends of an import or takes of an export at least, on average and after the first two IO;
	// 0 is no limit.
	TransferRate int64

	KeyRate      float64 // calls a second of one key or user, and in a burst those of burstOf; 0 is no limit
	StrangerRate float64 // the same, for calls from one address that bring no credentials, or bad ones; 0 is no limit
}

// burstOf is how long a caller can save up calls.
const burstOf = 5 * time.Second

// DefaultLimits suit a server of some cores.
var DefaultLimits = Limits{
	Body: 1 << 20, ImportBody: 4 << 30, Evaluations: decision.MaxEvaluations,
	Changes: 64, Transfers: 4, Waiting: 256, Wait: 3 * time.Second, Buffers: 64 << 20,
	Call: 30 * time.Second, Search: 10 * time.Second, IO: 30 * time.Second, TransferRate: 1024,
	KeyRate: 5000, StrangerRate: 20,
}

// Places for each core, where the engine works in this process, and altogether, where calls wait for a database or a SpiceDB instead. The embedded
// engine computes: more calls at once than there are cores make none of them faster and each of them slower, the others' among them.
const (
	callsPerCore, searchesPerCore = 2, 2
	callsElsewhere                = 256
	searchesElsewhere             = 64
)

// Sized fills in the places that are 0: for this machine, or for one that waits for others.
func (l Limits) Sized(waits bool) Limits {
	calls, searches := callsPerCore*fair.Processors, searchesPerCore*fair.Processors
	if waits {
		calls, searches = callsElsewhere, searchesElsewhere
	}
	if l.Calls == 0 {
		l.Calls = max(4, calls)
	}
	if l.Searches == 0 {
		l.Searches = max(4, searches)
	}
	return l
}

// Check refuses limits that let nobody in.
func (l Limits) Check() error {
	switch {
	case l.Body < 1:
		return errors.New("--max-body must be at least 1")
	case l.ImportBody < 0:
		return errors.New("--max-import must not be negative (0 is no limit)")
	case l.Evaluations < 1 || l.Evaluations > decision.MaxEvaluations:
		return fmt.Errorf("--max-evaluations must be between 1 and %d", decision.MaxEvaluations)
	case l.Calls < 0 || l.Searches < 0:
		return errors.New("--max-calls and --max-searches must not be negative (0 suits the machine)")
	case l.Changes < 1 || l.Transfers < 1:
		return errors.New("--max-changes and --max-transfers must be at least 1")
	case l.Waiting < 0 || l.Wait < 0:
		return errors.New("--max-waiting and --max-wait must not be negative")
	case l.Buffers < l.Body:
		return errors.New("--max-buffers must hold at least one body (--max-body)")
	case l.Call <= 0 || l.Search <= 0 || l.IO <= 0:
		return errors.New("--call-timeout, --search-timeout and --io-timeout must be positive")
	case l.TransferRate < 0 || l.KeyRate < 0 || l.StrangerRate < 0:
		return errors.New("--min-transfer-rate, --key-rate and --stranger-rate must not be negative (0 is no limit)")
	}
	return nil
}

// work is the sort of a call, by which it is limited.
type work string

const (
	calls      work = "calls"      // short questions, and reading one thing
	searches   work = "searches"   // questions that cost as much as many short ones
	changes    work = "changes"    // of facts
	transfers  work = "transfers"  // imports and exports
	operations work = "operations" // what operators and their machines ask
	pages      work = "pages"      // what anybody may read
	checkups   work = "checkups"   // of what lies between callers and the server, which do no work
)

// long are the reading routes that ask the engine, or the store, about many things at once. A list is one too.
var long = []string{
	"evaluateAll", "searchSubjects", "searchResources", "searchActions", "explain", "userAccess", "chatbotAccess",
}

// work is the sort of the route's calls.
func (rt route) work() work {
	switch {
	case rt.demand == operators:
		return operations
	case rt.demand.open:
		return pages
	case slices.Contains([]string{"import", "export", "backup", "exportAudit"}, rt.name):
		return transfers
	case strings.HasPrefix(rt.name, "examine"):
		return checkups
	case slices.Contains(long, rt.name) || strings.HasPrefix(rt.name, "list"):
		return searches
	case rt.method == "GET" || rt.name == "evaluate":
		return calls
	}
	return changes
}

// streams reports whether the route's bodies and answers pass through without being kept whole.
func (rt route) streams() bool { return rt.work() == transfers || rt.work() == checkups }

// within is how long a call of the route may take, 0 for as long as it needs.
func (l Limits) within(rt route) time.Duration {
	switch {
	case rt.streams():
		return 0
	case strings.HasPrefix(rt.path, "/access/v1/search/"):
		return l.Search
	}
	return l.Call
}

// body is the longest body of the route's calls, 0 for any.
func (l Limits) body(rt route) int64 {
	if rt.streams() {
		return l.ImportBody
	}
	return l.Body
}
