package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

type gatesBody struct {
	chatbotBody
	sharing.Gates
	Types []access.UserType
	Lists []gateList
}

// gateList is one gate that is a list.
type gateList struct {
	Name, Label, Hint string
	Lines             string // an entry a line
	Emptied           bool   // deletions have emptied it, so that nobody passes (G8)
}

func gateOf[T ~string](name, label, hint string, entries []T) gateList {
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = string(e)
	}
	return gateList{Name: name, Label: label, Hint: hint, Lines: strings.Join(lines, "\n"), Emptied: entries != nil && len(entries) == 0}
}

// gates is the tab with the conditions that everybody has to meet who uses the chatbot (3.5).
func (c *call) gates() error {
	bot, err := c.chatbot("gates")
	if err != nil {
		return err
	}
	b := gatesBody{chatbotBody: bot, Types: access.UserTypes}
	if b.Gates, err = c.Sharing.Policy(c.r.Context(), c.actor, bot.Bot.ID); err != nil {
		return err
	}
	p := b.Policy
	b.Lists = []gateList{
		gateOf("email_domains", "Email domains", "Only people with a verified address at one of these domains. A subdomain is another domain.", p.EmailDomains),
		gateOf("entities", "Organizations", "Only people of one of these organizations.", p.Entities),
		gateOf("allowed_roles", "Roles: one of these", "Only people with at least one of these roles.", p.AllowedRoles),
		gateOf("required_roles", "Roles: all of these", "Only people with every one of these roles.", p.RequiredRoles),
		gateOf("allowed_users", "Allowed users", "Only these people.", p.AllowedUsers),
		gateOf("denied_users", "Denied users", "Never these people.", p.DeniedUsers),
	}
	return c.render(http.StatusOK, "gates", view{Title: "Gates of " + title(bot.Bot), Section: "chatbots", Body: b})
}

// HasType reports whether the gate on user types names the type.
func (b gatesBody) HasType(t access.UserType) bool { return slices.Contains(b.Policy.UserTypes, t) }

// sentGate is a gate as the form sends it: an entry a line; none at all is no gate.
func sentGate[T ~string](c *call, name string) access.Optional[[]T] {
	var entries []T
	for line := range strings.Lines(c.r.PostFormValue(name)) {
		if entry := strings.TrimSpace(line); entry != "" {
			entries = append(entries, T(entry))
		}
	}
	return access.Optional[[]T]{Set: true, Null: entries == nil, Value: entries}
}

func (c *call) putGates() error {
	bot := access.ChatbotID(c.r.PathValue("chatbot"))
	types := access.Optional[[]access.UserType]{Set: true, Null: true}
	for _, sent := range c.r.PostForm["user_types"] {
		t, err := access.ParseWord(sent, access.UserTypes)
		if err != nil {
			return err
		}
		types.Null, types.Value = false, append(types.Value, t)
	}
	saved, err := c.Sharing.PutPolicy(c.r.Context(), c.actor, bot, sharing.PolicyPatch{
		Enabled:      access.Some(c.r.PostFormValue("enabled") != ""),
		EmailDomains: sentGate[string](c, "email_domains"), UserTypes: types, Entities: sentGate[access.OrganizationID](c, "entities"),
		AllowedRoles: sentGate[string](c, "allowed_roles"), RequiredRoles: sentGate[string](c, "required_roles"),
		AllowedUsers: sentGate[access.UserID](c, "allowed_users"), DeniedUsers: sentGate[access.UserID](c, "denied_users"),
	})
	if err != nil {
		return err
	}
	text := "Saved."
	if !saved.Changed {
		text = "Nothing changed."
	}
	c.notify(notice{Text: text})
	return c.redirect(c.link("chatbots", string(bot), "gates"))
}
