package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Group is a list of addresses and users as callers see one.
type Group struct {
	ID           access.GroupID        `json:"id"`
	Organization access.OrganizationID `json:"organization"`
	Name         string                `json:"name"`
}

func showGroup(g access.Group) Group {
	return Group{ID: g.ID, Organization: g.Organization, Name: g.Name}
}

// GroupChanged is a group after a change.
type GroupChanged struct {
	Group
	Changed
}

func (a *api) listGroups(ctx context.Context, actor access.Actor, in *inOrganization) (*list[Group], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	groups, next, err := a.Sharing.Groups(ctx, actor, in.filter(), p)
	return listFrom(p, groups, next, err, showGroup)
}

type groupPath struct {
	Group access.GroupID `path:"group"`
}

func (a *api) getGroup(ctx context.Context, actor access.Actor, in *groupPath) (*Group, error) {
	g, err := a.Sharing.Group(ctx, actor, in.Group)
	if err != nil {
		return nil, err
	}
	return ref(showGroup(g)), nil
}

// GroupPatch is the body of a PUT on a group.
type GroupPatch struct {
	Organization access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"required at creation; cannot change (I3)"`
	Name         access.Optional[string]                `json:"name,omitzero"`
}

type putGroup struct {
	Group access.GroupID `path:"group"`
	Body  GroupPatch
}

func (a *api) putGroup(ctx context.Context, actor access.Actor, in *putGroup) (*GroupChanged, error) {
	r, err := a.Sharing.PutGroup(ctx, actor, in.Group, sharing.GroupPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &GroupChanged{Group: showGroup(r.Group), Changed: changed(r.Change)}, nil
}

func (a *api) deleteGroup(ctx context.Context, actor access.Actor, in *groupPath) (*Removal, error) {
	return removal(a.Sharing.DeleteGroup(ctx, actor, in.Group))
}

// GroupMember is a user or an address on a group's list.
type GroupMember struct {
	Principal access.Principal `json:"principal"`
}

type groupMembersQuery struct {
	Group access.GroupID `path:"group"`
	pageQuery
}

func (a *api) listGroupMembers(ctx context.Context, actor access.Actor, in *groupMembersQuery) (*list[GroupMember], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	members, next, err := a.Sharing.GroupMembers(ctx, actor, in.Group, p)
	return listOf(members, next, err, func(m access.Principal) GroupMember { return GroupMember{Principal: m} })
}

type groupMemberPath struct {
	Group     access.GroupID   `path:"group"`
	Principal access.Principal `path:"principal" doc:"user:ID or email:ADDRESS"`
}

// GroupMemberChanged is an entry of a group's list after a change.
type GroupMemberChanged struct {
	Group     access.GroupID   `json:"group"`
	Principal access.Principal `json:"principal"`
	Changed
}

func (a *api) putGroupMember(ctx context.Context, actor access.Actor, in *groupMemberPath) (*GroupMemberChanged, error) {
	c, err := a.Sharing.AddToGroup(ctx, actor, in.Group, in.Principal)
	if err != nil {
		return nil, err
	}
	return &GroupMemberChanged{Group: in.Group, Principal: in.Principal, Changed: changed(c)}, nil
}

func (a *api) deleteGroupMember(ctx context.Context, actor access.Actor, in *groupMemberPath) (*Changed, error) {
	return done(a.Sharing.RemoveFromGroup(ctx, actor, in.Group, in.Principal))
}
