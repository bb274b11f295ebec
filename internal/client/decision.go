package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

// Question is an evaluation request of the AuthZEN Authorization API 1.0.
type Question struct {
	Subject  Entity         `json:"subject"`
	Action   Action         `json:"action"`
	Resource Entity         `json:"resource"`
	Context  map[string]any `json:"context,omitempty"`
}

// Entity is a subject or a resource.
type Entity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// EntityOf names the object in a question.
func EntityOf(o access.Object) Entity { return Entity{Type: string(o.Type), ID: o.ID} }

// Action is what the subject wants to do.
type Action struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Decision is the answer to a question. Context tells more where there is something to say, such as the values that were missing.
type Decision struct {
	Allowed bool           `json:"decision"`
	Context map[string]any `json:"context,omitempty"`
}

// Explanation is a decision and why it is as it is, in sentences.
type Explanation struct {
	Allowed          bool
	Because          []string
	StoppedBy        []string
	CouldBeGrantedBy []string
	Rules            map[string]string // the page that explains each rule named in the sentences
}

// Explain asks one question, and why its answer is as it is. The second result is the answer as the server wrote it.
func (c *Client) Explain(ctx context.Context, q Question) (Explanation, []byte, error) {
	body, err := jsonBody(q)
	if err != nil {
		return Explanation{}, nil, err
	}
	data, err := c.answer(ctx, request{method: http.MethodPost, path: []string{"v1", "explain"}, body: body, contentType: "application/json"})
	if err != nil {
		return Explanation{}, nil, err
	}
	var given struct {
		Allowed          *bool    `json:"decision"`
		Because          []string `json:"because"`
		StoppedBy        []string `json:"stopped_by"`
		CouldBeGrantedBy []string `json:"could_be_granted_by"`

		Rules map[string]string `json:"rules"`
	}
	if err := json.Unmarshal(data, &given); err != nil || given.Allowed == nil {
		return Explanation{}, nil, fmt.Errorf("the answer of %s is not an explanation", c.Server())
	}
	return Explanation{*given.Allowed, given.Because, given.StoppedBy, given.CouldBeGrantedBy, given.Rules}, data, nil
}

// Check asks one question. The second result is the answer as the server wrote it.
func (c *Client) Check(ctx context.Context, q Question) (Decision, []byte, error) {
	body, err := jsonBody(q)
	if err != nil {
		return Decision{}, nil, err
	}
	data, err := c.answer(ctx, request{
		method: http.MethodPost, path: []string{"access", "v1", "evaluation"}, body: body, contentType: "application/json",
	})
	if err != nil {
		return Decision{}, nil, err
	}
	var given struct {
		Allowed *bool          `json:"decision"`
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(data, &given); err != nil || given.Allowed == nil {
		return Decision{}, nil, fmt.Errorf("the answer of %s is not a decision", c.Server())
	}
	return Decision{Allowed: *given.Allowed, Context: given.Context}, data, nil
}
