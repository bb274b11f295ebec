package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// InvitationShare is a chatbot that comes with an invitation.
type InvitationShare struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	Access  access.Level     `json:"access"`
}

// Invitation is an invitation as callers see one: never its token.
type Invitation struct {
	ID           access.InvitationID    `json:"id,omitempty" doc:"left out by a dry run that would make the invitation"`
	Organization access.OrganizationID  `json:"organization"`
	Email        *access.Email          `json:"email" doc:"null if it offers a user the ownership"`
	User         *access.UserID         `json:"user" doc:"the user the user who is offered the ownership (O7), or null"`
	Role         access.OrgRole         `json:"role"`
	Shares       []InvitationShare      `json:"shares" nullable:"false"`
	State        access.InvitationState `json:"state"`
	Inviter      *string                `json:"inviter" doc:"user:ID or key:ID of the last sender, whose rights are checked again when it is accepted; null once that user is offboarded"`
	CreatedAt    time.Time              `json:"created_at"`
	ExpiresAt    time.Time              `json:"expires_at"`
	AcceptedBy   *access.UserID         `json:"accepted_by"`
	ClosedAt     *time.Time             `json:"closed_at" doc:"when it was accepted, revoked, expired or failed"`
	Reason       string                 `json:"reason" doc:"why it failed, or empty"`
}

func showInvitation(i access.Invitation) Invitation {
	shares := make([]InvitationShare, len(i.Shares))
	for n, s := range i.Shares {
		shares[n] = InvitationShare{Chatbot: s.Chatbot, Access: s.Level}
	}
	return Invitation{
		ID: i.ID, Organization: i.Organization, Email: orNull(i.Email), User: orNull(i.User), Role: i.Role, Shares: shares, State: i.State, Inviter: orNull(i.Inviter),
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(), AcceptedBy: orNull(i.AcceptedBy), ClosedAt: timeOrNull(i.ClosedAt), Reason: i.Reason,
	}
}

// InvitationSent is an invitation with the token that accepts it.
type InvitationSent struct {
	Invitation
	Token string `json:"token,omitempty" doc:"shown only in this answer and in the email; left out when the call is repeated"`
	Changed
}

func (i *InvitationSent) withoutSecret() any {
	again := *i
	again.Token = ""
	return &again
}

func sent(r sharing.InvitationResult, err error) (*InvitationSent, error) {
	if err != nil {
		return nil, err
	}
	return &InvitationSent{Invitation: showInvitation(r.Invitation), Token: r.Token, Changed: changed(r.Change)}, nil
}

// NewInvitation is the body of a POST of an invitation.
type NewInvitation struct {
	Email  access.Email                       `json:"email"`
	Role   access.OrgRole                     `json:"role"`
	Shares access.Optional[[]InvitationShare] `json:"shares,omitzero" doc:"chatbots shared with the invited person"`
}

type createInvitation struct {
	Org  access.OrganizationID `path:"org"`
	Body NewInvitation
}

func (a *api) createInvitation(ctx context.Context, actor access.Actor, in *createInvitation) (*InvitationSent, error) {
	email, err := access.ParseEmail(string(in.Body.Email))
	if err != nil {
		return nil, err
	}
	n := sharing.NewInvitation{Email: email, Role: in.Body.Role}
	for _, s := range in.Body.Shares.Value {
		n.Shares = append(n.Shares, access.InvitationShare{Chatbot: s.Chatbot, Level: s.Access})
	}
	return sent(a.Sharing.Invite(ctx, actor, in.Org, n))
}

type invitationsQuery struct {
	Org access.OrganizationID `path:"org"`
	pageQuery
}

func (a *api) listInvitations(ctx context.Context, actor access.Actor, in *invitationsQuery) (*list[Invitation], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	invitations, next, err := a.Sharing.Invitations(ctx, actor, in.Org, p)
	return listOf(invitations, next, err, showInvitation)
}

type invitationPath struct {
	Invitation access.InvitationID `path:"invitation"`
}

func (a *api) getInvitation(ctx context.Context, actor access.Actor, in *invitationPath) (*Invitation, error) {
	i, err := a.Sharing.Invitation(ctx, actor, in.Invitation)
	if err != nil {
		return nil, err
	}
	return ref(showInvitation(i)), nil
}

// InvitationChanged is an invitation after a change.
type InvitationChanged struct {
	Invitation
	Changed
}

func (a *api) deleteInvitation(ctx context.Context, actor access.Actor, in *invitationPath) (*InvitationChanged, error) {
	r, err := a.Sharing.RevokeInvitation(ctx, actor, in.Invitation)
	if err != nil {
		return nil, err
	}
	return &InvitationChanged{Invitation: showInvitation(r.Invitation), Changed: changed(r.Change)}, nil
}

func (a *api) resendInvitation(ctx context.Context, actor access.Actor, in *invitationPath) (*InvitationSent, error) {
	return sent(a.Sharing.ResendInvitation(ctx, actor, in.Invitation))
}

// InvitationToken is the body of a POST that accepts an invitation: one of the two.
type InvitationToken struct {
	Token      string              `json:"token,omitempty" doc:"from the invitation email"`
	Invitation access.InvitationID `json:"invitation,omitempty" doc:"the ID of the invitation, for a user who is offered the ownership of an organization (O7)"`
}

type acceptInvitation struct {
	Body InvitationToken
}

// Accepted is what an invitation has given.
type Accepted struct {
	Organization access.OrganizationID `json:"organization"`
	Role         access.OrgRole        `json:"role"`
	Shares       []InvitationShare     `json:"shares" nullable:"false"`
	Changed
}

func (a *api) acceptInvitation(ctx context.Context, actor access.Actor, in *acceptInvitation) (*Accepted, error) {
	var r sharing.AcceptResult
	var err error
	switch b := in.Body; {
	case (b.Token == "") == (b.Invitation == ""):
		err = access.Invalidf("N1", "send a token, or the ID of an invitation that offers you ownership")
	case b.Token != "":
		r, err = a.Sharing.AcceptInvitation(ctx, actor, b.Token)
	default:
		r, err = a.Sharing.AcceptOwnership(ctx, actor, b.Invitation)
	}
	if err != nil {
		return nil, err
	}
	given := &Accepted{Organization: r.Membership.Organization, Role: r.Membership.Role, Shares: []InvitationShare{}, Changed: changed(r.Change)}
	for _, s := range r.Shares {
		given.Shares = append(given.Shares, InvitationShare{Chatbot: s.Chatbot, Access: s.Level})
	}
	return given, nil
}
