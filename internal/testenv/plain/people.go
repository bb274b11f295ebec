package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// The facts about one user: what the user is and has, with nothing lent or decided.

// user finds a user of the directory.
func (w *World) user(id access.UserID) (access.User, bool) {
	for _, u := range w.Users {
		if u.ID == id {
			return u, true
		}
	}
	return access.User{}, false
}

// roleIn is the user's role in the organization, or "".
func (w *World) roleIn(u access.UserID, o access.OrganizationID) access.OrgRole {
	for _, m := range w.Memberships {
		if m.User == u && m.Organization == o {
			return m.Role
		}
	}
	return ""
}

// hasPlatformRole reports whether the user was given the platform role itself.
func (w *World) hasPlatformRole(u access.UserID, role access.PlatformRole) bool {
	return slices.Contains(w.PlatformGrants, access.PlatformGrant{Role: role, User: u})
}

// actsAs is the user's role in the organization, or the owner's that P1 lends to site admins.
func (w *World) actsAs(u access.UserID, o access.OrganizationID) access.OrgRole {
	if w.hasPlatformRole(u, access.SiteAdmin) {
		return access.OrgOwner // P1
	}
	return w.roleIn(u, o)
}

// holds reports whether the user holds the role as a gate names it: a functional role, or platform:site_admin and so on (G5).
func (w *World) holds(u access.UserID, role string) bool {
	if platform, ok := access.PlatformRoleOf(role); ok {
		return w.hasPlatformRole(u, platform) // P1: what the user has, not what is lent
	}
	return slices.Contains(w.Assignments, access.RoleAssignment{Role: access.RoleID(role), User: u})
}

// inTeam reports whether the user is in the team, as member or admin, or in a team nested in it, however deep (T2).
func (w *World) inTeam(u access.UserID, team access.TeamID) bool {
	for _, m := range w.TeamMemberships {
		if m.Team == team && m.User == u {
			return true
		}
	}
	for _, n := range w.Nestings {
		if n.Outer == team && w.inTeam(u, n.Inner) {
			return true
		}
	}
	return false
}

// inGroup reports whether the group names the user, or the user's verified address (I2). One of an organization that does not share outside gives nothing to
// others than its people (O5).
func (w *World) inGroup(u access.User, group access.GroupID) bool {
	if org := w.groupHome(group); w.keepsInside(org) && w.roleIn(u.ID, org) == "" {
		return false
	}
	for _, m := range w.GroupMemberships {
		if m.Group == group && w.names(m.Member, u) {
			return true
		}
	}
	return false
}

// names reports whether the principal stands for the logged-in user, who may be unknown to the directory (S1, R1).
func (w *World) names(p access.Principal, u access.User) bool {
	switch p.Kind {
	case access.PrincipalUser:
		return p.ID == string(u.ID)
	case access.PrincipalEmail:
		return u.Verified() != "" && p.ID == string(u.Verified()) // I2: the verified address; C2: never one that was sent
	case access.PrincipalTeam:
		return w.inTeam(u.ID, access.TeamID(p.ID)) // S1: nested ones included
	case access.PrincipalOrganization:
		switch w.roleIn(u.ID, access.OrganizationID(p.ID)) {
		case access.OrgOwner, access.OrgAdmin, access.OrgMember:
			return true // S1: its owners, admins and members, not its clients
		}
		return false
	case access.PrincipalRole:
		return w.holds(u.ID, p.ID)
	case access.PrincipalGroup:
		return w.inGroup(u, access.GroupID(p.ID))
	case access.PrincipalEveryone:
		return true // S1: any logged-in user, known to the directory or not
	}
	return false
}
