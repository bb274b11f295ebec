package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/strictjson"
)

// readJSONL reads JSON Lines: one object a line, whose "kind" tells what it is about. Blank lines are passed over.
func readJSONL(in *lines, each Each) error {
	for {
		raw, whole, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		raw = withoutEnd(raw)
		line := Line{Number: in.number, Raw: raw}
		switch {
		case !whole:
			line.Err = errTooLong
		case len(bytes.TrimSpace(raw)) == 0:
			continue
		case !utf8.Valid(raw):
			line.Err = errNotUTF8
		default:
			row, err := decode(raw)
			line = checked(in.number, raw, row, err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

// shape is how the rows of one kind are written.
type shape struct {
	fields map[string]bool
	times  []string              // those of the fields that are times
	empty  func() any            // what JSON is read into
	row    func(any) sharing.Row // the row that it says
	said   func(sharing.Row) any // and back
}

// matrixLine is a row of the matrix. Its actions are an array, or words joined by plus signs as in CSV.
type matrixLine struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	User    access.UserID    `json:"user"`
	Actions cells            `json:"actions"`
}

type cells []access.Action

func (c *cells) UnmarshalJSON(data []byte) error {
	var joined string
	if json.Unmarshal(data, &joined) == nil {
		*c = splitActions(joined)
		return nil
	}
	var list []access.Action
	if err := json.Unmarshal(data, &list); err != nil {
		return access.Invalidf("M1", `actions: write an array such as ["read","test"]`)
	}
	*c = list
	return nil
}

// resourceLine is a document, an MCP server or a metric; its ID stands under its kind.
type resourceLine struct {
	Document  string             `json:"document,omitempty"`
	MCPServer string             `json:"mcp_server,omitempty"`
	Metric    string             `json:"metric,omitempty"`
	Chatbot   access.ChatbotID   `json:"chatbot,omitempty"`
	Access    access.Mode        `json:"access,omitempty"`
	Allowed   []access.Principal `json:"allowed,omitzero"`
}

// shapes has every kind of row.
var shapes = map[sharing.Kind]shape{
	sharing.KindHashKey:        shapeOf[sharing.HashKeyRow](),
	sharing.KindUser:           shapeOf[sharing.UserRow](),
	sharing.KindOrganization:   shapeOf[sharing.OrganizationRow](),
	sharing.KindMembership:     shapeOf[sharing.MembershipRow](),
	sharing.KindHome:           shapeOf[sharing.HomeRow](),
	sharing.KindPlatformRole:   shapeOf[sharing.PlatformRoleRow](),
	sharing.KindRole:           shapeOf[sharing.RoleRow](),
	sharing.KindGroup:          shapeOf[sharing.GroupRow](),
	sharing.KindTeam:           shapeOf[sharing.TeamRow](),
	sharing.KindTeamMember:     shapeOf[sharing.TeamMemberRow](),
	sharing.KindTeamNesting:    shapeOf[sharing.TeamNestingRow](),
	sharing.KindRoleAssignment: shapeOf[sharing.RoleAssignmentRow](),
	sharing.KindGroupMember:    shapeOf[sharing.GroupMemberRow](),
	sharing.KindChatbot:        shapeOf[sharing.ChatbotRow](),
	sharing.KindPolicy:         shapeOf[sharing.PolicyRow](),
	sharing.KindFeature:        shapeOf[sharing.FeatureRow](),
	sharing.KindShare:          shapeOf[sharing.ShareRow](),
	sharing.KindPublicLink:     shapeOf[sharing.PublicLinkRow](),
	sharing.KindAPIKey:         shapeOf[sharing.APIKeyRow](),
	sharing.KindAccountKey:     shapeOf[sharing.AccountKeyRow](),
	sharing.KindRequest:        shapeOf[sharing.RequestRow](),
	sharing.KindInvitation:     shapeOf[sharing.InvitationRow](),
	sharing.KindTakenAway:      shapeOf[sharing.TakenAwayRow](),
	sharing.KindRow: {
		fields: fieldsOf(reflect.TypeFor[matrixLine]()),
		empty:  func() any { return &matrixLine{} },
		row: func(v any) sharing.Row {
			m := v.(*matrixLine)
			return &sharing.MatrixRow{Chatbot: m.Chatbot, User: m.User, Actions: m.Actions}
		},
		said: func(r sharing.Row) any { return r },
	},
	sharing.KindDocument:  resourceShape(access.TypeDocument),
	sharing.KindMCPServer: resourceShape(access.TypeMCPServer),
	sharing.KindMetric:    resourceShape(access.TypeMetric),
}

// fileKinds are the kinds that a file may hold.
var fileKinds = slices.DeleteFunc(slices.Clone(sharing.Kinds), func(k sharing.Kind) bool { return k == sharing.KindHome })

// shapeOf is the shape of a kind whose row is written as its struct says.
func shapeOf[T any, P interface {
	*T
	sharing.Row
}]() shape {
	return shape{
		fields: fieldsOf(reflect.TypeFor[T]()),
		times:  timesOf(reflect.TypeFor[T]()),
		empty:  func() any { return P(new(T)) },
		row:    func(v any) sharing.Row { return v.(P) },
		said:   func(r sharing.Row) any { return r },
	}
}

func resourceShape(t access.Type) shape {
	fields := fieldsOf(reflect.TypeFor[resourceLine]())
	for _, other := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		if other != t {
			delete(fields, string(other))
		}
	}
	return shape{
		fields: fields,
		empty:  func() any { return &resourceLine{} },
		row: func(v any) sharing.Row {
			l := v.(*resourceLine)
			return &sharing.ResourceRow{Type: t, ID: l.Document + l.MCPServer + l.Metric, Chatbot: l.Chatbot, Access: l.Access, Allowed: l.Allowed}
		},
		said: func(r sharing.Row) any {
			d := r.(*sharing.ResourceRow)
			l := &resourceLine{Chatbot: d.Chatbot, Access: d.Access, Allowed: d.Allowed}
			switch t {
			case access.TypeDocument:
				l.Document = d.ID
			case access.TypeMCPServer:
				l.MCPServer = d.ID
			default:
				l.Metric = d.ID
			}
			return l
		},
	}
}

// fieldsOf names the fields of a struct as JSON spells them.
func fieldsOf(t reflect.Type) map[string]bool {
	fields := map[string]bool{"kind": true}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = true
	}
	return fields
}

// timesOf names the fields of a struct that are times, as JSON spells them.
func timesOf(t reflect.Type) (times []string) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Type == reflect.TypeFor[time.Time]() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			times = append(times, name)
		}
	}
	return times
}

