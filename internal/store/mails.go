package store

import (
	"time"

	"github.com/grantway/grantway/internal/access"
)

const selectMails = `SELECT id, recipient, user_id, about, invitation, state, attempts, due, last_error, created_at FROM mails`

var putMail = upsert("mails", "id", "recipient, user_id, about, invitation, state, attempts, due, last_error, created_at")

func scanMail(r row) (m access.Mail, err error) {
	err = r.Scan(&m.ID, &m.To, &m.User, asJSON(&m.About), &m.Invitation, &m.State, &m.Attempts, timeColumn{&m.Due}, &m.LastError,
		timeColumn{&m.CreatedAt})
	return m, err
}

// PutMail inserts or replaces the e-mail.
func (tx *Tx) PutMail(m access.Mail) error {
	return tx.exec(putMail, m.ID, m.To, m.User, asJSON(&m.About), m.Invitation, m.State, m.Attempts, micros(m.Due), m.LastError, micros(m.CreatedAt))
}

// Mail gives the e-mail.
func (tx *Tx) Mail(id access.MailID) (access.Mail, bool, error) {
	return one(tx, scanMail, selectMails+` WHERE id = $1`, id)
}

// Mails lists e-mails in the state that are due by then, the longest due first.
func (tx *Tx) Mails(state access.MailState, dueBy time.Time, limit int) ([]access.Mail, error) {
	return many(tx, scanMail, from(selectMails+` WHERE state = $1 AND due <= $2`, state, micros(dueBy)).orderBy("due, id", limit))
}
