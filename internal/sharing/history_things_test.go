package sharing_test

import (
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/plain"
)

var (
	teams    = []access.TeamID{"blue", "red", "green"}
	roles    = []access.RoleID{"vip", "tier1", "everywhere"}
	groups   = []access.GroupID{"friends", "press"}
	features = []string{"traces", "file_upload"}
	attached = []access.Object{
		{Type: access.TypeDocument, ID: "plan"}, {Type: access.TypeDocument, ID: "notes/1"}, {Type: access.TypeMCPServer, ID: "search"},
		{Type: access.TypeMetric, ID: "cost"}, {Type: access.TypeMetric, ID: "plan"},
	}
)

// team is one of the teams, or only its ID where it is not there.
func (h *history) team(w *plain.World) access.Team {
	id := pick(h.rng, teams)
	if t, ok := find(w.Teams, func(t access.Team) bool { return t.ID == id }); ok {
		return t
	}
	return access.Team{ID: id}
}

// roleHome is the organization of each role, one of which is platform-wide.
func roleHome(r access.RoleID) access.OrganizationID {
	return map[access.RoleID]access.OrganizationID{"vip": orgs[0], "tier1": orgs[1], "everywhere": ""}[r]
}

func groupHome(g access.GroupID) access.OrganizationID {
	return map[access.GroupID]access.OrganizationID{"friends": orgs[0], "press": orgs[1]}[g]
}

func (h *history) putsFeature(w *plain.World) deed {
	r, bot, name := h.rng, h.theBot(w, false), pick(h.rng, features)
	actor := h.keeper(w, bot)
	var p sharing.FeaturePatch
	if r.IntN(2) == 0 {
		p.Enabled = access.Some(r.IntN(4) > 0)
	}
	switch r.IntN(3) {
	case 0:
		p.AllowedRoles = access.Optional[[]string]{Set: true, Null: r.IntN(2) == 0, Value: h.roleNames(w, bot)}
	case 1:
		p.UserTypes = access.Optional[[]access.UserType]{Set: true, Null: r.IntN(2) == 0, Value: []access.UserType{pick(r, access.UserTypes)}}
	case 2:
		p.Limits = access.Optional[map[string]float64]{Set: true, Null: r.IntN(3) == 0, Value: map[string]float64{"max_file_size_mb": float64(r.IntN(20))}}
	}
	return deed{
		actor: actor, what: fmt.Sprintf("puts feature %s of %s: %+v", name, bot, p), about: []access.Object{chatbot(bot)},
		may: w.Has(by(actor), access.Update, chatbot(bot), h.now),
		do:  func() error { return second(h.PutFeature(h.ctx, actor, bot, name, p)) },
	}
}

func (h *history) putsResource(w *plain.World) deed {
	r, o := h.rng, pick(h.rng, attached)
	bot := h.theBot(w, false)
	if old, ok := find(w.Resources, func(x access.Resource) bool { return x.Type == o.Type && x.ID == o.ID }); ok && !h.blind() {
		bot = old.Chatbot
	}
	actor := h.keeper(w, bot)
	p := sharing.ResourcePatch{Chatbot: access.Some(bot), Access: access.Some(pick(r, access.Modes))}
	if r.IntN(2) == 0 {
		p.Access = access.Some(access.ModeRestricted)
		p.Allowed = access.Some([]access.Principal{h.listable(w, bot), h.listable(w, bot)})
	}
	return deed{
		actor: actor, what: fmt.Sprintf("puts %s of %s: %v %v", o, bot, p.Access.Value, p.Allowed.Value),
		about: []access.Object{o, chatbot(bot)}, may: w.Has(by(actor), access.Update, chatbot(bot), h.now),
		absent: !has(w.Chatbots, func(b access.Chatbot) bool { return b.ID == bot }),
		do:     func() error { return second(h.PutResource(h.ctx, actor, o.Type, o.ID, p)) },
	}
}

