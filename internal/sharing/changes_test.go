package sharing_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

func userPatch(t access.UserType, e access.Email) sharing.UserPatch {
	return sharing.UserPatch{Type: access.Some(t), Email: access.Some(e), EmailVerified: access.Some(true)}
}

func orgPatch(owner access.UserID) sharing.OrganizationPatch {
	return sharing.OrganizationPatch{Owner: access.Some(owner)}
}

// change makes one random change, and checks that an actor without the right was refused.
func (m *mess) change() {
	r := m.rng
	if r.IntN(20) == 0 {
		m.now = m.now.Add(time.Duration(r.IntN(30)) * time.Second)
		return
	}
	w := m.world()
	switch n := r.IntN(23); {
	case n < 5:
		m.changePeople(w)
	case n < 17:
		m.changeBot(w)
	case n < 22:
		m.changeThings(w)
	default:
		m.rare(w)
	}
}

// needs asks the plain reading of the model whether the actor has the action. What a site admin may is for the engine to say.
func (m *mess) needs(actor access.Actor, action access.Action, o access.Object) bool {
	if actor.User == "" {
		return true
	}
	return plain.Decide(m.world(), plain.Question{
		Subject: access.Subject{Type: access.TypeUser, ID: string(actor.User)}, Action: action, Resource: o, Request: plain.Request{Now: m.now},
	})
}

// changePeople changes who is what in an organization and on the platform.
func (m *mess) changePeople(w *plain.World) {
	r := m.rng
	org, user := pick(r, orgs), pick(r, users)
	actor, onOrg := m.manager(w, org), access.Obj(access.TypeOrganization, org)
	var what string
	var may bool
	var err error
	switch r.IntN(5) {
	case 0, 1:
		role := pick(r, access.OrgRoles)
		what, may = fmt.Sprint("member ", org, user, role), m.needs(actor, access.ManageMembers, onOrg)
		_, err = m.PutMember(m.ctx, actor, org, user, role, m.successor())
	case 2:
		user = m.person(w, org, access.OrgRoles...)
		what, may = fmt.Sprint("remove ", org, user), m.needs(actor, access.ManageMembers, onOrg)
		_, err = m.RemoveMember(m.ctx, actor, org, user, m.successor())
	case 3:
		role := pick(r, access.PlatformRoles)
		what, may = fmt.Sprint("platform ", role, user), m.needs(actor, access.Administer, access.PlatformObject)
		if has(w.PlatformGrants, func(g access.PlatformGrant) bool { return g == access.PlatformGrant{Role: role, User: user} }) {
			_, err = m.DeletePlatformRole(m.ctx, actor, role, user)
		} else {
			_, err = m.PutPlatformRole(m.ctx, actor, role, user)
		}
	case 4:
		if r.IntN(3) > 0 { // it takes too much away to happen often
			return
		}
		what, may = fmt.Sprint("offboard ", user), m.needs(actor, access.Administer, access.PlatformObject)
		if _, err = m.DeleteUser(m.ctx, actor, user, m.successor()); err == nil {
			_, err = m.PutUser(m.ctx, root, user, userPatch(pick(r, access.UserTypes), address(user)))
		}
	}
	m.note(actor, what, may, err)
}

