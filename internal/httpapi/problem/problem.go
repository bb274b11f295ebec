// Package problem turns errors into answers: problem documents of RFC 9457. Nothing else does.
//
// It owns the table from kinds of errors to HTTP statuses. It must not reveal the cause of an error.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/grantway/grantway/internal/access"
)

// MethodNotAllowed is the one kind that the domain does not know: there is such a path, and not for this method.
const MethodNotAllowed access.Kind = "method-not-allowed"

// ContentType is that of every problem document.
const ContentType = "application/problem+json"

// urn begins the type of every problem; the kind follows.
const urn = "urn:grantway:error:"

// answers is the one table from kinds to statuses. A test holds it against access.Kinds.
var answers = map[access.Kind]struct {
	status int
	title  string
}{
	access.KindInvalid:         {http.StatusBadRequest, "Invalid request"},
	access.KindUnauthenticated: {http.StatusUnauthorized, "Unauthenticated"},
	access.KindDenied:          {http.StatusForbidden, "Permission denied"},
	access.KindNotFound:        {http.StatusNotFound, "Not found"},
	MethodNotAllowed:           {http.StatusMethodNotAllowed, "Method not allowed"},
	access.KindConflict:        {http.StatusConflict, "Conflict"},
	access.KindIDTaken:         {http.StatusConflict, "ID already in use"},
	access.KindUnprocessable:   {http.StatusUnprocessableEntity, "Refused by a rule"},
	access.KindTooLarge:        {http.StatusRequestEntityTooLarge, "Request too large"},
	access.KindExhausted:       {http.StatusTooManyRequests, "Too many requests"},
	access.KindUnavailable:     {http.StatusServiceUnavailable, "Temporarily unavailable"},
	access.KindInternal:        {http.StatusInternalServerError, "Internal server error"},
}

// Problem is a problem document.
type Problem struct {
	Type      string              `json:"type" doc:"urn:grantway:error: followed by the kind of error" example:"urn:grantway:error:not-found"`
	Title     string              `json:"title" doc:"the kind of error in words"`
	Status    int                 `json:"status" doc:"the HTTP status"`
	Detail    string              `json:"detail" doc:"what is wrong, in a sentence"`
	RequestID string              `json:"request_id" doc:"the X-Request-ID of the call"`
	Rule      string              `json:"rule,omitempty" doc:"the rule of the access model that refused the call the call" example:"M2"`
	RuleURL   string              `json:"rule_url,omitempty" doc:"the page that explains the rule" example:"https://pdp.example.com/docs/model#M2"`
	Errors    []access.FieldError `json:"errors,omitempty" doc:"the invalid fields"`
}

// Types lists the type of every problem there is.
func Types() []string {
	types := make([]string, 0, len(answers))
	for _, k := range append(access.Kinds, MethodNotAllowed) {
		types = append(types, urn+string(k))
	}
	return types
}

// Status is the HTTP status of the kind; what the table does not know is a defect.
func Status(k access.Kind) int {
	if a, ok := answers[k]; ok {
		return a.status
	}
	return http.StatusInternalServerError
}

// known is err as the table knows it. An error that is none of the domain's tells nothing but that the server has a defect.
func known(err error) *access.Error {
	var e *access.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		e = access.Unavailable(err)
	default:
		e = &access.Error{Kind: access.KindInternal}
	}
	if _, ok := answers[e.Kind]; !ok || e.Kind == access.KindInternal {
		return &access.Error{Kind: access.KindInternal, Detail: "something went wrong; the server's log has the cause under this request ID"}
	}
	return e
}

// KindOf is the kind as which err is answered.
func KindOf(err error) access.Kind { return known(err).Kind }

// Writer answers errors. Its zero value links to no page.
type Writer struct {
	Model string // the URL of the page that explains the access model, without a fragment
}

// RuleURL is the place in the model that explains the rule, or "".
func (w Writer) RuleURL(rule string) string {
	if rule == "" || w.Model == "" {
		return ""
	}
	return w.Model + "#" + rule
}

// Of is the document for err.
func (w Writer) Of(err error, requestID string) Problem {
	e := known(err)
	a := answers[e.Kind]
	return Problem{
		Type: urn + string(e.Kind), Title: a.title, Status: a.status, Detail: e.Detail, RequestID: requestID,
		Rule: e.Rule, RuleURL: w.RuleURL(e.Rule), Errors: e.Fields,
	}
}

// retryAfter is in how many seconds the caller may try again.
func retryAfter(err error) string {
	return strconv.Itoa(max(1, int(math.Ceil(known(err).RetryAfter.Seconds()))))
}

// Watcher is a ResponseWriter that wants to know which error was answered, for the log.
type Watcher interface {
	Answered(err error)
}

// Write answers with the document for err, and passes err to rw if it is a Watcher.
func (w Writer) Write(rw http.ResponseWriter, requestID string, err error) {
	if watcher, ok := rw.(Watcher); ok {
		watcher.Answered(err)
	}
	p := w.Of(err, requestID)
	body, failed := json.Marshal(p)
	if failed != nil {
		panic(failed) // strings and numbers always marshal
	}
	h := rw.Header()
	h.Set("Content-Type", ContentType)
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="grantway"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter(err))
	}
	rw.WriteHeader(p.Status)
	_, _ = rw.Write(append(body, '\n')) // a caller that is gone needs no answer
}
