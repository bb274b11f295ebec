package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Role is a functional role as callers see one.
type Role struct {
	ID           access.RoleID          `json:"id"`
	Organization *access.OrganizationID `json:"organization" doc:"null for a platform-wide role"`
	Name         string                 `json:"name"`
}

func showRole(r access.Role) Role {
	return Role{ID: r.ID, Organization: orNull(r.Organization), Name: r.Name}
}

// RoleChanged is a role after a change.
type RoleChanged struct {
	Role
	Changed
}

func (a *api) listRoles(ctx context.Context, actor access.Actor, in *inOrganization) (*list[Role], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	roles, next, err := a.Sharing.Roles(ctx, actor, in.filter(), p)
	return listFrom(p, roles, next, err, showRole)
}

type rolePath struct {
	Role access.RoleID `path:"role"`
}

func (a *api) getRole(ctx context.Context, actor access.Actor, in *rolePath) (*Role, error) {
	r, err := a.Sharing.Role(ctx, actor, in.Role)
	if err != nil {
		return nil, err
	}
	return ref(showRole(r)), nil
}

// RolePatch is the body of a PUT on a role.
type RolePatch struct {
	Organization access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"cannot change after creation (I3); a role without one is platform-wide"`
	Name         access.Optional[string]                `json:"name,omitzero"`
}

type putRole struct {
	Role access.RoleID `path:"role"`
	Body RolePatch
}

func (a *api) putRole(ctx context.Context, actor access.Actor, in *putRole) (*RoleChanged, error) {
	r, err := a.Sharing.PutRole(ctx, actor, in.Role, sharing.RolePatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &RoleChanged{Role: showRole(r.Role), Changed: changed(r.Change)}, nil
}

func (a *api) deleteRole(ctx context.Context, actor access.Actor, in *rolePath) (*Removal, error) {
	return removal(a.Sharing.DeleteRole(ctx, actor, in.Role))
}

// Assignee is who has a role.
type Assignee struct {
	User access.UserID `json:"user"`
}

type assigneesQuery struct {
	Role access.RoleID `path:"role"`
	pageQuery
}

func (a *api) listAssignees(ctx context.Context, actor access.Actor, in *assigneesQuery) (*list[Assignee], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	users, next, err := a.Sharing.Assignees(ctx, actor, in.Role, p)
	return listOf(users, next, err, func(u access.UserID) Assignee { return Assignee{User: u} })
}

type assigneePath struct {
	Role access.RoleID `path:"role"`
	User access.UserID `path:"user"`
}

// AssigneeChanged is an assignment after a change.
type AssigneeChanged struct {
	Role access.RoleID `json:"role"`
	User access.UserID `json:"user"`
	Changed
}

func (a *api) putAssignee(ctx context.Context, actor access.Actor, in *assigneePath) (*AssigneeChanged, error) {
	c, err := a.Sharing.AssignRole(ctx, actor, in.Role, in.User)
	if err != nil {
		return nil, err
	}
	return &AssigneeChanged{Role: in.Role, User: in.User, Changed: changed(c)}, nil
}

func (a *api) deleteAssignee(ctx context.Context, actor access.Actor, in *assigneePath) (*Changed, error) {
	return done(a.Sharing.UnassignRole(ctx, actor, in.Role, in.User))
}
