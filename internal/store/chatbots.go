package store

import "github.com/grantway/grantway/internal/access"

const selectChatbots = `SELECT id, organization, owner, name, visibility, enabled, public_mode, link_digest, link_nonce, ownerless FROM chatbots`

// ownerOrAnybody is the user whom a chatbot's row names although nobody owns it.
const ownerOrAnybody = `SELECT COALESCE((SELECT owner FROM chatbots WHERE id = $1), (SELECT MIN(id) FROM users), '')`

var putChatbot = upsert("chatbots", "id", "organization, owner, name, visibility, enabled, public_mode, link_digest, link_nonce, ownerless")

func scanChatbot(r row) (c access.Chatbot, err error) {
	var ownerless bool
	err = r.Scan(&c.ID, &c.Organization, &c.Owner, &c.Name, &c.Visibility, &c.Enabled, &c.PublicMode, &c.LinkDigest, &c.LinkNonce, &ownerless)
	if ownerless {
		c.Owner = ""
	}
	return c, err
}

// Chatbot gives the chatbot.
func (tx *Tx) Chatbot(id access.ChatbotID) (access.Chatbot, bool, error) {
	return one(tx, scanChatbot, selectChatbots+` WHERE id = $1`, id)
}

// PutChatbot inserts or replaces the chatbot. One without an owner keeps the name of its last one, or of some user, for the column refers to one.
func (tx *Tx) PutChatbot(c access.Chatbot) error {
	owner := c.Owner
	if owner == "" {
		var err error
		owner, _, err = one(tx, scanString[access.UserID], ownerOrAnybody, c.ID)
		if err != nil {
			return err
		}
	}
	return tx.exec(putChatbot, c.ID, c.Organization, owner, c.Name, c.Visibility, c.Enabled, c.PublicMode, c.LinkDigest, c.LinkNonce, c.Owner == "")
}

// DeleteChatbot removes the chatbot. Everything that belongs to it must be removed in the same transaction.
func (tx *Tx) DeleteChatbot(id access.ChatbotID) error {
	return tx.exec(`DELETE FROM chatbots WHERE id = $1`, id)
}

// ChatbotFilter narrows Chatbots.
type ChatbotFilter struct {
	Organization access.OrganizationID
	Owner        access.UserID
	Ownerless    bool // only those that nobody owns
}

// Chatbots lists chatbots by ID.
func (tx *Tx) Chatbots(f ChatbotFilter, after access.ChatbotID, limit int) ([]access.Chatbot, error) {
	l := from(selectChatbots).is("organization", string(f.Organization)).is("owner", string(f.Owner))
	if f.Owner != "" || f.Ownerless {
		l.and("ownerless = ?", f.Ownerless)
	}
	return many(tx, scanChatbot, l.page("id", string(after), limit))
}
