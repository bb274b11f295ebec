package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// lastOwner reports whether the membership is that of the organization's only owner.
func (c *change) lastOwner(m access.Membership) (bool, error) {
	if m.Role != access.OrgOwner {
		return false, nil
	}
	owners, err := c.MembersWithRole(m.Organization, access.OrgOwner, 2)
	return len(owners) < 2, err
}

// keepOwner ensures that the organization has an owner besides the one who is leaving or demoted: the successor follows the last one (O1). The
// successor must have a role there, and the actor must be able to make them an owner at once (O2, O7).
func (c *change) keepOwner(leaving access.Membership, successor access.UserID) error {
	if last, err := c.lastOwner(leaving); err != nil || !last {
		return err
	}
	o := access.Obj(access.TypeOrganization, leaving.Organization)
	owner, err := c.may(access.Delete, o)
	if err != nil {
		return err
	}
	if !owner { // a confined key that acts for the owner (B3)
		return access.Conflictf("O1", "%s is the last owner of an organization that you do not own: a site admin has to name the successor",
			access.Obj(access.TypeUser, leaving.User))
	}
	if successor == "" || successor == leaving.User {
		return access.Conflictf("O1", "%s is the last owner of %s: name a successor", access.Obj(access.TypeUser, leaving.User), o)
	}
	u, err := c.activeUser(successor, "O1")
	if err != nil {
		return err
	}
	m, exists, err := c.Membership(leaving.Organization, successor)
	if err != nil {
		return err
	}
	if !exists {
		return access.Unprocessablef("O1", "the successor %s has no role in %s", access.Obj(access.TypeUser, successor), o)
	}
	if m.Role == access.OrgOwner {
		return nil
	}
	if atOnce, err := c.ownsAtOnce(leaving.Organization, u, m); err != nil {
		return err
	} else if !atOnce {
		return access.Unprocessablef("O7", "the successor %s has not accepted a role in %s: offer the ownership first", access.Obj(access.TypeUser, successor), o)
	}
	source, err := c.source(successor)
	if err != nil {
		return err
	}
	now := access.Membership{
		Organization: leaving.Organization, User: successor, Role: access.OrgOwner, Source: m.Source.Stronger(source), Since: c.now,
	}
	if err := c.addEffect(altered("member", m, now), o); err != nil {
		return err
	}
	return c.setRole(now)
}

// notifyOwnerless notifies the admins of an organization, and the site admins, that its last owner was offboarded by somebody who does not own it
// (O1).
func (c *change) notifyOwnerless(org access.OrganizationID) error {
	admins, err := c.MembersWithRole(org, access.OrgAdmin, 0)
	if err != nil {
		return err
	}
	var users []access.UserID
	for _, m := range admins {
		users = append(users, m.User)
	}
	grants, err := c.AllPlatformGrants()
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Role == access.SiteAdmin {
			users = append(users, g.User)
		}
	}
	return c.notify(access.Notification{
		Kind: access.NotifyOwnerless, Principal: access.Principal{Kind: access.PrincipalOrganization, ID: string(org)},
	}, users, true)
}

// RemoveMember ends a user's role in an organization, and everything that depended on it (O1–O3). Users can end their own, from any address (O7). how
// is an Offboard within the organization.
func (s *Service) RemoveMember(ctx context.Context, actor access.Actor, org access.OrganizationID, user access.UserID, how Offboard) (r MemberResult, err error) {
	r.Change, err = s.changeOrTry(ctx, actor, how.DryRun, "member.delete", access.Obj(access.TypeOrganization, org), func(c *change) error {
		m, exists, err := c.leaving(org, user)
		if err != nil {
			return err
		}
		if !exists {
			return access.Refuse(access.KindNotFound, "", "%s has no role in %s", access.Obj(access.TypeUser, user),
				access.Obj(access.TypeOrganization, org))
		}
		if m.Role == access.OrgOwner {
			if err := c.keepOwner(m, how.Successor); err != nil {
				return err
			}
		}
		if err := c.handsOverKeys(user, org, how); err != nil {
			return err
		}
		if err := c.endMembership(m, how.Successor); err != nil {
			return err
		}
		r.Membership = m
		r.report(c, how)
		c.state(m, nil)
		return nil
	})
	return r, err
}

// leaving loads the membership that the actor ends: their own, or one they manage.
func (c *change) leaving(org access.OrganizationID, user access.UserID) (access.Membership, bool, error) {
	if user != "" && user == c.actor.User {
		m, member, err := c.Membership(org, user)
		if err != nil {
			return m, member, err
		}
		if inside, err := c.keyReaches(access.Obj(access.TypeOrganization, org)); err != nil || member && inside {
			return m, member, err
		}
	}
	return c.membersOf(org, user, false)
}