// changeBot changes a chatbot, its shares, its rows and its gates.
func (m *mess) changeBot(w *plain.World) {
	r := m.rng
	kind := r.IntN(12)
	bot := m.theBot(w, kind >= 3 && kind <= 7)
	actor, onBot := m.keeper(w, bot), access.Obj(access.TypeChatbot, bot)
	member := func(roles ...access.OrgRole) access.UserID { return m.person(w, m.home(w, bot), roles...) }
	var what string
	var may bool
	var err error
	switch kind {
	case 0, 1:
		if absent, ok := m.missing(w); ok {
			org := pick(r, orgs)
			owner := m.person(w, org, access.OrgOwner, access.OrgAdmin, access.OrgMember)
			actor = m.manager(w, org)
			what, may = fmt.Sprint("chatbot ", absent, org, owner), m.needs(actor, access.CreateChatbot, access.Obj(access.TypeOrganization, org))
			_, err = m.PutChatbot(m.ctx, actor, absent, sharing.ChatbotPatch{Organization: access.Some(org), Owner: access.Some(owner)})
			break
		}
		name := fmt.Sprint(len(m.log))
		what, may = fmt.Sprint("rename ", bot), m.needs(actor, access.Update, onBot)
		_, err = m.PutChatbot(m.ctx, actor, bot, sharing.ChatbotPatch{Name: access.Some(name)})
	case 2:
		v := pick(r, access.Visibilities)
		what, may = fmt.Sprint("visibility ", bot, v), true
		if b, ok := m.bot(bot); ok && b.Visibility != v {
			may = m.needs(actor, access.ManageAccess, onBot)
		}
		_, err = m.PutChatbot(m.ctx, actor, bot, sharing.ChatbotPatch{Visibility: access.Some(v)})
	case 3, 4, 5, 6:
		with, level := m.stranger(w, bot), pick(r, access.Levels)
		if with == access.Everyone && !m.blind() {
			level = pick(r, access.Levels[:2])
		}
		what, may = fmt.Sprint("share ", bot, with, level), m.needs(actor, access.ManageAccess, onBot)
		p := sharing.SharePatch{Access: access.Some(level)}
		if r.IntN(3) == 0 {
			p.ExpiresAt = access.Some(m.now.Add(time.Duration(r.IntN(100)) * time.Second))
		}
		_, err = m.PutShare(m.ctx, actor, bot, with, p)
	case 7:
		with := m.sharedWith(w, bot)
		what, may = fmt.Sprint("unshare ", bot, with), m.needs(actor, access.ManageAccess, onBot)
		_, err = m.DeleteShare(m.ctx, actor, bot, with)
	case 8:
		to := member(access.OrgOwner, access.OrgAdmin, access.OrgMember)
		what, may = fmt.Sprint("transfer ", bot, to), m.needs(actor, access.Transfer, onBot)
		_, err = m.TransferChatbot(m.ctx, actor, bot, to)
	case 9, 10:
		user := member(access.OrgRoles...)
		actions := m.cells(w, bot, user)
		what, may = fmt.Sprint("row ", bot, user, actions), m.needs(actor, access.ManageAccess, onBot)
		if has(w.Rows, func(row access.Row) bool { return row.Chatbot == bot && row.User == user }) && r.IntN(3) == 0 {
			_, err = m.DeleteRow(m.ctx, actor, bot, user)
		} else {
			_, err = m.PutRow(m.ctx, actor, bot, user, actions)
		}
	case 11:
		what, may = fmt.Sprint("policy ", bot), m.needs(actor, access.ManageAccess, onBot)
		_, err = m.PutPolicy(m.ctx, actor, bot, m.policy(w))
	}
	m.note(actor, what, may, err)
}

