package sharing_test

import (
	"fmt"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

var bots = []access.ChatbotID{"helper", "hr/bot", "sales bot"}

func (h *history) createsOrRenames(w *plain.World) deed {
	if bot, ok := h.missing(w); ok {
		org := pick(h.rng, orgs)
		actor, owner := h.manager(w, org), h.person(w, org, access.OrgOwner, access.OrgAdmin, access.OrgMember)
		if h.blind() {
			actor = as(owner)
		}
		return deed{
			actor: actor, what: fmt.Sprint("creates ", bot, " of ", org, " for ", owner), about: []access.Object{chatbot(bot), organization(org)},
			may: w.MayCreateChatbot(by(actor), org, owner), absent: true,
			do: func() error {
				return second(h.PutChatbot(h.ctx, actor, bot, sharing.ChatbotPatch{Organization: access.Some(org), Owner: access.Some(owner)}))
			},
		}
	}
	bot := h.theBot(w, false)
	actor := h.keeper(w, bot)
	return deed{
		actor: actor, what: fmt.Sprint("renames ", bot), about: []access.Object{chatbot(bot)},
		may: w.Has(by(actor), access.Update, chatbot(bot), h.now),
		do: func() error {
			return second(h.PutChatbot(h.ctx, actor, bot, sharing.ChatbotPatch{Name: access.Some(fmt.Sprint("name ", len(h.log)))}))
		},
	}
}

func (h *history) setsVisibility(w *plain.World) deed {
	bot, v := h.theBot(w, false), pick(h.rng, access.Visibilities)
	actor := h.keeper(w, bot)
	old, _ := find(w.Chatbots, func(b access.Chatbot) bool { return b.ID == bot })
	return deed{
		actor: actor, what: fmt.Sprint("makes ", bot, " ", v), about: []access.Object{chatbot(bot)},
		// Whoever sees a chatbot may say of it what it is already.
		may: w.MaySetVisibility(by(actor), bot, h.now) || old.Visibility == v && w.Has(by(actor), access.See, chatbot(bot), h.now),
		do: func() error {
			return second(h.PutChatbot(h.ctx, actor, bot, sharing.ChatbotPatch{Visibility: access.Some(v)}))
		},
	}
}

func (h *history) unshares(w *plain.World) deed {
	bot := h.theBot(w, true)
	actor, with := h.keeper(w, bot), h.sharedWith(w, bot)
	return deed{
		actor: actor, what: fmt.Sprint("unshares ", bot, " with ", with), about: []access.Object{chatbot(bot), object(with)},
		may:    w.Has(by(actor), access.ManageAccess, chatbot(bot), h.now),
		absent: !has(w.Shares, func(s access.Share) bool { return s.Chatbot == bot && s.Principal == with }),
		do:     func() error { return second(h.DeleteShare(h.ctx, actor, bot, with)) },
	}
}

func (h *history) transfers(w *plain.World) deed {
	bot := h.theBot(w, false)
	actor, to := h.keeper(w, bot), h.person(w, h.home(w, bot), access.OrgOwner, access.OrgAdmin, access.OrgMember)
	return deed{
		actor: actor, what: fmt.Sprint("transfers ", bot, " to ", to), about: []access.Object{chatbot(bot), user(to)},
		may: w.Has(by(actor), access.Transfer, chatbot(bot), h.now),
		do:  func() error { return second(h.TransferChatbot(h.ctx, actor, bot, to)) },
	}
}

func (h *history) putsRow(w *plain.World) deed {
	bot := h.theBot(w, false)
	actor, holder := h.keeper(w, bot), h.person(w, h.home(w, bot), access.OrgRoles...)
	cells := h.cells(w, bot, holder)
	return deed{
		actor: actor, what: fmt.Sprint("sets the row of ", holder, " on ", bot, " to ", cells),
		about: []access.Object{chatbot(bot), user(holder)}, may: w.MaySetRow(by(actor), bot, holder, h.now),
		do: func() error { return second(h.PutRow(h.ctx, actor, bot, holder, cells)) },
	}
}

func (h *history) deletesRow(w *plain.World) deed {
	row := one(h, w.Rows, func(r access.Row) (access.Row, bool) { return r, true }, []access.Row{{Chatbot: pick(h.rng, bots), User: pick(h.rng, users)}})
	actor := h.keeper(w, row.Chatbot)
	return deed{
		actor: actor, what: fmt.Sprint("deletes the row of ", row.User, " on ", row.Chatbot),
		about: []access.Object{chatbot(row.Chatbot), user(row.User)}, may: w.MaySetRow(by(actor), row.Chatbot, row.User, h.now),
		absent: !has(w.Rows, func(r access.Row) bool { return r.Chatbot == row.Chatbot && r.User == row.User }),
		do:     func() error { return second(h.DeleteRow(h.ctx, actor, row.Chatbot, row.User)) },
	}
}

func (h *history) putsPolicy(w *plain.World) deed {
	bot := h.theBot(w, false)
	actor, p := h.keeper(w, bot), h.policy(w, bot)
	return deed{
		actor: actor, what: fmt.Sprintf("gates %s by %+v", bot, p), about: []access.Object{chatbot(bot)},
		may: w.Has(by(actor), access.ManageAccess, chatbot(bot), h.now),
		do:  func() error { return second(h.PutPolicy(h.ctx, actor, bot, p)) },
	}
}

// policy is random gates: one or two of the seven are set or unset.
func (h *history) policy(w *plain.World, bot access.ChatbotID) (p sharing.PolicyPatch) {
	r := h.rng
	if r.IntN(4) == 0 {
		p.Enabled = access.Some(r.IntN(3) > 0)
	}
	for range 1 + r.IntN(2) {
		unset := r.IntN(2) == 0
		switch r.IntN(7) {
		case 0:
			p.EmailDomains = access.Optional[[]string]{Set: true, Null: unset, Value: []string{pick(r, []string{"acme.com", "PARTNER.org"})}}
		case 1:
			p.UserTypes = access.Optional[[]access.UserType]{Set: true, Null: unset, Value: []access.UserType{pick(r, access.UserTypes)}}
		case 2:
			p.Entities = access.Optional[[]access.OrganizationID]{Set: true, Null: unset, Value: []access.OrganizationID{pick(r, orgs)}}
		case 3:
			p.AllowedRoles = access.Optional[[]string]{Set: true, Null: unset, Value: h.roleNames(w, bot)}
		case 4:
			p.RequiredRoles = access.Optional[[]string]{Set: true, Null: unset, Value: h.roleNames(w, bot)[:1]}
		case 5:
			p.AllowedUsers = access.Optional[[]access.UserID]{Set: true, Null: unset, Value: []access.UserID{pick(r, users), pick(r, users)}}
		case 6:
			p.DeniedUsers = access.Optional[[]access.UserID]{Set: true, Null: unset, Value: []access.UserID{pick(r, users)}}
		}
	}
	return p
}

// roleNames are two roles as gates and features name them, one of them of the platform.
func (h *history) roleNames(w *plain.World, bot access.ChatbotID) []string {
	role := one(h, w.Roles, func(r access.Role) (access.RoleID, bool) { return r.ID, r.Organization == h.home(w, bot) }, roles)
	names := []string{"platform:" + string(pick(h.rng, access.PlatformRoles)), string(role)}
	h.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}
