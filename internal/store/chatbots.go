package store

import "github.com/grantway/grantway/internal/access"

const selectChatbots = `SELECT id, organization, owner, name, visibility, enabled, public_mode, link_digest, link_nonce FROM chatbots`

var putChatbot = upsert("chatbots", "id", "organization, owner, name, visibility, enabled, public_mode, link_digest, link_nonce")

func scanChatbot(r row) (c access.Chatbot, err error) {
	err = r.Scan(&c.ID, &c.Organization, &c.Owner, &c.Name, &c.Visibility, &c.Enabled, &c.PublicMode, &c.LinkDigest, &c.LinkNonce)
	return c, err
}

// Chatbot gives the chatbot.
func (tx *Tx) Chatbot(id access.ChatbotID) (access.Chatbot, bool, error) {
	return one(tx, scanChatbot, selectChatbots+` WHERE id = $1`, id)
}

// PutChatbot inserts or replaces the chatbot.
func (tx *Tx) PutChatbot(c access.Chatbot) error {
	return tx.exec(putChatbot, c.ID, c.Organization, c.Owner, c.Name, c.Visibility, c.Enabled, c.PublicMode, c.LinkDigest, c.LinkNonce)
}

// DeleteChatbot removes the chatbot. What belongs to it must be removed in the same transaction.
func (tx *Tx) DeleteChatbot(id access.ChatbotID) error {
	return tx.exec(`DELETE FROM chatbots WHERE id = $1`, id)
}

// ChatbotFilter narrows Chatbots.
type ChatbotFilter struct {
	Organization access.OrganizationID
	Owner        access.UserID
}

// Chatbots lists chatbots by ID.
func (tx *Tx) Chatbots(f ChatbotFilter, after access.ChatbotID, limit int) ([]access.Chatbot, error) {
	l := from(selectChatbots).is("organization", string(f.Organization)).is("owner", string(f.Owner))
	return many(tx, scanChatbot, l.page("id", string(after), limit))
}
