package httpapi

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// metadataPath is where the metadata of the policy decision point is (AuthZEN 1.0, 9.2).
const metadataPath = "/.well-known/authzen-configuration"

// decisionRoute is one endpoint of AuthZEN 1.0, described by hand: package authzen reads its bodies leniently, as the specification says.
type decisionRoute struct {
	description  string
	body, answer *huma.Schema
}

// authZEN is the endpoint of package authzen, described.
func (a *api) authZEN(d decisionRoute) *handled {
	return &handled{handler: a.AuthZEN, describe: func(op *huma.Operation) {
		op.Description = joinSentences(d.description, op.Description)
		if d.body != nil {
			op.RequestBody = &huma.RequestBody{Required: true, Content: jsonContent(d.body)}
		}
		op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: http.StatusText(http.StatusOK), Content: jsonContent(d.answer)}
	}}
}

func joinSentences(first, second string) string {
	if second == "" {
		return first
	}
	return first + " " + second
}

// open is an object that may have members beyond those described.
func open(required []string, properties map[string]*huma.Schema) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Required: required, Properties: properties, AdditionalProperties: true}
}

func text(description string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: description}
}

func listSchema(items *huma.Schema) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: items}
}

func sentences(description string) *huma.Schema {
	s := listSchema(&huma.Schema{Type: huma.TypeString})
	s.Description = description
	return s
}

func properties(description string) *huma.Schema {
	s := open(nil, nil)
	s.Description = description
	return s
}

var (
	subjectEntity = open([]string{"type", "id"}, map[string]*huma.Schema{
		"type":       {Type: huma.TypeString, Examples: []any{"user"}, Description: "user, visitor or api_key"},
		"id":         text("the user's ID, or the secret of an API key"),
		"properties": properties("email: the address of a user without one in the directory; by: \"id\" to name an API key by its ID"),
	})
	actionEntity = open([]string{"name"}, map[string]*huma.Schema{
		"name":       {Type: huma.TypeString, Examples: []any{"interact"}},
		"properties": properties("values for conditions, such as the numbers that a feature limits"),
	})
	resourceEntity = open([]string{"type", "id"}, map[string]*huma.Schema{
		"type":       {Type: huma.TypeString, Examples: []any{"chatbot"}},
		"id":         {Type: huma.TypeString, Examples: []any{"helper"}},
		"properties": properties("values for conditions"),
	})
	decisionContext = open(nil, map[string]*huma.Schema{
		"ip":          text("the IP address of the subject"),
		"link":        text("the public link presented by the subject"),
		"zedtoken":    text("makes the decision include the change that returned this token"),
		"consistency": {Type: huma.TypeString, Enum: []any{"full"}, Description: "full: decide on the newest state"},
		"explain":     {Type: huma.TypeBoolean, Description: "whether to explain the decision"},
	})
	decisionAnswer = open([]string{"decision"}, map[string]*huma.Schema{
		"decision": {Type: huma.TypeBoolean},
		"context":  properties("details of the decision: reason, missing, mistyped, limits, error; with explain, also the members of an explanation"),
	})
	pageRequest = open(nil, map[string]*huma.Schema{
		"token": text("next_token of the previous page"),
		"limit": {Type: huma.TypeInteger, Minimum: ref(1.0)},
	})
	pageAnswer = open([]string{"next_token"}, map[string]*huma.Schema{
		"next_token": text("empty on the last page"),
		"count":      {Type: huma.TypeInteger},
	})
)

// sought is the subject or resource of a search: its ID, if it has one, is ignored.
func sought(entity *huma.Schema) *huma.Schema {
	s := *entity
	s.Required = []string{"type"}
	return &s
}

func search(description string, required []string, subject, resource, result *huma.Schema) decisionRoute {
	body := map[string]*huma.Schema{"subject": subject, "resource": resource, "context": decisionContext, "page": pageRequest}
	for _, name := range required {
		if name == "action" {
			body["action"] = actionEntity
		}
	}
	return decisionRoute{
		description: description, body: open(required, body),
		answer: open([]string{"results"}, map[string]*huma.Schema{"results": listSchema(result), "page": pageAnswer}),
	}
}

var (
	evaluation = decisionRoute{
		description: "The OpenID AuthZEN Access Evaluation API. A denial is an answer with status 200.",
		body: open([]string{"subject", "action", "resource"}, map[string]*huma.Schema{
			"subject": subjectEntity, "action": actionEntity, "resource": resourceEntity, "context": decisionContext,
		}),
		answer: decisionAnswer,
	}
	explanation = decisionRoute{
		description: "Explains a decision. The body is the same as for an evaluation.",
		body:        evaluation.body,
		answer: open([]string{"decision", "because", "stopped_by", "could_be_granted_by", "rules"}, map[string]*huma.Schema{
			"decision":            {Type: huma.TypeBoolean},
			"because":             sentences("if allowed: the path that grants it, step by step"),
			"stopped_by":          sentences("if denied: everything that prevents it"),
			"could_be_granted_by": sentences("if denied: who could grant it"),
			"rules": {
				Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString},
				Description: "links to the rules named in the sentences, by rule", Examples: []any{map[string]string{"S1": "https://pdp.example.com/docs/model#S1"}},
			},
		}),
	}
	evaluations = decisionRoute{
		description: "The OpenID AuthZEN Access Evaluations API. Items without a subject, action, resource or context use the one beside evaluations.",
		body: open(nil, map[string]*huma.Schema{
			"subject": subjectEntity, "action": actionEntity, "resource": resourceEntity, "context": decisionContext,
			"evaluations": listSchema(open(nil, map[string]*huma.Schema{
				"subject": subjectEntity, "action": actionEntity, "resource": resourceEntity, "context": decisionContext,
			})),
			"options": open(nil, map[string]*huma.Schema{
				"evaluations_semantic": {Type: huma.TypeString, Enum: []any{"execute_all", "deny_on_first_deny", "permit_on_first_permit"}},
			}),
		}),
		answer: open(nil, map[string]*huma.Schema{"evaluations": listSchema(decisionAnswer)}),
	}
	subjectSearch = search("The OpenID AuthZEN Subject Search API: the subjects that can do the action on the resource.",
		[]string{"subject", "action", "resource"}, sought(subjectEntity), resourceEntity, subjectEntity)
	resourceSearch = search("The OpenID AuthZEN Resource Search API: the resources on which the subject can do the action.",
		[]string{"subject", "action", "resource"}, subjectEntity, sought(resourceEntity), resourceEntity)
	actionSearch = search("The OpenID AuthZEN Action Search API: the actions that the subject can do on the resource.",
		[]string{"subject", "resource"}, subjectEntity, resourceEntity, actionEntity)
	metadata = decisionRoute{
		description: "The metadata of the policy decision point (OpenID AuthZEN).",
		answer: open([]string{"policy_decision_point", "access_evaluation_endpoint"}, map[string]*huma.Schema{
			"policy_decision_point": text(""), "access_evaluation_endpoint": text(""), "access_evaluations_endpoint": text(""),
			"search_subject_endpoint": text(""), "search_resource_endpoint": text(""), "search_action_endpoint": text(""),
		}),
	}
)
