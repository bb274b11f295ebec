package access

import "slices"

// TakenAwayKind is the kind of a role that can be taken from a user. The type internal is one like the others.
type TakenAwayKind string

// The kinds of roles that an issuer can give.
const (
	TakenMembership   TakenAwayKind = "member"
	TakenRole         TakenAwayKind = "role"
	TakenPlatformRole TakenAwayKind = "platform_role"
	TakenType         TakenAwayKind = "type"
)

// TakenAway is a role that an administrator took from a user, or the user gave up (D2).
type TakenAway struct {
	User      UserID
	Kind      TakenAwayKind
	Target    string // the ID of the organization or the role, the platform role, or the type
	StoppedBy string // the issuer that has stopped naming it since; "" in the entry that says that it was taken away
}

// Names reports whether the issuer says that the user has the role, or may say so in what its token does not tell (D1).
func (in SignIn) Names(t TakenAway) bool {
	switch t.Kind {
	case TakenMembership:
		org := OrganizationID(t.Target)
		return slices.ContainsFunc(in.Memberships, func(m Membership) bool { return m.Organization == org }) ||
			slices.ContainsFunc(OrgRoles, func(r OrgRole) bool { return in.Unknown.MayGiveMembership(Membership{Organization: org, Role: r}) })
	case TakenRole:
		return slices.Contains(in.Roles, RoleID(t.Target)) || in.Unknown.MayGiveRole(RoleID(t.Target))
	case TakenPlatformRole:
		return slices.Contains(in.PlatformRoles, PlatformRole(t.Target)) || in.Unknown.MayGivePlatformRole(PlatformRole(t.Target))
	case TakenType:
		return in.Type == "" || in.Type == UserType(t.Target)
	}
	return true
}

// Without is the same without the role.
func (in SignIn) Without(t TakenAway) SignIn {
	switch t.Kind {
	case TakenMembership:
		in.Memberships = slices.DeleteFunc(slices.Clone(in.Memberships), func(m Membership) bool { return m.Organization == OrganizationID(t.Target) })
	case TakenRole:
		in.Roles = slices.DeleteFunc(slices.Clone(in.Roles), func(r RoleID) bool { return r == RoleID(t.Target) })
	case TakenPlatformRole:
		in.PlatformRoles = slices.DeleteFunc(slices.Clone(in.PlatformRoles), func(r PlatformRole) bool { return r == PlatformRole(t.Target) })
	case TakenType:
		if in.Type == UserType(t.Target) {
			in.Type = ""
		}
	}
	return in
}
