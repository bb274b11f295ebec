package sharing

import "github.com/grantway/grantway/internal/access"

// TeamRow is a team.
type TeamRow struct {
	Team         access.TeamID         `json:"team"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

func (*TeamRow) Kind() Kind    { return KindTeam }
func (r *TeamRow) Key() string { return string(r.Team) }

func (r *TeamRow) steps() []step {
	return []step{{action: "team.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		_, err := c.putTeam(r.Team, TeamPatch{Organization: optional(r.Organization), Name: optional(r.Name)})
		return err
	}}}
}

// TeamMemberRow is a user in a team. If it names an organization, it creates the team.
type TeamMemberRow struct {
	Team         access.TeamID         `json:"team"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	User         access.UserID         `json:"user"`
	Role         access.TeamRole       `json:"role"`
}

func (*TeamMemberRow) Kind() Kind    { return KindTeamMember }
func (r *TeamMemberRow) Key() string { return pair(r.Team, r.User) }

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

// introduceTeam creates the team that a row names together with its organization. If the team exists and is visible, the actor need not have the
// right to create it. If it is hidden, a right guess of its organization gets the same answer as a wrong one (C6).
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

// TeamNestingRow is a team, Inner, in another one (T2).
type TeamNestingRow struct {
	Team  access.TeamID `json:"team"`
	Inner access.TeamID `json:"inner"`
}

func (*TeamNestingRow) Kind() Kind    { return KindTeamNesting }
func (r *TeamNestingRow) Key() string { return pair(r.Team, r.Inner) }

func (r *TeamNestingRow) steps() []step {
	return []step{{action: "team_nesting.put", resource: access.Obj(access.TypeTeam, r.Team), run: func(c *change) error {
		return c.nestTeam(access.TeamNesting{Outer: r.Team, Inner: r.Inner})
	}}}
}

// RoleRow is a functional role; without an organization it is platform-wide.
type RoleRow struct {
	Role         access.RoleID         `json:"role"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

func (*RoleRow) Kind() Kind    { return KindRole }
func (r *RoleRow) Key() string { return string(r.Role) }

func (r *RoleRow) steps() []step {
	return []step{{action: "role.put", resource: access.Obj(access.TypeRole, r.Role), run: func(c *change) error {
		_, err := c.putRole(r.Role, RolePatch{Organization: optional(r.Organization), Name: optional(r.Name)})
		return err
	}}}
}

// RoleAssignmentRow is a user's functional role (U2).
type RoleAssignmentRow struct {
	Role access.RoleID `json:"role"`
	User access.UserID `json:"user"`
}

func (*RoleAssignmentRow) Kind() Kind    { return KindRoleAssignment }
func (r *RoleAssignmentRow) Key() string { return pair(r.Role, r.User) }

func (r *RoleAssignmentRow) steps() []step {
	a := access.RoleAssignment{Role: r.Role, User: r.User}
	return []step{
		introduces(r.User),
		{action: "role_assignment.put", resource: access.Obj(access.TypeRole, r.Role), run: func(c *change) error { return c.assignRole(a) }},
	}
}

// GroupRow is a group.
type GroupRow struct {
	Group        access.GroupID        `json:"group"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Name         string                `json:"name,omitempty"`
}

func (*GroupRow) Kind() Kind    { return KindGroup }
func (r *GroupRow) Key() string { return string(r.Group) }

func (r *GroupRow) steps() []step {
	return []step{{action: "group.put", resource: access.Obj(access.TypeGroup, r.Group), run: func(c *change) error {
		_, err := c.putGroup(r.Group, GroupPatch{Organization: optional(r.Organization), Name: optional(r.Name)})
		return err
	}}}
}

// GroupMemberRow is a user or an email address on a group's list.
type GroupMemberRow struct {
	Group     access.GroupID   `json:"group"`
	Principal access.Principal `json:"principal"`
}

func (*GroupMemberRow) Kind() Kind    { return KindGroupMember }
func (r *GroupMemberRow) Key() string { return pair(r.Group, r.Principal.String()) }

func (r *GroupMemberRow) steps() []step {
	m := access.GroupMembership{Group: r.Group, Member: r.Principal}
	put := step{action: "group_member.put", resource: access.Obj(access.TypeGroup, r.Group), run: func(c *change) error { return c.addToGroup(m) }}
	return withPrincipal(r.Principal, put)
}

// withPrincipal creates the user that the principal names, if any, before put.
func withPrincipal(p access.Principal, put step) []step {
	if p.Kind != access.PrincipalUser {
		return []step{put}
	}
	return []step{introduces(access.UserID(p.ID)), put}
}
