package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// APIKey is a chatbot's key as callers see one: never its secret.
type APIKey struct {
	ID                access.KeyID     `json:"id"`
	Chatbot           access.ChatbotID `json:"chatbot"`
	Name              string           `json:"name"`
	Access            access.Level     `json:"access"`
	AllowedIPs        []string         `json:"allowed_ips" nullable:"true" doc:"where it can be used from (K4); null for anywhere"`
	ExpiresAt         *time.Time       `json:"expires_at" doc:"when it expires (K5); null for never"`
	Preview           string           `json:"preview" doc:"the first characters of the secret"`
	CreatedBy         string           `json:"created_by" doc:"user:ID or key:ID"`
	CreatedAt         time.Time        `json:"created_at"`
	LastUsed          *time.Time       `json:"last_used" doc:"when its secret was last presented, to the minute; null for never"`
	CreatorLostDeploy bool             `json:"creator_lost_deploy" doc:"whether its creator can no longer deploy the chatbot (K3)"`
}

func showAPIKey(k access.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Chatbot: k.Chatbot, Name: k.Name, Access: k.Level, AllowedIPs: k.AllowedIPs, ExpiresAt: timeOrNull(k.ExpiresAt), Preview: k.Preview,
		CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), LastUsed: timeOrNull(k.LastUsed), CreatorLostDeploy: k.CreatorLostDeploy,
	}
}

// APIKeyCreated is a new key with its secret.
type APIKeyCreated struct {
	APIKey
	Secret string `json:"secret,omitempty" doc:"shown only in this answer; left out when the call is repeated"`
	Changed
}

func (k *APIKeyCreated) withoutSecret() any {
	again := *k
	again.Secret = ""
	return &again
}

type apiKeysQuery struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	pageQuery
}

func (a *api) listAPIKeys(ctx context.Context, actor access.Actor, in *apiKeysQuery) (*list[APIKey], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	keys, next, err := a.Sharing.APIKeys(ctx, actor, in.Chatbot, p)
	return listOf(keys, next, err, showAPIKey)
}

// NewAPIKey is the body of a POST of a chatbot's key.
type NewAPIKey struct {
	Name       string                     `json:"name"`
	Access     access.Level               `json:"access" doc:"at most what its creator has; it never changes (K1, K3)"`
	ExpiresAt  access.Optional[time.Time] `json:"expires_at,omitzero" doc:"truncated to whole seconds"`
	AllowedIPs access.Optional[[]string]  `json:"allowed_ips,omitzero" doc:"IP addresses and CIDR ranges; checks must send an address in them as context.ip (K4)"`
}

type createAPIKey struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Body    NewAPIKey
}

func (a *api) createAPIKey(ctx context.Context, actor access.Actor, in *createAPIKey) (*APIKeyCreated, error) {
	b := in.Body
	r, err := a.Sharing.CreateAPIKey(ctx, actor, in.Chatbot, sharing.NewAPIKey{
		Name: b.Name, Level: b.Access, ExpiresAt: b.ExpiresAt.Value, AllowedIPs: b.AllowedIPs.Value,
	})
	if err != nil {
		return nil, err
	}
	return &APIKeyCreated{APIKey: showAPIKey(r.Key), Secret: r.Secret, Changed: changed(r.Change)}, nil
}

type apiKeyPath struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Key     access.KeyID     `path:"key"`
}

func (a *api) deleteAPIKey(ctx context.Context, actor access.Actor, in *apiKeyPath) (*Changed, error) {
	return done(a.Sharing.DeleteAPIKey(ctx, actor, in.Chatbot, in.Key))
}
