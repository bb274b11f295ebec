package plain

import (
	"net/netip"

	"github.com/grantway/grantway/internal/access"
)

// sharesGive reads 3.2 for a user without a row. The chatbot is not owner_only (V1).
func (w *World) sharesGive(u access.User, c access.Chatbot, action access.Action, r Request) bool {
	if w.keepsInside(c.Organization) && w.roleIn(u.ID, c.Organization) == "" {
		return false // O5
	}
	client := w.roleIn(u.ID, c.Organization) == access.OrgClient
	if client && (action == access.Deploy || action == access.ManageAccess) {
		return false // S12
	}
	for _, s := range w.Shares {
		expired := !s.ExpiresAt.IsZero() && !r.Now.Before(s.ExpiresAt) // S10, S13: from its second of expiry on
		if s.Chatbot == c.ID && !expired && w.names(s.Principal, u) && levelGives(s.Level, action) {
			return true
		}
	}
	return false
}

// levelGives reads the table of 3.2.
func levelGives(l access.Level, action access.Action) bool {
	switch l {
	case access.UseOnly:
		return action == access.Interact
	case access.ReadOnly:
		return action == access.Interact || action == access.Read
	case access.ReadWrite:
		switch action {
		case access.Interact, access.Read, access.Update, access.Test, access.Deploy, access.ManageAccess:
			return true
		}
	}
	return false
}

// keyGives reads 3.6.
func keyGives(k access.APIKey, c access.Chatbot, action access.Action, r Request) bool {
	if k.Chatbot != c.ID {
		return false // section 1: a credential of one chatbot
	}
	if !k.ExpiresAt.IsZero() && !r.Now.Before(k.ExpiresAt) {
		return false // K5
	}
	if len(k.AllowedIPs) > 0 && !inRanges(r.IP, k.AllowedIPs) {
		return false // K4
	}
	switch action {
	case access.ReadHistory:
		action = access.Read // A2
	case access.ConfigureUI:
		action = access.Update // A2
	case access.Deploy, access.ManageAccess:
		return false // K3
	}
	return levelGives(k.Level, action) // K1, K3
}

// inRanges reports whether the address was sent and lies in one of the ranges (K4).
func inRanges(ip string, ranges []string) bool {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if prefix, err := netip.ParsePrefix(r); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}
