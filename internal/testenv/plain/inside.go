package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// keepsInside reads O5: the organization's groups, roles and shares give something only to its own people.
func (w *World) keepsInside(id access.OrganizationID) bool {
	return slices.ContainsFunc(w.Organizations, func(o access.Organization) bool { return o.ID == id && !o.OutsideSharing })
}

// Inside reads O5: whether what the principal is given stays with the organization's people.
func (w *World) Inside(with access.Principal, org access.OrganizationID) bool {
	switch with.Kind {
	case access.PrincipalUser:
		return w.roleIn(access.UserID(with.ID), org) != ""
	case access.PrincipalEmail:
		return slices.ContainsFunc(w.Users, func(u access.User) bool {
			return !u.Gone() && string(u.Verified()) == with.ID && w.roleIn(u.ID, org) != ""
		})
	case access.PrincipalOrganization:
		return with.ID == string(org)
	case access.PrincipalTeam:
		return slices.ContainsFunc(w.Teams, func(t access.Team) bool { return string(t.ID) == with.ID && t.Organization == org })
	case access.PrincipalRole:
		return slices.ContainsFunc(w.Roles, func(r access.Role) bool { return string(r.ID) == with.ID && r.Organization == org })
	case access.PrincipalGroup:
		return slices.ContainsFunc(w.Groups, func(g access.Group) bool { return string(g.ID) == with.ID && g.Organization == org })
	case access.PrincipalEveryone:
	}
	return false
}

// Held reports whether the address is the verified one of somebody active (I2).
func (w *World) Held(address access.Principal) bool {
	return slices.ContainsFunc(w.Users, func(u access.User) bool { return !u.Gone() && string(u.Verified()) == address.ID })
}

// ListedOnly reads O5: whether an entry of a group gives nothing at this moment, because of an address that is none of the organization's people's.
func (w *World) ListedOnly(m access.GroupMembership) bool {
	org := w.groupHome(m.Group)
	return m.Member.Kind == access.PrincipalEmail && w.keepsInside(org) && !w.Inside(m.Member, org)
}

func (w *World) groupHome(id access.GroupID) access.OrganizationID {
	for _, g := range w.Groups {
		if g.ID == id {
			return g.Organization
		}
	}
	return ""
}
