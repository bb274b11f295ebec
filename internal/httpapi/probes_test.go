package httpapi_test

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/testenv"
)

// description is what the probes read of the API description.
type description struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Schema   *schemaOf
		}
		RequestBody struct {
			Content map[string]struct{ Schema *schemaOf }
		}
	}
	Components struct{ Schemas map[string]*schemaOf }
}

type schemaOf struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []any
	Properties map[string]*schemaOf
	Required   []string
	Items      *schemaOf
}

func (s *schemaOf) is(typ string) bool {
	if list, ok := s.Type.([]any); ok {
		return slices.Contains(list, any(typ))
	}
	return s.Type == typ
}

// notProbed are the routes whose bodies are not read here, and why.
var notProbed = map[string]string{
	"examineBody": "it is counted, and nothing else",
	"import":      "its rows are judged one by one as the caller's own changes",
}

var parameterIn = regexp.MustCompile(`(?:([^/{}]+)/)?\{(\w+)\}`)

// slot is one place of a path.
type slot struct{ text, key string }

func (w *isolated) slots(t *testing.T, rt httpapi.RouteInfo) []slot {
	var slots []slot
	for _, m := range parameterIn.FindAllStringSubmatch(rt.Path, -1) {
		key := m[2]
		if _, ok := w.acme[m[1]+"/"+m[2]]; ok {
			key = m[1] + "/" + m[2]
		}
		require.Contains(t, w.acme, key, "%s: say in acmes and globexs what {%s} names", rt.Path, m[2])
		slots = append(slots, slot{"{" + m[2] + "}", key})
	}
	return slots
}

// path fills the places with what belongs to the tenant.
func path(rt httpapi.RouteInfo, slots []slot, of tenant) string {
	p := rt.Path
	for _, s := range slots {
		p = strings.Replace(p, s.text, testenv.Path(of[s.key])[1:], 1)
	}
	return p
}

// variants are acme's things of a kind: a principal is of one of several.
func (w *isolated) variants(key string) []string {
	if key != "principal" {
		return []string{w.acme[key]}
	}
	return []string{
		"user:" + w.acme["user"], "email:" + w.acme["email"], "team:" + w.acme["team"], "organization:" + w.acme["org"],
		"role:" + w.acme["role"], "group:" + w.acme["group"],
	}
}

// kind is the part of a place's name that tells principals apart.
func kind(key, id string) string {
	if key != "principal" {
		return ""
	}
	prefix, _, _ := strings.Cut(id, ":")
	return " " + prefix + ":"
}

func (w *isolated) everyProbe(t *testing.T) []probe {
	var all []probe
	for _, rt := range demanding(t) {
		if decides(rt.Path) {
			all = append(all, w.decisionProbes(rt)...)
			continue
		}
		all = append(all, w.pathProbes(t, rt)...)
		all = append(all, w.queryProbes(t, rt)...)
		all = append(all, w.bodyProbes(t, rt)...)
	}
	require.Greater(t, len(all), 200)
	reads := func(p probe) bool { return p.route.Method == http.MethodGet || decides(p.route.Path) }
	changes := slices.DeleteFunc(slices.Clone(all), reads)
	all = slices.DeleteFunc(all, func(p probe) bool { return !reads(p) })
	return append(all, changes...) // what is refused goes into the record, which is read before
}

// decides reports whether a route takes a question about access as its body, and changes nothing.
func decides(path string) bool { return strings.HasPrefix(path, "/access/") || path == "/v1/explain" }

// pathProbes ask for each thing of acme's in a path, among things of acme's and among the caller's own.
func (w *isolated) pathProbes(t *testing.T, rt httpapi.RouteInfo) []probe {
	if strings.Contains(rt.Path, "/platform/roles/") {
		rt.Path = strings.Replace(rt.Path, "{role}", string(access.ContentUser), 1)
	}
	slots := w.slots(t, rt)
	var all []probe
	for i, s := range slots {
		for n, id := range w.variants(s.key) {
			for _, rest := range []tenant{w.acme, w.globex} {
				switch own := rest["org"] == w.globex["org"]; {
				case own && len(slots) == 1, !own && n > 0: // asked for already
					continue
				}
				for _, body := range w.wholeBodies(t, rt) {
					p := probe{route: rt, place: rt.Name + " " + s.text + kind(s.key, id), id: id, nobody: nothing(id)}
					things := tenantWith(rest, slots[i].key, id)
					p.there = testenv.Call{Method: rt.Method, Path: path(rt, slots, things), Body: body}
					p.absent = testenv.Call{Method: rt.Method, Path: path(rt, slots, tenantWith(rest, s.key, p.nobody)), Body: body}
					all = append(all, p)
				}
			}
		}
	}
	return all
}

func tenantWith(of tenant, key, id string) tenant {
	things := tenant{}
	for k, v := range of {
		things[k] = v
	}
	things[key] = id
	return things
}

// nothing is an ID like the one given that nothing has.
func nothing(id string) string { return missingID(id) }

// queryProbes name acme's things in a query about the caller's own.
func (w *isolated) queryProbes(t *testing.T, rt httpapi.RouteInfo) []probe {
	var all []probe
	op := w.described.Paths[rt.Path][strings.ToLower(rt.Method)]
	for _, q := range op.Parameters {
		if q.In != "query" || !names(w, q.Schema) {
			continue
		}
		key := w.keyOf(t, rt, q.Name)
		if key == "" {
			continue
		}
		bodies := w.wholeBodies(t, rt)
		for _, id := range w.variants(key) {
			p := probe{route: rt, place: rt.Name + " ?" + q.Name + kind(key, id), id: id, nobody: nothing(id)}
			call := func(id string) testenv.Call {
				return testenv.Call{
					Method: rt.Method, Path: path(rt, w.slots(t, rt), w.globex) + "?" + q.Name + "=" + url.QueryEscape(id), Body: bodies[0],
				}
			}
			p.there, p.absent = call(p.id), call(p.nobody)
			all = append(all, p)
		}
	}
	return all
}

