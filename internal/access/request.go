package access

import "time"

// RequestState is how far a request to share has got (S4–S9).
type RequestState string

const (
	RequestPending   RequestState = "pending"
	RequestApproved  RequestState = "approved"
	RequestDenied    RequestState = "denied"
	RequestCancelled RequestState = "cancelled"
	RequestExpired   RequestState = "expired"
	RequestFailed    RequestState = "failed" // what it needs was lost before it was approved (S8)
)

// RequestStates lists every state.
var RequestStates = []RequestState{RequestPending, RequestApproved, RequestDenied, RequestCancelled, RequestExpired, RequestFailed}

// RequestEvent is what can happen to a request.
type RequestEvent string

const (
	EventReplace RequestEvent = "replace" // somebody asks again (S9)
	EventApprove RequestEvent = "approve"
	EventDeny    RequestEvent = "deny"
	EventCancel  RequestEvent = "cancel"
	EventExpire  RequestEvent = "expire"
	EventFail    RequestEvent = "fail"
)

// RequestEvents lists every event.
var RequestEvents = []RequestEvent{EventReplace, EventApprove, EventDeny, EventCancel, EventExpire, EventFail}

// outcomes is what each event makes of a request that is pending. All other states are final.
var outcomes = map[RequestEvent]RequestState{
	EventReplace: RequestPending, EventApprove: RequestApproved, EventDeny: RequestDenied, EventCancel: RequestCancelled,
	EventExpire: RequestExpired, EventFail: RequestFailed,
}

// Next is the state after the event. The error is of kind Conflict and says in which state the request is.
func Next(state RequestState, event RequestEvent) (RequestState, error) {
	next, known := outcomes[event]
	switch {
	case state == RequestPending && known:
		return next, nil
	case state == RequestExpired:
		return state, Conflictf("S7", "the request has expired: anyone with manage_access on the chatbot can ask again")
	case state == RequestFailed:
		return state, Conflictf("S8", "the request has failed: anyone with manage_access on the chatbot can ask again")
	}
	return state, Conflictf("S7", "the request is %s and cannot change", state)
}

// Request asks those who manage the principal for a share, by ID (S4–S9). At most one is pending for a chatbot and a principal.
type Request struct {
	ID             RequestID    `json:"id,omitzero"` // those made later follow, in the order of bytes, as far as the clocks of gateways agree
	Chatbot        ChatbotID    `json:"chatbot,omitzero"`
	Principal      Principal    `json:"principal,omitzero"` // a team, an organization, or everyone
	Level          Level        `json:"access,omitzero"`
	ShareExpiresAt time.Time    `json:"share_expires_at,omitzero"` // when the share is to end, or the zero time for never (S13)
	Requester      string       `json:"requester,omitzero"`        // user:ID or key:ID, whose rights are judged again at approval (S8); "" once the user is offboarded
	CreatedAt      time.Time    `json:"created_at,omitzero"`
	ExpiresAt      time.Time    `json:"expires_at,omitzero"` // from then on it is expired, whether or not that has been written down (S7)
	State          RequestState `json:"state,omitzero"`
	Revision       int64        `json:"revision,omitzero"`   // 1, and one more each time that it is replaced (S9)
	DecidedBy      string       `json:"decided_by,omitzero"` // the actor that ended it, or ""
	DecidedAt      time.Time    `json:"decided_at,omitzero"` // or the zero time
	Detail         string       `json:"detail,omitzero"`     // one sentence about why it ended, or ""
	Orphaned       bool         `json:"orphaned,omitzero"`   // its chatbot or principal was deleted: another of the same name has nothing to do with it (O4)
}

// StateAt is the request's state at t: one that is pending expires by the clock alone (S7).
func (r Request) StateAt(t time.Time) RequestState {
	if r.State == RequestPending && !t.Before(r.ExpiresAt) {
		return RequestExpired
	}
	return r.State
}

// Share is what the request asks for.
func (r Request) Share() Share {
	return Share{Chatbot: r.Chatbot, Principal: r.Principal, Level: r.Level, ExpiresAt: r.ShareExpiresAt}
}
