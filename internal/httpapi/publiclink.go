package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// PublicAccess is a chatbot's public link as those see it who manage its access.
type PublicAccess struct {
	Mode     access.Audience `json:"mode"`
	Link     *string         `json:"link" doc:"to be sent as context.link of decisions; null for mode none, and when a call is repeated"`
	Warnings []string        `json:"warnings,omitempty" doc:"why the link is not shown"`
}

func showPublicAccess(p sharing.PublicAccess) PublicAccess {
	shown := PublicAccess{Mode: p.Mode, Link: orNull(p.Link)}
	if p.Lost {
		shown.Warnings = []string{"the link works, but cannot be shown because its hash key was removed: rotate the link to get a new one"}
	}
	return shown
}

// PublicAccessChanged is the public link after a change.
type PublicAccessChanged struct {
	PublicAccess
	Changed
}

func (p *PublicAccessChanged) withoutSecret() any {
	again := *p
	again.Link = nil
	return &again
}

func (a *api) getPublicAccess(ctx context.Context, actor access.Actor, in *chatbotPath) (*PublicAccess, error) {
	p, err := a.Sharing.PublicAccess(ctx, actor, in.Chatbot)
	if err != nil {
		return nil, err
	}
	return ref(showPublicAccess(p)), nil
}

// PublicAccessPatch is the body of a PUT on a chatbot's public link.
type PublicAccessPatch struct {
	Mode access.Optional[access.Audience] `json:"mode,omitzero" doc:"changing it from none creates a new link"`
}

type putPublicAccess struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Body    PublicAccessPatch
}

func (a *api) putPublicAccess(ctx context.Context, actor access.Actor, in *putPublicAccess) (*PublicAccessChanged, error) {
	return relinked(a.Sharing.PutPublicAccess(ctx, actor, in.Chatbot, in.Body.Mode))
}

func (a *api) rotateLink(ctx context.Context, actor access.Actor, in *chatbotPath) (*PublicAccessChanged, error) {
	return relinked(a.Sharing.RotateLink(ctx, actor, in.Chatbot))
}

func relinked(r sharing.PublicAccessResult, err error) (*PublicAccessChanged, error) {
	if err != nil {
		return nil, err
	}
	return &PublicAccessChanged{PublicAccess: showPublicAccess(r.PublicAccess), Changed: changed(r.Change)}, nil
}
