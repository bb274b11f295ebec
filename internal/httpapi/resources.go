package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/sharing"
)

// Documents, MCP servers and metrics are alike: their endpoints are made for one of the types.

// Resource is a document, an MCP server or a metric as callers see one.
type Resource struct {
	ID      string             `json:"id"`
	Type    access.Type        `json:"type" doc:"its type as a resource in decisions"`
	Chatbot access.ChatbotID   `json:"chatbot"`
	Access  access.Mode        `json:"access,omitempty" doc:"left out in lists for a subject"`
	Allowed []access.Principal `json:"allowed,omitzero" nullable:"false" doc:"who has access if it is restricted; left out in lists for a subject"`
}

func showResource(r access.Resource) Resource {
	return Resource{ID: r.ID, Type: r.Type, Chatbot: r.Chatbot, Access: r.Mode, Allowed: some(r.Allowed)}
}

// ResourceChanged is a document, an MCP server or a metric after a change.
type ResourceChanged struct {
	Resource
	Changed
}

type resourcesQuery struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Subject access.Subject   `query:"subject" doc:"only what this user, visitor or API key can use: user:ID, visitor:ID or api_key:ID"`
	pageQuery
}

type (
	resourcesCall   = func(context.Context, access.Actor, *resourcesQuery) (*list[Resource], error)
	getResourceCall = func(context.Context, access.Actor, *resourcePath) (*Resource, error)
	putResourceCall = func(context.Context, access.Actor, *putResource) (*ResourceChanged, error)
	delResourceCall = func(context.Context, access.Actor, *resourcePath) (*Changed, error)
)

func (a *api) listResources(t access.Type) resourcesCall {
	return func(ctx context.Context, actor access.Actor, in *resourcesQuery) (*list[Resource], error) {
		if in.Subject != (access.Subject{}) {
			return a.listResourcesFor(ctx, actor, t, in)
		}
		p, err := in.page()
		if err != nil {
			return nil, err
		}
		resources, next, err := a.Sharing.Resources(ctx, actor, t, in.Chatbot, p)
		return listOf(resources, next, err, showResource)
	}
}

// listResourcesFor lists what a subject may use, as the decisions say it (R4).
func (a *api) listResourcesFor(ctx context.Context, actor access.Actor, t access.Type, in *resourcesQuery) (*list[Resource], error) {
	p := decision.Page{Token: in.PageToken}
	if in.PageSize > 0 {
		p.Limit = access.Some(in.PageSize)
	}
	found, err := a.Decisions.ListResources(ctx, actor, t, in.Chatbot, entityOf(in.Subject), p)
	if err != nil {
		return nil, err
	}
	l := &list[Resource]{Items: make([]Resource, len(found.IDs)), NextPageToken: found.Next}
	for i, id := range found.IDs {
		l.Items[i] = Resource{ID: id, Type: t, Chatbot: in.Chatbot}
	}
	return l, nil
}

// entityOf is the subject of a decision. An API key is named by its ID: a secret has no place in a URL.
func entityOf(s access.Subject) decision.Entity {
	e := decision.Entity{Type: string(s.Type), ID: s.ID}
	if s.Type == access.TypeAPIKey {
		e.Properties = map[string]any{"by": "id"}
	}
	return e
}

type resourcePath struct {
	ID string `path:"id" format:"id"`
}

func (a *api) getResource(t access.Type) getResourceCall {
	return func(ctx context.Context, actor access.Actor, in *resourcePath) (*Resource, error) {
		r, err := a.Sharing.Resource(ctx, actor, t, in.ID)
		if err != nil {
			return nil, err
		}
		return ref(showResource(r)), nil
	}
}

// ResourcePatch is the body of a PUT on a document, an MCP server or a metric.
type ResourcePatch struct {
	Chatbot access.Optional[access.ChatbotID]   `json:"chatbot,omitzero" doc:"required at creation; cannot change (I3)"`
	Access  access.Optional[access.Mode]        `json:"access,omitzero" doc:"default public; only documents can be authenticated"`
	Allowed access.Optional[[]access.Principal] `json:"allowed,omitzero" doc:"users, email addresses, and teams and groups of the chatbot's organization (R1)"`
}

type putResource struct {
	resourcePath
	Body ResourcePatch
}

func (a *api) putResource(t access.Type) putResourceCall {
	return func(ctx context.Context, actor access.Actor, in *putResource) (*ResourceChanged, error) {
		r, err := a.Sharing.PutResource(ctx, actor, t, in.ID, sharing.ResourcePatch(in.Body))
		if err != nil {
			return nil, err
		}
		return &ResourceChanged{Resource: showResource(r.Resource), Changed: changed(r.Change)}, nil
	}
}

func (a *api) deleteResource(t access.Type) delResourceCall {
	return func(ctx context.Context, actor access.Actor, in *resourcePath) (*Changed, error) {
		return done(a.Sharing.DeleteResource(ctx, actor, t, in.ID))
	}
}
