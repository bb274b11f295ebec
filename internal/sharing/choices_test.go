package sharing_test

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// The random changes mostly choose what is there and may well be allowed; one in five is chosen blindly, so that refusals stay tried.

// blind reports whether the next choice is one without looking.
func (m *mess) blind() bool { return m.rng.IntN(5) == 0 }

// one picks among the facts that fit, or blindly where none does.
func one[F, V any](m *mess, facts []F, fits func(F) (V, bool), blindly []V) V {
	var fitting []V
	for _, f := range facts {
		if v, ok := fits(f); ok {
			fitting = append(fitting, v)
		}
	}
	if len(fitting) == 0 || m.blind() {
		return pick(m.rng, blindly)
	}
	return pick(m.rng, fitting)
}

// theBot is a chatbot of the world, with those left out that admit no shares where shares are what the change is about (V1).
func (m *mess) theBot(w *plain.World, sharing bool) access.ChatbotID {
	return one(m, w.Chatbots, func(b access.Chatbot) (access.ChatbotID, bool) {
		return b.ID, !sharing || b.Visibility != access.OwnerOnly
	}, bots)
}

// missing is a chatbot that is not there.
func (m *mess) missing(w *plain.World) (access.ChatbotID, bool) {
	for _, id := range bots {
		if !has(w.Chatbots, func(b access.Chatbot) bool { return b.ID == id }) {
			return id, true
		}
	}
	return "", false
}

// keeper is somebody who may well change the chatbot: its owner, an owner or an admin of its organization, the key itself, or anybody.
func (m *mess) keeper(w *plain.World, bot access.ChatbotID) access.Actor {
	for _, b := range w.Chatbots {
		if b.ID != bot {
			continue
		}
		if m.rng.IntN(2) == 0 {
			return as(b.Owner)
		}
		return m.manager(w, b.Organization)
	}
	return m.manager(w, pick(m.rng, orgs))
}

// manager is somebody who may well change the organization: one of its owners and admins, the key itself, or anybody.
func (m *mess) manager(w *plain.World, org access.OrganizationID) access.Actor {
	if m.rng.IntN(3) == 0 {
		return root
	}
	return as(m.person(w, org, access.OrgOwner, access.OrgOwner, access.OrgAdmin))
}

// person has one of the roles in the organization, mostly.
func (m *mess) person(w *plain.World, org access.OrganizationID, roles ...access.OrgRole) access.UserID {
	role := pick(m.rng, roles)
	return one(m, w.Memberships, func(x access.Membership) (access.UserID, bool) {
		return x.User, x.Organization == org && x.Role == role
	}, users)
}

// home is the organization of the chatbot, or any.
func (m *mess) home(w *plain.World, bot access.ChatbotID) access.OrganizationID {
	for _, b := range w.Chatbots {
		if b.ID == bot {
			return b.Organization
		}
	}
	return pick(m.rng, orgs)
}

// sharedWith is a principal that the chatbot is shared with, mostly.
func (m *mess) sharedWith(w *plain.World, bot access.ChatbotID) access.Principal {
	return one(m, w.Shares, func(s access.Share) (access.Principal, bool) { return s.Principal, s.Chatbot == bot },
		[]access.Principal{m.principal()})
}

// cells are actions for a row of the user, mostly below the ceiling (M2).
func (m *mess) cells(w *plain.World, bot access.ChatbotID, user access.UserID) []access.Action {
	org := m.home(w, bot)
	below := one(m, w.Memberships, func(x access.Membership) ([]access.Action, bool) {
		return access.Ceiling(x.Role), x.Organization == org && x.User == user
	}, [][]access.Action{access.RowActions})
	var cells []access.Action
	for _, a := range below {
		if m.rng.IntN(3) > 0 {
			cells = append(cells, a)
		}
	}
	return cells
}

func (m *mess) successor() access.UserID {
	if m.rng.IntN(2) == 0 {
		return ""
	}
	return pick(m.rng, users)
}

func (m *mess) principal() access.Principal {
	r := m.rng
	switch r.IntN(7) {
	case 0:
		return access.Principal{Kind: access.PrincipalEmail, ID: string(address(pick(r, users)))}
	case 1:
		return access.Principal{Kind: access.PrincipalTeam, ID: string(pick(r, teams))}
	case 2:
		return access.Principal{Kind: access.PrincipalOrganization, ID: string(pick(r, orgs))}
	case 3:
		return access.Principal{Kind: access.PrincipalRole, ID: string(pick(r, roles))}
	case 4:
		return access.Principal{Kind: access.PrincipalGroup, ID: string(pick(r, groups))}
	case 5:
		return access.Everyone
	}
	return access.Principal{Kind: access.PrincipalUser, ID: string(pick(r, users))}
}

// stranger is a principal that the chatbot may well be shared with: it exists, and is not its owner (S2).
func (m *mess) stranger(w *plain.World, bot access.ChatbotID) access.Principal {
	var owner access.UserID
	for _, b := range w.Chatbots {
		if b.ID == bot {
			owner = b.Owner
		}
	}
	for range 10 {
		p := m.principal()
		known := true
		switch p.Kind {
		case access.PrincipalUser:
			known = p.ID != string(owner)
		case access.PrincipalEmail:
			known = p.ID != string(address(owner))
		case access.PrincipalTeam:
			known = has(w.Teams, func(t access.Team) bool { return string(t.ID) == p.ID })
		case access.PrincipalRole:
			known = has(w.Roles, func(r access.Role) bool { return string(r.ID) == p.ID && r.Organization == m.home(w, bot) })
		case access.PrincipalGroup:
			known = has(w.Groups, func(g access.Group) bool { return string(g.ID) == p.ID && g.Organization == m.home(w, bot) })
		}
		if known || m.blind() {
			return p
		}
	}
	return m.principal()
}

func has[F any](facts []F, fits func(F) bool) bool {
	for _, f := range facts {
		if fits(f) {
			return true
		}
	}
	return false
}

func (m *mess) policy(w *plain.World) (p sharing.PolicyPatch) {
	r := m.rng
	unset := func() bool { return r.IntN(2) == 0 }
	p.Enabled = access.Some(r.IntN(6) > 0)
	p.EmailDomains = access.Optional[[]string]{Set: true, Null: unset(), Value: []string{"acme.com"}}
	p.UserTypes = access.Optional[[]access.UserType]{Set: true, Null: unset(), Value: []access.UserType{pick(r, access.UserTypes)}}
	p.Entities = access.Optional[[]access.OrganizationID]{Set: true, Null: unset(), Value: []access.OrganizationID{pick(r, orgs)}}
	role := one(m, w.Roles, func(r access.Role) (access.RoleID, bool) { return r.ID, true }, roles)
	p.AllowedRoles = access.Optional[[]string]{Set: true, Null: r.IntN(4) > 0, Value: []string{"platform:site_admin", string(role)}}
	p.DeniedUsers = access.Optional[[]access.UserID]{Set: true, Null: unset(), Value: []access.UserID{pick(r, users)}}
	return p
}
