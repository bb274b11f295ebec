package plain

import (
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// onResource reads R1 and R2: view of a document or metric, use of an MCP server.
func (w *World) onResource(who asker, res access.Resource, r Request) bool {
	c, ok := w.chatbot(res.Chatbot)
	if !ok {
		return false
	}
	if w.onChatbot(who, c, access.Update, r) {
		return true // R2: with or without interact
	}
	if !w.onChatbot(who, c, access.Interact, r) {
		return false // R1
	}
	switch res.Mode {
	case access.ModePublic:
		return true // all who may interact
	case access.ModeAuthenticated:
		return who.loggedIn() || who.isKey // R2: an API key counts as logged in
	case access.ModeRestricted:
		// R1: lists hold users, addresses, teams and groups; nobody else is listed.
		return who.loggedIn() && slices.ContainsFunc(res.Allowed, func(p access.Principal) bool { return w.names(p, who.user) })
	}
	return false
}

// onFeature reads R1 and F1. R2 lets who may update the chatbot manage a feature, not use it.
func (w *World) onFeature(who asker, f access.Feature, r Request) bool {
	c, ok := w.chatbot(f.Chatbot)
	if !ok || !w.onChatbot(who, c, access.Interact, r) {
		return false // R1
	}
	if !f.Enabled {
		return false // F1: off by default
	}
	if (f.AllowedRoles != nil || f.UserTypes != nil) && !who.loggedIn() {
		return false // F1: visitors and API keys fail a role or type condition
	}
	if who.veiled && (f.UserTypes != nil || w.rolesElsewhere(c, f.AllowedRoles)) {
		return false // C7: these are gates, too
	}
	if f.AllowedRoles != nil && !w.holdsAny(who.user, f.AllowedRoles) {
		return false // F1: any; set and emptied as in G8, which excepts nobody here
	}
	if f.UserTypes != nil && !slices.Contains(f.UserTypes, who.user.Type) {
		return false // F1
	}
	for name, limit := range f.Limits {
		value, sent := r.Values[strings.TrimPrefix(name, "max_")]
		if !sent || value < 0 || value > limit {
			return false // F1: from 0 to its limit, and never without a value
		}
	}
	return true
}
