package sharing

import "github.com/grantway/grantway/internal/access"

func (r *TeamRow) steps() []step {
	return []step{{action: "team.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		_, err := c.putTeam(r.Team, TeamPatch{Organization: given(r.Organization), Name: given(r.Name)})
		return err
	}}}
}

func (r *TeamMemberRow) steps() []step {
	o := access.Obj(access.TypeTeam, r.Team)
	m := access.TeamMembership{Team: r.Team, User: r.User, Role: r.Role}
	create := step{action: "team.put", resource: o, run: func(c *change) error { return c.introduceTeam(r.Team, r.Organization) }}
	put := step{action: "team_member.put", resource: o, run: func(c *change) error {
		if c.actor.Unconfined() {
			if old, _, err := c.TeamMembership(m.Team, m.User); err != nil || old == m {
				return err
			}
		}
		return c.putTeamMember(m)
	}}
	return []step{create, put}
}

// introduceTeam creates the team that a row names with its organization, if it names one. A team that is there and seen need not be the actor's to
// create; about one that is not seen a right guess of the organization is answered like a wrong one (C6).
func (c *change) introduceTeam(id access.TeamID, org access.OrganizationID) error {
	t, exists, err := c.Team(id)
	if err != nil || org == "" {
		return err
	}
	if exists && t.Organization == org {
		if seen, err := c.sees(access.Obj(access.TypeTeam, id)); err != nil || seen {
			return err
		}
	}
	_, err = c.putTeam(id, TeamPatch{Organization: access.Some(org)})
	return err
}

func (r *TeamNestingRow) steps() []step {
	return []step{{action: "team_nesting.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		return c.nestTeam(access.TeamNesting{Outer: r.Team, Inner: r.Inner})
	}}}
}

func (r *RoleRow) steps() []step {
	return []step{{action: "role.put", resource: access.Obj(access.TypeRole, r.Role), run: func(c *change) error {
		_, err := c.putRole(r.Role, RolePatch{Organization: given(r.Organization), Name: given(r.Name)})
		return err
	}}}
}

func (r *RoleAssignmentRow) steps() []step {
	a := access.RoleAssignment{Role: r.Role, User: r.User}
	return []step{
		introduces(r.User),
		{action: "role_assignment.put", resource: access.Obj(access.TypeRole, r.Role), run: func(c *change) error { return c.assignRole(a) }},
	}
}

func (r *GroupRow) steps() []step {
	return []step{{action: "group.put", resource: access.Obj(access.TypeGroup, r.Group), run: func(c *change) error {
		_, err := c.putGroup(r.Group, GroupPatch{Organization: given(r.Organization), Name: given(r.Name)})
		return err
	}}}
}

func (r *GroupMemberRow) steps() []step {
	m := access.GroupMembership{Group: r.Group, Member: r.Principal}
	put := step{action: "group_member.put", resource: access.Obj(access.TypeGroup, r.Group), run: func(c *change) error { return c.addToGroup(m) }}
	return withPrincipal(r.Principal, put)
}

// withPrincipal creates the user that the principal names, if it names one, before put.
func withPrincipal(p access.Principal, put step) []step {
	if p.Kind != access.PrincipalUser {
		return []step{put}
	}
	return []step{introduces(access.UserID(p.ID)), put}
}
