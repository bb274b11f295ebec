package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// onChatbot reads section 3: what is granted, and for interact also what the gates let through.
func (w *World) onChatbot(who asker, c access.Chatbot, action access.Action, r Request) bool {
	switch action {
	case access.See: // C6: any action at all
		for _, any := range access.Actions[access.TypeChatbot] {
			if w.onChatbot(who, c, any, r) {
				return true
			}
		}
		return false
	case access.Interact: // 3.5: a gate never grants, it narrows interact, whatever granted it
		return w.granted(who, c, action, r) && w.passesGates(who, c, r)
	}
	return w.granted(who, c, action, r)
}

// granted reads sections 3 to 3.4 and 3.6: everything but the gates.
func (w *World) granted(who asker, c access.Chatbot, action access.Action, r Request) bool {
	switch {
	case who.visitor:
		return action == access.Interact && linkAdmits(who, c, r) // L1
	case who.isKey:
		return keyGives(who.key, c, action, r) // 3.6
	case who.user.ID == c.Owner:
		return true // A1
	case action == access.ReadHistory && w.hasPlatformRole(who.user.ID, access.ContentAdmin):
		return true // P2, and M1: no matter of rows
	}

	switch action {
	case access.ReadHistory:
		action = access.Read // A2
	case access.ConfigureUI:
		action = access.Update // A2
	}
	role := w.actsAs(who.user.ID, c.Organization) // P1
	if c.Visibility == access.OwnerOnly {
		return roleGives(c.Visibility, role, action) // V1: no shares, no link; M1: rows are asleep
	}
	for _, row := range w.Rows {
		if row.Chatbot == c.ID && row.User == who.user.ID {
			return rowGives(row, role, action) // M1: exactly the row
		}
	}
	return roleGives(c.Visibility, role, action) || // M1: without a row, 3.1 …
		w.sharesGive(who.user, c, action, r) || // … and 3.2 decide,
		action == access.Interact && linkAdmits(who, c, r) // and the link (L1)
}

// roleGives reads the table of 3.1.
func roleGives(v access.Visibility, role access.OrgRole, action access.Action) bool {
	switch v {
	case access.OwnerOnly:
		switch role {
		case access.OrgOwner:
			return action == access.ManageAccess || action == access.Transfer || action == access.Delete
		case access.OrgAdmin:
			return action == access.ManageAccess
		}
	case access.Shared:
		switch role {
		case access.OrgOwner:
			return true
		case access.OrgAdmin:
			return action != access.Transfer && action != access.Delete
		}
	case access.OrganizationVisible:
		switch role {
		case access.OrgOwner:
			return true
		case access.OrgAdmin:
			return action != access.Transfer && action != access.Delete
		case access.OrgMember:
			switch action {
			case access.Interact, access.Read, access.Update, access.Test, access.Deploy:
				return true
			}
		}
	}
	return false
}

// rowGives reads 3.3 for one who has a row and acts in the role.
func rowGives(row access.Row, role access.OrgRole, action access.Action) bool {
	cell := func(a access.Action) bool {
		// M1: row ∩ ceiling. M2: the ceiling is that of the role held now. A site admin's role is an owner's, so is the ceiling (M1).
		return slices.Contains(row.Actions, a) && slices.Contains(ceiling(role), a)
	}
	switch action {
	case access.Read, access.Update, access.Deploy, access.Delete, access.Test:
		return cell(action) // M1
	case access.Interact:
		return cell(access.Read) // M5
	case access.ManageAccess:
		switch role {
		case access.OrgOwner:
			return true // M5: always
		case access.OrgAdmin:
			return cell(access.Update) // M5
		}
		return false // M5: a member or client with a row has none
	case access.Transfer:
		return role == access.OrgOwner // M5: always
	}
	return false
}

// ceiling reads the ceilings of 3.3.
func ceiling(role access.OrgRole) []access.Action {
	switch role {
	case access.OrgOwner:
		return []access.Action{access.Read, access.Update, access.Deploy, access.Delete, access.Test}
	case access.OrgAdmin, access.OrgMember:
		return []access.Action{access.Read, access.Update, access.Deploy, access.Test}
	case access.OrgClient:
		return []access.Action{access.Read, access.Update, access.Test}
	}
	return nil
}

// linkAdmits reads 3.4 for a visitor or a logged-in user.
func linkAdmits(who asker, c access.Chatbot, r Request) bool {
	if r.Link == "" || LinkDigest(r.Link) != c.LinkDigest || c.Visibility == access.OwnerOnly {
		return false // L1: without it, or with another one, nothing; V1: no link under owner_only
	}
	switch c.PublicMode {
	case access.AudienceAuthenticated:
		return who.loggedIn() // L1
	case access.AudienceEveryone:
		return who.loggedIn() || who.visitor // L1
	case access.AudienceNone:
	}
	return false
}
