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
	ShareExpiresAt *time.Time          `json:"share_expires_at" doc:"from when on the share is to give nothing (S13); null for never"`
	Requester      *string             `json:"requester" doc:"user:ID or key:ID; null once the user is offboarded"`
	State          access.RequestState `json:"state"`
	Revision       int64               `json:"revision" doc:"1, and one more each time that somebody asks again for something else (S9); an approval of a later one than 1 names it (S8)"`
	CreatedAt      time.Time           `json:"created_at"`
	ExpiresAt      time.Time           `json:"expires_at" doc:"when it expires undecided (S7)"`
	DecidedBy      *string             `json:"decided_by" doc:"who ended it; null while it is pending"`
	DecidedAt      *time.Time          `json:"decided_at"`
	Detail         *string             `json:"detail" doc:"why it ended, where there is more to say: the reason of a denial, what it had lost, an earlier end than asked (S8)"`
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
	Decidable bool                `query:"decidable" doc:"only those that are pending and that the actor may approve or deny"`
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
	Access    access.Level               `json:"access" doc:"the level to approve; a conflict if the request now asks for another one (S8)"`
	Revision  int                        `json:"revision,omitempty" minimum:"1" doc:"the revision to approve; needed where it is greater than 1, since the request was then changed after it was first asked (S8)"`
	ExpiresAt access.Optional[time.Time] `json:"expires_at,omitzero" doc:"ends the share earlier than asked, never later; left out, it ends when it was asked to"`
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
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"shown to the requester and kept in the record, in at most 1,000 characters"`
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