// listable is a principal that a list may well hold (R1).
func (h *history) listable(w *plain.World, bot access.ChatbotID) access.Principal {
	home := h.home(w, bot)
	switch h.rng.IntN(4) {
	case 0:
		return access.Principal{Kind: access.PrincipalEmail, ID: string(address(users[h.rng.IntN(2)]))}
	case 1:
		team := one(h, w.Teams, func(t access.Team) (access.TeamID, bool) { return t.ID, t.Organization == home }, teams)
		return access.Principal{Kind: access.PrincipalTeam, ID: string(team)}
	case 2:
		group := one(h, w.Groups, func(g access.Group) (access.GroupID, bool) { return g.ID, g.Organization == home }, groups)
		return access.Principal{Kind: access.PrincipalGroup, ID: string(group)}
	}
	return access.Principal{Kind: access.PrincipalUser, ID: string(pick(h.rng, users))}
}

func (h *history) deletesResource(w *plain.World) deed {
	o := pick(h.rng, attached)
	r, there := find(w.Resources, func(x access.Resource) bool { return x.Type == o.Type && x.ID == o.ID })
	actor := h.keeper(w, r.Chatbot)
	return deed{
		actor: actor, what: fmt.Sprint("deletes ", o), about: []access.Object{o, chatbot(r.Chatbot)},
		may: w.Has(by(actor), access.Update, chatbot(r.Chatbot), h.now), absent: !there,
		do: func() error { return second(h.DeleteResource(h.ctx, actor, o.Type, o.ID)) },
	}
}

func (h *history) putsTeam(w *plain.World) deed {
	team, org := pick(h.rng, teams), pick(h.rng, orgs)
	if old, ok := find(w.Teams, func(t access.Team) bool { return t.ID == team }); ok {
		org = old.Organization
	}
	actor := h.manager(w, org)
	return deed{
		actor: actor, what: fmt.Sprint("puts team ", team, " of ", org), about: []access.Object{access.Obj(access.TypeTeam, team)},
		may: w.MayManage(by(actor), org),
		do: func() error {
			return second(h.PutTeam(h.ctx, actor, team, sharing.TeamPatch{Organization: access.Some(org), Name: access.Some(fmt.Sprint(h.rng.IntN(3)))}))
		},
	}
}

func (h *history) putsTeamMember(w *plain.World) deed {
	t := h.team(w)
	actor, who, role := h.leader(w, t), h.person(w, t.Organization, access.OrgRoles...), pick(h.rng, access.TeamRoles)
	return deed{
		actor: actor, what: fmt.Sprint("makes ", who, " ", role, " of team ", t.ID),
		about: []access.Object{access.Obj(access.TypeTeam, t.ID), user(who)},
		may:   w.Has(by(actor), access.ManageMembers, access.Obj(access.TypeTeam, t.ID), h.now),
		do:    func() error { return second(h.PutTeamMember(h.ctx, actor, t.ID, who, role)) },
	}
}

func (h *history) removesTeamMember(w *plain.World) deed {
	m := one(h, w.TeamMemberships, func(m access.TeamMembership) (access.TeamMembership, bool) { return m, true },
		[]access.TeamMembership{{Team: pick(h.rng, teams), User: pick(h.rng, users)}})
	t, _ := find(w.Teams, func(t access.Team) bool { return t.ID == m.Team })
	actor := h.leader(w, t)
	return deed{
		actor: actor, what: fmt.Sprint("takes ", m.User, " out of team ", m.Team), about: []access.Object{access.Obj(access.TypeTeam, m.Team), user(m.User)},
		may:    w.Has(by(actor), access.ManageMembers, access.Obj(access.TypeTeam, m.Team), h.now),
		absent: !has(w.TeamMemberships, func(x access.TeamMembership) bool { return x.Team == m.Team && x.User == m.User }),
		do:     func() error { return second(h.RemoveTeamMember(h.ctx, actor, m.Team, m.User)) },
	}
}