// leave ends a membership, and everything that the organization and its chatbots give the user by name: team memberships, role assignments, rows,
// direct shares, entries in groups and lists, and the ownership of chatbots. It refuses account keys (O3, B5). The caller has checked that the
// organization keeps an owner.
func (c *change) leave(m access.Membership, successor access.UserID) error {
	if err := c.endOffer(m.Organization, m.User); err != nil {
		return err
	}
	for _, end := range []func(access.Membership) error{c.leaveTeams, c.leaveRoles, c.leaveRows, c.leaveNames, c.leaveGates} {
		if err := end(m); err != nil {
			return err
		}
	}
	if err := c.DeleteMembership(m.Organization, m.User); err != nil {
		return err
	}
	c.refold(spice.FoldMembership(m), nil)
	org := access.Obj(access.TypeOrganization, m.Organization)
	if err := c.noteRemoval(dropped("member", m), string(m.Role)+" of "+org.String(), access.ManageMembers, org); err != nil {
		return err
	}
	if manages(m.Role) {
		if err := c.refuseKeysOf(m.User, m.Organization); err != nil {
			return err
		}
	}
	return c.passOn(m, successor)
}

func (c *change) leaveTeams(m access.Membership) error {
	teams, err := c.TeamsOf(m.User)
	if err != nil {
		return err
	}
	return eachFact(teams, func(tm access.TeamMembership) error {
		return c.ifOf(m.Organization, access.Obj(access.TypeTeam, tm.Team), func() error { return c.dropTeamMembership(tm) })
	})
}

func (c *change) leaveRoles(m access.Membership) error {
	roles, err := c.RolesOf(m.User)
	if err != nil {
		return err
	}
	return eachFact(roles, func(role access.RoleID) error {
		return c.ifOf(m.Organization, access.Obj(access.TypeRole, role), func() error {
			return c.dropAssignment(access.RoleAssignment{Role: role, User: m.User})
		})
	})
}

func (c *change) leaveRows(m access.Membership) error {
	rows, err := c.RowsOf(m.User)
	if err != nil {
		return err
	}
	return eachFact(rows, func(r access.Row) error {
		return c.ifOf(m.Organization, access.Obj(access.TypeChatbot, r.Chatbot), func() error { return c.dropRow(r) })
	})
}

// leaveNames removes the user and their verified address from the organization's shares, groups and lists.
func (c *change) leaveNames(m access.Membership) error {
	names, err := c.namesOf(m.User)
	if err != nil {
		return err
	}
	return eachFact(names, func(p access.Principal) error {
		return c.dropPrincipal(p, func(o access.Object) (bool, error) { return c.belongs(o, m.Organization) })
	})
}

// leaveGates removes the user from the gates of the organization's chatbots that admit by name (G6). Gates that deny by name stay (G7).
func (c *change) leaveGates(m access.Membership) error {
	policies, err := c.PoliciesNaming(string(access.TypeUser), string(m.User))
	if err != nil {
		return err
	}
	return eachFact(policies, func(p access.Policy) error {
		if !slices.Contains(p.AllowedUsers, m.User) {
			return nil
		}
		now := p
		now.AllowedUsers = withoutValue(p.AllowedUsers, m.User)
		return c.ifOf(m.Organization, access.Obj(access.TypeChatbot, p.Chatbot), func() error {
			return c.dropFromGates(p, now, access.Obj(access.TypeUser, m.User))
		})
	})
}

// ifOf calls fn if the object belongs to the organization.
func (c *change) ifOf(org access.OrganizationID, o access.Object, do func() error) error {
	if here, err := c.belongs(o, org); err != nil || !here {
		return err
	}
	return do()
}

func (c *change) belongs(o access.Object, org access.OrganizationID) (bool, error) {
	of, ok, err := c.OrganizationOf(o)
	return ok && of == org, err
}

// passOn reassigns the chatbots of a user who may no longer own them: to the actor if an owner, otherwise to the successor, otherwise to an owner,
// otherwise to the admin with the longest tenure. If there is none, they have no owner until the organization has one again (O3).
func (c *change) passOn(m access.Membership, successor access.UserID) error {
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: m.Organization, Owner: m.User}, "", 0)
	if err != nil || len(bots) == 0 {
		return err
	}
	to, err := c.heir(m, successor)
	if err != nil {
		return err
	}
	return eachFact(bots, func(b access.Chatbot) error {
		if err := c.setOwner(b, to); err != nil {
			return err
		}
		return c.noteReassignment(b, to)
	})
}

func (c *change) heir(m access.Membership, successor access.UserID) (access.UserID, error) {
	for _, candidate := range []access.UserID{c.actor.User, successor} {
		if candidate == "" || candidate == m.User {
			continue
		}
		role, ok, err := c.Membership(m.Organization, candidate)
		if err != nil {
			return "", err
		}
		if ok && role.Role == access.OrgOwner {
			return candidate, nil
		}
	}
	owners, err := c.MembersWithRole(m.Organization, access.OrgOwner, 2)
	if err != nil {
		return "", err
	}
	for _, o := range owners {
		if o.User != m.User {
			return o.User, nil
		}
	}
	admins, err := c.MembersWithRole(m.Organization, access.OrgAdmin, 0)
	if err != nil {
		return "", err
	}
	admins = slices.DeleteFunc(admins, func(a access.Membership) bool { return a.User == m.User })
	if len(admins) == 0 {
		return "", nil
	}
	return slices.MinFunc(admins, func(a, b access.Membership) int { return a.Since.Compare(b.Since) }).User, nil
}
