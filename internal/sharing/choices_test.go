package sharing_test

import (
	"math/rand/v2"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// The random changes mostly choose what is there and may well be allowed; one in five is chosen blindly, so that refusals stay tried.

// blind reports whether the next choice is one without looking.
func (h *history) blind() bool { return h.rng.IntN(5) == 0 }

// one picks among the facts that fit, or blindly where none does.
func one[F, V any](h *history, facts []F, fits func(F) (V, bool), blindly []V) V {
	var fitting []V
	for _, f := range facts {
		if v, ok := fits(f); ok {
			fitting = append(fitting, v)
		}
	}
	if len(fitting) == 0 || h.blind() {
		return pick(h.rng, blindly)
	}
	return pick(h.rng, fitting)
}

// theBot is a chatbot of the world, with those left out that admit no shares where shares are what the change is about (V1).
func (h *history) theBot(w *plain.World, sharing bool) access.ChatbotID {
	return one(h, w.Chatbots, func(b access.Chatbot) (access.ChatbotID, bool) {
		return b.ID, !sharing || b.Visibility != access.OwnerOnly
	}, bots)
}

// missing is a chatbot that is not there.
func (h *history) missing(w *plain.World) (access.ChatbotID, bool) {
	for _, id := range bots {
		if !has(w.Chatbots, func(b access.Chatbot) bool { return b.ID == id }) {
			return id, true
		}
	}
	return "", false
}

// keeper is somebody who may well change the chatbot: its owner, an owner or an admin of its organization, the key itself, or anybody.
func (h *history) keeper(w *plain.World, bot access.ChatbotID) access.Actor {
	for _, b := range w.Chatbots {
		if b.ID != bot {
			continue
		}
		if h.rng.IntN(2) == 0 {
			return as(b.Owner)
		}
		return h.manager(w, b.Organization)
	}
	return h.manager(w, pick(h.rng, orgs))
}

// manager is somebody who may well change the organization: one of its owners and admins, the key itself, or anybody.
func (h *history) manager(w *plain.World, org access.OrganizationID) access.Actor {
	if h.rng.IntN(3) == 0 {
		return root
	}
	return as(h.person(w, org, access.OrgOwner, access.OrgAdmin))
}

// leader is somebody who may well manage the team: one of its admins, or of its organization's managers.
func (h *history) leader(w *plain.World, t access.Team) access.Actor {
	for _, m := range w.TeamMemberships {
		if m.Team == t.ID && m.Role == access.TeamAdmin && h.rng.IntN(2) == 0 {
			return as(m.User)
		}
	}
	return h.manager(w, t.Organization)
}

// keeperOfUser is somebody who may well change the user: a manager of its home organization, the key itself, or anybody.
func (h *history) keeperOfUser(w *plain.World, id access.UserID) access.Actor {
	u, _ := find(w.Users, func(u access.User) bool { return u.ID == id })
	if h.rng.IntN(2) == 0 {
		return root
	}
	return h.manager(w, u.Organization)
}

// person has one of the roles in the organization, mostly.
func (h *history) person(w *plain.World, org access.OrganizationID, roles ...access.OrgRole) access.UserID {
	return one(h, w.Memberships, func(x access.Membership) (access.UserID, bool) {
		return x.User, x.Organization == org && slices.Contains(roles, x.Role)
	}, users)
}

// home is the organization of the chatbot, or any.
func (h *history) home(w *plain.World, bot access.ChatbotID) access.OrganizationID {
	for _, b := range w.Chatbots {
		if b.ID == bot {
			return b.Organization
		}
	}
	return pick(h.rng, orgs)
}

// sharedWith is a principal that the chatbot is shared with, mostly.
func (h *history) sharedWith(w *plain.World, bot access.ChatbotID) access.Principal {
	return one(h, w.Shares, func(s access.Share) (access.Principal, bool) { return s.Principal, s.Chatbot == bot },
		[]access.Principal{h.principal(w)})
}

// cells are actions for a row of the user, mostly below the ceiling (M2).
func (h *history) cells(w *plain.World, bot access.ChatbotID, user access.UserID) []access.Action {
	org := h.home(w, bot)
	below := one(h, w.Memberships, func(x access.Membership) ([]access.Action, bool) {
		return access.Ceiling(x.Role), x.Organization == org && x.User == user
	}, [][]access.Action{access.RowActions})
	var cells []access.Action
	for _, a := range below {
		if h.rng.IntN(3) > 0 {
			cells = append(cells, a)
		}
	}
	return cells
}

func (h *history) successor() access.UserID {
	if h.rng.IntN(2) == 0 {
		return ""
	}
	return pick(h.rng, users)
}

func (h *history) principal(w *plain.World) access.Principal {
	r := h.rng
	switch r.IntN(7) {
	case 0:
		return h.mailbox()
	case 1:
		outer := one(h, w.Nestings, func(n access.TeamNesting) (access.TeamID, bool) { return n.Outer, true }, teams)
		return access.Principal{Kind: access.PrincipalTeam, ID: string(outer)}
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

// mailbox is an address as a principal: of a user who has verified it, of one who has not, or of nobody.
func (h *history) mailbox() access.Principal {
	a := address(pick(h.rng, users))
	if a == "" {
		a = "nobody@acme.com"
	}
	return access.Principal{Kind: access.PrincipalEmail, ID: string(a)}
}

// addressee is whom a group may list.
func (h *history) addressee() access.Principal {
	if h.rng.IntN(2) == 0 {
		return h.mailbox()
	}
	return access.Principal{Kind: access.PrincipalUser, ID: string(pick(h.rng, users))}
}

// stranger is a principal that the chatbot may well be shared with: it exists, and is not its owner (S2).
func (h *history) stranger(w *plain.World, bot access.ChatbotID) access.Principal {
	var owner access.UserID
	for _, b := range w.Chatbots {
		if b.ID == bot {
			owner = b.Owner
		}
	}
	for range 10 {
		p := h.principal(w)
		known := true
		switch p.Kind {
		case access.PrincipalUser:
			known = p.ID != string(owner)
		case access.PrincipalEmail:
			known = p.ID != string(address(owner))
		case access.PrincipalTeam:
			known = has(w.Teams, func(t access.Team) bool { return string(t.ID) == p.ID })
		case access.PrincipalRole:
			known = has(w.Roles, func(r access.Role) bool { return string(r.ID) == p.ID && r.Organization == h.home(w, bot) })
		case access.PrincipalGroup:
			known = has(w.Groups, func(g access.Group) bool { return string(g.ID) == p.ID && g.Organization == h.home(w, bot) })
		}
		if known || h.blind() {
			return p
		}
	}
	return h.principal(w)
}

// find is the first of the facts that fits.
func find[F any](facts []F, fits func(F) bool) (F, bool) {
	for _, f := range facts {
		if fits(f) {
			return f, true
		}
	}
	var none F
	return none, false
}

func has[F any](facts []F, fits func(F) bool) bool {
	_, ok := find(facts, fits)
	return ok
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
