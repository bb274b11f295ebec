package access

import "time"

// Letter is an email with all that it says: the names instead of the IDs. It is made when the email is about to be sent, and never kept.
type Letter struct {
	ID        MailID
	To        Email
	CreatedAt time.Time
	Kind      NotificationKind // what it tells; "" where it brings an invitation
	By        string           // who did it, or "" where no person did

	Chatbot string // the chatbot's name
	With    string // the name of the principal with whom the chatbot is shared, or is asked to be
	// WithKind is what kind of principal that is; "" for the receiver alone.
	WithKind PrincipalKind
	Level    Level        // of the share
	State    RequestState // of the request

	Organization string // which invites, or whose account keys are refused
	Keys         int    // how many account keys are refused
	Role         OrgRole
	Shares       []LetterShare // what the invitation gives besides
	Token        string        // which accepts the invitation: a secret
	ExpiresAt    time.Time     // of the invitation
}

// LetterShare is a chatbot that an invitation shares.
type LetterShare struct {
	Chatbot string
	Level   Level
}
