package store

import "github.com/grantway/grantway/internal/access"

const putTakenAway = `INSERT INTO taken_away (user_id, kind, target, issuer) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, kind, target, issuer) DO NOTHING`

func scanTakenAway(r row) (t access.TakenAway, err error) {
	err = r.Scan(&t.User, &t.Kind, &t.Target, &t.StoppedBy)
	return t, err
}

// PutTakenAway notes that somebody other than an issuer took the role from the user, or that the issuer in StoppedBy has stopped naming it since.
func (tx *Tx) PutTakenAway(t access.TakenAway) error {
	return tx.exec(putTakenAway, t.User, t.Kind, t.Target, t.StoppedBy)
}

// DeleteTakenAway forgets that the role was taken from the user, and which issuers have stopped naming it.
func (tx *Tx) DeleteTakenAway(t access.TakenAway) error {
	return tx.exec(`DELETE FROM taken_away WHERE user_id = $1 AND kind = $2 AND target = $3`, t.User, t.Kind, t.Target)
}

// DeleteTakenAwayOf forgets what was taken from the user.
func (tx *Tx) DeleteTakenAwayOf(user access.UserID) error {
	return tx.exec(`DELETE FROM taken_away WHERE user_id = $1`, user)
}

// DeleteTakenAwayTarget forgets from whom a role, or a role in an organization, was taken.
func (tx *Tx) DeleteTakenAwayTarget(kind access.TakenAwayKind, target string) error {
	return tx.exec(`DELETE FROM taken_away WHERE kind = $1 AND target = $2`, kind, target)
}

// AllTakenAway lists what was taken from all users, each before the issuers that have stopped naming it since, by user, kind and target.
func (tx *Tx) AllTakenAway() ([]access.TakenAway, error) {
	return many(tx, scanTakenAway, from(`SELECT user_id, kind, target, issuer FROM taken_away ORDER BY user_id, kind, target, issuer`))
}

// TakenAway lists what was taken from the user, each before the issuers that have stopped naming it since.
func (tx *Tx) TakenAway(user access.UserID) ([]access.TakenAway, error) {
	return many(tx, scanTakenAway, from(`SELECT user_id, kind, target, issuer FROM taken_away WHERE user_id = $1 ORDER BY kind, target, issuer`, user))
}
