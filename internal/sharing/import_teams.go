package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

func (r *TeamRow) steps() []step {
	return []step{{action: "team.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		return c.putTeam(r.Team, TeamPatch{Organization: given(r.Organization), Name: given(r.Name)})
	}}}
}

// putTeam creates or renames a team, as PutTeam does.
func (c *change) putTeam(id access.TeamID, p TeamPatch) error {
	old, exists, err := c.Team(id)
	if err != nil {
		return err
	}
	t := access.Team{ID: id, Organization: p.Organization.Or(old.Organization, ""), Name: p.Name.Or(old.Name, "")}
	create, err := c.creates(access.Obj(access.TypeTeam, id), exists, old.Organization, t.Organization)
	if err != nil || t == old {
		return err
	}
	if create {
		c.refold(nil, spice.FoldTeam(t))
		c.state(nil, t)
	} else {
		c.state(old, t)
	}
	return c.PutTeam(t)
}

func (r *TeamMemberRow) steps() []step {
	o := access.Obj(access.TypeTeam, r.Team)
	m := access.TeamMembership{Team: r.Team, User: r.User, Role: r.Role}
	create := step{action: "team.put", resource: o, run: func(c *change) error {
		t, exists, err := c.Team(r.Team)
		if err != nil || r.Organization == "" || exists && t.Organization == r.Organization {
			return err
		}
		return c.putTeam(r.Team, TeamPatch{Organization: access.Some(r.Organization)})
	}}
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

func (r *TeamNestingRow) steps() []step {
	return []step{{action: "team_nesting.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		return c.nestTeam(access.TeamNesting{Outer: r.Team, Inner: r.Inner})
	}}}
}

func (r *RoleRow) steps() []step {
	o := access.Obj(access.TypeRole, r.Role)
	return []step{{action: "role.put", resource: o, run: func(c *change) error {
		old, exists, err := c.Role(r.Role)
		if err != nil {
			return err
		}
		role := access.Role{ID: r.Role, Organization: given(r.Organization).Or(old.Organization, ""), Name: given(r.Name).Or(old.Name, "")}
		create, err := c.creates(o, exists, old.Organization, role.Organization)
		if err != nil || role == old {
			return err
		}
		if create {
			c.state(nil, role)
		} else {
			c.state(old, role)
		}
		return c.PutRole(role)
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
	o := access.Obj(access.TypeGroup, r.Group)
	return []step{{action: "group.put", resource: o, run: func(c *change) error {
		old, exists, err := c.Group(r.Group)
		if err != nil {
			return err
		}
		g := access.Group{ID: r.Group, Organization: given(r.Organization).Or(old.Organization, ""), Name: given(r.Name).Or(old.Name, "")}
		create, err := c.creates(o, exists, old.Organization, g.Organization)
		if err != nil || g == old {
			return err
		}
		if create {
			c.state(nil, g)
		} else {
			c.state(old, g)
		}
		return c.PutGroup(g)
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
