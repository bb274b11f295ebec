package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectSessions = `SELECT id, user_id, method, device, address, created_at, signed_in_at, last_seen, expires_at FROM sessions`

var putSession = upsert("sessions", "id", "digest, user_id, method, device, address, created_at, signed_in_at, last_seen, expires_at")

func scanSession(r row) (s access.Session, err error) {
	err = r.Scan(&s.ID, &s.User, &s.Method, &s.Device, &s.Address, timeColumn{&s.CreatedAt}, timeColumn{&s.SignedInAt}, timeColumn{&s.LastSeen},
		timeColumn{&s.ExpiresAt})
	return s, err
}

// Session gives the session, expired or not.
func (tx *Tx) Session(id access.SessionID) (access.Session, bool, error) {
	return one(tx, scanSession, selectSessions+` WHERE id = $1`, id)
}

// SessionByDigest gives the session whose secret has the digest, expired or not.
func (tx *Tx) SessionByDigest(digest string) (access.Session, bool, error) {
	return recalled(tx, fact{kind: "session", id: digest}, func() (access.Session, bool, error) {
		return one(tx, scanSession, selectSessions+` WHERE digest = $1`, digest)
	})
}

// SessionsOf lists the user's sessions by ID, expired or not.
func (tx *Tx) SessionsOf(user access.UserID) ([]access.Session, error) {
	return many(tx, scanSession, from(selectSessions+` WHERE user_id = $1 ORDER BY id`, user))
}

// PutSession inserts or replaces the session. The digest stands for its secret.
func (tx *Tx) PutSession(s access.Session, digest string) error {
	return tx.exec(putSession, s.ID, digest, s.User, s.Method, s.Device, s.Address, micros(s.CreatedAt), micros(s.SignedInAt), micros(s.LastSeen),
		micros(s.ExpiresAt))
}

// TouchSession notes when the session was used, unless a later use is known.
func (tx *Tx) TouchSession(id access.SessionID, t time.Time) error {
	return tx.exec(`UPDATE sessions SET last_seen = $1 WHERE id = $2 AND last_seen < $1`, micros(t), id)
}

// RenewSession replaces the digest that stands for the session's secret, unless it is another one by now.
func (tx *Tx) RenewSession(id access.SessionID, old, digest string) error {
	return tx.exec(`UPDATE sessions SET digest = $1 WHERE id = $2 AND digest = $3`, digest, id, old)
}

// DeleteSession ends the session.
func (tx *Tx) DeleteSession(id access.SessionID) error {
	return tx.exec(`DELETE FROM sessions WHERE id = $1`, id)
}

// DeleteSignIns ends the user's sessions and the links with which the user could sign in.
func (tx *Tx) DeleteSignIns(user access.UserID) error {
	if err := tx.exec(`DELETE FROM sessions WHERE user_id = $1`, user); err != nil {
		return err
	}
	return tx.DeleteSignInLinks(user)
}

// DeleteExpiredSignIns deletes sessions and sign-in links that expired by then.
func (tx *Tx) DeleteExpiredSignIns(by time.Time) error {
	if err := tx.exec(`DELETE FROM sessions WHERE expires_at <= $1`, micros(by)); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM sign_in_links WHERE expires_at <= $1`, micros(by))
}

func scanSignInLink(r row) (l access.SignInLink, err error) {
	err = r.Scan(&l.User, timeColumn{&l.ExpiresAt})
	return l, err
}

// SignInLinkByDigest gives the link whose secret has the digest, expired or not.
func (tx *Tx) SignInLinkByDigest(digest string) (access.SignInLink, bool, error) {
	return one(tx, scanSignInLink, `SELECT user_id, expires_at FROM sign_in_links WHERE digest = $1`, digest)
}

// SignInLinkOf gives the user's link, expired or not. There is one at most.
func (tx *Tx) SignInLinkOf(user access.UserID) (access.SignInLink, bool, error) {
	return one(tx, scanSignInLink, `SELECT user_id, expires_at FROM sign_in_links WHERE user_id = $1`, user)
}

// PutSignInLink inserts the link. The digest stands for its secret.
func (tx *Tx) PutSignInLink(l access.SignInLink, digest string) error {
	return tx.exec(`INSERT INTO sign_in_links (digest, user_id, expires_at) VALUES ($1, $2, $3)`, digest, l.User, micros(l.ExpiresAt))
}

// DeleteSignInLinks deletes the user's links.
func (tx *Tx) DeleteSignInLinks(user access.UserID) error {
	return tx.exec(`DELETE FROM sign_in_links WHERE user_id = $1`, user)
}
