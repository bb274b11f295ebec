package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type shareBody struct {
	chatbotBody
	Kinds   []access.PrincipalKind
	Shares  []access.Share
	List    listing
	Pending []access.Request // that wait for somebody's decision about this chatbot
	Link    sharing.PublicAccess
	Modes   []access.Audience
	Visible []access.Visibility
}

// shareKinds are the kinds of principals in the order in which people look for them.
var shareKinds = []access.PrincipalKind{
	access.PrincipalUser, access.PrincipalEmail, access.PrincipalTeam, access.PrincipalOrganization, access.PrincipalRole, access.PrincipalGroup,
	access.PrincipalEveryone,
}

// share is the tab with whom the chatbot is shared with. To those who do not manage its access it says who to ask.
func (c *call) share() error {
	ctx := c.r.Context()
	bot, err := c.chatbot("share")
	if err != nil {
		return err
	}
	b := shareBody{chatbotBody: bot, Kinds: shareKinds, Modes: access.Audiences, Visible: access.Visibilities}
	if b.Manages {
		var next string
		if b.Shares, next, err = c.Sharing.Shares(ctx, c.actor, bot.Bot.ID, sharing.Page{After: c.r.URL.Query().Get("after"), Limit: pageSize}); err != nil {
			return err
		}
		b.List = c.listed(next)
		q := sharing.RequestQuery{Chatbot: bot.Bot.ID, State: access.RequestPending}
		if b.Pending, _, err = c.Sharing.Requests(ctx, c.actor, q, sharing.Page{Limit: pageSize}); err != nil {
			return err
		}
		if b.Link, err = c.Sharing.PublicAccess(ctx, c.actor, bot.Bot.ID); err != nil {
			return err
		}
	}
	return c.render(http.StatusOK, "share", view{Title: "Share " + title(bot.Bot), Section: "chatbots", Body: b})
}

// title is the name of a chatbot, or its ID where it has none.
func title(b access.Chatbot) string {
	if b.Name != "" {
		return b.Name
	}
	return string(b.ID)
}

// principalSent reads whom a form names: kind and ID, or an address without a kind.
func principalSent(kind, id string) (access.Principal, error) {
	id = strings.TrimSpace(id)
	if kind == string(access.PrincipalEveryone) {
		return access.Everyone, nil
	}
	p, err := access.ParsePrincipal(kind + ":" + id)
	if err != nil {
		return p, atField(err, "id")
	}
	return p, nil
}

// atField is the refusal as one of the field of the form.
func atField(err error, field string) error {
	detail := detailOf(err)
	return &access.Error{Kind: access.KindOf(err), Rule: ruleOf(err), Detail: detail, Fields: []access.FieldError{{Pointer: "/" + field, Detail: detail}}}
}

// detailOf is the sentence of a refusal, and ruleOf its rule.
func detailOf(err error) string {
	var e *access.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return "something went wrong inside"
}

func ruleOf(err error) string {
	var e *access.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}

// expirySent reads when a share is to end: "" for no end, a day, at whose end it ends, an exact time, as undoing sends it, or keep, which leaves the end of
// a share that is there.
func (c *call) expirySent(text string) (access.Optional[time.Time], error) {
	switch text {
	case "":
		return access.Optional[time.Time]{Set: true, Null: true}, nil
	case "keep":
		return access.Optional[time.Time]{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return access.Some(t), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return access.Optional[time.Time]{}, atField(access.Unprocessablef("S13", "write a day as 2030-12-31"), "expires_at")
	}
	return access.Some(day.AddDate(0, 0, 1)), nil
}

// putShare shares the chatbot, changes a share, or undoes its removal.
func (c *call) putShare() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	with, err := principalSent(c.r.PostFormValue("kind"), c.r.PostFormValue("id"))
	if err != nil {
		return err
	}
	level, err := access.ParseWord(c.r.PostFormValue("access"), access.Levels)
	if err != nil {
		return atField(access.Unprocessablef("S1", "choose what the share gives"), "access")
	}
	expires, err := c.expirySent(c.r.PostFormValue("expires_at"))
	if err != nil {
		return err
	}
	made, err := c.Sharing.PutShare(c.r.Context(), c.actor, bot, with, sharing.SharePatch{
		Access: access.Some(level), ExpiresAt: expires, Existing: !expires.Set,
	})
	if err != nil {
		return err
	}
	switch {
	case made.Request != nil:
		c.notify(notice{Text: "Asked: " + nameOf(with).String() + " gets access when somebody who decides about that approves."})
	case !made.Changed:
		c.notify(notice{Text: "Nothing changed."})
	default:
		c.notify(notice{Text: "Shared with " + nameOf(with).String() + ": " + levelName(level) + "."})
	}
	return c.redirect(c.link("chatbots", string(bot)))
}

// removeShare ends a share, and offers to undo that.
func (c *call) removeShare() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	with, err := principalSent(c.r.PostFormValue("kind"), c.r.PostFormValue("id"))
	if err != nil {
		return err
	}
	removed, err := c.Sharing.DeleteShare(c.r.Context(), c.actor, bot, with)
	if err != nil {
		return err
	}
	n := notice{Text: "Removed " + nameOf(with).String() + "."}
	if removed.Changed {
		n.Path = []string{"chatbots", string(bot), "shares"}
		n.Undo = map[string]string{
			"kind": string(with.Kind), "id": with.ID, "access": c.r.PostFormValue("access"), "expires_at": c.r.PostFormValue("expires_at"),
		}
	}
	c.notify(n)
	return c.redirect(c.link("chatbots", string(bot)))
}

// setGeneralAccess sets the visibility and whom the link admits.
func (c *call) setGeneralAccess() error {
	ctx := c.r.Context()
	b, err := c.chatbot("share") // or else a chatbot would be created
	if err != nil {
		return err
	}
	bot := b.Bot.ID
	if sent := c.r.PostFormValue("visibility"); sent != "" {
		v, err := access.ParseWord(sent, access.Visibilities)
		if err != nil {
			return atField(err, "visibility")
		}
		changed, err := c.Sharing.PutChatbot(ctx, c.actor, bot, sharing.ChatbotPatch{Visibility: access.Some(v)})
		if err != nil {
			return err
		}
		text := "Saved who finds the chatbot."
		if len(changed.Removed) > 0 {
			text += " Removed: " + strings.Join(changed.Removed, ", ") + "."
		}
		c.notify(notice{Text: text})
	}
	if sent := c.r.PostFormValue("mode"); sent != "" {
		m, err := access.ParseWord(sent, access.Audiences)
		if err != nil {
			return atField(err, "mode")
		}
		if _, err := c.Sharing.PutPublicAccess(ctx, c.actor, bot, access.Some(m)); err != nil {
			return err
		}
		c.notify(notice{Text: "Saved who can use the link."})
	}
	return c.redirect(c.link("chatbots", string(bot)))
}

// rotateLink replaces the public link; the old one stops working.
func (c *call) rotateLink() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	if _, err := c.Sharing.RotateLink(c.r.Context(), c.actor, bot); err != nil {
		return err
	}
	c.notify(notice{Text: "There is a new link. The old one does not work any longer."})
	return c.redirect(c.link("chatbots", string(bot)))
}
