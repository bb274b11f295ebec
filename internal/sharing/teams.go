package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// TeamPatch is the body of a PUT on a team.
type TeamPatch struct {
	Organization access.Optional[access.OrganizationID]
	Name         access.Optional[string]
}

// TeamResult is the team after a change.
type TeamResult struct {
	Change
	Team access.Team
}

// PutTeam creates a team or renames it (I3).
func (s *Service) PutTeam(ctx context.Context, actor access.Actor, id access.TeamID, p TeamPatch) (r TeamResult, err error) {
	r.Change, err = s.change(ctx, actor, "team.put", access.Obj(access.TypeTeam, id), func(c *change) (err error) {
		r.Team, err = c.putTeam(id, p)
		return err
	})
	return r, err
}

func (c *change) putTeam(id access.TeamID, p TeamPatch) (access.Team, error) {
	o := access.Obj(access.TypeTeam, id)
	old, exists, err := c.Team(id)
	if err != nil {
		return old, err
	}
	org, err := c.belonging(o, exists, old.Organization, p.Organization)
	if err != nil {
		return old, err
	}
	t := access.Team{ID: id, Organization: org, Name: p.Name.Or(old.Name, "")}
	create, err := c.creates(o, exists, old.Organization, t.Organization)
	switch {
	case err != nil:
		return t, err
	case create:
		c.refold(nil, spice.FoldTeam(t))
		c.state(nil, t)
	case t == old:
		return t, nil
	default:
		c.state(old, t)
	}
	return t, c.PutTeam(t)
}

// belonging is the organization of the object in a PUT. If it is left out, it is the object's own for actors who see the object; for others the
// object does not exist (C6).
func (c *change) belonging(o access.Object, exists bool, old access.OrganizationID, sent access.Optional[access.OrganizationID]) (access.OrganizationID, error) {
	if !exists || sent.Set {
		return sent.Or("", ""), nil
	}
	seen, err := c.sees(o)
	if err != nil || !seen {
		return "", err
	}
	return old, nil
}

// creates checks a PUT on something that belongs to an organization and is managed with update on it. It reports whether the PUT creates it, and
// refuses actors who may not. "" is the platform. A hidden object gets the same answer as a missing one, except that its ID is taken (C6, I3).
func (c *change) creates(o access.Object, exists bool, old, org access.OrganizationID) (bool, error) {
	if exists {
		seen, err := c.sees(o)
		if err != nil {
			return false, err
		}
		if seen && org != old {
			return false, idTaken(o)
		}
		if seen {
			return false, c.mayManage(org, o)
		}
	}
	if err := c.mayManage(org, o); err != nil {
		return false, err
	}
	if exists {
		return false, idTaken(o)
	}
	if _, platform := access.PlatformRoleOf(o.ID); platform && o.Type == access.TypeRole {
		return false, access.Unprocessablef("G5", "%s is reserved: gates use it for a platform role", o.ID)
	}
	return true, nil
}

// mayManage refuses actors without update on the organization; platform-wide things need a site admin (U2).
func (c *change) mayManage(org access.OrganizationID, o access.Object) error {
	if org == "" {
		if o.Type != access.TypeRole {
			return fieldError("I3", "/organization", "a new "+string(o.Type)+" needs an organization")
		}
		return withRule(c.must(access.Administer, access.PlatformObject), "U2")
	}
	return c.mustOn(access.Update, org)
}

// managedTeam loads a team whose members the actor manages (T1).
func (c *caller) managedTeam(id access.TeamID) (access.Team, error) {
	o := access.Obj(access.TypeTeam, id)
	t, ok, err := c.Team(id)
	if err != nil {
		return t, err
	}
	if !ok {
		return t, access.NotFound(o)
	}
	return t, withRule(c.must(access.ManageMembers, o), "T1")
}

// TeamMemberResult is the team membership after a change.
type TeamMemberResult struct {
	Change
	Membership access.TeamMembership
}

// PutTeamMember makes a user a member or an admin of a team (T1).
func (s *Service) PutTeamMember(ctx context.Context, actor access.Actor, team access.TeamID, user access.UserID, role access.TeamRole) (r TeamMemberResult, err error) {
	r.Membership = access.TeamMembership{Team: team, User: user, Role: role}
	r.Change, err = s.change(ctx, actor, "team_member.put", access.Obj(access.TypeTeam, team), func(c *change) error {
		return c.putTeamMember(r.Membership)
	})
	return r, err
}

