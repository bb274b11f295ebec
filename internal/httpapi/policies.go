package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Policy is a chatbot's gates as callers see them: null is a gate that is not set, and an empty list one that deletions have emptied, which
// nobody passes (G8).
type Policy struct {
	Enabled       bool                    `json:"enabled" doc:"false stops everyone's interact (G1)"`
	EmailDomains  []string                `json:"email_domains" nullable:"true" doc:"G2"`
	UserTypes     []access.UserType       `json:"user_types" nullable:"true" doc:"G3"`
	Entities      []access.OrganizationID `json:"entities" nullable:"true" doc:"organizations (G4)"`
	AllowedRoles  []string                `json:"allowed_roles" nullable:"true" doc:"at least one of these roles (G5)"`
	RequiredRoles []string                `json:"required_roles" nullable:"true" doc:"all of these roles (G5)"`
	AllowedUsers  []access.UserID         `json:"allowed_users" nullable:"true" doc:"G6"`
	DeniedUsers   []access.UserID         `json:"denied_users" nullable:"true" doc:"G7"`
}

func showPolicy(g sharing.Gates) Policy {
	p := g.Policy
	return Policy{
		Enabled: g.Enabled, EmailDomains: p.EmailDomains, UserTypes: p.UserTypes, Entities: p.Entities, AllowedRoles: p.AllowedRoles,
		RequiredRoles: p.RequiredRoles, AllowedUsers: p.AllowedUsers, DeniedUsers: p.DeniedUsers,
	}
}

// PolicyChanged is a chatbot's gates after a change.
type PolicyChanged struct {
	Policy
	Changed
}

func (a *api) getPolicy(ctx context.Context, actor access.Actor, in *chatbotPath) (*Policy, error) {
	g, err := a.Sharing.Policy(ctx, actor, in.Chatbot)
	if err != nil {
		return nil, err
	}
	return ref(showPolicy(g)), nil
}

// PolicyPatch is the body of a PUT on a chatbot's gates. null unsets a gate; an empty list is refused (G8).
type PolicyPatch struct {
	Enabled       access.Optional[bool]                    `json:"enabled,omitzero" doc:"default true (G1)"`
	EmailDomains  access.Optional[[]string]                `json:"email_domains,omitzero" doc:"exactly these domains, not their subdomains (G2); at most 1,000, as in every gate (G8)"`
	UserTypes     access.Optional[[]access.UserType]       `json:"user_types,omitzero" doc:"G3"`
	Entities      access.Optional[[]access.OrganizationID] `json:"entities,omitzero" doc:"organizations (G4)"`
	AllowedRoles  access.Optional[[]string]                `json:"allowed_roles,omitzero" doc:"roles, or platform:site_admin and so on (G5)"`
	RequiredRoles access.Optional[[]string]                `json:"required_roles,omitzero" doc:"roles, or platform:site_admin and so on (G5)"`
	AllowedUsers  access.Optional[[]access.UserID]         `json:"allowed_users,omitzero" doc:"G6"`
	DeniedUsers   access.Optional[[]access.UserID]         `json:"denied_users,omitzero" doc:"not the owner (G7)"`
}

type putPolicy struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Body    PolicyPatch
}

func (a *api) putPolicy(ctx context.Context, actor access.Actor, in *putPolicy) (*PolicyChanged, error) {
	r, err := a.Sharing.PutPolicy(ctx, actor, in.Chatbot, sharing.PolicyPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &PolicyChanged{Policy: showPolicy(r.Gates), Changed: changed(r.Change)}, nil
}
