package store

import "github.com/grantway/grantway/internal/access"

const selectMemberships = `SELECT organization, user_id, role, source, since FROM memberships`

var putMembership = upsert("memberships", "organization, user_id", "role, source, since, given_by")

func scanMembership(r row) (m access.Membership, err error) {
	err = r.Scan(&m.Organization, &m.User, &m.Role, &m.Source, timeColumn{&m.Since})
	return m, err
}

// Membership gives the user's role in the organization.
func (tx *Tx) Membership(org access.OrganizationID, user access.UserID) (access.Membership, bool, error) {
	return recalled(tx, fact{kind: "membership", id: string(user), of: string(org)}, func() (access.Membership, bool, error) {
		return one(tx, scanMembership, selectMemberships+` WHERE organization = $1 AND user_id = $2`, org, user)
	})
}

// PutMembership inserts or replaces the user's role in the organization. No issuer has given it; see GivenMembership.
func (tx *Tx) PutMembership(m access.Membership) error {
	return tx.exec(putMembership, m.Organization, m.User, m.Role, m.Source, micros(m.Since), "")
}

// DeleteMembership takes the user out of the organization.
func (tx *Tx) DeleteMembership(org access.OrganizationID, user access.UserID) error {
	return tx.exec(`DELETE FROM memberships WHERE organization = $1 AND user_id = $2`, org, user)
}

// DeleteMembers takes everybody out of the organization.
func (tx *Tx) DeleteMembers(org access.OrganizationID) error {
	return tx.exec(`DELETE FROM memberships WHERE organization = $1`, org)
}

// Members lists the organization's people by user.
func (tx *Tx) Members(org access.OrganizationID, after access.UserID, limit int) ([]access.Membership, error) {
	return many(tx, scanMembership, from(selectMemberships+` WHERE organization = $1`, org).page("user_id", string(after), limit))
}

// Memberships lists the user's roles, by organization.
func (tx *Tx) Memberships(user access.UserID) ([]access.Membership, error) {
	return many(tx, scanMembership, from(selectMemberships+` WHERE user_id = $1 ORDER BY organization`, user))
}

// MembershipsOfAll lists the roles of all of the users.
func (tx *Tx) MembershipsOfAll(users []access.UserID) ([]access.Membership, error) {
	return manyOf(tx, scanMembership, selectMemberships, "user_id", users, "user_id, organization")
}

// MembersWithRole lists those who have the role in the organization, by user.
func (tx *Tx) MembersWithRole(org access.OrganizationID, role access.OrgRole, limit int) ([]access.Membership, error) {
	return many(tx, scanMembership, from(selectMemberships+` WHERE organization = $1 AND role = $2`, org, role).orderBy("user_id", limit))
}
