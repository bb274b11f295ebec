package httpapi

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
)

// Handler answers a call that is no use case of package sharing. The caller is known, and has what the route demands; the request ID is
// actor.RequestID and already in the answer's header. It answers an error by a problem.Writer; once it has begun another answer, it can break
// off by panicking with http.ErrAbortHandler.
type Handler func(w http.ResponseWriter, r *http.Request, actor access.Actor)

// route is one line of the route table.
type route struct {
	method, path string
	name         string // of the operation in the API description
	demand       demand
	summary      string // of the operation, as a heading
	endpoint     endpoint
}

// demand is what a route asks of its callers. The zero demand is none, and New refuses a route that has it.
//
// That a key is strong enough is judged by the use case, and for handlers of other packages here. A use case that changes something records the
// refusal itself (H1); the others are recorded at the door, refused readings as well.
type demand struct {
	key   access.KeyAccess // the weakest key that will do (B1)
	actor actorRule        // whether it may act for a user (B2)
	open  bool             // or: anybody may call, without authentication
	free  bool             // and is never refused, however many call

	// Authentication need not use the newest state of all servers: the endpoint asks again if that matters.
	recognized bool
}

type actorRule string

const (
	actorAllowed actorRule = "allowed" // the key itself, or a user that it acts for
	actorNeeded  actorRule = "needed"  // a user, since a key by itself has nothing of the kind
)

// The demands that routes have.
var (
	anybody   = demand{open: true}
	operators = demand{open: true, free: true} // everyone who can reach the server
	readers   = demand{key: access.KeyReadOnly, actor: actorAllowed}
	askers    = demand{key: access.KeyReadOnly, actor: actorAllowed, recognized: true}
	changers  = demand{key: access.KeyReadWrite, actor: actorAllowed}
	keyMakers = demand{key: access.KeyFull, actor: actorAllowed}
	exporters = demand{key: access.KeyFull, actor: actorAllowed}
	people    = demand{key: access.KeyFull, actor: actorNeeded}
)

// check refuses a demand that was not thought about.
func (d demand) check() error {
	switch {
	case d.open && d != anybody && d != operators:
		return fmt.Errorf("it is open but demands a key")
	case d.free && !d.open:
		return fmt.Errorf("it admits everyone but demands a key")
	case !d.open && !slices.Contains(access.KeyAccesses, d.key):
		return fmt.Errorf("it does not say which key it needs")
	case !d.open && d.actor != actorAllowed && d.actor != actorNeeded:
		return fmt.Errorf("it does not say whether a key may act for a user")
	}
	return nil
}

// met reports whether the actor has what is demanded.
func (d demand) met(actor access.Actor) bool {
	return d.open || !actor.Limited(d.key) && (d.actor != actorNeeded || actor.User != "")
}

// endpoint is what stands behind a route.
type endpoint interface {
	// prepare compiles the endpoint for its route and describes it.
	prepare(a *api, rt route, op *huma.Operation) error
	// serve answers the call. An error becomes a problem document.
	serve(w http.ResponseWriter, r *http.Request, actor access.Actor) error
}

// String names the route, in the record too.
func (rt route) String() string { return rt.method + " " + rt.path }

// unrecorded reports whether the error refuses what the route demands, or a reading for want of rights, and nobody has recorded it. To an unconfined key
// nothing is hidden: what it does not find is not there.
func (rt route) unrecorded(actor access.Actor, err error) bool {
	_, elsewhere := rt.endpoint.(*handled)
	reads := rt.method == http.MethodGet
	switch kind := access.KindOf(err); {
	case err == nil:
		return false
	case !rt.demand.met(actor):
		return elsewhere || reads
	default:
		return reads && (kind == access.KindDenied || kind == access.KindNotFound && !actor.Unconfined())
	}
}

var pathParameter = regexp.MustCompile(`\{([a-z_]+)\}`)

// parameters lists the names in the route's path.
func (rt route) parameters() []string {
	var names []string
	for _, m := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		names = append(names, m[1])
	}
	return names
}
