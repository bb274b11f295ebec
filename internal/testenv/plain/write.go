package plain

import (
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Who may change what, read a second time. Each answer supposes that what is named is there and that the values are allowed: it says whether
// the model lets this user do it at all.

// WithSiteAdmin is the world with one more user, who is a site admin: as that an account key that is not confined acts for itself (B2).
func (w *World) WithSiteAdmin(id access.UserID) *World {
	more := *w
	more.Users = append(slices.Clone(w.Users), access.User{ID: id, Active: true, Type: access.Internal})
	more.PlatformGrants = append(slices.Clone(w.PlatformGrants), access.PlatformGrant{Role: access.SiteAdmin, User: id})
	return &more
}

// Has reports whether the user has the action at the moment, with nothing sent along.
func (w *World) Has(by access.UserID, action access.Action, o access.Object, now time.Time) bool {
	return Decide(w, Question{
		Subject: access.Subject{Type: access.TypeUser, ID: string(by)}, Action: action, Resource: o, Request: Request{Now: now},
	})
}

func (w *World) onBot(by access.UserID, action access.Action, bot access.ChatbotID, now time.Time) bool {
	return w.Has(by, action, access.Obj(access.TypeChatbot, bot), now)
}

// MayShare reads S3–S6 and S10: whether the user may ask to share at all, and whether the share is then immediate.
func (w *World) MayShare(by access.UserID, bot access.ChatbotID, with access.Principal, now time.Time) (ask, immediate bool) {
	if !w.onBot(by, access.ManageAccess, bot, now) {
		return false, false
	}
	for _, s := range w.Shares {
		if s.Chatbot == bot && s.Principal == with && !s.ExpiredAt(now) {
			return true, true // S10: a share in force needs manage_access only
		}
	}
	if with.Kind == access.PrincipalRole && w.platformWide(access.RoleID(with.ID)) && !w.hasPlatformRole(by, access.SiteAdmin) {
		return false, false // S3: a platform-wide role needs a site admin, and nobody else's approval helps
	}
	return true, w.MayGrant(by, bot, with)
}

// MayGrant reads S3–S6: whether a new share with the principal is immediate where this user makes it, which is also whether the user may
// approve or deny a request for it (S7).
func (w *World) MayGrant(by access.UserID, bot access.ChatbotID, with access.Principal) bool {
	manages := func(o access.OrganizationID) bool {
		role := w.actsAs(by, o) // P1: a site admin acts as an owner
		return role == access.OrgOwner || role == access.OrgAdmin
	}
	switch with.Kind {
	case access.PrincipalOrganization:
		return manages(access.OrganizationID(with.ID)) // S4
	case access.PrincipalTeam: // S5
		for _, t := range w.Teams {
			if string(t.ID) == with.ID && manages(t.Organization) {
				return true
			}
		}
		return slices.Contains(w.TeamMemberships, access.TeamMembership{Team: access.TeamID(with.ID), User: by, Role: access.TeamAdmin})
	case access.PrincipalEveryone: // S6
		c, ok := w.chatbot(bot)
		return ok && manages(c.Organization)
	case access.PrincipalRole:
		return !w.platformWide(access.RoleID(with.ID)) || w.hasPlatformRole(by, access.SiteAdmin) // S3
	case access.PrincipalUser, access.PrincipalEmail, access.PrincipalGroup:
	}
	return true // S3
}

func (w *World) platformWide(role access.RoleID) bool {
	return slices.ContainsFunc(w.Roles, func(r access.Role) bool { return r.ID == role && r.Organization == "" })
}

// MaySetRow reads M8: the chatbot's owner, and owners and admins of its organization who have manage_access; an admin never sets an
// owner's row.
func (w *World) MaySetRow(by access.UserID, bot access.ChatbotID, holder access.UserID, now time.Time) bool {
	c, ok := w.chatbot(bot)
	if !ok || !w.onBot(by, access.ManageAccess, bot, now) {
		return false
	}
	if c.Owner == by {
		return true
	}
	switch w.actsAs(by, c.Organization) {
	case access.OrgOwner:
		return true
	case access.OrgAdmin:
		return w.actsAs(holder, c.Organization) != access.OrgOwner // a site admin acts as one (P1)
	}
	return false
}

// MaySetRole reads section 2 and O2: admins manage all but owners. role is "" where the user's role is taken away.
func (w *World) MaySetRole(by access.UserID, org access.OrganizationID, user access.UserID, role access.OrgRole) bool {
	switch w.actsAs(by, org) {
	case access.OrgOwner:
		return true
	case access.OrgAdmin:
		return role != access.OrgOwner && w.roleIn(user, org) != access.OrgOwner
	}
	return false
}

// MayCreateChatbot reads O6: owners and admins may name another as its owner.
func (w *World) MayCreateChatbot(by access.UserID, org access.OrganizationID, owner access.UserID) bool {
	switch w.actsAs(by, org) {
	case access.OrgOwner, access.OrgAdmin:
		return true
	case access.OrgMember:
		return owner == by
	}
	return false
}

// MaySetVisibility reads A3: out of owner_only leads only the chatbot's owner or an owner of its organization.
func (w *World) MaySetVisibility(by access.UserID, bot access.ChatbotID, now time.Time) bool {
	c, ok := w.chatbot(bot)
	if !ok || !w.onBot(by, access.ManageAccess, bot, now) {
		return false
	}
	return c.Visibility != access.OwnerOnly || c.Owner == by || w.actsAs(by, c.Organization) == access.OrgOwner
}

// MayManageRole reads U2.
func (w *World) MayManageRole(by access.UserID, role access.Role) bool {
	if role.Organization == "" {
		return w.hasPlatformRole(by, access.SiteAdmin)
	}
	return w.MayManage(by, role.Organization)
}

// MayManage reads the line of `update` in section 2: the organization, and its teams, roles and groups.
func (w *World) MayManage(by access.UserID, org access.OrganizationID) bool {
	role := w.actsAs(by, org)
	return role == access.OrgOwner || role == access.OrgAdmin
}

// MayOffboard reads U1 and O2: site admins, and the managers of the home organization, of whom an admin offboards no owner.
func (w *World) MayOffboard(by, user access.UserID) bool {
	if w.hasPlatformRole(by, access.SiteAdmin) {
		return true
	}
	u, _ := w.user(user)
	return u.Organization != "" && w.MaySetRole(by, u.Organization, user, "")
}

// MayPutUser reads U1 and O2 for a user who is there: site admins, and the managers of the home organization, who never mark an address
// verified, never set a type, and never move a user.
func (w *World) MayPutUser(by access.UserID, old, now access.User) bool {
	if w.hasPlatformRole(by, access.SiteAdmin) {
		return true
	}
	verifies := now.EmailVerified && (!old.EmailVerified || now.Email != old.Email)
	if old.Organization == "" || !w.MayManage(by, old.Organization) || verifies || now.Type != old.Type || now.Organization != old.Organization {
		return false
	}
	return !old.Active || now.Active || w.MayOffboard(by, old.ID)
}

// MayMakeKey reads K3: deploy, and everything that the key would give. A key passes the gates but G1, so its maker must pass those, too.
func (w *World) MayMakeKey(by access.UserID, bot access.ChatbotID, level access.Level, now time.Time) bool {
	c, ok := w.chatbot(bot)
	if !ok || !w.onBot(by, access.Deploy, bot, now) {
		return false
	}
	c.Enabled = true
	who, _ := w.whoAsks(access.Subject{Type: access.TypeUser, ID: string(by)})
	for _, action := range []access.Action{access.Interact, access.Read, access.Update, access.Test} {
		if levelGives(level, action) && !w.onChatbot(who, c, action, Request{Now: now}) {
			return false
		}
	}
	return true
}

// MayHoldKey reads B5: whether the person may do all that an account key does, of the organization that it is confined to, whose admin it is (B3), or of
// none, which is a site admin (B2).
func (w *World) MayHoldKey(person access.UserID, confined access.OrganizationID) bool {
	u, known := w.user(person)
	if !known || u.Gone() {
		return false
	}
	if confined == "" {
		return w.hasPlatformRole(person, access.SiteAdmin)
	}
	return w.MayManage(person, confined)
}
