package store

import "github.com/grantway/grantway/internal/access"

const selectGroups = `SELECT id, organization, name FROM email_groups`

var (
	putGroup           = upsert("email_groups", "id", "organization, name")
	putGroupMembership = upsert("group_memberships", "group_id, member", "")
)

func scanGroup(r row) (g access.Group, err error) {
	err = r.Scan(&g.ID, &g.Organization, &g.Name)
	return g, err
}

// Group gives the group.
func (tx *Tx) Group(id access.GroupID) (access.Group, bool, error) {
	return one(tx, scanGroup, selectGroups+` WHERE id = $1`, id)
}

// PutGroup inserts or replaces the group.
func (tx *Tx) PutGroup(g access.Group) error {
	return tx.exec(putGroup, g.ID, g.Organization, g.Name)
}

// DeleteGroup removes the group. Its memberships must be removed in the same transaction.
func (tx *Tx) DeleteGroup(id access.GroupID) error {
	return tx.exec(`DELETE FROM email_groups WHERE id = $1`, id)
}

// GroupFilter narrows Groups.
type GroupFilter struct {
	Organization access.OrganizationID
}

// Groups lists groups by ID.
func (tx *Tx) Groups(f GroupFilter, after access.GroupID, limit int) ([]access.Group, error) {
	return many(tx, scanGroup, from(selectGroups).is("organization", string(f.Organization)).page("id", string(after), limit))
}

// GroupHas reports whether the group names the principal.
func (tx *Tx) GroupHas(group access.GroupID, member access.Principal) (bool, error) {
	return tx.exists(`SELECT 1 FROM group_memberships WHERE group_id = $1 AND member = $2`, group, member.String())
}

// PutGroupMembership inserts the membership, unless it is there.
func (tx *Tx) PutGroupMembership(m access.GroupMembership) error {
	return tx.exec(putGroupMembership, m.Group, m.Member.String())
}

// DeleteGroupMembership takes the principal off the group.
func (tx *Tx) DeleteGroupMembership(group access.GroupID, member access.Principal) error {
	return tx.exec(`DELETE FROM group_memberships WHERE group_id = $1 AND member = $2`, group, member.String())
}

// GroupMembers lists whom the group names, by the text of the principal.
func (tx *Tx) GroupMembers(group access.GroupID, after string, limit int) ([]access.Principal, error) {
	l := from(`SELECT member FROM group_memberships WHERE group_id = $1`, group)
	return many(tx, scanPrincipal, l.page("member", after, limit))
}

// GroupsOf lists the groups that name the principal.
func (tx *Tx) GroupsOf(member access.Principal) ([]access.GroupID, error) {
	l := from(`SELECT group_id FROM group_memberships WHERE member = $1 ORDER BY group_id`, member.String())
	return many(tx, scanString[access.GroupID], l)
}