func (c *change) putTeamMember(m access.TeamMembership) error {
	t, err := c.managedTeam(m.Team)
	if err != nil {
		return err
	}
	if _, ok, err := c.Membership(t.Organization, m.User); err != nil {
		return err
	} else if !ok {
		return access.Unprocessablef("T1", "%s has no role in the team's organization", access.Obj(access.TypeUser, m.User))
	}
	old, exists, err := c.TeamMembership(m.Team, m.User)
	if err != nil || exists && old == m {
		return err
	}
	if exists {
		c.refold(spice.FoldTeamMembership(old), spice.FoldTeamMembership(m))
		c.state(old, m)
	} else {
		c.refold(nil, spice.FoldTeamMembership(m))
		c.state(nil, m)
	}
	return c.PutTeamMembership(m)
}

// RemoveTeamMember removes a user from a team. The error is of kind NotFound if the user is not in it.
func (s *Service) RemoveTeamMember(ctx context.Context, actor access.Actor, team access.TeamID, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "team_member.delete", access.Obj(access.TypeTeam, team), func(c *change) error {
		if _, err := c.managedTeam(team); err != nil {
			return err
		}
		m, ok, err := c.TeamMembership(team, user)
		if err != nil {
			return err
		}
		if !ok {
			return access.Refuse(access.KindNotFound, "", "%s is not in %s", access.Obj(access.TypeUser, user), access.Obj(access.TypeTeam, team))
		}
		c.state(m, nil)
		return c.dropTeamMembership(m)
	})
}

// DeleteTeam removes a team, and every share and list entry that names it (O4).
func (s *Service) DeleteTeam(ctx context.Context, actor access.Actor, id access.TeamID) (d Deletion, err error) {
	o := access.Obj(access.TypeTeam, id)
	d.Change, err = s.change(ctx, actor, "team.delete", o, func(c *change) error {
		t, ok, err := c.Team(id)
		if err := c.mayDelete(o, ok, t.Organization, err); err != nil {
			return err
		}
		if err := c.dropTeam(t); err != nil {
			return err
		}
		d.Removed = c.deletedForActor()
		c.state(t, nil)
		return nil
	})
	return d, err
}

// mayDelete checks the deletion of something that belongs to an organization and is managed with update on it.
func (c *change) mayDelete(o access.Object, exists bool, org access.OrganizationID, err error) error {
	if err != nil {
		return err
	}
	if !exists {
		return access.NotFound(o)
	}
	if seen, err := c.sees(o); err != nil {
		return err
	} else if !seen {
		return access.NotFound(o)
	}
	return c.mayManage(org, o)
}

func (c *change) dropTeam(t access.Team) error {
	members, err := c.TeamMembers(t.ID, "", 0)
	if err != nil {
		return err
	}
	if err := c.DeleteTeamMembers(t.ID); err != nil {
		return err
	}
	if err := eachFact(members, c.noteTeamRemoval); err != nil {
		return err
	}
	inner, err := c.InnerTeams(t.ID)
	if err != nil {
		return err
	}
	outer, err := c.OuterTeams(t.ID)
	if err != nil {
		return err
	}
	for _, in := range inner {
		if err := c.dropNesting(access.TeamNesting{Outer: t.ID, Inner: in}); err != nil {
			return err
		}
	}
	for _, out := range outer {
		if err := c.dropNesting(access.TeamNesting{Outer: out, Inner: t.ID}); err != nil {
			return err
		}
	}
	p := access.Principal{Kind: access.PrincipalTeam, ID: string(t.ID)}
	if err := c.orphanRequestsWith(p); err != nil {
		return err
	}
	if err := c.dropPrincipal(p, anywhere); err != nil {
		return err
	}
	c.refold(spice.FoldTeam(t), nil)
	o := access.Obj(access.TypeTeam, t.ID)
	if err := c.noteRemoval(dropped("team", t), o.String(), access.ManageMembers, o); err != nil {
		return err
	}
	return c.Tx.DeleteTeam(t.ID)
}