// keyOf is what a word of a query or a body names, or "".
func (w *isolated) keyOf(t *testing.T, rt httpapi.RouteInfo, word string) string {
	if slices.Contains(plainWords, word) {
		return ""
	}
	key := wordNames[word]
	if key == "" {
		key = word
	}
	require.Contains(t, w.acme, key, "%s %s: say in wordNames what %q names, or in plainWords that it names nothing", rt.Method, rt.Path, word)
	return key
}

// bodySchema is the schema of the route's body, or nil.
func (w *isolated) bodySchema(t *testing.T, rt httpapi.RouteInfo) *schemaOf {
	content := w.described.Paths[rt.Path][strings.ToLower(rt.Method)].RequestBody.Content
	if len(content) == 0 || notProbed[rt.Name] != "" {
		return nil
	}
	require.Contains(t, content, "application/json", "say in notProbed why the body of %s is not read", rt.Name)
	return w.resolve(content["application/json"].Schema)
}

func (w *isolated) resolve(s *schemaOf) *schemaOf {
	for s.Ref != "" {
		s = w.described.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

// How much a sample body holds.
const (
	theLeast  = iota // what is required
	ownThings        // and all that names a thing, which is the caller's own
	everyWord        // and all that is one of a set of words, or true
)

// wholeBodies are the bodies with which a route is called about the caller's own things.
func (w *isolated) wholeBodies(t *testing.T, rt httpapi.RouteInfo) []any {
	s := w.bodySchema(t, rt)
	if s == nil || !s.is("object") || len(s.Properties) == 0 {
		return []any{nil}
	}
	var all []any
	for much := theLeast; much <= everyWord; much++ {
		body := w.sample(t, rt, s, much)
		if len(all) == 0 || !reflect.DeepEqual(all[len(all)-1], body) {
			all = append(all, body)
		}
	}
	return all
}

// sample is a body about the caller's own things.
func (w *isolated) sample(t *testing.T, rt httpapi.RouteInfo, s *schemaOf, much int) fields {
	f := fields{}
	for name, field := range s.Properties {
		field = w.resolve(field)
		named := names(w, field) && w.keyOf(t, rt, name) != ""
		word := !field.is("array") && (len(field.Enum) > 0 || field.is("boolean"))
		if slices.Contains(s.Required, name) || named && much >= ownThings || word && much >= everyWord {
			f[name] = w.value(t, rt, name, field)
		}
	}
	return f
}

// names reports whether a field is a text, or a list of texts, without a set of words.
func names(w *isolated, s *schemaOf) bool {
	if s.is("array") {
		s = w.resolve(s.Items)
	}
	return s.is("string") && len(s.Enum) == 0 && s.Format != "date-time"
}

func (w *isolated) value(t *testing.T, rt httpapi.RouteInfo, name string, s *schemaOf) any {
	s = w.resolve(s)
	switch {
	case s.is("array"):
		return []any{w.value(t, rt, name, s.Items)}
	case s.is("object"):
		return w.sample(t, rt, s, ownThings)
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.is("boolean"):
		return true
	case s.is("integer"), s.is("number"):
		return 1
	case s.Format == "date-time":
		return "2099-01-01T00:00:00Z"
	}
	if key := w.keyOf(t, rt, name); key != "" {
		return w.globex[key]
	}
	return "x"
}

// bodyProbes name acme's things in bodies about the caller's own: about what is there, and, where a PUT creates, about what is not.
func (w *isolated) bodyProbes(t *testing.T, rt httpapi.RouteInfo) []probe {
	s := w.bodySchema(t, rt)
	if s == nil {
		return nil
	}
	slots := w.slots(t, rt)
	paths := []string{path(rt, slots, w.globex)}
	if rt.Method == http.MethodPut && len(slots) == 1 {
		paths = append(paths, path(rt, slots, tenantWith(w.globex, slots[0].key, fresh)))
	}
	var all []probe
	w.eachName(t, rt, s, "", func(pointer, key string, set func(id string) fields) {
		for _, id := range w.variants(key) {
			for _, at := range paths {
				p := probe{route: rt, place: rt.Name + " " + pointer + kind(key, id), id: id, nobody: nothing(id)}
				p.there = testenv.Call{Method: rt.Method, Path: at, Body: set(p.id)}
				p.absent = testenv.Call{Method: rt.Method, Path: at, Body: set(p.nobody)}
				all = append(all, p)
			}
		}
	})
	return all
}

// eachName visits each field that names a thing. set gives the body in which it names the ID and all else is the caller's own.
func (w *isolated) eachName(t *testing.T, rt httpapi.RouteInfo, s *schemaOf, pointer string, visit func(pointer, key string, set func(id string) fields)) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		field := w.resolve(s.Properties[name])
		list := field.is("array")
		if list {
			field = w.resolve(field.Items)
		}
		put := func(v any) fields {
			body := w.sample(t, rt, s, theLeast)
			body[name] = v
			if list {
				body[name] = []any{v}
			}
			return body
		}
		if field.is("object") && len(field.Properties) > 0 {
			w.eachName(t, rt, field, pointer+"/"+name, func(pointer, key string, set func(string) fields) {
				visit(pointer, key, func(id string) fields { return put(set(id)) })
			})
			continue
		}
		if !names(w, field) {
			continue
		}
		if key := w.keyOf(t, rt, name); key != "" {
			visit(pointer+"/"+name, key, func(id string) fields { return put(id) })
		}
	}
}
