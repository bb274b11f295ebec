package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// NestTeam makes the members of inner members of outer (T2).
func (s *Service) NestTeam(ctx context.Context, actor access.Actor, outer, inner access.TeamID) (Change, error) {
	return s.change(ctx, actor, "team_nesting.put", access.Obj(access.TypeTeam, outer), func(c *change) error {
		return c.nestTeam(access.TeamNesting{Outer: outer, Inner: inner})
	})
}

func (c *change) nestTeam(n access.TeamNesting) error {
	t, err := c.managedTeam(n.Outer)
	if err != nil {
		return err
	}
	in, ok, err := c.Team(n.Inner)
	if err != nil {
		return err
	}
	if !ok || in.Organization != t.Organization {
		return access.Unprocessablef("T2", "%s is not a team of the same organization", access.Obj(access.TypeTeam, n.Inner))
	}
	cycle, err := c.reaches(n.Inner, n.Outer)
	if err != nil {
		return err
	}
	if cycle {
		return access.Unprocessablef("T2", "%s contains %s, or is that team itself: a team cannot be inside itself",
			access.Obj(access.TypeTeam, n.Inner), access.Obj(access.TypeTeam, n.Outer))
	}
	nested, err := c.nested(n)
	if err != nil || nested {
		return err
	}
	below, err := c.levels(n.Inner, c.InnerTeams)
	if err != nil {
		return err
	}
	above, err := c.levels(n.Outer, c.OuterTeams)
	if err != nil {
		return err
	}
	if below+above > MaxTeamLevels {
		return access.Unprocessablef("T2", "teams can nest at most %d levels deep; this would make %d", MaxTeamLevels, below+above)
	}
	full, err := c.HasNestings(t.Organization, MaxNestings)
	if err != nil {
		return err
	}
	if full {
		return access.Unprocessablef("T2", "%s already has %d nested teams, which is the limit", access.Obj(access.TypeOrganization, t.Organization), MaxNestings)
	}
	c.refold(nil, spice.FoldTeamNesting(n))
	c.state(nil, n)
	return c.PutTeamNesting(n)
}

func (c *change) nested(n access.TeamNesting) (bool, error) {
	inner, err := c.InnerTeams(n.Outer)
	for _, t := range inner {
		if t == n.Inner {
			return true, err
		}
	}
	return false, err
}

// MaxTeamLevels is the maximum number of nesting levels, including the outermost team: the engine follows relationships to a depth of 50, beyond
// which it answers an error, and each level takes one.
const MaxTeamLevels = 16

// MaxNestings is the maximum number of nested teams in an organization: a decision about a share with a team may have to look at all of them.
const MaxNestings = 10_000

// levels counts the teams on the longest path from the team, itself included, in the direction of next. There are no cycles.
func (c *change) levels(from access.TeamID, next func(access.TeamID) ([]access.TeamID, error)) (int, error) {
	known := map[access.TeamID]int{}
	var walk func(access.TeamID) (int, error)
	walk = func(t access.TeamID) (int, error) {
		if n, ok := known[t]; ok {
			return n, nil
		}
		teams, err := next(t)
		if err != nil {
			return 0, err
		}
		deepest := 0
		for _, other := range teams {
			n, err := walk(other)
			if err != nil {
				return 0, err
			}
			deepest = max(deepest, n)
		}
		known[t] = deepest + 1
		return deepest + 1, nil
	}
	return walk(from)
}

// reaches reports whether from is to, or contains it at any depth.
func (c *change) reaches(from, to access.TeamID) (bool, error) {
	seen := map[access.TeamID]bool{}
	todo := []access.TeamID{from}
	for len(todo) > 0 {
		t := todo[0]
		todo = todo[1:]
		if t == to {
			return true, nil
		}
		if seen[t] {
			continue
		}
		seen[t] = true
		inner, err := c.InnerTeams(t)
		if err != nil {
			return false, err
		}
		todo = append(todo, inner...)
	}
	return false, nil
}

// UnnestTeam undoes NestTeam. The error is of kind NotFound if inner is not in outer.
func (s *Service) UnnestTeam(ctx context.Context, actor access.Actor, outer, inner access.TeamID) (Change, error) {
	return s.change(ctx, actor, "team_nesting.delete", access.Obj(access.TypeTeam, outer), func(c *change) error {
		if _, err := c.managedTeam(outer); err != nil {
			return err
		}
		n := access.TeamNesting{Outer: outer, Inner: inner}
		nested, err := c.nested(n)
		if err != nil {
			return err
		}
		if !nested {
			return access.Refuse(access.KindNotFound, "", "%s is not in %s", access.Obj(access.TypeTeam, inner), access.Obj(access.TypeTeam, outer))
		}
		c.state(n, nil)
		return c.dropNesting(n)
	})
}

func (c *change) dropNesting(n access.TeamNesting) error {
	c.refold(spice.FoldTeamNesting(n), nil)
	outer := access.Obj(access.TypeTeam, n.Outer)
	if err := c.noteRemoval(dropped("team_nesting", n), access.Obj(access.TypeTeam, n.Inner).String()+" in "+outer.String(), access.ManageMembers, outer); err != nil {
		return err
	}
	return c.DeleteTeamNesting(n)
}
