package httpapi

import "github.com/grantway/grantway/internal/access"

// RouteInfo is what tests know of a route.
type RouteInfo struct {
	Method, Path, Name string
	Open               bool
	Key                access.KeyAccess
	ActorNeeded        bool
}

// Routes lists the route table.
func Routes() []RouteInfo {
	var all []RouteInfo
	for _, rt := range (&api{}).routes() {
		all = append(all, RouteInfo{rt.method, rt.path, rt.name, rt.demand.open, rt.demand.key, rt.demand.actor == actorNeeded})
	}
	return all
}