// nests puts a team into another, or takes it out.
func (h *history) nests(w *plain.World) deed {
	outer := h.team(w)
	inner := one(h, w.Teams, func(t access.Team) (access.TeamID, bool) {
		return t.ID, t.Organization == outer.Organization && t.ID != outer.ID
	}, teams)
	actor, n := h.leader(w, outer), access.TeamNesting{Outer: outer.ID, Inner: inner}
	d := deed{
		actor: actor, what: fmt.Sprint("puts team ", inner, " into ", outer.ID), about: []access.Object{access.Obj(access.TypeTeam, outer.ID)},
		may: w.Has(by(actor), access.ManageMembers, access.Obj(access.TypeTeam, outer.ID), h.now),
		do:  func() error { return second(h.NestTeam(h.ctx, actor, outer.ID, inner)) },
	}
	if has(w.Nestings, func(x access.TeamNesting) bool { return x == n }) && h.rng.IntN(2) == 0 {
		d.what = fmt.Sprint("takes team ", inner, " out of ", outer.ID)
		d.do = func() error { return second(h.UnnestTeam(h.ctx, actor, outer.ID, inner)) }
	}
	return d
}

func (h *history) putsRole(w *plain.World) deed {
	role := pick(h.rng, roles)
	actor := h.manager(w, roleHome(role))
	r := access.Role{ID: role, Organization: roleHome(role)}
	p := sharing.RolePatch{Name: access.Some(fmt.Sprint(h.rng.IntN(3)))}
	if r.Organization != "" {
		p.Organization = access.Some(r.Organization)
	}
	return deed{
		actor: actor, what: fmt.Sprint("puts role ", role), about: []access.Object{access.Obj(access.TypeRole, role)}, may: w.MayManageRole(by(actor), r),
		do: func() error { return second(h.PutRole(h.ctx, actor, role, p)) },
	}
}

func (h *history) assigns(w *plain.World) deed {
	role, who := pick(h.rng, roles), pick(h.rng, users)
	actor := h.manager(w, roleHome(role))
	return deed{
		actor: actor, what: fmt.Sprint("assigns ", role, " to ", who), about: []access.Object{access.Obj(access.TypeRole, role), user(who)},
		may: w.MayManageRole(by(actor), access.Role{ID: role, Organization: roleHome(role)}),
		do:  func() error { return second(h.AssignRole(h.ctx, actor, role, who)) },
	}
}

func (h *history) unassigns(w *plain.World) deed {
	a := one(h, w.Assignments, func(a access.RoleAssignment) (access.RoleAssignment, bool) { return a, true },
		[]access.RoleAssignment{{Role: pick(h.rng, roles), User: pick(h.rng, users)}})
	actor := h.manager(w, roleHome(a.Role))
	return deed{
		actor: actor, what: fmt.Sprint("takes ", a.Role, " from ", a.User), about: []access.Object{access.Obj(access.TypeRole, a.Role), user(a.User)},
		may:    w.MayManageRole(by(actor), access.Role{ID: a.Role, Organization: roleHome(a.Role)}),
		absent: !has(w.Assignments, func(x access.RoleAssignment) bool { return x == a }),
		do:     func() error { return second(h.UnassignRole(h.ctx, actor, a.Role, a.User)) },
	}
}

func (h *history) putsGroup(w *plain.World) deed {
	group := pick(h.rng, groups)
	actor := h.manager(w, groupHome(group))
	p := sharing.GroupPatch{Organization: access.Some(groupHome(group)), Name: access.Some(fmt.Sprint(h.rng.IntN(3)))}
	return deed{
		actor: actor, what: fmt.Sprint("puts group ", group), about: []access.Object{access.Obj(access.TypeGroup, group)},
		may: w.MayManage(by(actor), groupHome(group)),
		do:  func() error { return second(h.PutGroup(h.ctx, actor, group, p)) },
	}
}

