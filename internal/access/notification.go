package access

import "time"

// NotificationKind is the kind of a notification (N3).
type NotificationKind string

const (
	NotifyShared         NotificationKind = "share"            // a chatbot was shared with them (S11)
	NotifyShareChanged   NotificationKind = "share-changed"    // the level of such a share changed (S11)
	NotifyRequest        NotificationKind = "request"          // a request waits for their decision (S7)
	NotifyRequestDecided NotificationKind = "request-decided"  // what became of a request of theirs (N3)
	NotifyKeyOrphaned    NotificationKind = "api-key-orphaned" // the creator of a key of their chatbot has lost deploy (K3)
	NotifyKeysRefused    NotificationKind = "keys-refused"     // account keys that they can take over are refused (B5)
	NotifyKeysHandedOver NotificationKind = "keys-handed-over" // account keys of somebody who was offboarded rest on them now (B5)
	NotifyAdded          NotificationKind = "added"            // somebody else gave them a role in an organization (O7)
	NotifyOwnership      NotificationKind = "ownership"        // they are offered the ownership of an organization (O7)
	NotifyOwnerless      NotificationKind = "ownerless"        // an organization that they manage has no owner (O1)
)

// NotificationKinds lists every kind.
var NotificationKinds = []NotificationKind{
	NotifyShared, NotifyShareChanged, NotifyRequest, NotifyRequestDecided, NotifyKeyOrphaned, NotifyKeysRefused, NotifyKeysHandedOver, NotifyAdded,
	NotifyOwnership, NotifyOwnerless,
}

// Notification is one notification of one user, by ID (N3).
type Notification struct {
	ID        NotificationID   `json:"id,omitzero"` // those made later follow, in the order of bytes, as far as the clocks of gateways agree
	User      UserID           `json:"user,omitzero"`
	Kind      NotificationKind `json:"kind,omitzero"`
	Chatbot   ChatbotID        `json:"chatbot,omitzero"`
	Principal Principal        `json:"principal,omitzero"` // who the chatbot is shared with, or the request is about; or the organization
	Level     Level            `json:"access,omitzero"`
	Request   RequestID        `json:"request,omitzero"`
	State     RequestState     `json:"state,omitzero"` // state of the request at that time
	APIKey    KeyID            `json:"api_key,omitzero"`
	By        string           `json:"by,omitzero"` // the actor that caused it, as in the record
	CreatedAt time.Time        `json:"created_at,omitzero"`
	ReadAt    time.Time        `json:"read_at,omitzero"` // or the zero time

	AccountKeys  []KeyID        `json:"account_keys,omitzero"` // that are refused or passed to the user; Principal is the person who lost the right that they rested on
	Organization OrganizationID `json:"organization,omitzero"` // to which these are confined, or ""

	Role       OrgRole      `json:"role,omitzero"`       // in the organization that Principal is
	Invitation InvitationID `json:"invitation,omitzero"` // which offers its ownership
}

// Mail is an email that waits to be sent, by ID. It is made in the transaction of the change that it tells of, one for each person (S11).
type Mail struct {
	ID         MailID       `json:"id,omitzero"` // also the local part of its Message-ID, so that a receiver knows it again
	To         Email        `json:"to,omitzero"`
	User       UserID       `json:"user,omitzero"`       // whose address that is, or "" for an address of nobody known
	About      Notification `json:"about,omitzero"`      // what it tells
	Invitation InvitationID `json:"invitation,omitzero"` // or the invitation that it brings; About is then empty
	State      MailState    `json:"state,omitzero"`
	Attempts   int          `json:"attempts,omitzero"`
	Due        time.Time    `json:"due,omitzero"` // when it is tried next; else when it came to its state
	LastError  string       `json:"last_error,omitzero"`
	CreatedAt  time.Time    `json:"created_at,omitzero"`
	NotBefore  time.Time    `json:"not_before,omitzero"` // when it may be sent at the earliest (S11)

	Sender   string         `json:"sender,omitzero"`    // the actor for whom it counts, because its receiver is an outsider; else ""
	SentFrom OrganizationID `json:"sent_from,omitzero"` // where there is a Sender: the organization whose chatbot or invitation it is about
}

// Deferred reports whether the email was not to be sent at once.
func (m Mail) Deferred() bool { return m.NotBefore.After(m.CreatedAt) }

// MailState is how far an email has got.
type MailState string

const (
	MailQueued  MailState = "queued"
	MailSending MailState = "sending" // being handed to the mail server, which has not answered yet
	MailSent    MailState = "sent"
	MailFailed  MailState = "failed"  // the mail server refused it for good, or too often
	MailUnknown MailState = "unknown" // the server ended, or the connection broke, before the answer: never sent again, for it may have been sent
)

// MailLease is how long a process that has taken an email may take to send it and to say what became of it. After that it is MailUnknown.
const MailLease = 5 * time.Minute
