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