func (h *history) listsInGroup(w *plain.World) deed {
	group, member := pick(h.rng, groups), h.addressee()
	actor := h.manager(w, groupHome(group))
	return deed{
		actor: actor, what: fmt.Sprint("puts ", member, " into group ", group), about: []access.Object{access.Obj(access.TypeGroup, group), object(member)},
		may: w.MayManage(by(actor), groupHome(group)),
		do:  func() error { return second(h.AddToGroup(h.ctx, actor, group, member)) },
	}
}

func (h *history) unlistsFromGroup(w *plain.World) deed {
	m := one(h, w.GroupMemberships, func(m access.GroupMembership) (access.GroupMembership, bool) { return m, true },
		[]access.GroupMembership{{Group: pick(h.rng, groups), Member: h.addressee()}})
	actor := h.manager(w, groupHome(m.Group))
	return deed{
		actor: actor, what: fmt.Sprint("takes ", m.Member, " out of group ", m.Group),
		about: []access.Object{access.Obj(access.TypeGroup, m.Group), object(m.Member)}, may: w.MayManage(by(actor), groupHome(m.Group)),
		absent: !has(w.GroupMemberships, func(x access.GroupMembership) bool { return x == m }),
		do:     func() error { return second(h.RemoveFromGroup(h.ctx, actor, m.Group, m.Member)) },
	}
}

// deletesRole deletes a role, mostly one that a gate names, which may be emptied by it (G8).
func (h *history) deletesRole(w *plain.World) deed {
	named := func(list []string, role access.RoleID) bool { return slices.Contains(list, string(role)) }
	role := one(h, w.Roles, func(r access.Role) (access.RoleID, bool) {
		return r.ID, has(w.Policies, func(p access.Policy) bool { return named(p.AllowedRoles, r.ID) || named(p.RequiredRoles, r.ID) }) ||
			has(w.Features, func(f access.Feature) bool { return named(f.AllowedRoles, r.ID) })
	}, roles)
	actor := h.manager(w, roleHome(role))
	return deed{
		actor: actor, what: fmt.Sprint("deletes role ", role), about: []access.Object{access.Obj(access.TypeRole, role)},
		may: w.MayManageRole(by(actor), access.Role{ID: role, Organization: roleHome(role)}),
		do:  func() error { return second(h.DeleteRole(h.ctx, actor, role)) },
	}
}

// deletesThing makes the changes that take most away.
func (h *history) deletesThing(w *plain.World) deed {
	d := deed{actor: h.manager(w, pick(h.rng, orgs))}
	switch h.rng.IntN(4) {
	case 0:
		bot := h.theBot(w, false)
		d.actor = h.keeper(w, bot)
		d.about, d.may = []access.Object{chatbot(bot)}, w.Has(by(d.actor), access.Delete, chatbot(bot), h.now)
		d.do = func() error { return second(h.DeleteChatbot(h.ctx, d.actor, bot)) }
	case 1:
		t := h.team(w)
		d.about, d.may = []access.Object{access.Obj(access.TypeTeam, t.ID)}, w.MayManage(by(d.actor), t.Organization)
		d.do = func() error { return second(h.DeleteTeam(h.ctx, d.actor, t.ID)) }
	case 2:
		group := pick(h.rng, groups)
		d.about, d.may = []access.Object{access.Obj(access.TypeGroup, group)}, w.MayManage(by(d.actor), groupHome(group))
		d.do = func() error { return second(h.DeleteGroup(h.ctx, d.actor, group)) }
	case 3:
		org := pick(h.rng, orgs)
		d.about, d.may = []access.Object{organization(org)}, w.Has(by(d.actor), access.Delete, organization(org), h.now)
		d.do = func() error { return second(h.DeleteOrganization(h.ctx, d.actor, org)) }
	}
	d.what = fmt.Sprint("deletes ", d.about[0])
	return d
}
