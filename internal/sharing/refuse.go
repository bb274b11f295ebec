package sharing

import (
	"errors"

	"github.com/grantway/grantway/internal/access"
)

// withRule adds the rule to a denial that names none yet. Hidden things stay not found (C6).
func withRule(err error, rule string) error {
	var e *access.Error
	if errors.As(err, &e) && e.Kind == access.KindDenied && e.Rule == "" {
		named := *e
		named.Rule = rule
		return &named
	}
	return err
}

// fieldError refuses one field of a body.
func fieldError(rule, pointer, detail string) error {
	return &access.Error{
		Kind: access.KindUnprocessable, Rule: rule, Detail: detail, Fields: []access.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// atField adds the field of the body to a refusal of its value.
func atField(pointer string, err error) error {
	var e *access.Error
	if errors.As(err, &e) && e.Kind == access.KindUnprocessable && e.Fields == nil {
		named := *e
		named.Fields = []access.FieldError{{Pointer: pointer, Detail: e.Detail}}
		return &named
	}
	return err
}

// idTaken refuses an ID that exists elsewhere (I3).
func idTaken(o access.Object) error {
	return access.Refuse(access.KindIDTaken, "I3", "%s already exists elsewhere", o)
}
