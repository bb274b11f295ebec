// Package authzen serves the OpenID AuthZEN Authorization API 1.0 over HTTP: /access/v1 and the metadata of the policy decision point, and
// /v1/explain, which takes the body of an evaluation.
//
// It owns these request and response bodies and their validation. It must not decide or authenticate: package decision answers the requests, and
// the configuration supplies the caller and writes the errors.
package authzen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/fair"
)

// The endpoints.
const (
	PathEvaluation     = "/access/v1/evaluation"
	PathEvaluations    = "/access/v1/evaluations"
	PathSearchSubject  = "/access/v1/search/subject"
	PathSearchResource = "/access/v1/search/resource"
	PathSearchAction   = "/access/v1/search/action"
	PathMetadata       = "/.well-known/authzen-configuration"
	PathExplain        = "/v1/explain"
)

// Decisions answers; *decision.Service is one.
type Decisions interface {
	Evaluate(ctx context.Context, actor access.Actor, req decision.Request) (decision.Answer, error)
	EvaluateAll(ctx context.Context, actor access.Actor, reqs []decision.Request) ([]decision.Answer, error)
	SearchSubjects(ctx context.Context, actor access.Actor, req decision.Request, page decision.Page) (decision.Found, error)
	SearchResources(ctx context.Context, actor access.Actor, req decision.Request, page decision.Page) (decision.Found, error)
	SearchActions(ctx context.Context, actor access.Actor, req decision.Request, page decision.Page) (decision.Found, error)
}

// Config is what a Handler needs.
type Config struct {
	Decisions  Decisions
	Caller     func(*http.Request) (access.Actor, error)             // who is calling, on the newest state of all servers
	WriteError func(w http.ResponseWriter, r *http.Request, e error) // answers with an error
	Status     func(access.Kind) int                                 // the HTTP status of an error, for one evaluation of many
	RuleURL    func(rule string) string                              // the page that explains a rule of the model
	PublicURL  string                                                // where callers reach this server, such as https://pdp.example.com

	MaxEvaluations int // how many one call may ask for; 0 is decision.MaxEvaluations, and so is more

	// EngineElsewhere says that the engine works on other machines. A large batch then waits more than it works, and is not decided in turn with others.
	EngineElsewhere bool
}

// Handler serves the API.
type Handler struct {
	decisions  Decisions
	caller     func(*http.Request) (access.Actor, error)
	writeError func(http.ResponseWriter, *http.Request, error)
	status     func(access.Kind) int
	ruleURL    func(rule string) string
	metadata   []byte
	most       int // evaluations in one call
	inTurn     bool
	mux        *http.ServeMux
}

// New makes the handler. It fails with an error of kind Invalid where the public URL is none that a policy decision point can have.
func New(c Config) (*Handler, error) {
	h := &Handler{
		decisions: c.Decisions, caller: c.Caller, writeError: c.WriteError, status: c.Status, ruleURL: c.RuleURL, inTurn: !c.EngineElsewhere, mux: http.NewServeMux(),
	}
	h.most = decision.MaxEvaluations
	if c.MaxEvaluations > 0 {
		h.most = min(h.most, c.MaxEvaluations)
	}
	base, path, err := parsePublicURL(c.PublicURL)
	if err != nil {
		return nil, err
	}
	if h.metadata, err = metadataOf(base); err != nil {
		return nil, err
	}
	for _, endpoint := range []string{PathEvaluation, PathEvaluations, PathSearchSubject, PathSearchResource, PathSearchAction, PathExplain} {
		h.mux.HandleFunc("POST "+endpoint, h.authenticated)
	}
	h.mux.HandleFunc("GET "+PathMetadata+path, h.serveMetadata)
	return h, nil
}

// ServeHTTP finds out who is calling and serves the request. A method that an endpoint does not have is answered with 405.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Handler) authenticated(w http.ResponseWriter, r *http.Request) {
	actor, err := h.caller(r)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	h.Serve(w, r, actor)
}

// Serve answers a request to one of the endpoints, whose caller was recognized already. Who is calling is asked again where the body demands the
// newest state. The metadata is anyone's.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	if strings.HasPrefix(r.URL.Path, PathMetadata) {
		h.serveMetadata(w, r)
		return
	}
	text, err := readBody(r)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	m, err := parsed(r, text)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	if m.demanding() {
		// The body has arrived, so that what it may know of has happened: one look at what others have changed since serves the whole call.
		r = r.WithContext(access.Asked(r.Context(), time.Now()))
		requestID := actor.RequestID
		if actor, err = h.caller(r); err != nil {
			h.writeError(w, r, err)
			return
		}
		actor.RequestID = requestID
	}
	answer, err := h.answer(r, actor, m)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, answer)
}

func (h *Handler) answer(r *http.Request, actor access.Actor, m members) (any, error) {
	switch r.URL.Path {
	case PathEvaluation:
		return h.evaluation(r, actor, m)
	case PathEvaluations:
		return h.evaluations(r, actor, m)
	case PathExplain:
		return h.explain(r, actor, m)
	case PathSearchSubject, PathSearchResource, PathSearchAction:
		return h.search(r, actor, m)
	}
	return nil, access.Refuse(access.KindNotFound, "", "there is no such endpoint")
}

