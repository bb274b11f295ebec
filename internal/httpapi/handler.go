package httpapi

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// handled is an endpoint of another package.
type handled struct {
	handler  Handler
	describe func(*huma.Operation)
	demand   demand
}

func (h *handled) prepare(_ *api, rt route, op *huma.Operation) error {
	if h.handler == nil {
		return errors.New("there is no handler for it")
	}
	h.demand = rt.demand
	h.describe(op)
	return nil
}

func (h *handled) serve(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	if !h.demand.open && actor.Limited(h.demand.key) {
		return access.Deniedf("B1", "this call needs a %s key, and yours is %s", h.demand.key, actor.Access)
	}
	h.handler(w, r, actor)
	return nil
}

// WriteError answers with the problem document for err, for a handler of another package.
func WriteError(problems problem.Writer) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, _ *http.Request, err error) {
		problems.Write(w, printable(w.Header().Get(requestIDHeader)), err)
	}
}
