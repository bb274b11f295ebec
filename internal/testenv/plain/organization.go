package plain

import "github.com/grantway/grantway/internal/access"

// onPlatform reads P3.
func (w *World) onPlatform(who asker, action access.Action) bool {
	if !who.loggedIn() {
		return false
	}
	siteAdmin := w.hasPlatformRole(who.user.ID, access.SiteAdmin)
	contentAdmin := w.hasPlatformRole(who.user.ID, access.ContentAdmin)
	contentUser := w.hasPlatformRole(who.user.ID, access.ContentUser)
	switch action {
	case access.Administer:
		return siteAdmin
	case access.ManageContent:
		return contentAdmin || siteAdmin
	case access.UseEnhancedFeatures:
		return contentUser || contentAdmin || siteAdmin
	}
	return false
}

// onOrganization reads the table of section 2.
func (w *World) onOrganization(who asker, o access.Organization, action access.Action) bool {
	if !who.loggedIn() {
		return false
	}
	if action == access.ViewData && w.hasPlatformRole(who.user.ID, access.ContentAdmin) {
		return true // P2
	}
	role := w.actsAs(who.user.ID, o.ID) // P1
	switch action {
	case access.Billing, access.Delete:
		return role == access.OrgOwner
	case access.Update, access.ManageMembers: // O2 bounds whom an admin manages, not whether
		return role == access.OrgOwner || role == access.OrgAdmin
	case access.CreateChatbot:
		return role == access.OrgOwner || role == access.OrgAdmin || role == access.OrgMember
	case access.ViewData:
		return role != "" // E1: its own people, and nobody else
	}
	return false
}

// onTeam reads T1.
func (w *World) onTeam(who asker, t access.Team, action access.Action) bool {
	if !who.loggedIn() || action != access.ManageMembers {
		return false
	}
	switch w.actsAs(who.user.ID, t.Organization) { // P1
	case access.OrgOwner, access.OrgAdmin:
		return true
	}
	for _, m := range w.TeamMemberships {
		if m.Team == t.ID && m.User == who.user.ID && m.Role == access.TeamAdmin {
			return true // T1: the team's own admins; T2 hands on membership, not this
		}
	}
	return false
}
