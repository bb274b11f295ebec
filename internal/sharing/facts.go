package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// This file holds the steps that several use cases share: how a fact is written and removed together with what depends on it.

// activeUser refuses unknown, deleted and inactive users, who cannot be given anything (N2).
func (c *change) activeUser(id access.UserID, rule string) (access.User, error) {
	u, known, err := c.User(id)
	if err != nil {
		return u, err
	}
	if !known || u.Gone() {
		return u, access.Unprocessablef(rule, "%s is not an active user", access.Obj(access.TypeUser, id))
	}
	return u, nil
}

// chatbotState reads everything that the chatbot's folded relationships depend on.
func (c *caller) chatbotState(b access.Chatbot) (spice.ChatbotState, error) {
	rows, err := c.HasRows(b.ID)
	if err != nil {
		return spice.ChatbotState{}, err
	}
	policy, _, err := c.Policy(b.ID)
	policy.Chatbot = b.ID
	return spice.ChatbotState{Chatbot: b, HasRows: rows, Policy: policy}, err
}

// aroundChatbot refolds the chatbot over what edit does to it, to its gates and to its rows.
func (c *change) aroundChatbot(id access.ChatbotID, edit func(*access.Chatbot) error) error {
	b, ok, err := c.Chatbot(id)
	if err != nil {
		return err
	}
	if !ok {
		return access.NotFound(access.Obj(access.TypeChatbot, id))
	}
	before, err := c.chatbotState(b)
	if err != nil {
		return err
	}
	old := b
	if err := edit(&b); err != nil {
		return err
	}
	if b != old {
		if err := c.PutChatbot(b); err != nil {
			return err
		}
	}
	after, err := c.chatbotState(b)
	if err != nil {
		return err
	}
	c.refold(spice.FoldChatbot(before), spice.FoldChatbot(after))
	return nil
}

// foldRow folds a row for what its holder is now (M2).
func (c *caller) foldRow(r access.Row) (spice.Relationships, error) {
	b, ok, err := c.Chatbot(r.Chatbot)
	if err != nil || !ok {
		return nil, err
	}
	m, _, err := c.Membership(b.Organization, r.User)
	if err != nil {
		return nil, err
	}
	siteAdmin, err := c.isSiteAdmin(r.User)
	return spice.FoldRow(r, m.Role, siteAdmin), err
}

func (c *caller) isSiteAdmin(user access.UserID) (bool, error) {
	roles, err := c.PlatformGrants(user)
	return slices.Contains(roles, access.SiteAdmin), err
}

// aroundRows refolds the user's rows over an edit that changes the user's role or type, and with it the ceilings (M2).
func (c *change) aroundRows(user access.UserID, edit func() error) error {
	fold := func() (spice.Relationships, error) {
		rows, err := c.RowsOf(user)
		if err != nil {
			return nil, err
		}
		return foldAll(rows, c.foldRow)
	}
	return c.around(fold, edit)
}

// foldAll folds all of the facts.
func foldAll[T any](facts []T, fold func(T) (spice.Relationships, error)) (all spice.Relationships, err error) {
	for _, fact := range facts {
		rs, err := fold(fact)
		if err != nil {
			return nil, err
		}
		all = append(all, rs...)
	}
	return all, nil
}

// around refolds what fold returns before and after an edit.
func (c *change) around(fold func() (spice.Relationships, error), edit func() error) error {
	before, err := fold()
	if err != nil {
		return err
	}
	if err := edit(); err != nil {
		return err
	}
	after, err := fold()
	if err != nil {
		return err
	}
	c.refold(before, after)
	return nil
}

// dropShare removes a share. The answer lists it unless it has expired, because expired shares do not count as shares (S10).
func (c *change) dropShare(s access.Share) error {
	if err := c.DeleteShare(s.Chatbot, s.Principal); err != nil {
		return err
	}
	c.refold(spice.FoldShare(s), nil)
	bot := access.Obj(access.TypeChatbot, s.Chatbot)
	if s.ExpiredAt(c.now) {
		return c.addEffect(dropped("share", s), bot)
	}
	return c.noteRemoval(dropped("share", s), "share "+string(s.Level)+" of "+bot.String()+" with "+s.Principal.String(), access.ManageAccess, bot)
}

