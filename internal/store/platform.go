package store

import "github.com/grantway/grantway/internal/access"

var putPlatformGrant = upsert("platform_grants", "user_id, role", "given_by")

func scanPlatformGrant(r row) (g access.PlatformGrant, err error) {
	err = r.Scan(&g.User, &g.Role)
	return g, err
}

// PlatformGrants gives the user's platform roles.
func (tx *Tx) PlatformGrants(user access.UserID) ([]access.PlatformRole, error) {
	return many(tx, scanString[access.PlatformRole], from(`SELECT role FROM platform_grants WHERE user_id = $1 ORDER BY role`, user))
}

// HasPlatformRole reports whether the user has the platform role.
func (tx *Tx) HasPlatformRole(user access.UserID, role access.PlatformRole) (bool, error) {
	_, has, err := recalled(tx, fact{kind: "platform_grant", id: string(user), of: string(role)}, func() (access.PlatformRole, bool, error) {
		return one(tx, scanString[access.PlatformRole], `SELECT role FROM platform_grants WHERE user_id = $1 AND role = $2`, user, role)
	})
	return has, err
}

// AllPlatformGrants lists the grants of all users, by user and role.
func (tx *Tx) AllPlatformGrants() ([]access.PlatformGrant, error) {
	return many(tx, scanPlatformGrant, from(`SELECT user_id, role FROM platform_grants ORDER BY user_id, role`))
}

// PutPlatformGrant inserts or replaces the grant. No issuer has given it; see GivenPlatformGrant.
func (tx *Tx) PutPlatformGrant(g access.PlatformGrant) error {
	return tx.exec(putPlatformGrant, g.User, g.Role, "")
}

// DeletePlatformGrant removes the grant.
func (tx *Tx) DeletePlatformGrant(g access.PlatformGrant) error {
	return tx.exec(`DELETE FROM platform_grants WHERE user_id = $1 AND role = $2`, g.User, g.Role)
}
