package plain

import (
	"fmt"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// addChatbot makes the nth chatbot and all that hangs on it.
func (g *generator) addChatbot(n int) {
	org := pick(g.rng, g.Organizations...)
	c := access.Chatbot{
		ID:           access.ChatbotID(pick(g.rng, "bot", "bot/x", "bot:{a}", "Böt") + fmt.Sprint(n)),
		Organization: org.ID,
		Owner:        pick(g.rng, g.people(org.ID, access.OrgOwner, access.OrgAdmin, access.OrgMember)...), // A1: not a client
		Visibility:   pick(g.rng, access.OwnerOnly, access.Shared, access.Shared, access.OrganizationVisible, access.OrganizationVisible),
		Enabled:      g.chance(9, 10),
		PublicMode:   access.AudienceNone,
	}
	if n > 0 && g.chance(1, 4) { // I1: of another type, so the ID of the last chatbot's feature is free
		c.ID = access.ChatbotID(access.FeatureID(g.Chatbots[n-1].ID, featureNames[0]))
	}
	if g.chance(2, 3) { // A link may outlive its mode.
		c.LinkDigest = LinkDigest(Link(c.ID))
		mode := pick(g.rng, access.AudienceNone, access.AudienceAuthenticated, access.AudienceEveryone, access.AudienceEveryone)
		if c.Visibility != access.OwnerOnly && !mode.Exceeds(org.PublicAccess) { // V1, O5
			c.PublicMode = mode
		}
	}
	g.Chatbots = append(g.Chatbots, c)
	if c.Visibility != access.OwnerOnly { // V1
		g.shares(c, org)
	}
	g.rows(c)
	if g.chance(2, 3) {
		g.policy(c)
	}
	g.resources(c)
	g.features(c)
	g.keys(c)
}

// Link is the public link that a random world gives the chatbot.
func Link(c access.ChatbotID) string { return "link of " + string(c) }

// expiry is an end before, at, or after Era, or none.
func (g *generator) expiry() time.Time {
	if g.chance(1, 2) {
		return time.Time{}
	}
	return pick(g.rng, Era.Add(-time.Hour), Era, Era.Add(time.Second), Era.Add(time.Hour))
}

// shares gives the chatbot shares with distinct principals (S1).
func (g *generator) shares(c access.Chatbot, org access.Organization) {
	owner, _ := g.user(c.Owner)
	var principals []access.Principal
	admits := func(p access.Principal) bool { return org.OutsideSharing || g.Inside(p, org.ID) } // O5
	for _, u := range g.present() {
		if u != c.Owner { // S2
			principals = append(principals, access.Principal{Kind: access.PrincipalUser, ID: string(u)})
		}
	}
	for range 3 {
		if p := g.addressee(); p.ID != string(owner.Verified()) && !slices.Contains(principals, p) { // S2
			principals = append(principals, p)
		}
	}
	for _, t := range g.Teams {
		principals = append(principals, access.Principal{Kind: access.PrincipalTeam, ID: string(t.ID)})
	}
	for _, o := range g.Organizations {
		principals = append(principals, access.Principal{Kind: access.PrincipalOrganization, ID: string(o.ID)})
	}
	for _, r := range g.Roles {
		if r.Organization == org.ID || r.Organization == "" { // S3
			principals = append(principals, access.Principal{Kind: access.PrincipalRole, ID: string(r.ID)})
		}
	}
	for _, group := range g.Groups {
		if group.Organization == org.ID { // S3
			principals = append(principals, access.Principal{Kind: access.PrincipalGroup, ID: string(group.ID)})
		}
	}
	principals = slices.DeleteFunc(principals, func(p access.Principal) bool { return !admits(p) })
	principals = some(g.rng, g.rng.IntN(6), principals)
	if g.chance(1, 3) && admits(access.Everyone) {
		principals = append(principals, access.Everyone)
	}
	for _, p := range principals {
		s := access.Share{Chatbot: c.ID, Principal: p, Level: pick(g.rng, access.Levels...), ExpiresAt: g.expiry()}
		if p == access.Everyone {
			s.Level = pick(g.rng, access.UseOnly, access.ReadOnly) // S1
		}
		g.Shares = append(g.Shares, s)
	}
}

// rows gives people of the organization rows within the ceiling of the role they had when the row was set, which need not be today's (M2).
func (g *generator) rows(c access.Chatbot) {
	for _, u := range g.people(c.Organization, access.OrgRoles...) { // M7
		if u == c.Owner || !g.chance(1, 3) { // M3
			continue
		}
		then := g.actsAs(u, c.Organization) // M1: a site admin's ceiling is an owner's
		if g.chance(1, 3) {
			then = pick(g.rng, access.OrgRoles...)
		}
		row := access.Row{Chatbot: c.ID, User: u, Actions: []access.Action{}} // M6: perhaps no cells
		for _, a := range access.RowActions {
			if slices.Contains(ceiling(then), a) && g.chance(1, 2) { // M2
				row.Actions = append(row.Actions, a)
			}
		}
		g.Rows = append(g.Rows, row)
	}
}

// gate is one gate: nil unless it is set, and if so sometimes emptied by deletions, else with one item or two (G8).
func gate[T any](g *generator, set bool, items []T) []T {
	switch {
	case !set:
		return nil
	case g.chance(1, 5):
		return []T{}
	}
	return some(g.rng, 1+g.rng.IntN(2), items)
}

// roleNames is the roles as gates name them (G5).
func (g *generator) roleNames() []string {
	var names []string
	for _, role := range access.PlatformRoles {
		names = append(names, "platform:"+string(role))
	}
	for _, role := range g.Roles {
		names = append(names, string(role.ID))
	}
	return names
}

// policy gives the chatbot gates: two or so of the seven, or only one, which then decides alone.
func (g *generator) policy(c access.Chatbot) {
	const gates = 7
	set := func(int) bool { return g.chance(1, 4) }
	if only := g.rng.IntN(gates); g.chance(2, 3) {
		set = func(n int) bool { return n == only }
	}
	var entities []access.OrganizationID
	for _, o := range g.Organizations {
		entities = append(entities, o.ID)
	}
	others := slices.DeleteFunc(g.present(), func(u access.UserID) bool { return u == c.Owner }) // G7: never the owner
	g.Policies = append(g.Policies, access.Policy{
		Chatbot:       c.ID,
		EmailDomains:  gate(g, set(0), domains),
		UserTypes:     gate(g, set(1), access.UserTypes),
		Entities:      gate(g, set(2), entities),
		AllowedRoles:  gate(g, set(3), g.roleNames()),
		RequiredRoles: gate(g, set(4), g.roleNames()),
		AllowedUsers:  gate(g, set(5), g.present()),
		DeniedUsers:   gate(g, set(6), others),
	})
}

func (g *generator) resources(c access.Chatbot) {
	modes := map[access.Type][]access.Mode{
		access.TypeDocument:  access.Modes,
		access.TypeMCPServer: {access.ModePublic, access.ModeRestricted},
		access.TypeMetric:    {access.ModePublic, access.ModeRestricted},
	}
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		for _, mode := range some(g.rng, 2, modes[t]) {
			id := string(mode) + " of " + string(c.ID) // I1: unique within its type
			g.Resources = append(g.Resources, access.Resource{Type: t, ID: id, Chatbot: c.ID, Mode: mode, Allowed: g.listed(c.Organization)})
		}
	}
}

