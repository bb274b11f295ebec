package authzen

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/strictjson"
)

// members are those of one object of the body, and where it lies in it. Members that are not known are ignored; one that is null counts
// as absent.
type members struct {
	at     string // a JSON pointer, "" for the body
	values map[string]any
}

// wrong says what is wrong with the member at the pointer.
func wrong(pointer, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	name := pointer
	if name == "" {
		name = "the body"
	}
	return &access.Error{
		Kind: access.KindInvalid, Detail: name + ": " + detail, Fields: []access.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// limits are those of a body. The names of properties are the callers' own, such as URLs.
var limits = strictjson.Limits{Depth: 100, Name: 1024, Doubles: true}

// body reads a request's body, which is one object.
func body(text []byte) (members, error) {
	v, err := strictjson.Parse(text, limits)
	var fault *strictjson.Error
	if errors.As(err, &fault) {
		refused := access.Invalidf("", "%s", fault.About("the body"))
		if fault.Pointer != "" {
			refused.Fields = []access.FieldError{{Pointer: fault.Pointer, Detail: fault.Detail}}
		}
		return members{}, refused
	}
	return asObject("", v)
}

func asObject(pointer string, v any) (members, error) {
	values, ok := v.(map[string]any)
	if !ok {
		return members{}, wrong(pointer, "must be an object")
	}
	return members{at: pointer, values: values}, nil
}

func (m members) has(name string) bool { return m.values[name] != nil }

func (m members) pointer(name string) string { return m.at + "/" + name }

// text is a member that must be there and be a string.
func (m members) text(name string) (string, error) {
	switch v := m.values[name].(type) {
	case nil:
		return "", wrong(m.pointer(name), "is missing")
	case string:
		return v, nil
	}
	return "", wrong(m.pointer(name), "must be a string")
}

// optionalText is a member that is a string or absent.
func (m members) optionalText(name string) (string, error) {
	if !m.has(name) {
		return "", nil
	}
	return m.text(name)
}

// object is a member that must be there and be an object.
func (m members) object(name string) (members, error) {
	if !m.has(name) {
		return members{}, wrong(m.pointer(name), "is missing")
	}
	return asObject(m.pointer(name), m.values[name])
}

// optionalObject is a member that is an object, or nil for an absent one.
func (m members) optionalObject(name string) (map[string]any, error) {
	if !m.has(name) {
		return nil, nil
	}
	o, err := asObject(m.pointer(name), m.values[name])
	return o.values, err
}

// sought marks the entity whose ID a search is for: it may carry one, of whatever kind, that is ignored.
const (
	sought = true
	given  = false
)

// entity is a subject or a resource.
func (m members) entity(name string, isSought bool) (decision.Entity, error) {
	o, err := m.object(name)
	if err != nil {
		return decision.Entity{}, err
	}
	var e decision.Entity
	if e.Type, err = o.text("type"); err != nil {
		return decision.Entity{}, err
	}
	if !isSought {
		if e.ID, err = o.text("id"); err != nil {
			return decision.Entity{}, err
		}
	}
	e.Properties, err = o.optionalObject("properties")
	return e, err
}

func (m members) action() (decision.Action, error) {
	o, err := m.object("action")
	if err != nil {
		return decision.Action{}, err
	}
	var a decision.Action
	if a.Name, err = o.text("name"); err != nil {
		return decision.Action{}, err
	}
	a.Properties, err = o.optionalObject("properties")
	return a, err
}

// context reads the context and, in it, what this server takes as its own: zedtoken, consistency and explain.
func (m members) context(req *decision.Request) error {
	values, err := m.optionalObject("context")
	if err != nil {
		return err
	}
	req.Context = values
	c := members{at: m.pointer("context"), values: values}
	token, err := c.optionalText("zedtoken")
	if err != nil {
		return err
	}
	req.Token = spice.Token(token)
	consistency, err := c.optionalText("consistency")
	if err != nil {
		return err
	}
	if req.Newest = consistency == "full"; !req.Newest && consistency != "" {
		return wrong(c.pointer("consistency"), `must be "full" or left out`)
	}
	req.Explain, _ = values["explain"].(bool)
	return nil
}

// demanding reports whether any part of the body asks for what was changed elsewhere: by a token, or for the newest state (C3).
func (m members) demanding() bool {
	asks := func(v any) bool {
		part, _ := v.(map[string]any)
		values, _ := part["context"].(map[string]any)
		return values["zedtoken"] != nil || values["consistency"] != nil
	}
	items, _ := m.values["evaluations"].([]any)
	return asks(m.values) || slices.ContainsFunc(items, asks)
}

// ParseEvaluation reads the body of an Access Evaluation request. The error is of kind Invalid.
func ParseEvaluation(text []byte) (decision.Request, error) {
	m, err := body(text)
	if err != nil {
		return decision.Request{}, err
	}
	return m.evaluation()
}

func (m members) evaluation() (req decision.Request, err error) {
	if req.Subject, err = m.entity("subject", given); err != nil {
		return req, err
	}
	if req.Action, err = m.action(); err != nil {
		return req, err
	}
	if req.Resource, err = m.entity("resource", given); err != nil {
		return req, err
	}
	return req, m.context(&req)
}

// page reads which page of a search is wanted. The token is called token; earlier drafts called it next_token, as the answer does.
func (m members) page() (decision.Page, error) {
	values, err := m.optionalObject("page")
	if err != nil {
		return decision.Page{}, err
	}
	p := members{at: m.pointer("page"), values: values}
	var page decision.Page
	if page.Token, err = p.optionalText("token"); err != nil {
		return decision.Page{}, err
	}
	if page.Token == "" {
		if page.Token, err = p.optionalText("next_token"); err != nil {
			return decision.Page{}, err
		}
	}
	if p.has("limit") {
		n, ok := values["limit"].(float64)
		if !ok || n < 1 || n != math.Trunc(n) {
			return decision.Page{}, wrong(p.pointer("limit"), "must be an integer of at least 1")
		}
		page.Limit = access.Some(int(min(n, decision.MaxPageSize)))
	}
	if page.Properties, err = p.optionalObject("properties"); err != nil {
		return decision.Page{}, err
	}
	return page, nil
}
