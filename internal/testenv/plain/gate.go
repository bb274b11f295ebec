package plain

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// passesGates reads 3.5.
func (w *World) passesGates(who asker, c access.Chatbot, r Request) bool {
	switch {
	case !c.Enabled:
		return false // G1: everyone's, the owner's and the API keys' too
	case who.isKey:
		return true // G8
	case who.loggedIn() && who.user.ID == c.Owner:
		return true // G8
	}
	for _, p := range w.Policies {
		if p.Chatbot == c.ID {
			if who.veiled && w.restsElsewhere(c, p) {
				return false // C7
			}
			return w.passesPolicy(who, p, r)
		}
	}
	return true // G8: what was never set lets everyone pass
}

// passesPolicy reads G2 to G7 for visitors and for users other than the owner. A nil list is a gate that is not set; a list that was
// emptied is one of which nobody is a member (G8).
func (w *World) passesPolicy(who asker, p access.Policy, r Request) bool {
	if who.visitor {
		// G8: visitors fail G2–G6 when set. G7 names no visitor.
		return p.EmailDomains == nil && p.UserTypes == nil && p.Entities == nil && p.AllowedRoles == nil &&
			p.RequiredRoles == nil && p.AllowedUsers == nil
	}
	u := who.user
	if p.EmailDomains != nil && !slices.Contains(p.EmailDomains, domainOf(u, r)) {
		return false // G2: exactly
	}
	if p.UserTypes != nil && !slices.Contains(p.UserTypes, u.Type) {
		return false // G3
	}
	if p.Entities != nil && !slices.ContainsFunc(p.Entities, func(o access.OrganizationID) bool { return w.roleIn(u.ID, o) != "" }) {
		return false // G4, and P1: a role the user has
	}
	if p.AllowedRoles != nil && !w.holdsAny(u, p.AllowedRoles) {
		return false // G5: at least one
	}
	if p.RequiredRoles != nil && !w.holdsAll(u, p.RequiredRoles) {
		return false // G5: all
	}
	if p.AllowedUsers != nil && !slices.Contains(p.AllowedUsers, u.ID) {
		return false // G6
	}
	return !slices.Contains(p.DeniedUsers, u.ID) // G7: an emptied list denies nobody
}

// domainOf is the domain that counts for G2, or "": of the verified address in the directory, else of the address sent (C2).
func domainOf(u access.User, r Request) string {
	if u.Verified() != "" {
		return u.Verified().Domain()
	}
	sent, err := access.ParseEmail(r.Email) // I2: the compared form
	if err != nil {
		return ""
	}
	return sent.Domain()
}

// holdsAny reports whether the user holds one of the roles.
func (w *World) holdsAny(u access.User, roles []string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return w.holds(u.ID, role) })
}

// holdsAll reports whether the user holds every one of the roles, of which there is one at least: an emptied gate lets nobody pass (G8).
func (w *World) holdsAll(u access.User, roles []string) bool {
	for _, role := range roles {
		if !w.holds(u.ID, role) {
			return false
		}
	}
	return len(roles) > 0
}
