package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Team is a team as callers see one.
type Team struct {
	ID           access.TeamID         `json:"id"`
	Organization access.OrganizationID `json:"organization"`
	Name         string                `json:"name"`
}

func showTeam(t access.Team) Team { return Team{ID: t.ID, Organization: t.Organization, Name: t.Name} }

// TeamChanged is a team after a change.
type TeamChanged struct {
	Team
	Changed
}

// inOrganization filters a list by organization.
type inOrganization struct {
	Organization access.OrganizationID `query:"organization" doc:"only those of this organization"`
	pageQuery
}

func (in inOrganization) filter() sharing.InOrganization {
	return sharing.InOrganization{Organization: in.Organization}
}

func (a *api) listTeams(ctx context.Context, actor access.Actor, in *inOrganization) (*list[Team], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	teams, next, err := a.Sharing.Teams(ctx, actor, in.filter(), p)
	return listFrom(p, teams, next, err, showTeam)
}

type teamPath struct {
	Team access.TeamID `path:"team"`
}

func (a *api) getTeam(ctx context.Context, actor access.Actor, in *teamPath) (*Team, error) {
	t, err := a.Sharing.Team(ctx, actor, in.Team)
	if err != nil {
		return nil, err
	}
	return ref(showTeam(t)), nil
}

// TeamPatch is the body of a PUT on a team.
type TeamPatch struct {
	Organization access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"required at creation; cannot change (I3)"`
	Name         access.Optional[string]                `json:"name,omitzero"`
}

type putTeam struct {
	Team access.TeamID `path:"team"`
	Body TeamPatch
}

func (a *api) putTeam(ctx context.Context, actor access.Actor, in *putTeam) (*TeamChanged, error) {
	r, err := a.Sharing.PutTeam(ctx, actor, in.Team, sharing.TeamPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &TeamChanged{Team: showTeam(r.Team), Changed: changed(r.Change)}, nil
}

func (a *api) deleteTeam(ctx context.Context, actor access.Actor, in *teamPath) (*Removal, error) {
	return removal(a.Sharing.DeleteTeam(ctx, actor, in.Team))
}
