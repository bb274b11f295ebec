// Package client calls a Grantway server over its HTTP API.
//
// It owns requests and answers. It must not print, keep state or decide: refusals of the server come back as the domain's error.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// maxAnswerBytes bounds what is read of an answer that is no stream.
const maxAnswerBytes = 16 << 20

// Client is one server and one caller.
type Client struct {
	base  *url.URL
	key   string
	actor string
	http  *http.Client
}

// New calls the server at the URL with the account key. With an actor the key acts for that user (B2).
func New(server, key, actor string) (*Client, error) {
	base, err := url.Parse(server)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("%q is not a server's URL: write one such as http://127.0.0.1:8080", server)
	}
	if _, password := base.User.Password(); password || base.RawQuery != "" {
		return nil, errors.New("a server's URL must not contain a password or a query")
	}
	return &Client{base: base, key: key, actor: actor, http: &http.Client{CheckRedirect: stay}}, nil
}

// Server is the address that is called.
func (c *Client) Server() string { return c.base.String() }

// request is one call. The path is made of segments that are escaped here.
type request struct {
	method      string
	path        []string
	query       url.Values
	body        io.Reader
	contentType string
}

// stay is for calls that are not to follow a redirect: it would lead to another server, or turn a change into a question.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// jsonBody makes the body of a call from v.
func jsonBody(v any) (io.Reader, error) {
	data, err := json.Marshal(v)
	return bytes.NewReader(data), err
}

// send makes the call and returns the answer if it is one of success. The caller closes its body.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	escaped := make([]string, len(r.path))
	for i, segment := range r.path {
		escaped[i] = url.PathEscape(segment)
		// A segment of dots would be taken for a step up.
		if strings.Trim(segment, ".") == "" {
			escaped[i] = strings.ReplaceAll(segment, ".", "%2E")
		}
	}
	target := strings.TrimSuffix(c.base.String(), "/") + "/" + strings.Join(escaped, "/")
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, r.body)
	if err != nil {
		return nil, err
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.actor != "" {
		req.Header.Set(access.ActorHeader, access.EncodeActor(access.UserID(c.actor)))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &UnreachableError{Server: c.Server(), Cause: reason(ctx, err)}
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

// answer makes the call and returns the body of its answer.
func (c *Client) answer(ctx context.Context, r request) ([]byte, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, &UnreachableError{Server: c.Server(), Cause: reason(ctx, err)}
	}
	return data, nil
}

// UnreachableError says that a server did not answer, or that its answer broke off.
type UnreachableError struct {
	Server string
	Cause  error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("no answer from %s: %v", e.Server, e.Cause)
}

func (e *UnreachableError) Unwrap() error { return e.Cause }

// reason leaves out the method and address that net/http puts before the cause.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// problem is the body of a refusal (RFC 9457), as far as it is shown to people.
type problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Detail string              `json:"detail"`
	Rule   string              `json:"rule"`
	URL    string              `json:"rule_url"`
	Errors []access.FieldError `json:"errors"`

	RequestID string `json:"request_id"`
}

// AnsweredError is what the server answered instead of what was asked for. It wraps the *access.Error.
type AnsweredError struct {
	Answer    *access.Error
	RequestID string // under which the server's log and record have the call
	RuleURL   string // the page that explains the rule of the access model that refused the call the call, or ""
}

func (e *AnsweredError) Error() string { return e.Answer.Error() }

func (e *AnsweredError) Unwrap() error { return e.Answer }

// asError is the problem as the domain's error.
func (p *problem) asError() *AnsweredError {
	kind, _ := cutKind(p.Type)
	detail := p.Detail
	if detail == "" {
		detail = p.Title
	}
	return &AnsweredError{
		Answer: &access.Error{Kind: kind, Rule: p.Rule, Detail: detail, Fields: p.Errors}, RequestID: p.RequestID, RuleURL: p.URL,
	}
}

// cutKind reads the kind in a problem's type, and whether it is one of Grantway's.
func cutKind(problemType string) (access.Kind, bool) {
	kind, ours := strings.CutPrefix(problemType, "urn:grantway:error:")
	return access.Kind(kind), ours
}

// refusal turns an answer of failure into the domain's error, or into an UnexpectedError if it is not this server's.
func refusal(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var p problem
	if media == "application/problem+json" && json.Unmarshal(data, &p) == nil {
		if _, ours := cutKind(p.Type); ours {
			return p.asError()
		}
	}
	return &UnexpectedError{Server: resp.Request.URL.Host, Status: resp.StatusCode, Location: resp.Header.Get("Location")}
}

// UnexpectedError is an answer that no Grantway server gives.
type UnexpectedError struct {
	Server   string
	Status   int
	Location string // where the answer sends the caller, or ""
}

func (e *UnexpectedError) Error() string {
	if e.Location != "" {
		return fmt.Sprintf("%s answers %d and redirects to %s", e.Server, e.Status, e.Location)
	}
	return fmt.Sprintf("%s answers %d %s, so it is not a Grantway server", e.Server, e.Status, http.StatusText(e.Status))
}

// Ready asks whether the server and what it stands on can answer. It needs no key.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.answer(ctx, request{method: http.MethodGet, path: []string{"readyz"}})
	return err
}
