package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Share is a share as callers see one.
type Share struct {
	Chatbot   access.ChatbotID `json:"chatbot"`
	Principal access.Principal `json:"principal"`
	Access    access.Level     `json:"access"`
	ExpiresAt *time.Time       `json:"expires_at" doc:"when it expires (S13); null for never"`
}

func showShare(s access.Share) Share {
	return Share{Chatbot: s.Chatbot, Principal: s.Principal, Access: s.Level, ExpiresAt: timeOrNull(s.ExpiresAt)}
}

// ShareChanged is a share after a change.
type ShareChanged struct {
	State string `json:"state" enum:"active" doc:"active: it is in force"`
	Share
	Changed
}

// ShareRequested is a share that others decide about.
type ShareRequested struct {
	State   string  `json:"state" enum:"pending" doc:"pending: gives nothing until the request is approved (S4–S7)"`
	Request Request `json:"request"`
	Changed
}

type sharesQuery struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	pageQuery
}

func (a *api) listShares(ctx context.Context, actor access.Actor, in *sharesQuery) (*list[Share], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	shares, next, err := a.Sharing.Shares(ctx, actor, in.Chatbot, p)
	return listOf(shares, next, err, showShare)
}

// SharePatch is the body of a PUT on a share.
type SharePatch struct {
	Access    access.Optional[access.Level] `json:"access,omitzero" doc:"required for a new share"`
	ExpiresAt access.Optional[time.Time]    `json:"expires_at,omitzero" doc:"truncated to whole seconds"`
}

type sharePath struct {
	Chatbot   access.ChatbotID `path:"chatbot"`
	Principal access.Principal `path:"principal"`
}

type putShare struct {
	sharePath
	Body SharePatch
}

func (a *api) putShare(ctx context.Context, actor access.Actor, in *putShare) (*either[ShareChanged, ShareRequested], error) {
	r, err := a.Sharing.PutShare(ctx, actor, in.Chatbot, in.Principal, sharing.SharePatch{
		Access: in.Body.Access, ExpiresAt: in.Body.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	if r.Request != nil {
		return &either[ShareChanged, ShareRequested]{
			pending: &ShareRequested{State: "pending", Request: showRequest(*r.Request), Changed: changed(r.Change)},
		}, nil
	}
	return &either[ShareChanged, ShareRequested]{
		done: &ShareChanged{State: "active", Share: showShare(r.Share), Changed: changed(r.Change)},
	}, nil
}

func (a *api) deleteShare(ctx context.Context, actor access.Actor, in *sharePath) (*Changed, error) {
	return done(a.Sharing.DeleteShare(ctx, actor, in.Chatbot, in.Principal))
}
