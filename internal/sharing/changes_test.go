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

// change makes one random change by a random actor, and checks that an actor without the right was refused.
func (m *mess) change() {
	r := m.rng
	actor := root
	if r.IntN(2) > 0 {
		actor = as(pick(r, users))
	}
	bot, org, user := pick(r, bots), pick(r, orgs), pick(r, users)
	needs := func(action access.Action, o access.Object) bool {
		if actor.User == "" {
			return true // what a site admin may is for the engine to say; refusals are counted only
		}
		q := plain.Question{Subject: access.Subject{Type: access.TypeUser, ID: string(actor.User)}, Action: action, Resource: o,
			Request: plain.Request{Now: m.now}}
		return plain.Decide(m.world(), q)
	}
	var what string
	var may bool
	var err error
	onBot, onOrg := access.Obj(access.TypeChatbot, bot), access.Obj(access.TypeOrganization, org)
	switch r.IntN(24) {
	case 0, 1, 2:
		role := pick(r, access.OrgRoles)
		what, may = fmt.Sprint("member ", org, user, role), needs(access.ManageMembers, onOrg)
		_, err = m.PutMember(m.ctx, actor, org, user, role, m.successor())
	case 3:
		what, may = fmt.Sprint("remove ", org, user), needs(access.ManageMembers, onOrg)
		_, err = m.RemoveMember(m.ctx, actor, org, user, m.successor())
	case 4, 5, 6:
		p := sharing.ChatbotPatch{Organization: access.Some(org), Owner: access.Some(user), Visibility: access.Some(pick(r, access.Visibilities))}
		what, may = fmt.Sprint("chatbot ", bot, p), true
		_, err = m.PutChatbot(m.ctx, actor, bot, p)
	case 7:
		v := pick(r, access.Visibilities)
		what, may = fmt.Sprint("visibility ", bot, v), true
		if b, ok := m.bot(bot); ok && b.Visibility != v {
			may = needs(access.ManageAccess, onBot)
		}
		_, err = m.PutChatbot(m.ctx, actor, bot, sharing.ChatbotPatch{Visibility: access.Some(v)})
	case 8, 9, 10, 11, 12:
		with, level := m.principal(), pick(r, access.Levels)
		what, may = fmt.Sprint("share ", bot, with, level), needs(access.ManageAccess, onBot)
		p := sharing.SharePatch{Access: access.Some(level)}
		if r.IntN(3) == 0 {
			p.ExpiresAt = access.Some(m.now.Add(time.Duration(r.IntN(100)) * time.Second))
		}
		_, err = m.PutShare(m.ctx, actor, bot, with, p)
	case 13:
		with := m.principal()
		what, may = fmt.Sprint("unshare ", bot, with), needs(access.ManageAccess, onBot)
		_, err = m.DeleteShare(m.ctx, actor, bot, with)
	case 14:
		what, may = fmt.Sprint("transfer ", bot, user), needs(access.Transfer, onBot)
		_, err = m.TransferChatbot(m.ctx, actor, bot, user)
	case 15, 16:
		actions := pick(r, [][]access.Action{nil, {access.Read}, {access.Read, access.Test}, {access.Update}, {access.Read, access.Update, access.Deploy}, {access.Delete}})
		what, may = fmt.Sprint("row ", bot, user, actions), needs(access.ManageAccess, onBot)
		_, err = m.PutRow(m.ctx, actor, bot, user, actions)
	case 17:
		team := pick(r, teams)
		what, may = fmt.Sprint("team ", team, user), true
		if _, err = m.PutTeam(m.ctx, root, team, sharing.TeamPatch{Organization: access.Some(org)}); err == nil {
			may = needs(access.ManageMembers, access.Obj(access.TypeTeam, team))
			_, err = m.PutTeamMember(m.ctx, actor, team, user, pick(r, access.TeamRoles))
		}
	case 18:
		outer, inner := pick(r, teams), pick(r, teams)
		what, may = fmt.Sprint("nest ", outer, inner), needs(access.ManageMembers, access.Obj(access.TypeTeam, outer))
		_, err = m.NestTeam(m.ctx, actor, outer, inner)
	case 19:
		role := pick(r, roles)
		what, may = fmt.Sprint("role ", role, user), needs(access.Update, onOrg)
		if _, err = m.PutRole(m.ctx, root, role, sharing.RolePatch{Organization: access.Some(orgs[0])}); err == nil {
			may = needs(access.Update, access.Obj(access.TypeOrganization, orgs[0]))
			_, err = m.AssignRole(m.ctx, actor, role, user)
		}
	case 20:
		what, may = fmt.Sprint("policy ", bot), needs(access.ManageAccess, onBot)
		_, err = m.PutPolicy(m.ctx, actor, bot, m.policy())
	case 21:
		if r.IntN(4) > 0 {
			role := pick(r, access.PlatformRoles)
			what, may = fmt.Sprint("platform ", role, user), needs(access.Administer, access.PlatformObject)
			if r.IntN(2) == 0 {
				_, err = m.PutPlatformRole(m.ctx, actor, role, user)
			} else {
				_, err = m.DeletePlatformRole(m.ctx, actor, role, user)
			}
			break
		}
		what, may = fmt.Sprint("offboard ", user), needs(access.Administer, access.PlatformObject)
		if _, err = m.DeleteUser(m.ctx, actor, user, m.successor()); err == nil {
			_, err = m.PutUser(m.ctx, root, user, userPatch(pick(r, access.UserTypes), address(user)))
		}
	case 22:
		what, may = m.rare(actor, needs)
		return
	case 23:
		m.now = m.now.Add(time.Duration(r.IntN(30)) * time.Second)
		return
	}
	m.note(actor, what, may, err)
}

