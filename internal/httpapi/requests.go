package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Request is a request to share as callers see one.
type Request struct {
	ID             access.RequestID    `json:"id"`
	Chatbot        access.ChatbotID    `json:"chatbot"`
	Principal      access.Principal    `json:"principal"`
	Access         access.Level        `json:"access"`
	ShareExpiresAt *time.Time          `json:"share_expires_at" doc:"when the requested share would expire (S13); null for never"`
	Requester      *string             `json:"requester" doc:"user:ID or key:ID; null once the user is offboarded"`
	State          access.RequestState `json:"state"`
	Revision       int64               `json:"revision" doc:"starts at 1 and goes up each time somebody asks for something else (S9); an approval has to name a revision above 1 (S8)"`
	CreatedAt      time.Time           `json:"created_at"`
	ExpiresAt      time.Time           `json:"expires_at" doc:"when it expires undecided (S7)"`
	DecidedBy      *string             `json:"decided_by" doc:"who decided or cancelled it; null while it is pending"`
	DecidedAt      *time.Time          `json:"decided_at"`
	Detail         *string             `json:"detail" doc:"more about its end: the reason of a denial, the right that was lost, an earlier expiry than requested (S8)"`
}

func showRequest(r access.Request) Request {
	return Request{
		ID: r.ID, Chatbot: r.Chatbot, Principal: r.Principal, Access: r.Level, ShareExpiresAt: timeOrNull(r.ShareExpiresAt),
		Requester: orNull(r.Requester), State: r.State, Revision: r.Revision, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		DecidedBy: orNull(r.DecidedBy), DecidedAt: timeOrNull(r.DecidedAt), Detail: orNull(r.Detail),
	}
}

// RequestChanged is a request after a decision.
type RequestChanged struct {
	Request
	Changed
}

func requestChanged(r sharing.RequestResult, err error) (*RequestChanged, error) {
	if err != nil {
		return nil, err
	}
	return &RequestChanged{Request: showRequest(r.Request), Changed: changed(r.Change)}, nil
}

type requestsQuery struct {
	State     access.RequestState `query:"state" doc:"only those in this state"`
	Chatbot   access.ChatbotID    `query:"chatbot" doc:"only those for this chatbot"`
	Decidable bool                `query:"decidable" doc:"only pending requests that the actor can approve or deny"`
	pageQuery
}

func (a *api) listRequests(ctx context.Context, actor access.Actor, in *requestsQuery) (*list[Request], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	q := sharing.RequestQuery{State: in.State, Chatbot: in.Chatbot, Decidable: in.Decidable}
	requests, next, err := a.Sharing.Requests(ctx, actor, q, p)
	return listFrom(p, requests, next, err, showRequest)
}

type requestPath struct {
	Request access.RequestID `path:"request"`
}

func (a *api) getRequest(ctx context.Context, actor access.Actor, in *requestPath) (*Request, error) {
	r, err := a.Sharing.Request(ctx, actor, in.Request)
	if err != nil {
		return nil, err
	}
	return ref(showRequest(r)), nil
}

// Approval is the body of an approval.
type Approval struct {
	Access    access.Level               `json:"access" doc:"the level to approve; a conflict if the request is now for another level (S8)"`
	Revision  int                        `json:"revision,omitempty" minimum:"1" doc:"the revision to approve; required if it is above 1, because the request has changed since it was made (S8)"`
	ExpiresAt access.Optional[time.Time] `json:"expires_at,omitzero" doc:"an earlier expiry than requested; by default the requested one"`
}

type approveRequest struct {
	requestPath
	Body Approval
}

func (a *api) approveRequest(ctx context.Context, actor access.Actor, in *approveRequest) (*RequestChanged, error) {
	approval := sharing.Approval{Access: in.Body.Access, Revision: int64(in.Body.Revision), ExpiresAt: in.Body.ExpiresAt}
	return requestChanged(a.Sharing.ApproveRequest(ctx, actor, in.Request, approval))
}

// Denial is the body of a denial.
type Denial struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"shown to the requester and kept in the record; at most 1,000 characters"`
}

type denyRequest struct {
	requestPath
	Body Denial `body:"optional"`
}

func (a *api) denyRequest(ctx context.Context, actor access.Actor, in *denyRequest) (*RequestChanged, error) {
	return requestChanged(a.Sharing.DenyRequest(ctx, actor, in.Request, in.Body.Reason))
}

func (a *api) cancelRequest(ctx context.Context, actor access.Actor, in *requestPath) (*RequestChanged, error) {
	return requestChanged(a.Sharing.CancelRequest(ctx, actor, in.Request))
}
