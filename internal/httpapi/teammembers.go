package httpapi

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// TeamMember is a person of a team as callers see one.
type TeamMember struct {
	User access.UserID   `json:"user"`
	Role access.TeamRole `json:"role"`
}

func showTeamMember(m access.TeamMembership) TeamMember {
	return TeamMember{User: m.User, Role: m.Role}
}

// TeamMemberChanged is a person of a team after a change.
type TeamMemberChanged struct {
	TeamMember
	Changed
}

type teamMembersQuery struct {
	Team access.TeamID `path:"team"`
	pageQuery
}

func (a *api) listTeamMembers(ctx context.Context, actor access.Actor, in *teamMembersQuery) (*list[TeamMember], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	members, next, err := a.Sharing.TeamMembers(ctx, actor, in.Team, p)
	return listOf(members, next, err, showTeamMember)
}

// TeamMemberPatch is the body of a PUT on a person of a team.
type TeamMemberPatch struct {
	Role access.TeamRole `json:"role"`
}

type putTeamMember struct {
	Team access.TeamID `path:"team"`
	User access.UserID `path:"user"`
	Body TeamMemberPatch
}

func (a *api) putTeamMember(ctx context.Context, actor access.Actor, in *putTeamMember) (*TeamMemberChanged, error) {
	r, err := a.Sharing.PutTeamMember(ctx, actor, in.Team, in.User, in.Body.Role)
	if err != nil {
		return nil, err
	}
	return &TeamMemberChanged{TeamMember: showTeamMember(r.Membership), Changed: changed(r.Change)}, nil
}

type teamMemberPath struct {
	Team access.TeamID `path:"team"`
	User access.UserID `path:"user"`
}

func (a *api) deleteTeamMember(ctx context.Context, actor access.Actor, in *teamMemberPath) (*Changed, error) {
	return done(a.Sharing.RemoveTeamMember(ctx, actor, in.Team, in.User))
}

type nestingPath struct {
	Team  access.TeamID `path:"team"`
	Inner access.TeamID `path:"inner"`
}

// NestingChanged is a team in a team after a change.
type NestingChanged struct {
	Team  access.TeamID `json:"team"`
	Inner access.TeamID `json:"inner" doc:"its members are members of the team"`
	Changed
}

func (a *api) putNesting(ctx context.Context, actor access.Actor, in *nestingPath) (*NestingChanged, error) {
	c, err := a.Sharing.NestTeam(ctx, actor, in.Team, in.Inner)
	if err != nil {
		return nil, err
	}
	return &NestingChanged{Team: in.Team, Inner: in.Inner, Changed: changed(c)}, nil
}

func (a *api) deleteNesting(ctx context.Context, actor access.Actor, in *nestingPath) (*Changed, error) {
	return done(a.Sharing.UnnestTeam(ctx, actor, in.Team, in.Inner))
}

// InnerTeam is a team in a team as callers see one.
type InnerTeam struct {
	Team access.TeamID `json:"team"`
}

func (a *api) listNestings(ctx context.Context, actor access.Actor, in *teamMembersQuery) (*list[InnerTeam], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	inner, err := a.Sharing.InnerTeams(ctx, actor, in.Team)
	slices.Sort(inner)
	from, found := slices.BinarySearch(inner, access.TeamID(p.After))
	if found {
		from++
	}
	inner, next := inner[from:], ""
	if len(inner) > p.Limit {
		inner, next = inner[:p.Limit], string(inner[p.Limit-1])
	}
	return listOf(inner, next, err, func(t access.TeamID) InnerTeam { return InnerTeam{Team: t} })
}