// dropShares removes those of the shares for which drop returns true.
func (c *change) dropShares(shares []access.Share, drop func(access.Share) (bool, error)) error {
	for _, s := range shares {
		gone, err := drop(s)
		if err != nil {
			return err
		}
		if gone {
			if err := c.dropShare(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropSharesWith removes the chosen chatbots' shares with the principal.
func (c *change) dropSharesWith(p access.Principal, of chosen) error {
	shares, err := c.SharesWith(p)
	if err != nil {
		return err
	}
	return c.dropShares(shares, func(s access.Share) (bool, error) { return of(access.Obj(access.TypeChatbot, s.Chatbot)) })
}

// chosen reports whether a removal includes the object.
type chosen func(access.Object) (bool, error)

func anywhere(access.Object) (bool, error) { return true, nil }

// dropPrincipal removes a principal from the chosen shares, groups and lists that name it (O3, O4, N2).
func (c *change) dropPrincipal(p access.Principal, of chosen) error {
	if err := c.dropSharesWith(p, of); err != nil {
		return err
	}
	groups, err := c.GroupsOf(p)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if here, err := of(access.Obj(access.TypeGroup, g)); err != nil {
			return err
		} else if !here {
			continue
		}
		if err := c.dropGroupMembership(access.GroupMembership{Group: g, Member: p}); err != nil {
			return err
		}
	}
	return c.unlist(p, of)
}

// dropRow removes a row. Removing the last one switches the chatbot's matrix off.
func (c *change) dropRow(r access.Row) error {
	return c.aroundChatbot(r.Chatbot, func(*access.Chatbot) error {
		before, err := c.foldRow(r)
		if err != nil {
			return err
		}
		if err := c.DeleteRow(r.Chatbot, r.User); err != nil {
			return err
		}
		c.refold(before, nil)
		bot := access.Obj(access.TypeChatbot, r.Chatbot)
		return c.noteRemoval(dropped("row", r), "row of "+access.Obj(access.TypeUser, r.User).String()+" on "+bot.String(), access.ManageAccess, bot)
	})
}

// dropTeamMembership removes a user from a team.
func (c *change) dropTeamMembership(m access.TeamMembership) error {
	if err := c.DeleteTeamMembership(m.Team, m.User); err != nil {
		return err
	}
	return c.noteTeamRemoval(m)
}

// noteTeamRemoval notes that a user is no longer in a team.
func (c *change) noteTeamRemoval(m access.TeamMembership) error {
	c.refold(spice.FoldTeamMembership(m), nil)
	team := access.Obj(access.TypeTeam, m.Team)
	what := string(m.Role) + " of " + team.String()
	if c.action == "team.delete" || c.action == "organization.delete" { // if the answer covers many people
		what = access.Obj(access.TypeUser, m.User).String() + ", " + what
	}
	return c.noteRemoval(dropped("team_member", m), what, access.ManageMembers, team)
}

// dropAssignment removes a role from a user.
func (c *change) dropAssignment(a access.RoleAssignment) error {
	if err := c.DeleteRoleAssignment(a.Role, a.User); err != nil {
		return err
	}
	c.refold(spice.FoldRoleAssignment(a), nil)
	role := access.Obj(access.TypeRole, a.Role)
	keeper, action, err := c.listRight(role)
	if err != nil {
		return err
	}
	return c.noteRemoval(dropped("role_assignment", a), role.String()+" of "+access.Obj(access.TypeUser, a.User).String(), action, keeper)
}

// dropGroupMembership removes a principal from a group's list.
func (c *change) dropGroupMembership(m access.GroupMembership) error {
	implied, err := c.foldEntry(m)
	if err != nil {
		return err
	}
	if err := c.DeleteGroupMembership(m.Group, m.Member); err != nil {
		return err
	}
	c.refold(implied, nil)
	group := access.Obj(access.TypeGroup, m.Group)
	keeper, action, err := c.listRight(group)
	if err != nil {
		return err
	}
	return c.noteRemoval(dropped("group_member", m), m.Member.String()+" in "+group.String(), action, keeper)
}

// unlist removes a principal from the chosen lists of documents, MCP servers and metrics.
func (c *change) unlist(p access.Principal, of chosen) error {
	resources, err := c.ResourcesAllowing(p)
	if err != nil {
		return err
	}
	for _, r := range resources {
		list := access.Object{Type: r.Type, ID: r.ID}
		if here, err := of(list); err != nil {
			return err
		} else if !here {
			continue
		}
		old := r
		r.Allowed = slices.DeleteFunc(slices.Clone(r.Allowed), func(q access.Principal) bool { return q == p })
		if err := c.PutResource(r); err != nil {
			return err
		}
		c.refold(spice.FoldResource(old), spice.FoldResource(r))
		what := p.String() + " on the list of " + list.String()
		if err := c.noteRemoval(altered(string(r.Type), old, r), what, access.Update, access.Obj(access.TypeChatbot, r.Chatbot)); err != nil {
			return err
		}
	}
	return nil
}

// ungate removes a deleted object from every gate that names it. A list that becomes empty stays set (G8).
func (c *change) ungate(kind access.Type, id string) error {
	policies, err := c.PoliciesNaming(string(kind), id)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if err := c.dropFromGates(p, without(p, kind, id), access.Object{Type: kind, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// dropFromGates replaces a chatbot's gates with ones that no longer name the object.
func (c *change) dropFromGates(old, now access.Policy, o access.Object) error {
	e, err := c.regate(old, now)
	if err != nil {
		return err
	}
	bot := access.Obj(access.TypeChatbot, old.Chatbot)
	return c.noteRemoval(e, o.String()+" in the gates of "+bot.String(), access.ManageAccess, bot)
}

// regate replaces a chatbot's gates.
func (c *change) regate(old, now access.Policy) (e effect, err error) {
	err = c.aroundChatbot(old.Chatbot, func(b *access.Chatbot) error {
		e = altered("policy", gates{b.Enabled, old}, gates{b.Enabled, now})
		return c.PutPolicy(now)
	})
	return e, err
}

func without(p access.Policy, kind access.Type, id string) access.Policy {
	switch kind {
	case access.TypeOrganization:
		p.Entities = withoutValue(p.Entities, access.OrganizationID(id))
	case access.TypeRole:
		p.AllowedRoles = withoutValue(p.AllowedRoles, id)
		p.RequiredRoles = withoutValue(p.RequiredRoles, id)
	case access.TypeUser:
		p.AllowedUsers = withoutValue(p.AllowedUsers, access.UserID(id))
		p.DeniedUsers = withoutValue(p.DeniedUsers, access.UserID(id))
	}
	return p
}

// withoutValue is the list without v: nil stays nil, and a list that becomes empty does not become nil.
func withoutValue[T comparable](list []T, v T) []T {
	if list == nil {
		return nil
	}
	rest := make([]T, 0, len(list))
	for _, x := range list {
		if x != v {
			rest = append(rest, x)
		}
	}
	return rest
}