// lineLimits bound a line. The deepest kind of row has three levels.
var lineLimits = strictjson.Limits{Depth: 8}

// decode reads one object.
func decode(raw []byte) (sharing.Row, error) {
	value, err := strictjson.Parse(raw, lineLimits)
	if err != nil {
		return nil, asFault(err)
	}
	said, ok := value.(map[string]any)
	if !ok {
		return nil, access.Invalidf("", "the line must be one JSON object")
	}
	if said["kind"] == nil {
		return nil, access.Invalidf("", `"kind" is missing: use one of %s`, access.Listed(fileKinds))
	}
	kind, ok := said["kind"].(string)
	if !ok {
		return nil, access.Invalidf("", `"kind" must be a string`)
	}
	s, ok := shapes[sharing.Kind(kind)]
	if !ok || !slices.Contains(fileKinds, sharing.Kind(kind)) {
		return nil, access.Invalidf("", `unknown "kind" %q: use one of %s`, kind, access.Listed(fileKinds))
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if !s.fields[name] {
			known := slices.Sorted(maps.Keys(s.fields))
			return nil, access.Invalidf("", "unknown field %q: a line of kind %s has %v", name, kind, known)
		}
	}
	var c silences
	if err := c.check(said); err != nil {
		return nil, err
	}
	delete(said, "kind") // which is no field of a row
	v := s.empty()
	if err := strictjson.Names(said, v); err != nil {
		return nil, asFault(err)
	}
	spelled, err := s.readTimes(said)
	if err != nil {
		return nil, err
	}
	if spelled {
		if raw, err = json.Marshal(said); err != nil {
			return nil, err
		}
	}
	return s.decodeInto(raw, v)
}

