package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// Reader is who asks a question directly, and not as a backend that may ask anything: a user, a key that is confined to an organization, or such a key acting
// for a user.
type Reader struct {
	User     access.UserID
	Confined access.OrganizationID
}

// Tells reads C7 and B3: whether the reader's question is answered with yes. It is true only where Decide is.
func Tells(w *World, reader Reader, q Question) bool {
	who, ok := w.whoAsks(q.Subject)
	if !ok || !w.mayAsk(reader, q) {
		return false
	}
	who.veiled = w.veils(reader, who)
	return w.decides(who, q)
}

// mayAsk reads what a reader asks about at all.
func (w *World) mayAsk(reader Reader, q Question) bool {
	if reader.Confined != "" && w.homeOf(q.Resource) != reader.Confined {
		return false // B3: it reaches nothing outside
	}
	if reader.User == "" {
		return true
	}
	self := access.Subject{Type: access.TypeUser, ID: string(reader.User)}
	if u, known := w.user(reader.User); known && u.Gone() {
		return false // N2
	}
	if q.Subject == self {
		return true // C7: about themselves
	}
	// C7: about others only on what they have manage_access to. Of what has no such action, those ask who manage its people.
	manages := Question{Subject: self, Resource: q.Resource, Action: access.ManageAccess, Request: Request{Now: q.Request.Now}}
	switch q.Resource.Type {
	case access.TypePlatform:
		manages.Action = access.Administer
	case access.TypeOrganization, access.TypeTeam:
		manages.Action = access.ManageMembers
	default:
		manages.Resource = access.Obj(access.TypeChatbot, w.ChatbotOf(q.Resource))
	}
	return Decide(w, manages)
}

// homeOf is the organization that the object is or belongs to, or "".
func (w *World) homeOf(o access.Object) access.OrganizationID {
	switch o.Type {
	case access.TypeOrganization:
		for _, org := range w.Organizations {
			if string(org.ID) == o.ID {
				return org.ID
			}
		}
		return ""
	case access.TypeTeam:
		for _, t := range w.Teams {
			if string(t.ID) == o.ID {
				return t.Organization
			}
		}
		return ""
	}
	c, _ := w.chatbot(w.ChatbotOf(o))
	return c.Organization
}

// veils reads whose gates C7 keeps from the reader: of a person who is not, by home, invitation or sign-in, of an organization where the reader has view_data.
// What a site admin or an unconfined key gave shows the person as well (O7), and a site admin, who manages all users (U1), sees everybody.
func (w *World) veils(reader Reader, about asker) bool {
	if !about.loggedIn() || about.user.ID == reader.User || reader.Confined == "" && w.hasPlatformRole(reader.User, access.SiteAdmin) {
		return false
	}
	u, known := w.user(about.user.ID)
	if !known {
		return true
	}
	if u.Organization != "" && w.viewsData(reader, u.Organization) {
		return false
	}
	for _, m := range w.Memberships {
		if m.User == u.ID && m.Source != access.Added && m.Source != "" && w.viewsData(reader, m.Organization) {
			return false
		}
	}
	return true
}

// viewsData reads the line of view_data in section 2 for a reader, whom a key confines (B3).
func (w *World) viewsData(reader Reader, org access.OrganizationID) bool {
	if reader.Confined == "" {
		return w.Has(reader.User, access.ViewData, access.Obj(access.TypeOrganization, org), Era)
	}
	return org == reader.Confined && (reader.User == "" || w.roleIn(reader.User, org) != "")
}

// restsElsewhere reads which of the gates G2–G5 rest on something other than the chatbot's organization (C7).
func (w *World) restsElsewhere(c access.Chatbot, p access.Policy) bool {
	return p.EmailDomains != nil || p.UserTypes != nil ||
		slices.ContainsFunc(p.Entities, func(o access.OrganizationID) bool { return o != c.Organization }) ||
		w.rolesElsewhere(c, p.AllowedRoles) || w.rolesElsewhere(c, p.RequiredRoles)
}

// rolesElsewhere reports whether one of the roles, as gates name them, is not the chatbot's organization's.
func (w *World) rolesElsewhere(c access.Chatbot, roles []string) bool {
	return slices.ContainsFunc(roles, func(name string) bool {
		return !slices.ContainsFunc(w.Roles, func(r access.Role) bool { return string(r.ID) == name && r.Organization == c.Organization })
	})
}
