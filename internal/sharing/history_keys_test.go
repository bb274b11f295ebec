package sharing_test

import (
	"fmt"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// The chatbots' own credentials: API keys, and the public link.

func (h *history) makesKey(w *plain.World) deed {
	bot, level := h.theBot(w, false), pick(h.rng, access.Levels)
	actor := h.keeper(w, bot)
	n := sharing.NewAPIKey{Name: fmt.Sprintf("key %04d", len(h.log)), Level: level}
	if h.rng.IntN(3) == 0 {
		n.ExpiresAt = h.now.Add(time.Duration(1+h.rng.IntN(100)) * time.Second)
	}
	if h.rng.IntN(3) == 0 {
		n.AllowedIPs = []string{pick(h.rng, []string{"192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"})}
	}
	if actor.User == "" && has(w.Policies, func(p access.Policy) bool { return p.Chatbot == bot }) {
		actor = as(pick(h.rng, users)) // what gates ask of a key that acts for itself is nobody's to say
	}
	return deed{
		actor: actor, what: fmt.Sprintf("makes a %s key of %s", level, bot), about: []access.Object{chatbot(bot)},
		may: w.MayMakeKey(by(actor), bot, level, h.now),
		do:  func() error { return second(h.CreateAPIKey(h.ctx, actor, bot, n)) },
	}
}

func (h *history) deletesKey(w *plain.World) deed {
	k := one(h, w.APIKeys, func(k access.APIKey) (access.APIKey, bool) { return k, true }, []access.APIKey{{ID: "none", Chatbot: pick(h.rng, bots)}})
	actor := h.keeper(w, k.Chatbot)
	return deed{
		actor: actor, what: fmt.Sprint("deletes ", k.Name, " of ", k.Chatbot), about: []access.Object{chatbot(k.Chatbot), access.Obj(access.TypeAPIKey, k.ID)},
		may: w.Has(by(actor), access.Deploy, chatbot(k.Chatbot), h.now), absent: k.Name == "",
		do: func() error { return second(h.DeleteAPIKey(h.ctx, actor, k.Chatbot, k.ID)) },
	}
}

// linksUp sets whom the public link admits, or rotates it.
func (h *history) linksUp(w *plain.World) deed {
	bot, mode := h.theBot(w, true), pick(h.rng, access.Audiences)
	actor := h.keeper(w, bot)
	d := deed{
		actor: actor, what: fmt.Sprint("links ", bot, " for ", mode), about: []access.Object{chatbot(bot)},
		may: w.Has(by(actor), access.ManageAccess, chatbot(bot), h.now),
		do: func() error {
			r, err := h.PutPublicAccess(h.ctx, actor, bot, access.Some(mode))
			h.presented(bot, r.Link)
			return err
		},
	}
	if h.rng.IntN(3) == 0 {
		d.what = fmt.Sprint("rotates the link of ", bot)
		d.do = func() error {
			r, err := h.RotateLink(h.ctx, actor, bot)
			h.presented(bot, r.Link)
			return err
		}
	}
	return d
}

// presented remembers a link, which people go on presenting when there is another.
func (h *history) presented(bot access.ChatbotID, link string) {
	if link == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links[bot] = append(h.links[bot], link)
}

// link is what somebody presents in place of the link that random worlds have: mostly the chatbot's last link, or one before.
func (h *history) link(w *plain.World, q plain.Question) string {
	links := h.links[w.ChatbotOf(q.Resource)]
	switch {
	case len(links) == 0:
		return q.Request.Link
	case q.Request.Link == plain.Link(w.ChatbotOf(q.Resource)):
		return links[len(links)-1]
	case q.Request.Link != "":
		return pick(h.rng, links)
	}
	return ""
}

// timePasses lets share, keys and requests expire, and does what that brings about.
func (h *history) timePasses(*plain.World) deed {
	return deed{
		actor: access.System, what: "time passes", may: true,
		do: func() error {
			h.now = h.now.Add(time.Duration(h.rng.IntN(30)) * time.Second)
			if h.rng.IntN(6) == 0 {
				h.now = h.now.Add(sharing.DefaultRequestTTL)
			}
			return h.Upkeep(h.ctx)
		},
	}
}
