package decision

import (
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// gates adds which gates the subject fails, or that it passes (3.5).
func (x *explainer) gates(bot access.Chatbot, allowed bool) error {
	policy, _, err := x.Policy(bot.ID)
	if err != nil || policy.Empty() {
		return err
	}
	p, err := x.user()
	if err != nil {
		return err
	}
	owner := p != nil && p.ID == bot.Owner
	switch {
	case allowed && owner:
		x.because("the gates of %s do not stop its owner (G8)", bot.ID)
	case allowed && x.it.subject.Type == access.TypeAPIKey:
		x.because("the gates of %s do not stop its API keys (G8)", bot.ID)
	case allowed:
		x.because("%s passes the gates of %s (G8)", x.who(), bot.ID)
	case owner || x.it.subject.Type == access.TypeAPIKey:
	default:
		domain, _ := x.it.values[schema.ParamEmailDomain].(string)
		if failed := failedGates(policy, p, domain); len(failed) > 0 {
			for _, f := range failed {
				x.stopped("%s", f)
			}
			x.grantable(managers(bot, false)...)
		}
	}
	return nil
}

// failedGates returns a reason for each gate that the user, or a visitor if p is nil, does not pass (G2–G8). domain is the one that counts for G2.
func failedGates(policy access.Policy, p *person, domain string) []string {
	var said []string
	fails := func(gate, rule string, set, empty bool, passes func() bool, why func() string) {
		switch {
		case !set:
		case empty:
			said = append(said, fmt.Sprintf("gate %s: everything it named was deleted, so nobody passes (G8)", gate))
		case p == nil:
			said = append(said, fmt.Sprintf("gate %s: visitors are not logged in (%s, G8)", gate, rule))
		case !passes():
			said = append(said, why()+" ("+rule+")")
		}
	}
	fails("email_domains", "G2", policy.EmailDomains != nil, len(policy.EmailDomains) == 0,
		func() bool { return slices.Contains(policy.EmailDomains, domain) },
		func() string {
			if domain == "" {
				return "needs email"
			}
			return fmt.Sprintf("gate email_domains: the address of %s has none of these domains", p.ID) // the actor may not be allowed to see the address
		})
	fails("user_types", "G3", policy.UserTypes != nil, len(policy.UserTypes) == 0,
		func() bool { return slices.Contains(policy.UserTypes, p.userType()) },
		func() string { return fmt.Sprintf("gate user_types: %s is %s", p.ID, p.userType()) })
	fails("entities", "G4", policy.Entities != nil, len(policy.Entities) == 0,
		func() bool {
			return slices.ContainsFunc(policy.Entities, func(o access.OrganizationID) bool { return p.roleIn(o) != "" })
		},
		func() string { return fmt.Sprintf("gate entities: %s has no role in any of these organizations", p.ID) })
	fails("allowed_roles", "G5", policy.AllowedRoles != nil, len(policy.AllowedRoles) == 0,
		func() bool { return slices.ContainsFunc(policy.AllowedRoles, p.holds) },
		func() string { return fmt.Sprintf("gate allowed_roles: %s holds none of these roles", p.ID) })
	var without []string
	for _, r := range policy.RequiredRoles {
		if p != nil && !p.holds(r) {
			without = append(without, r)
		}
	}
	fails("required_roles", "G5", policy.RequiredRoles != nil, len(policy.RequiredRoles) == 0,
		func() bool { return len(without) == 0 },
		func() string {
			return fmt.Sprintf("gate required_roles: %s does not hold %s", p.ID, access.Listed(without))
		})
	fails("allowed_users", "G6", policy.AllowedUsers != nil, len(policy.AllowedUsers) == 0,
		func() bool { return slices.Contains(policy.AllowedUsers, p.ID) },
		func() string { return fmt.Sprintf("gate allowed_users: %s is not listed", p.ID) })
	if p != nil && slices.Contains(policy.DeniedUsers, p.ID) {
		said = append(said, fmt.Sprintf("gate denied_users: %s is listed (G7)", p.ID))
	}
	return said
}
