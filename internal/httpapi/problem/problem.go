// Package problem is the one place where an error becomes an answer: a problem document of RFC 9457.
//
// It owns the table from kinds of errors to HTTP statuses. The cause of an error never leaves through it.
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
	access.KindInvalid:         {http.StatusBadRequest, "The request breaks its form"},
	access.KindUnauthenticated: {http.StatusUnauthorized, "Nobody known is calling"},
	access.KindDenied:          {http.StatusForbidden, "The caller may not do this"},
	access.KindNotFound:        {http.StatusNotFound, "It does not exist, or you may not see it"},
	MethodNotAllowed:           {http.StatusMethodNotAllowed, "The path does not take this method"},
	access.KindConflict:        {http.StatusConflict, "The state forbids this"},
	access.KindIDTaken:         {http.StatusConflict, "The ID exists elsewhere"},
	access.KindUnprocessable:   {http.StatusUnprocessableEntity, "A rule refuses the value"},
	access.KindTooLarge:        {http.StatusRequestEntityTooLarge, "More than one call may carry"},
	access.KindExhausted:       {http.StatusTooManyRequests, "Too many calls"},
	access.KindUnavailable:     {http.StatusServiceUnavailable, "The server cannot answer right now"},
	access.KindInternal:        {http.StatusInternalServerError, "The server has a defect"},
}

// Problem is a problem document.
type Problem struct {
	Type      string              `json:"type" doc:"urn:grantway:error: and the kind of the error" example:"urn:grantway:error:not-found"`
	Title     string              `json:"title" doc:"what the kind means"`
	Status    int                 `json:"status" doc:"the HTTP status"`
	Detail    string              `json:"detail" doc:"what is wrong here, in a sentence"`
	RequestID string              `json:"request_id" doc:"the X-Request-ID of the call"`
	Rule      string              `json:"rule,omitempty" doc:"the rule of the access model that refused" example:"M2"`
	RuleURL   string              `json:"rule_url,omitempty" doc:"the page that explains the rule" example:"https://pdp.example.com/docs/model#M2"`
	Errors    []access.FieldError `json:"errors,omitempty" doc:"the fields at fault"`
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
		return &access.Error{Kind: access.KindInternal, Detail: "something went wrong inside; the server's log tells what, under this request ID"}
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
