package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// Team reads one team.
func (s *Service) Team(ctx context.Context, actor access.Actor, id access.TeamID) (t access.Team, err error) {
	o := access.Obj(access.TypeTeam, id)
	err = s.read(ctx, actor, func(c *caller) error {
		var ok bool
		if t, ok, err = c.Team(id); err != nil {
			return err
		}
		return c.mustSee(o, ok)
	})
	return t, err
}

// InOrganization filters a list by organization; "" does not filter.
type InOrganization struct {
	Organization access.OrganizationID
}

// Teams lists the teams that the actor may see, by ID.
func (s *Service) Teams(ctx context.Context, actor access.Actor, q InOrganization, p Page) (ts []access.Team, next string, err error) {
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(t access.Team) string { return string(t.ID) }
		teams := func(org access.OrganizationID, after string, limit int) ([]access.Team, error) {
			return c.Teams(store.TeamFilter{Organization: org}, access.TeamID(after), limit)
		}
		all := func(after string, limit int) ([]access.Team, error) { return teams(q.Organization, after, limit) }
		if !sc.all {
			own, err := c.ownTeams(q.Organization)
			if err != nil {
				return err
			}
			all = merged(by(id), append(eachOf(narrowed(sc.staffs, q.Organization), teams), own)...)
		}
		ts, next, err = visible(p, all, id, fromHere(c, func(t access.Team) access.OrganizationID { return t.Organization }, nil))
		return err
	})
	return ts, next, err
}

// ownTeams is a source of the teams of the actor's user, only in org unless that is "".
func (c *caller) ownTeams(org access.OrganizationID) (source[access.Team], error) {
	memberships, err := c.TeamsOf(c.actor.User)
	if err != nil {
		return nil, err
	}
	ids := make([]access.TeamID, len(memberships))
	for i, m := range memberships {
		ids[i] = m.Team
	}
	return named(ids, func(id access.TeamID) (access.Team, bool, error) {
		t, ok, err := c.Team(id)
		inside := c.actor.Organization == "" || t.Organization == c.actor.Organization // B3
		return t, ok && inside && (org == "" || t.Organization == org), err
	}), nil
}

// TeamMembers lists the members of a team, by user, for actors who see the team.
func (s *Service) TeamMembers(ctx context.Context, actor access.Actor, team access.TeamID, p Page) (ms []access.TeamMembership, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, ok, err := c.Team(team); err != nil {
			return err
		} else if err := c.mustSee(access.Obj(access.TypeTeam, team), ok); err != nil {
			return err
		}
		ms, next, err = visible(p,
			func(after string, limit int) ([]access.TeamMembership, error) {
				return c.TeamMembers(team, access.UserID(after), limit)
			},
			func(m access.TeamMembership) string { return string(m.User) }, nil)
		return err
	})
	return ms, next, err
}

// InnerTeams lists the teams directly in a team, by ID, for actors who see the team.
func (s *Service) InnerTeams(ctx context.Context, actor access.Actor, team access.TeamID) (inner []access.TeamID, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, ok, err := c.Team(team); err != nil {
			return err
		} else if err := c.mustSee(access.Obj(access.TypeTeam, team), ok); err != nil {
			return err
		}
		inner, err = c.InnerTeams(team)
		return err
	})
	return inner, err
}
