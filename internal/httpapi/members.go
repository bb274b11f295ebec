package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
)

// Member is a person of an organization as callers see one.
type Member struct {
	User access.UserID  `json:"user"`
	Role access.OrgRole `json:"role"`
}

func showMember(m access.Membership) Member { return Member{User: m.User, Role: m.Role} }

// MemberChanged is a person of an organization after a change.
type MemberChanged struct {
	Member
	Offboarded
}

// OwnershipOffered answers a PUT of an owner who has to accept it.
type OwnershipOffered struct {
	State      string     `json:"state" enum:"pending" doc:"pending: the user keeps the old role, or none, until they accept the ownership (O7)"`
	Invitation Invitation `json:"invitation"`
	Changed
}

type membersQuery struct {
	Org access.OrganizationID `path:"org"`
	pageQuery
}

func (a *api) listMembers(ctx context.Context, actor access.Actor, in *membersQuery) (*list[Member], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	members, next, err := a.Sharing.Members(ctx, actor, in.Org, p)
	return listOf(members, next, err, showMember)
}

// MemberPatch is the body of a PUT on a person of an organization.
type MemberPatch struct {
	Role access.OrgRole `json:"role"`
}

type putMember struct {
	Org  access.OrganizationID `path:"org"`
	User access.UserID         `path:"user"`
	offboarding
	Body MemberPatch
}

func (a *api) putMember(ctx context.Context, actor access.Actor, in *putMember) (*either[MemberChanged, OwnershipOffered], error) {
	how, err := in.how()
	if err != nil {
		return nil, err
	}
	r, err := a.Sharing.PutMember(ctx, actor, in.Org, in.User, in.Body.Role, how)
	if err != nil {
		return nil, err
	}
	if r.Offer != nil {
		return &either[MemberChanged, OwnershipOffered]{
			pending: &OwnershipOffered{State: "pending", Invitation: showInvitation(*r.Offer), Changed: changed(r.Change)},
		}, nil
	}
	return &either[MemberChanged, OwnershipOffered]{
		done: &MemberChanged{Member: showMember(r.Membership), Offboarded: offboarded(r.Offboarding)},
	}, nil
}

type deleteMember struct {
	Org  access.OrganizationID `path:"org"`
	User access.UserID         `path:"user"`
	offboarding
}

func (a *api) deleteMember(ctx context.Context, actor access.Actor, in *deleteMember) (*Offboarded, error) {
	how, err := in.how()
	if err != nil {
		return nil, err
	}
	r, err := a.Sharing.RemoveMember(ctx, actor, in.Org, in.User, how)
	if err != nil {
		return nil, err
	}
	return ref(offboarded(r.Offboarding)), nil
}
