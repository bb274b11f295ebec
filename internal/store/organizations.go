package store

import "github.com/grantway/grantway/internal/access"

const selectOrganizations = `SELECT id, name, public_access, outside_sharing, allowed_ips FROM organizations`

var putOrganization = upsert("organizations", "id", "name, public_access, outside_sharing, allowed_ips")

func scanOrganization(r row) (o access.Organization, err error) {
	err = r.Scan(&o.ID, &o.Name, &o.PublicAccess, &o.OutsideSharing, asJSON(&o.AllowedIPs))
	return o, err
}

// Organization gives the organization.
func (tx *Tx) Organization(id access.OrganizationID) (access.Organization, bool, error) {
	return one(tx, scanOrganization, selectOrganizations+` WHERE id = $1`, id)
}

// PutOrganization inserts or replaces the organization.
func (tx *Tx) PutOrganization(o access.Organization) error {
	return tx.exec(putOrganization, o.ID, o.Name, o.PublicAccess, o.OutsideSharing, asJSON(&o.AllowedIPs))
}

// DeleteOrganization removes the organization. Everything that belongs to it must be removed in the same transaction.
func (tx *Tx) DeleteOrganization(id access.OrganizationID) error {
	return tx.exec(`DELETE FROM organizations WHERE id = $1`, id)
}

// Organizations lists organizations by ID.
func (tx *Tx) Organizations(after access.OrganizationID, limit int) ([]access.Organization, error) {
	return many(tx, scanOrganization, from(selectOrganizations).page("id", string(after), limit))
}
