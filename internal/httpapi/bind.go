package httpapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
)

// binding knows how to read a call into an input: a struct whose fields are tagged path:"name" or query:"name", and whose field Body, if it has
// one, is the body, which a call may leave out where the field is tagged body:"optional". Embedded structs count as their fields.
type binding struct {
	registry huma.Registry
	params   []parameter
	body     []int // the index of the field Body, or nil
	optional bool  // whether a call may leave the body out
	schema   *huma.Schema
}

// parameter is one field of an input.
type parameter struct {
	name, in string
	index    []int
	schema   *huma.Schema
	doc      string
}

// emptyBody is the schema of a call that takes no body: {} is as good as none.
var emptyBody = &huma.Schema{Type: huma.TypeObject}

func newBinding(registry huma.Registry, input reflect.Type) (*binding, error) {
	b := &binding{registry: registry, schema: emptyBody, optional: true}
	for _, f := range reflect.VisibleFields(input) {
		if f.Anonymous {
			continue
		}
		if f.Name == "Body" {
			b.body, b.schema = f.Index, registry.Schema(f.Type, true, "")
			b.optional = f.Tag.Get("body") == "optional"
			continue
		}
		p := parameter{name: f.Tag.Get("path"), in: "path", index: f.Index, doc: f.Tag.Get("doc")}
		if p.name == "" {
			p.name, p.in = f.Tag.Get("query"), "query"
		}
		if p.name == "" {
			return nil, fmt.Errorf("the field %s is neither of the path nor of the query nor the body", f.Name)
		}
		p.schema = huma.SchemaFromField(registry, f, "")
		b.params = append(b.params, p)
	}
	return b, nil
}

// describe adds the parameters to the operation.
func (b *binding) describe(op *huma.Operation) {
	for _, p := range b.params {
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: p.in, Description: p.doc, Required: p.in == "path", Schema: p.schema})
	}
}

// names lists the parameters in the path, or in the query.
func (b *binding) names(in string) []string {
	var names []string
	for _, p := range b.params {
		if p.in == in {
			names = append(names, p.name)
		}
	}
	return names
}

// maxQuery is the longest query of a URL, in bytes.
const maxQuery = 16 << 10

// read fills the input, which is a pointer to a struct, and gives the body as it was sent.
func (b *binding) read(r *http.Request, input any) ([]byte, error) {
	v := &validator{registry: b.registry}
	into := reflect.ValueOf(input).Elem()
	if len(r.URL.RawQuery) > maxQuery {
		return nil, access.Invalidf("", "a query can have at most %d bytes", maxQuery)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, access.Invalidf("", "cannot read the query: %s", err)
	}
	for _, p := range b.params {
		text, sent := r.PathValue(p.name), true
		if p.in == "path" && hasDotSegment(text) {
			v.faultIn(p.name, "must not have . or .. between slashes: a proxy that decodes paths would call another path")
			continue
		}
		if p.in == "query" {
			values := query[p.name]
			text, sent = query.Get(p.name), len(values) > 0
			if len(values) > 1 {
				v.faultIn(p.name, "comes twice")
				continue
			}
		}
		if sent {
			v.in(p.name, func() { v.parameter(p, text, into.FieldByIndex(p.index)) })
		}
	}
	v.unknownParameters(query, b.names("query"))
	if err := v.err(); err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	return b.readBody(r, into)
}

// hasDotSegment reports whether the ID is a path that somebody between could take steps along, to another thing and to another route.
func hasDotSegment(id string) bool {
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// parameter reads one parameter of the path or the query.
func (v *validator) parameter(p parameter, text string, into reflect.Value) {
	before := len(v.faults)
	var value any = text
	switch {
	case p.schema.Type == huma.TypeInteger:
		value = json.Number(text)
	case p.schema.Type == huma.TypeBoolean && (text == "true" || text == "false"):
		value = text == "true"
	}
	v.check(p.schema, value)
	if len(v.faults) > before {
		return
	}
	if at, ok := into.Addr().Interface().(*time.Time); ok {
		*at, _ = access.ParseTime(text) // the check has read it
		return
	}
	if u, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			v.fault("%s", err)
		}
		return
	}
	if yes, ok := value.(bool); ok {
		into.SetBool(yes)
		return
	}
	if p.schema.Type == huma.TypeInteger {
		n, _ := json.Number(text).Int64() // the check has read it
		into.SetInt(n)
		return
	}
	into.SetString(text)
}

// unknownParameters refuses what would otherwise be silently left out, such as a filter with a typing error.
func (v *validator) unknownParameters(query url.Values, known []string) {
	var unknown []string
	for name := range query {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		if v.full() {
			return
		}
		v.faultIn(name, "is not a query parameter of this call")
	}
}

func (b *binding) readBody(r *http.Request, into reflect.Value) ([]byte, error) {
	raw, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if b.optional && len(raw) == 0 {
		return raw, nil
	}
	if err := checkJSONType(r.Header); err != nil {
		return nil, err
	}
	rest, err := fair.Compute(r.Context(), "bodies", len(raw))
	if err != nil {
		return nil, access.Unavailable(err)
	}
	defer rest()
	tree, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	v := &validator{registry: b.registry}
	v.check(b.schema, tree)
	if err := v.err(); err != nil {
		return nil, err
	}
	if b.body == nil {
		return raw, nil
	}
	if err := json.Unmarshal(raw, into.FieldByIndex(b.body).Addr().Interface()); err != nil {
		return nil, &access.Error{Kind: access.KindInvalid, Detail: "cannot read the body", Cause: err}
	}
	return raw, nil
}
