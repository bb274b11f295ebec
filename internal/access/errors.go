package access

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the kind of an error; each answers with one HTTP status and one problem type.
type Kind string

const (
	KindInvalid         Kind = "invalid"         // a body, path or file that breaks its form
	KindUnauthenticated Kind = "unauthenticated" // nobody, or nobody known, is calling
	KindDenied          Kind = "denied"          // the caller may see it and may not do it
	KindNotFound        Kind = "not-found"       // it is not there, or may not be seen (C6)
	KindConflict        Kind = "conflict"        // the state forbids it
	KindIDTaken         Kind = "id-taken"        // the ID exists elsewhere (I3)
	KindUnprocessable   Kind = "unprocessable"   // well-formed, but a rule refuses the value
	KindTooLarge        Kind = "too-large"       // more than is taken in one call
	KindExhausted       Kind = "exhausted"       // too many calls
	KindUnavailable     Kind = "unavailable"     // the engine or the store cannot answer (C4)
	KindInternal        Kind = "internal"        // a defect of the server
)

// Kinds lists every kind.
var Kinds = []Kind{
	KindInvalid, KindUnauthenticated, KindDenied, KindNotFound, KindConflict, KindIDTaken, KindUnprocessable, KindTooLarge,
	KindExhausted, KindUnavailable, KindInternal,
}

// Error is the one error of the domain. Detail is written for the caller; Cause stays in the log.
type Error struct {
	Kind   Kind
	Rule   string       // the rule of the access model that refused the call the call, or ""
	Detail string       // one sentence that the caller may read
	Fields []FieldError // the fields at fault, when the kind is Invalid or Unprocessable
	Cause  error        // what went wrong inside; never shown to the caller

	RetryAfter time.Duration // when the kind is Exhausted or Unavailable: how long to wait before trying again; 0 is a second
}

// FieldError names one field at fault.
type FieldError struct {
	Pointer string `json:"pointer"` // a JSON pointer into the body, such as /access
	Detail  string `json:"detail"`
}

func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Rule != "" {
		s += " (" + e.Rule + ")"
	}
	s += ": " + e.Detail
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Refuse makes an error of the kind, refused by the rule.
func Refuse(kind Kind, rule, format string, args ...any) *Error {
	return &Error{Kind: kind, Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// Invalidf says that a value breaks its form.
func Invalidf(rule, format string, args ...any) *Error {
	return Refuse(KindInvalid, rule, format, args...)
}

// Deniedf says that the actor may not do it.
func Deniedf(rule, format string, args ...any) *Error {
	return Refuse(KindDenied, rule, format, args...)
}

// Conflictf says that the state forbids it.
func Conflictf(rule, format string, args ...any) *Error {
	return Refuse(KindConflict, rule, format, args...)
}

// Unprocessablef says that a rule refuses the value.
func Unprocessablef(rule, format string, args ...any) *Error {
	return Refuse(KindUnprocessable, rule, format, args...)
}

// NotFound is the answer for what is not there and for what may not be seen: the same sentence for both, which depends on nothing but
// what the caller itself asked for (C6).
func NotFound(o Object) *Error {
	return Refuse(KindNotFound, "", "%s does not exist, or you may not see it", o)
}

// Unavailable says that the engine or the store cannot answer.
func Unavailable(cause error) *Error {
	return &Error{Kind: KindUnavailable, Detail: "the server cannot answer now: try again", Cause: cause}
}

// KindOf is the kind of err: that of the *Error in its chain, or KindInternal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
