package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectMails = `SELECT id, recipient, user_id, about, invitation, state, attempts, due, last_error, created_at, not_before,
	sender, sent_from FROM mails`

var putMail = upsert("mails", "id",
	"recipient, user_id, about, invitation, state, attempts, due, last_error, created_at, not_before, sender, sent_from, chatbot")

func scanMail(r row) (m access.Mail, err error) {
	err = r.Scan(&m.ID, &m.To, &m.User, asJSON(&m.About), &m.Invitation, &m.State, &m.Attempts, timeColumn{&m.Due}, &m.LastError,
		timeColumn{&m.CreatedAt}, timeColumn{&m.NotBefore}, &m.Sender, &m.SentFrom)
	return m, err
}

// PutMail inserts or replaces the email.
func (tx *Tx) PutMail(m access.Mail) error {
	var gained access.ChatbotID
	if m.About.Kind == access.NotifyShared {
		gained = m.About.Chatbot
	}
	return tx.exec(putMail, m.ID, m.To, m.User, asJSON(&m.About), m.Invitation, m.State, m.Attempts, micros(m.Due), m.LastError, micros(m.CreatedAt),
		micros(m.NotBefore), m.Sender, m.SentFrom, gained)
}

// MailedAccess reports whether an email tells the receiver that they gained access to the chatbot, and was sent after the time or is still to be.
func (tx *Tx) MailedAccess(to access.Email, chatbot access.ChatbotID, after time.Time) (bool, error) {
	return tx.exists(`SELECT 1 FROM mails WHERE recipient = $1 AND not_before > $2 AND chatbot = $3 AND state <> $4 LIMIT 1`,
		to, micros(after), chatbot, access.MailFailed)
}

// LatestMailBy is the NotBefore of the nth latest email that counts for the sender, and false where there are fewer.
func (tx *Tx) LatestMailBy(sender string, nth int) (time.Time, bool, error) {
	return one(tx, scanTime, `SELECT not_before FROM mails WHERE sender = $1 ORDER BY not_before DESC LIMIT 1 OFFSET $2`, sender, nth-1)
}

// LatestMailTo is LatestMailBy for the emails to the receiver that come from the organization and count for anybody.
func (tx *Tx) LatestMailTo(to access.Email, from access.OrganizationID, nth int) (time.Time, bool, error) {
	return one(tx, scanTime, `SELECT not_before FROM mails WHERE recipient = $1 AND sent_from = $2 AND sender <> ''
		ORDER BY not_before DESC LIMIT 1 OFFSET $3`, to, from, nth-1)
}

func scanTime(r row) (t time.Time, err error) {
	err = r.Scan(timeColumn{&t})
	return t, err
}

// Mail gives the email.
func (tx *Tx) Mail(id access.MailID) (access.Mail, bool, error) {
	return one(tx, scanMail, selectMails+` WHERE id = $1`, id)
}

// Mails lists emails in the state that are due by then, the longest due first.
func (tx *Tx) Mails(state access.MailState, dueBy time.Time, limit int) ([]access.Mail, error) {
	return many(tx, scanMail, from(selectMails+` WHERE state = $1 AND due <= $2`, state, micros(dueBy)).orderBy("due, id", limit))
}

// MailsWaiting counts the emails that are queued and may be sent by now, and gives since when the first of them may.
func (tx *Tx) MailsWaiting(now time.Time) (n int64, oldest time.Time, err error) {
	type waiting struct {
		n      int64
		oldest time.Time
	}
	w, _, err := one(tx, func(r row) (w waiting, err error) {
		err = r.Scan(&w.n, timeColumn{&w.oldest})
		return w, err
	}, `SELECT COUNT(*), COALESCE(MIN(CASE WHEN not_before > created_at THEN not_before ELSE created_at END), 0) FROM mails
		WHERE state = $1 AND not_before <= $2`, access.MailQueued, micros(now))
	return w.n, w.oldest, err
}

// ClaimMail marks a queued email as being sent. It reports false where that has happened already, or the email is gone: of several who try,
// one succeeds.
func (tx *Tx) ClaimMail(m access.Mail, at time.Time) (bool, error) {
	return tx.exists(`UPDATE mails SET state = $1, attempts = attempts + 1, due = $2 WHERE id = $3 AND state = $4 AND attempts = $5 RETURNING 1`,
		access.MailSending, micros(at), m.ID, access.MailQueued, m.Attempts)
}

// SettleMail ends an attempt to send the email, whose next one, if any, is due then. It reports false where that attempt is not under way.
func (tx *Tx) SettleMail(m access.Mail, state access.MailState, due time.Time, reason string) (bool, error) {
	return tx.exists(`UPDATE mails SET state = $1, due = $2, last_error = $3 WHERE id = $4 AND state = $5 AND attempts = $6 RETURNING 1`,
		state, micros(due), reason, m.ID, access.MailSending, m.Attempts)
}

// DeleteMailsSettled removes emails in the state that were settled before the time.
func (tx *Tx) DeleteMailsSettled(state access.MailState, before time.Time) error {
	return tx.exec(`DELETE FROM mails WHERE state = $1 AND due < $2`, state, micros(before))
}

// DeleteMailsOfInvitation removes the emails that bring the invitation and have not been sent.
func (tx *Tx) DeleteMailsOfInvitation(id access.InvitationID) error {
	return tx.exec(`DELETE FROM mails WHERE invitation = $1 AND state = $2`, id, access.MailQueued)
}