// asFault says what is wrong with a line that is not JSON as it is taken.
func asFault(err error) error {
	var fault *strictjson.Error
	if errors.As(err, &fault) {
		return access.Invalidf("", "%s", fault.About("the line"))
	}
	return err
}

// silences refuses what a decoder would pass over in silence, so that a file never seems to say more than is taken: null, which unsets a field
// elsewhere and here would keep it; and U+0000.
type silences struct{ path strictjson.Path }

func (c *silences) check(value any) error {
	switch value := value.(type) {
	case nil:
		return access.Invalidf("", "%s must not be null: leave it out, or unset it with a PUT", c.path.Pointer())
	case string:
		if strings.ContainsRune(value, 0) {
			return errNUL
		}
	case []any:
		for i, item := range value {
			c.path.Push(strictjson.Step{Index: i})
			if err := c.check(item); err != nil {
				return err
			}
			c.path.Pop()
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if strings.ContainsRune(name, 0) {
				return errNUL
			}
			c.path.Push(strictjson.Step{Name: name, Named: true})
			if err := c.check(value[name]); err != nil {
				return err
			}
			c.path.Pop()
		}
	}
	return nil
}

// readTime reads a time in the field of a row. What may be wrong with an expiry is a matter of S13.
func readTime(field, text string) (time.Time, error) {
	t, err := access.ParseTime(text)
	var known *access.Error
	if !errors.As(err, &known) {
		return t, err
	}
	rule := known.Rule
	if rule == "" && slices.Contains([]string{"expires_at", "share_expires_at", "expiration"}, field) {
		rule = "S13"
	}
	return t, access.Invalidf(rule, "%s: %s", field, known.Detail)
}

// readTimes reads the times of a row, and spells them as encoding/json reads them. It reports whether it has changed one.
func (s shape) readTimes(said map[string]any) (changed bool, err error) {
	for _, field := range s.times {
		text, ok := said[field].(string)
		if !ok {
			if said[field] != nil {
				return false, access.Invalidf("", "%s: must be a string such as \"2026-01-31T12:00:00Z\"", field)
			}
			continue
		}
		t, err := readTime(field, text)
		if err != nil {
			return false, err
		}
		if strings.ContainsAny(text, "tz") {
			said[field], changed = t.Format(time.RFC3339Nano), true
		}
	}
	return changed, nil
}

// decode reads an object of the kind, and ignores other fields.
func (s shape) decode(raw []byte) (sharing.Row, error) { return s.decodeInto(raw, s.empty()) }

func (s shape) decodeInto(raw []byte, v any) (sharing.Row, error) {
	if err := json.Unmarshal(raw, v); err != nil {
		var wrong *json.UnmarshalTypeError
		var known *access.Error
		switch {
		case errors.As(err, &known):
			return nil, known
		case errors.As(err, &wrong):
			return nil, access.Invalidf("", "%s must not be a JSON %s", wrong.Field, wrong.Value)
		}
		return nil, access.Invalidf("", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return s.row(v), nil
}

// encode writes a row as one object, as decode reads it, without a line feed.
func encode(r sharing.Row) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"kind":%q,`, r.Kind())
	head := b.Len()
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(shapes[r.Kind()].said(r)); err != nil {
		return nil, err
	}
	line := b.Bytes()
	return bytes.TrimSuffix(append(line[:head], line[head+1:]...), []byte("\n")), nil
}