// changeThings changes teams, roles and groups.
func (m *mess) changeThings(w *plain.World) {
	r := m.rng
	org, user := pick(r, orgs), pick(r, users)
	actor := m.manager(w, org)
	var what string
	var may bool
	var err error
	switch r.IntN(5) {
	case 0, 1:
		team := one(m, w.Teams, func(t access.Team) (access.TeamID, bool) { return t.ID, t.Organization == org }, teams)
		what, may = fmt.Sprint("team ", team, user), true
		if _, err = m.PutTeam(m.ctx, root, team, sharing.TeamPatch{Organization: access.Some(org)}); err == nil {
			may = m.needs(actor, access.ManageMembers, access.Obj(access.TypeTeam, team))
			_, err = m.PutTeamMember(m.ctx, actor, team, m.person(w, org, access.OrgRoles...), pick(r, access.TeamRoles))
		}
	case 2:
		in := func(t access.Team) (access.TeamID, bool) { return t.ID, t.Organization == org }
		outer, inner := one(m, w.Teams, in, teams), one(m, w.Teams, in, teams)
		what, may = fmt.Sprint("nest ", outer, inner), m.needs(actor, access.ManageMembers, access.Obj(access.TypeTeam, outer))
		n := access.TeamNesting{Outer: outer, Inner: inner}
		if has(w.Nestings, func(x access.TeamNesting) bool { return x == n }) {
			_, err = m.UnnestTeam(m.ctx, actor, outer, inner)
		} else {
			_, err = m.NestTeam(m.ctx, actor, outer, inner)
		}
	case 3:
		role := pick(r, roles)
		what, may = fmt.Sprint("role ", role, user), true
		if _, err = m.PutRole(m.ctx, root, role, sharing.RolePatch{Organization: access.Some(orgs[0])}); err == nil {
			actor = m.manager(w, orgs[0])
			may = m.needs(actor, access.Update, access.Obj(access.TypeOrganization, orgs[0]))
			_, err = m.AssignRole(m.ctx, actor, role, user)
		}
	case 4:
		group := pick(r, groups)
		what, may = "group", true
		if _, err = m.PutGroup(m.ctx, root, group, sharing.GroupPatch{Organization: access.Some(orgs[0])}); err == nil {
			_, err = m.AddToGroup(m.ctx, root, group, pick(r, []access.Principal{
				{Kind: access.PrincipalUser, ID: string(pick(r, users))}, {Kind: access.PrincipalEmail, ID: string(address(pick(r, users)))}}))
		}
	}
	m.note(actor, what, may, err)
}

// rare makes the changes that take most away.
func (m *mess) rare(w *plain.World) {
	r := m.rng
	bot, org := m.theBot(w, false), pick(r, orgs)
	actor, onOrg := m.manager(w, org), access.Obj(access.TypeOrganization, org)
	var what string
	var may bool
	var err error
	switch r.IntN(5) {
	case 0:
		actor = m.keeper(w, bot)
		what, may = fmt.Sprint("delete chatbot ", bot), m.needs(actor, access.Delete, access.Obj(access.TypeChatbot, bot))
		_, err = m.DeleteChatbot(m.ctx, actor, bot)
	case 1:
		team := one(m, w.Teams, func(t access.Team) (access.TeamID, bool) { return t.ID, true }, teams)
		what, may = fmt.Sprint("delete team ", team), m.needs(actor, access.ManageMembers, access.Obj(access.TypeTeam, team))
		_, err = m.DeleteTeam(m.ctx, actor, team)
	case 2:
		what, may = fmt.Sprint("limits ", org), m.needs(actor, access.Update, onOrg)
		_, err = m.PutOrganization(m.ctx, actor, org, sharing.OrganizationPatch{OutsideSharing: access.Some(r.IntN(4) > 0)})
	case 3:
		role := one(m, w.Roles, func(r access.Role) (access.RoleID, bool) { return r.ID, true }, roles)
		what, may = fmt.Sprint("delete role ", role), true
		_, err = m.DeleteRole(m.ctx, root, role)
	case 4:
		what, may = fmt.Sprint("delete organization ", org), m.needs(actor, access.Delete, onOrg)
		if _, err = m.DeleteOrganization(m.ctx, actor, org); err == nil {
			m.populate(org, pick(r, users))
		}
	}
	m.note(actor, what, may, err)
}

// note counts the change. Errors must be refusals, and whoever may not must have been refused.
func (m *mess) note(actor access.Actor, what string, may bool, err error) {
	m.t.Helper()
	m.log = append(m.log, fmt.Sprintf("%s: %s: %v", sharing.ActorName(actor), what, err))
	if err == nil {
		require.True(m.t, may, "allowed to one who may not: %s\n%s", what, lines(m.log))
		m.done++
		return
	}
	m.refused++
	switch access.KindOf(err) {
	case access.KindInternal, access.KindUnavailable, access.KindInvalid:
		m.t.Fatalf("%s: %+v\n%s", what, err, lines(m.log))
	}
}

func (m *mess) bot(id access.ChatbotID) (b access.Chatbot, ok bool) {
	require.NoError(m.t, m.db.View(m.ctx, func(tx *store.Tx) (err error) {
		b, ok, err = tx.Chatbot(id)
		return err
	}))
	return b, ok
}
