package store

import "github.com/grantway/grantway/internal/access"

const selectIdentities = `SELECT issuer, subject, user_id, issued_at, email, taken_in FROM identities`

var putIdentity = upsert("identities", "issuer, subject", "user_id, issued_at, email, taken_in")

const endIdentities = `INSERT INTO ended_identities (issuer, subject, user_id, issued_at)
	SELECT issuer, subject, user_id, issued_at FROM identities WHERE user_id = $1
	ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id, issued_at = excluded.issued_at`

func scanIdentity(r row) (i access.Identity, err error) {
	err = r.Scan(&i.Issuer, &i.Subject, &i.User, timeColumn{&i.IssuedAt}, &i.Email, &i.TakenIn)
	return i, err
}

// Identity gives the identity of the issuer's subject.
func (tx *Tx) Identity(issuer, subject string) (access.Identity, bool, error) {
	return recalled(tx, fact{kind: "identity", id: subject, of: issuer}, func() (access.Identity, bool, error) {
		return one(tx, scanIdentity, selectIdentities+` WHERE issuer = $1 AND subject = $2`, issuer, subject)
	})
}

// IdentitiesOf lists the identities of the user, by issuer: at most one each.
func (tx *Tx) IdentitiesOf(user access.UserID) ([]access.Identity, error) {
	return many(tx, scanIdentity, from(selectIdentities+` WHERE user_id = $1 ORDER BY issuer`, user))
}

// PutIdentity inserts or replaces the identity.
func (tx *Tx) PutIdentity(i access.Identity) error {
	return tx.exec(putIdentity, i.Issuer, i.Subject, i.User, micros(i.IssuedAt), i.Email, i.TakenIn)
}

// EndIdentitiesOf makes those whom the issuers know as the user nobody; EndedIdentity tells who they were.
func (tx *Tx) EndIdentitiesOf(user access.UserID) error {
	if err := tx.exec(endIdentities, user); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM identities WHERE user_id = $1`, user)
}

// EndedIdentity gives who the issuer's subject was, the last time that it ended.
func (tx *Tx) EndedIdentity(issuer, subject string) (access.Identity, bool, error) {
	return one(tx, scanIdentity, `SELECT issuer, subject, user_id, issued_at, '', '' FROM ended_identities WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

// GivenMembership notes that the issuer has given the membership, until it is put again.
func (tx *Tx) GivenMembership(m access.Membership, issuer string) error {
	return tx.exec(`UPDATE memberships SET given_by = $1 WHERE organization = $2 AND user_id = $3`, issuer, m.Organization, m.User)
}

// GivenRoleAssignment notes that the issuer has given the assignment, until it is put again.
func (tx *Tx) GivenRoleAssignment(a access.RoleAssignment, issuer string) error {
	return tx.exec(`UPDATE role_assignments SET given_by = $1 WHERE role = $2 AND user_id = $3`, issuer, a.Role, a.User)
}

// GivenPlatformGrant notes that the issuer has given the platform role, until it is put again.
func (tx *Tx) GivenPlatformGrant(g access.PlatformGrant, issuer string) error {
	return tx.exec(`UPDATE platform_grants SET given_by = $1 WHERE user_id = $2 AND role = $3`, issuer, g.User, g.Role)
}

// GivenType notes that the issuer has given the user the type that they have, or with "" that somebody else has.
func (tx *Tx) GivenType(user access.UserID, issuer string) error {
	return tx.exec(`UPDATE users SET type_given_by = $1 WHERE id = $2`, issuer, user)
}

// TypeGivenBy is the issuer that has given the user the type that they have, or "".
func (tx *Tx) TypeGivenBy(user access.UserID) (string, error) {
	issuer, _, err := one(tx, scanString[string], `SELECT type_given_by FROM users WHERE id = $1`, user)
	return issuer, err
}

// MembershipsGiven lists those of the user's memberships that the issuer has given, by organization.
func (tx *Tx) MembershipsGiven(user access.UserID, issuer string) ([]access.Membership, error) {
	return many(tx, scanMembership, from(selectMemberships+` WHERE user_id = $1 AND given_by = $2 ORDER BY organization`, user, issuer))
}

// RolesGiven lists those of the user's roles that the issuer has given.
func (tx *Tx) RolesGiven(user access.UserID, issuer string) ([]access.RoleID, error) {
	return many(tx, scanString[access.RoleID], from(`SELECT role FROM role_assignments WHERE user_id = $1 AND given_by = $2 ORDER BY role`, user, issuer))
}

// PlatformRolesGiven lists those of the user's platform roles that the issuer has given.
func (tx *Tx) PlatformRolesGiven(user access.UserID, issuer string) ([]access.PlatformRole, error) {
	return many(tx, scanString[access.PlatformRole], from(`SELECT role FROM platform_grants WHERE user_id = $1 AND given_by = $2 ORDER BY role`, user, issuer))
}