// rare makes the changes that take most away.
func (m *mess) rare(actor access.Actor, needs func(access.Action, access.Object) bool) (what string, may bool) {
	r := m.rng
	bot, org := pick(r, bots), pick(r, orgs)
	var err error
	switch r.IntN(6) {
	case 0:
		what, may = fmt.Sprint("delete chatbot ", bot), needs(access.Delete, access.Obj(access.TypeChatbot, bot))
		_, err = m.DeleteChatbot(m.ctx, actor, bot)
	case 1:
		team := pick(r, teams)
		what, may = fmt.Sprint("delete team ", team), needs(access.ManageMembers, access.Obj(access.TypeTeam, team))
		_, err = m.DeleteTeam(m.ctx, actor, team)
	case 2:
		what, may = fmt.Sprint("limits ", org), needs(access.Update, access.Obj(access.TypeOrganization, org))
		_, err = m.PutOrganization(m.ctx, actor, org, sharing.OrganizationPatch{OutsideSharing: access.Some(r.IntN(2) == 0)})
	case 3:
		what, may = "delete role", true
		_, err = m.DeleteRole(m.ctx, root, pick(r, roles))
	case 4:
		group := pick(r, groups)
		what, may = "group", true
		if _, err = m.PutGroup(m.ctx, root, group, sharing.GroupPatch{Organization: access.Some(orgs[0])}); err == nil {
			_, err = m.AddToGroup(m.ctx, root, group, pick(r, []access.Principal{
				{Kind: access.PrincipalUser, ID: string(pick(r, users))}, {Kind: access.PrincipalEmail, ID: string(address(pick(r, users)))}}))
		}
	case 5:
		what, may = fmt.Sprint("delete organization ", org), needs(access.Delete, access.Obj(access.TypeOrganization, org))
		if _, err = m.DeleteOrganization(m.ctx, actor, org); err == nil {
			_, err = m.PutOrganization(m.ctx, root, org, orgPatch(pick(r, users)))
		}
	}
	m.note(actor, what, may, err)
	return what, may
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

func (m *mess) successor() access.UserID {
	if m.rng.IntN(2) == 0 {
		return ""
	}
	return pick(m.rng, users)
}

func (m *mess) principal() access.Principal {
	r := m.rng
	switch r.IntN(7) {
	case 0:
		return access.Principal{Kind: access.PrincipalEmail, ID: string(address(pick(r, users)))}
	case 1:
		return access.Principal{Kind: access.PrincipalTeam, ID: string(pick(r, teams))}
	case 2:
		return access.Principal{Kind: access.PrincipalOrganization, ID: string(pick(r, orgs))}
	case 3:
		return access.Principal{Kind: access.PrincipalRole, ID: string(pick(r, roles))}
	case 4:
		return access.Principal{Kind: access.PrincipalGroup, ID: string(pick(r, groups))}
	case 5:
		return access.Everyone
	}
	return access.Principal{Kind: access.PrincipalUser, ID: string(pick(r, users))}
}

func (m *mess) policy() (p sharing.PolicyPatch) {
	r := m.rng
	unset := func() bool { return r.IntN(2) == 0 }
	p.Enabled = access.Some(r.IntN(6) > 0)
	p.EmailDomains = access.Optional[[]string]{Set: true, Null: unset(), Value: []string{"acme.com"}}
	p.UserTypes = access.Optional[[]access.UserType]{Set: true, Null: unset(), Value: []access.UserType{pick(r, access.UserTypes)}}
	p.Entities = access.Optional[[]access.OrganizationID]{Set: true, Null: unset(), Value: []access.OrganizationID{pick(r, orgs)}}
	p.AllowedRoles = access.Optional[[]string]{Set: true, Null: r.IntN(4) > 0, Value: []string{"platform:site_admin", string(pick(r, roles))}}
	p.DeniedUsers = access.Optional[[]access.UserID]{Set: true, Null: unset(), Value: []access.UserID{pick(r, users)}}
	return p
}

func (m *mess) bot(id access.ChatbotID) (b access.Chatbot, ok bool) {
	require.NoError(m.t, m.db.View(m.ctx, func(tx *store.Tx) (err error) {
		b, ok, err = tx.Chatbot(id)
		return err
	}))
	return b, ok
}