func (h *Handler) evaluation(r *http.Request, actor access.Actor, m members) (any, error) {
	req, err := m.evaluation()
	if err != nil {
		return nil, err
	}
	a, err := h.decisions.Evaluate(r.Context(), actor, req)
	if err != nil {
		return nil, err
	}
	return h.answered(a), nil
}

func (h *Handler) explain(r *http.Request, actor access.Actor, m members) (any, error) {
	req, err := m.evaluation()
	if err != nil {
		return nil, err
	}
	req.Explain = true
	a, err := h.decisions.Evaluate(r.Context(), actor, req)
	if err != nil {
		return nil, err
	}
	return h.explanation(a), nil
}

func (h *Handler) evaluations(r *http.Request, actor access.Actor, m members) (any, error) {
	b, many, err := m.batch(h.most)
	if err != nil {
		return nil, err
	}
	if !many {
		return h.evaluation(r, actor, m)
	}
	var sound []decision.Request
	for i, req := range b.requests {
		if b.errs[i] == nil {
			sound = append(sound, req)
		}
	}
	decisions, err := h.decideAll(r.Context(), actor, sound)
	if err != nil {
		return nil, err
	}
	all := make([]decision.Answer, len(b.requests))
	for i := range all {
		if b.errs[i] != nil {
			all[i] = decision.Answer{Err: b.errs[i]}
			continue
		}
		all[i], decisions = decisions[0], decisions[1:]
	}
	answer := manyDecided{Evaluations: []decided{}}
	for _, a := range b.semantic.cut(all) {
		answer.Evaluations = append(answer.Evaluations, h.answered(a))
	}
	return answer, nil
}

// perQuestion is how many bytes can be read in the time that one question of a batch takes, or more.
const perQuestion = 256

// decideAll answers the questions, in turn with others where they are many.
func (h *Handler) decideAll(ctx context.Context, actor access.Actor, questions []decision.Request) ([]decision.Answer, error) {
	if h.inTurn {
		rest, err := fair.Compute(ctx, actor.Holder(), len(questions)*perQuestion)
		if err != nil {
			return nil, access.Unavailable(err)
		}
		defer rest()
	}
	return h.decisions.EvaluateAll(ctx, actor, questions)
}

func (h *Handler) search(r *http.Request, actor access.Actor, m members) (any, error) {
	ctx, endpoint := r.Context(), r.URL.Path
	var req decision.Request
	var err error
	if req.Subject, err = m.entity("subject", endpoint == PathSearchSubject); err != nil {
		return nil, err
	}
	if endpoint != PathSearchAction {
		if req.Action, err = m.action(); err != nil {
			return nil, err
		}
	}
	if req.Resource, err = m.entity("resource", endpoint == PathSearchResource); err != nil {
		return nil, err
	}
	if err := m.context(&req); err != nil {
		return nil, err
	}
	page, err := m.page()
	if err != nil {
		return nil, err
	}
	var found decision.Found
	var of func(id string) any
	switch endpoint {
	case PathSearchSubject:
		found, err = h.decisions.SearchSubjects(ctx, actor, req, page)
		of = func(id string) any { return subjectFound(req.Subject.Type, id) }
	case PathSearchResource:
		found, err = h.decisions.SearchResources(ctx, actor, req, page)
		of = func(id string) any { return foundEntity{Type: req.Resource.Type, ID: id} }
	default:
		found, err = h.decisions.SearchActions(ctx, actor, req, page)
		of = func(name string) any { return foundAction{Name: name} }
	}
	if err != nil {
		return nil, err
	}
	return results(found, of), nil
}

// subjectFound says of an API key that its ID is no secret, as an evaluation must say it too.
func subjectFound(typ, id string) any {
	e := foundEntity{Type: typ, ID: id}
	if access.Type(typ) == access.TypeAPIKey {
		e.Properties = map[string]any{"by": "id"}
	}
	return e
}

// parsed reads what a body says, in turn with others where it is long.
func parsed(r *http.Request, text []byte) (members, error) {
	rest, err := fair.Compute(r.Context(), "bodies", len(text))
	if err != nil {
		return members{}, access.Unavailable(err)
	}
	defer rest()
	return body(text)
}

// readBody reads a body of JSON. How long it may be is for an http.MaxBytesReader to say.
func readBody(r *http.Request) ([]byte, error) {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 || !isJSON(types[0]) {
		return nil, access.Invalidf("", "the content type must be application/json")
	}
	text, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, access.Refuse(access.KindTooLarge, "", "a body can have at most %d bytes", tooLarge.Limit)
	case err != nil:
		return nil, &access.Error{Kind: access.KindInvalid, Detail: "cannot read the body", Cause: err}
	}
	return text, nil
}

// maxMediaType is the longest Content-Type, in bytes.
const maxMediaType = 256

// isJSON takes application/json, in UTF-8 where it says in what.
func isJSON(contentType string) bool {
	if len(contentType) > maxMediaType {
		return false
	}
	typ, parameters, err := mime.ParseMediaType(contentType)
	charset, said := parameters["charset"]
	return err == nil && typ == "application/json" && (!said || strings.EqualFold(charset, "utf-8"))
}

func writeJSON(w http.ResponseWriter, answer any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		panic(err) // a defect: answers are made of texts, numbers and truth values
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text.Bytes()) // the caller has gone; there is nobody to tell
}
