package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// An import is checked before it is written, so the engine does not know its rows yet: neither the objects they create nor the rights they take from
// the actor. The functions below compute rights that follow from the facts alone.

// byFacts reports whether the actor has the action on the object by a role, as the chatbot's owner, by a row, or by a share with this user. It
// ignores rights through teams, organizations, groups, roles and addresses.
func (c *caller) byFacts(action access.Action, o access.Object) (bool, error) {
	switch o.Type {
	case access.TypePlatform:
		admin, err := c.actsAsSiteAdmin()
		return admin && action == access.Administer, err
	case access.TypeOrganization:
		role, err := c.actsAs(access.OrganizationID(o.ID))
		return gives(role, action), err
	case access.TypeTeam:
		return c.teamByFacts(action, access.TeamID(o.ID))
	case access.TypeChatbot:
		return c.chatbotByFacts(action, access.ChatbotID(o.ID))
	}
	return false, nil
}

// actsAsSiteAdmin reports whether the actor is a site admin, or a key that acts as one (B2).
func (c *caller) actsAsSiteAdmin() (bool, error) {
	if c.actor.User == "" {
		return c.actor.Unconfined(), nil
	}
	return c.isSiteAdmin(c.actor.User)
}

// actsAs is the actor's effective role in the organization: owner for a site admin (P1), admin for a confined key (B3).
func (c *caller) actsAs(org access.OrganizationID) (access.OrgRole, error) {
	if admin, err := c.actsAsSiteAdmin(); err != nil || admin {
		return access.OrgOwner, err
	}
	if c.actor.User == "" {
		if c.actor.Organization == org {
			return access.OrgAdmin, nil
		}
		return "", nil
	}
	m, _, err := c.Membership(org, c.actor.User)
	return m.Role, err
}

// gives reports whether the role gives the action on its organization (section 2).
func gives(role access.OrgRole, action access.Action) bool {
	switch action {
	case access.Billing, access.Delete:
		return role == access.OrgOwner
	case access.Update, access.ManageMembers:
		return manages(role)
	case access.CreateChatbot:
		return manages(role) || role == access.OrgMember
	case access.ViewData:
		return role != ""
	}
	return false
}

// teamByFacts is byFacts for a team (T1).
func (c *caller) teamByFacts(action access.Action, id access.TeamID) (bool, error) {
	t, ok, err := c.Team(id)
	if err != nil || !ok || action != access.ManageMembers {
		return false, err
	}
	if c.actor.User != "" {
		if m, _, err := c.TeamMembership(id, c.actor.User); err != nil || m.Role == access.TeamAdmin {
			return err == nil, err
		}
	}
	role, err := c.actsAs(t.Organization)
	return manages(role), err
}

// chatbotByFacts is byFacts for a chatbot (3.1–3.3).
func (c *caller) chatbotByFacts(action access.Action, id access.ChatbotID) (bool, error) {
	b, ok, err := c.Chatbot(id)
	if err != nil || !ok {
		return false, err
	}
	if user := c.actor.User; user != "" && user == b.Owner {
		return true, nil
	}
	role, err := c.actsAs(b.Organization)
	if err != nil {
		return false, err
	}
	if c.actor.User == "" || b.Visibility == access.OwnerOnly {
		return visibilityGives(b.Visibility, role, action), nil
	}
	row, rowed, err := c.Row(id, c.actor.User)
	switch {
	case err != nil:
		return false, err
	case rowed:
		return rowGives(row, role, action), nil
	case visibilityGives(b.Visibility, role, action):
		return true, nil
	}
	s, shared, err := c.Share(id, access.Principal{Kind: access.PrincipalUser, ID: string(c.actor.User)})
	if err != nil || !shared || s.ExpiredAt(c.now) || s.Level != access.ReadWrite {
		return false, err
	}
	return action == access.Update || action == access.See || action == access.ManageAccess && role != access.OrgClient, nil
}

// visibilityGives reports whether a role in the organization gives the action on a chatbot to a user without a row (3.1).
func visibilityGives(v access.Visibility, role access.OrgRole, action access.Action) bool {
	switch {
	case action == access.Transfer || action == access.Delete:
		return role == access.OrgOwner
	case action == access.ManageAccess:
		return manages(role)
	case v == access.OwnerOnly:
		return action == access.See && manages(role)
	}
	return manages(role) || v == access.OrganizationVisible && role == access.OrgMember
}

// rowGives reports whether a row gives the action to its holder (M1, M5).
func rowGives(r access.Row, role access.OrgRole, action access.Action) bool {
	has := func(a access.Action) bool {
		return slices.Contains(r.Actions, a) && slices.Contains(access.Ceiling(role), a)
	}
	switch action {
	case access.Transfer:
		return role == access.OrgOwner
	case access.ManageAccess:
		return role == access.OrgOwner || role == access.OrgAdmin && has(access.Update)
	case access.See:
		return role == access.OrgOwner || slices.ContainsFunc(access.RowActions, has)
	}
	return has(action)
}