// listed is what a list may hold in the organization (R1); a list that is not in force may be kept.
func (g *generator) listed(org access.OrganizationID) []access.Principal {
	list := []access.Principal{g.addressee()}
	for _, u := range g.present() {
		list = append(list, access.Principal{Kind: access.PrincipalUser, ID: string(u)})
	}
	for _, t := range g.Teams {
		if t.Organization == org {
			list = append(list, access.Principal{Kind: access.PrincipalTeam, ID: string(t.ID)})
		}
	}
	for _, group := range g.Groups {
		if group.Organization == org {
			list = append(list, access.Principal{Kind: access.PrincipalGroup, ID: string(group.ID)})
		}
	}
	return some(g.rng, g.rng.IntN(4), list)
}

var featureNames = []string{"traces", "file_upload", "voice-2"}

func (g *generator) features(c access.Chatbot) {
	for _, name := range some(g.rng, g.rng.IntN(3), featureNames) {
		f := access.Feature{
			Chatbot: c.ID, Name: name, Enabled: g.chance(5, 6),
			AllowedRoles: gate(g, g.chance(1, 2), g.roleNames()), UserTypes: gate(g, g.chance(1, 4), access.UserTypes),
		}
		if g.chance(1, 2) {
			f.Limits = map[string]float64{"max_file_size_mb": float64(g.rng.IntN(20))}
			if g.chance(1, 3) {
				f.Limits["max_files"] = 2.5
			}
		}
		g.Features = append(g.Features, f)
	}
}

func (g *generator) keys(c access.Chatbot) {
	for _, level := range some(g.rng, g.rng.IntN(2), access.Levels) {
		k := access.APIKey{ID: access.KeyID(fmt.Sprintf("%s key of %s", level, c.ID)), Chatbot: c.ID, Level: level, ExpiresAt: g.expiry()}
		if g.chance(1, 2) {
			k.AllowedIPs = some(g.rng, 1+g.rng.IntN(2), []string{"192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"})
		}
		g.APIKeys = append(g.APIKeys, k)
	}
}
