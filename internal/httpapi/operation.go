package httpapi

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/grantway/grantway/internal/access"
)

// page is an endpoint that another handler answers, and that reads nothing the description tells of.
type page struct {
	handler http.HandlerFunc
	kind    string // the content type of the answer, or "" where the route is no part of the API
}

func (p *page) prepare(_ *api, _ route, op *huma.Operation) error {
	op.Hidden = p.kind == ""
	schema := &huma.Schema{Type: huma.TypeString}
	if p.kind == "application/json" {
		schema = &huma.Schema{Type: huma.TypeObject}
	}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{p.kind: {Schema: schema}}}
	return nil
}

func (p *page) serve(w http.ResponseWriter, r *http.Request, _ access.Actor) error {
	p.handler(w, r)
	return nil
}

func (a *api) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
}

// metricsPage shows the figures that there are: a part that cannot tell its own hides nobody else's. Gathering them takes a while, so that this page,
// other than its neighbours, has a number of places, shared by address.
func (a *api) metricsPage(w http.ResponseWriter, r *http.Request) {
	recall := func() {
		if x, ok := w.(*exchange); ok {
			x.recall()
		}
	}
	place, err := a.take(r.Context(), operations, holderAt(access.NetworkOf(a.Authn.Address(r))), recall)
	if err != nil {
		WriteError(a.Problems)(w, r, err)
		return
	}
	defer place.Release()
	promhttp.HandlerFor(a.Shown, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}

func (a *api) openAPIPage(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.document)
}

// docsPolicy lets the reference run its own scripts and styles, and talk to nobody but this server.
const docsPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

// docs is the readable reference. All of it comes from this binary.
func (a *api) docs() http.HandlerFunc {
	reference := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Grantway", SwaggerJSON: a.PublicPath + "/openapi.json", BasePath: a.PublicPath + "/docs", InternalBasePath: "/docs",
		SettingsUI: map[string]string{"defaultModelsExpandDepth": "1", "docExpansion": `"list"`},
	})
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		reference.ServeHTTP(w, r)
	}
}
