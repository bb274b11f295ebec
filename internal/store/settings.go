package store

var putSetting = upsert("settings", "name", "value")

// Setting gives the value kept under the name: what the server must remember that is no fact of the model, such as a ZedToken.
func (tx *Tx) Setting(name string) (string, bool, error) {
	return one(tx, scanString[string], `SELECT value FROM settings WHERE name = $1`, name)
}

// PutSetting inserts or replaces the value.
func (tx *Tx) PutSetting(name, value string) error {
	return tx.exec(putSetting, name, value)
}

// DeleteSetting forgets the value.
func (tx *Tx) DeleteSetting(name string) error {
	return tx.exec(`DELETE FROM settings WHERE name = $1`, name)
}

// ReplaceSetting replaces the value if it is still the old one, and reports whether it was: of several who try, one succeeds.
func (tx *Tx) ReplaceSetting(name, old, value string) (bool, error) {
	return tx.exists(`UPDATE settings SET value = $1 WHERE name = $2 AND value = $3 RETURNING 1`, value, name, old)
}
