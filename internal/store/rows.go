package store

import "github.com/grantway/grantway/internal/access"

const selectRows = `SELECT chatbot, user_id, actions FROM matrix_rows`

var putRow = upsert("matrix_rows", "chatbot, user_id", "actions")

func scanMatrixRow(r row) (m access.Row, err error) {
	err = r.Scan(&m.Chatbot, &m.User, asJSON(&m.Actions))
	return m, err
}

// Row gives the user's row in the chatbot's matrix. Its list of actions is never nil: a row without cells is no access at all (M6).
func (tx *Tx) Row(chatbot access.ChatbotID, user access.UserID) (access.Row, bool, error) {
	return one(tx, scanMatrixRow, selectRows+` WHERE chatbot = $1 AND user_id = $2`, chatbot, user)
}

// PutRow inserts or replaces the row.
func (tx *Tx) PutRow(m access.Row) error {
	if m.Actions == nil {
		m.Actions = []access.Action{}
	}
	return tx.exec(putRow, m.Chatbot, m.User, asJSON(&m.Actions))
}

// DeleteRow removes the row.
func (tx *Tx) DeleteRow(chatbot access.ChatbotID, user access.UserID) error {
	return tx.exec(`DELETE FROM matrix_rows WHERE chatbot = $1 AND user_id = $2`, chatbot, user)
}

// Rows lists the chatbot's matrix by user.
func (tx *Tx) Rows(chatbot access.ChatbotID, after access.UserID, limit int) ([]access.Row, error) {
	return many(tx, scanMatrixRow, from(selectRows+` WHERE chatbot = $1`, chatbot).page("user_id", string(after), limit))
}

// RowsOf lists the user's rows, by chatbot.
func (tx *Tx) RowsOf(user access.UserID) ([]access.Row, error) {
	return many(tx, scanMatrixRow, from(selectRows+` WHERE user_id = $1 ORDER BY chatbot`, user))
}

// HasRows reports whether anybody has a row on the chatbot.
func (tx *Tx) HasRows(chatbot access.ChatbotID) (bool, error) {
	return tx.exists(`SELECT 1 FROM matrix_rows WHERE chatbot = $1 LIMIT 1`, chatbot)
}
