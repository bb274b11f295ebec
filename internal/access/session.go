package access

import "time"

// SessionID names a session. Its secret is another thing.
type SessionID string

// SignInMethod is how a person signed in to the console (D4).
type SignInMethod string

// SignedInByLink is a one-time link, made on the server's machine or mailed to the person.
const SignedInByLink SignInMethod = "link"

// Session is one person signed in to the console in one browser (D6), by ID. It opens pages only, never the API. Its secret is never kept.
type Session struct {
	ID         SessionID    `json:"id,omitzero"`
	User       UserID       `json:"user,omitzero"`
	Method     SignInMethod `json:"method,omitzero"`
	Device     string       `json:"device,omitzero"`  // the User-Agent of the browser, shortened
	Address    string       `json:"address,omitzero"` // the IP address that signed in
	CreatedAt  time.Time    `json:"created_at,omitzero"`
	SignedInAt time.Time    `json:"signed_in_at,omitzero"` // when the person last proved who they are
	LastSeen   time.Time    `json:"last_seen,omitzero"`    // to a minute
	ExpiresAt  time.Time    `json:"expires_at,omitzero"`
}

// ExpiredAt reports whether the session has ended by the clock.
func (s Session) ExpiredAt(t time.Time) bool { return !t.Before(s.ExpiresAt) }

// SignInLink lets a user sign in once, until it expires (D4).
type SignInLink struct {
	User      UserID    `json:"user,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}
