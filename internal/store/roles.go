package store

import "github.com/grantway/grantway/internal/access"

const selectRoles = `SELECT id, organization, name FROM roles`

var (
	putRole           = upsert("roles", "id", "organization, name")
	putRoleAssignment = upsert("role_assignments", "role, user_id", "given_by")
)

func scanRole(r row) (o access.Role, err error) {
	err = r.Scan(&o.ID, &o.Organization, &o.Name)
	return o, err
}

// Role gives the role.
func (tx *Tx) Role(id access.RoleID) (access.Role, bool, error) {
	return one(tx, scanRole, selectRoles+` WHERE id = $1`, id)
}

// PutRole inserts or replaces the role.
func (tx *Tx) PutRole(r access.Role) error {
	return tx.exec(putRole, r.ID, r.Organization, r.Name)
}

// DeleteRole removes the role. Its assignments must be removed in the same transaction.
func (tx *Tx) DeleteRole(id access.RoleID) error {
	return tx.exec(`DELETE FROM roles WHERE id = $1`, id)
}

// RoleFilter narrows Roles.
type RoleFilter struct {
	Organization access.OrganizationID
	PlatformWide bool // only roles of no organization
}

// Roles lists roles by ID.
func (tx *Tx) Roles(f RoleFilter, after access.RoleID, limit int) ([]access.Role, error) {
	l := from(selectRoles).is("organization", string(f.Organization))
	if f.PlatformWide {
		l.and("organization = ?", "")
	}
	return many(tx, scanRole, l.page("id", string(after), limit))
}

// RoleAssigned reports whether the user has the role.
func (tx *Tx) RoleAssigned(role access.RoleID, user access.UserID) (bool, error) {
	return tx.exists(`SELECT 1 FROM role_assignments WHERE role = $1 AND user_id = $2`, role, user)
}

// PutRoleAssignment inserts or replaces the assignment. No issuer has given it; see GivenRoleAssignment.
func (tx *Tx) PutRoleAssignment(a access.RoleAssignment) error {
	return tx.exec(putRoleAssignment, a.Role, a.User, "")
}

// DeleteRoleAssignment takes the role from the user.
func (tx *Tx) DeleteRoleAssignment(role access.RoleID, user access.UserID) error {
	return tx.exec(`DELETE FROM role_assignments WHERE role = $1 AND user_id = $2`, role, user)
}

// RoleAssignees lists those who have the role.
func (tx *Tx) RoleAssignees(role access.RoleID, after access.UserID, limit int) ([]access.UserID, error) {
	l := from(`SELECT user_id FROM role_assignments WHERE role = $1`, role)
	return many(tx, scanString[access.UserID], l.page("user_id", string(after), limit))
}

// RolesOf lists the user's roles.
func (tx *Tx) RolesOf(user access.UserID) ([]access.RoleID, error) {
	return many(tx, scanString[access.RoleID], from(`SELECT role FROM role_assignments WHERE user_id = $1 ORDER BY role`, user))
}
