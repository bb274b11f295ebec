package store

import (
	"github.com/grantway/grantway/internal/access"
)

const selectShares = `SELECT chatbot, principal, level, expires_at FROM shares`

var putShare = upsert("shares", "chatbot, principal", "level, expires_at")

func scanShare(r row) (s access.Share, err error) {
	err = r.Scan(&s.Chatbot, principalColumn{&s.Principal}, &s.Level, timeColumn{&s.ExpiresAt})
	return s, err
}

// Share gives the share of the chatbot with the principal, expired or not.
func (tx *Tx) Share(chatbot access.ChatbotID, p access.Principal) (access.Share, bool, error) {
	return one(tx, scanShare, selectShares+` WHERE chatbot = $1 AND principal = $2`, chatbot, p.String())
}

// PutShare inserts or replaces the share (S1: one per chatbot and principal).
func (tx *Tx) PutShare(s access.Share) error {
	return tx.exec(putShare, s.Chatbot, s.Principal.String(), s.Level, micros(s.ExpiresAt))
}

// DeleteShare removes the share.
func (tx *Tx) DeleteShare(chatbot access.ChatbotID, p access.Principal) error {
	return tx.exec(`DELETE FROM shares WHERE chatbot = $1 AND principal = $2`, chatbot, p.String())
}

// Shares lists the chatbot's shares, by the text of the principal.
func (tx *Tx) Shares(chatbot access.ChatbotID, after string, limit int) ([]access.Share, error) {
	return many(tx, scanShare, from(selectShares+` WHERE chatbot = $1`, chatbot).page("principal", after, limit))
}

// SharesWith lists what is shared with the principal itself, by chatbot.
func (tx *Tx) SharesWith(p access.Principal) ([]access.Share, error) {
	return many(tx, scanShare, from(selectShares+` WHERE principal = $1 ORDER BY chatbot`, p.String()))
}

// SharesOfOrganization lists the shares of the organization's chatbots, by chatbot and principal.
func (tx *Tx) SharesOfOrganization(org access.OrganizationID) ([]access.Share, error) {
	l := from(selectShares+` WHERE chatbot IN (SELECT id FROM chatbots WHERE organization = $1) ORDER BY chatbot, principal`, org)
	return many(tx, scanShare, l)
}
