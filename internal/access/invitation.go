package access

import "time"

// InvitationState is how far an invitation has got (N1).
type InvitationState string

const (
	InvitationPending  InvitationState = "pending"
	InvitationAccepted InvitationState = "accepted"
	InvitationRevoked  InvitationState = "revoked"
	InvitationExpired  InvitationState = "expired"
	InvitationFailed   InvitationState = "failed" // its inviter had lost what it gives when it was to be accepted
)

// InvitationStates lists every state.
var InvitationStates = []InvitationState{InvitationPending, InvitationAccepted, InvitationRevoked, InvitationExpired, InvitationFailed}

// InvitationEvent is what can happen to an invitation.
type InvitationEvent string

const (
	InvitationSend   InvitationEvent = "send" // again, with another token
	InvitationAccept InvitationEvent = "accept"
	InvitationRevoke InvitationEvent = "revoke"
	InvitationExpire InvitationEvent = "expire"
	InvitationFail   InvitationEvent = "fail"
)

// InvitationEvents lists every event.
var InvitationEvents = []InvitationEvent{InvitationSend, InvitationAccept, InvitationRevoke, InvitationExpire, InvitationFail}

// NextInvitation is the state after the event. The error is of kind Conflict and says in which state the invitation is. One that has expired
// can be sent again; the other ends are final.
func NextInvitation(state InvitationState, event InvitationEvent) (InvitationState, error) {
	switch {
	case event == InvitationSend && (state == InvitationPending || state == InvitationExpired):
		return InvitationPending, nil
	case state != InvitationPending:
	case event == InvitationAccept:
		return InvitationAccepted, nil
	case event == InvitationRevoke:
		return InvitationRevoked, nil
	case event == InvitationExpire:
		return InvitationExpired, nil
	case event == InvitationFail:
		return InvitationFailed, nil
	}
	switch state {
	case InvitationPending, InvitationAccepted, InvitationRevoked:
	case InvitationExpired:
		return state, Conflictf("N1", "the invitation has expired: ask for a new one")
	case InvitationFailed:
		return state, Conflictf("N1", "the invitation is no longer valid: ask for a new one")
	}
	return state, Conflictf("N1", "the invitation is %s and cannot change", state)
}

// Invitation brings the user who holds an address into an organization (N1), or offers a user its ownership (O7), by ID. At most one is pending
// for an organization and an address or a user. Its token is never kept.
type Invitation struct {
	ID           InvitationID      `json:"id,omitzero"`
	Organization OrganizationID    `json:"organization,omitzero"`
	Email        Email             `json:"email,omitzero"` // or "" for an offer of ownership
	User         UserID            `json:"user,omitzero"`  // who is offered the ownership, or ""
	Role         OrgRole           `json:"role,omitzero"`
	Shares       []InvitationShare `json:"shares,omitzero"`   // the invited person gets all of them
	Inviter      string            `json:"inviter,omitzero"`  // user:ID or key:ID, who sent it last and whose rights are judged again; "" once the user is offboarded
	Key          KeyID             `json:"key,omitzero"`      // the account key that was presented then
	Confined     OrganizationID    `json:"confined,omitzero"` // where that key was confined, or ""
	Revision     int64             `json:"revision,omitzero"` // 1, and one more each time that it is sent again: each has a token of its own
	Digest       string            `json:"-"`                 // of the token
	CreatedAt    time.Time         `json:"created_at,omitzero"`
	ExpiresAt    time.Time         `json:"expires_at,omitzero"` // from then on it is expired, whether or not that has been written down
	State        InvitationState   `json:"state,omitzero"`
	AcceptedBy   UserID            `json:"accepted_by,omitzero"`
	ClosedAt     time.Time         `json:"closed_at,omitzero"` // or the zero time
	Reason       string            `json:"reason,omitzero"`    // why it failed, or ""
}

// InvitationShare is a chatbot that comes with an invitation.
type InvitationShare struct {
	Chatbot ChatbotID `json:"chatbot"`
	Level   Level     `json:"access"`
}

// StateAt is the invitation's state at t: one that is pending expires by the clock alone.
func (i Invitation) StateAt(t time.Time) InvitationState {
	if i.State == InvitationPending && !t.Before(i.ExpiresAt) {
		return InvitationExpired
	}
	return i.State
}
