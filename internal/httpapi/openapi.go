package httpapi

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// description is the API description in the making, an OpenAPI 3.1 document.
type description struct {
	*huma.OpenAPI
}

const (
	bearerScheme = "key"
	overview     = "Grantway manages who can use your chatbots, and answers access checks over AuthZEN. The rules are in the [access model](docs/model).\n\n" +
		"Send an account key as `Authorization: Bearer <key>`. A `full` key may act for a user with `Grantway-Actor: <user>`: then exactly that " +
		"user's rights apply. Users can call directly with a token (JWT) of a configured OpenID provider. Percent-encode IDs in paths (`a%2Fb`). Errors are problem documents (RFC 9457); `rule` names the rule of the access model " +
		"that refused, and `rule_url` links to it. `X-Request-ID` (1 to 1,024 bytes) is echoed as sent, and appears in `request_id` of problem documents and in the record as far as it is printable. Send `Grantway-Timeout: 250ms` to limit how long you wait. Answers 429 and 503 have `Retry-After`, in seconds."
)

func (a *api) newDescription() *description {
	d := &description{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Grantway", Version: a.Version, Description: overview},
		Components: &huma.Components{
			Schemas: a.registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				bearerScheme: {Type: "http", Scheme: "bearer", Description: "an account key, or a user's token from a configured OpenID provider"},
			},
		},
	}}
	if a.PublicPath != "" {
		d.Servers = []*huma.Server{{URL: a.PublicPath}}
	}
	shown := a.registry.Schema(reflect.TypeFor[problem.Problem](), true, "")
	types := a.registry.SchemaFromRef(shown.Ref).Properties["type"]
	for _, t := range problem.Types() {
		types.Enum = append(types.Enum, t)
	}
	refusal := func(what string) *huma.Response {
		return &huma.Response{Description: what, Content: map[string]*huma.MediaType{problem.ContentType: {Schema: shown}}}
	}
	d.Components.Responses = map[string]*huma.Response{
		"unauthenticated": refusal("Missing or invalid credentials"),
		"denied":          refusal("Permission denied"),
		"problem":         refusal("Any other error"),
	}
	d.Components.Parameters = map[string]*huma.Param{"actor": {
		Name: "Grantway-Actor", In: "header", Schema: &huma.Schema{Type: huma.TypeString}, Description: "the user that a full key acts for (B2). Write % as %25, and percent-encode spaces and non-ASCII bytes with upper-case digits, as in jos%C3%A9",
	}}
	return d
}

// operation describes what the table says of the route; its endpoint adds the rest.
func (d *description) operation(rt route) *huma.Operation {
	op := &huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: rt.name, Summary: rt.summary, Tags: []string{tag(rt.path)},
		Responses: map[string]*huma.Response{"default": refusalRef("problem")},
	}
	if rt.demand.open {
		return op
	}
	op.Security = []map[string][]string{{bearerScheme: {}}}
	op.Description = "Requires a `" + string(rt.demand.key) + "` key"
	if rt.demand.key != access.KeyFull {
		op.Description += " or a stronger one"
	}
	if rt.demand.actor == actorNeeded {
		op.Description += " that acts for a user"
	}
	op.Description += "."
	op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/actor"})
	op.Responses[strconv.Itoa(http.StatusUnauthorized)] = refusalRef("unauthenticated")
	op.Responses[strconv.Itoa(http.StatusForbidden)] = refusalRef("denied")
	return op
}

func refusalRef(name string) *huma.Response {
	return &huma.Response{Ref: "#/components/responses/" + name}
}

func jsonContent(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

// tag groups operations by the noun that their path begins with.
func tag(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch segments[0] {
	case "v1":
		return segments[1]
	case "access", ".well-known":
		return "decisions"
	}
	return "operation"
}
