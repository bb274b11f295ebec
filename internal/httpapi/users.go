package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// User is a user as callers see one. To those who do not see the address, there are only ID, name and whether the user is active (O7).
type User struct {
	ID            access.UserID          `json:"id"`
	Email         *access.Email          `json:"email" doc:"in the form in which addresses are compared; null where there is none, or the caller may not see it (O7)"`
	EmailVerified bool                   `json:"email_verified" doc:"false where the caller may not see the address"`
	Name          string                 `json:"name"`
	Type          *access.UserType       `json:"type" doc:"null where the caller may not see the address (O7)"`
	Active        bool                   `json:"active"`
	Organization  *access.OrganizationID `json:"organization" doc:"the home organization; null where there is none, or the caller may not see the address (O7)"`
}

func showUser(u access.User) User {
	return User{
		ID: u.ID, Email: orNull(u.Email), EmailVerified: u.EmailVerified, Name: u.Name, Type: orNull(u.Type), Active: u.Active,
		Organization: orNull(u.Organization),
	}
}

// UserChanged is a user after a change.
type UserChanged struct {
	User
	Departure
}

type userPath struct {
	User access.UserID `path:"user"`
}

type usersQuery struct {
	Email access.Email `query:"email" doc:"only the users with this address, verified or not, as far as the caller sees their addresses (O7)"`
	pageQuery
}

func (a *api) listUsers(ctx context.Context, actor access.Actor, in *usersQuery) (*list[User], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	var q sharing.UserQuery
	if in.Email != "" {
		if q.Email, err = access.ParseEmail(string(in.Email)); err != nil {
			return nil, err
		}
	}
	users, next, err := a.Sharing.Users(ctx, actor, q, p)
	return listOf(users, next, err, showUser)
}

func (a *api) getUser(ctx context.Context, actor access.Actor, in *userPath) (*User, error) {
	u, err := a.Sharing.User(ctx, actor, in.User)
	if err != nil {
		return nil, err
	}
	return ref(showUser(u)), nil
}

// UserPatch is the body of a PUT on a user.
type UserPatch struct {
	Email         access.Optional[access.Email]          `json:"email,omitzero" doc:"a new address is not verified unless the same call says so"`
	EmailVerified access.Optional[bool]                  `json:"email_verified,omitzero"`
	Name          access.Optional[string]                `json:"name,omitzero"`
	Type          access.Optional[access.UserType]       `json:"type,omitzero" doc:"external unless said"`
	Active        access.Optional[bool]                  `json:"active,omitzero" doc:"false ends every access of the user (N2)"`
	Organization  access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"the home organization"`
}

type putUser struct {
	User      access.UserID `path:"user"`
	Successor access.UserID `query:"successor" doc:"who becomes an owner where the user is the last one (O1), if the user is deactivated"`
	Body      UserPatch
}

func (a *api) putUser(ctx context.Context, actor access.Actor, in *putUser) (*UserChanged, error) {
	b := in.Body
	if b.Email.Set && !b.Email.Null {
		var err error
		if b.Email.Value, err = access.ParseEmail(string(b.Email.Value)); err != nil {
			return nil, err
		}
	}
	r, err := a.Sharing.PutUser(ctx, actor, in.User, sharing.UserPatch{
		Email: b.Email, EmailVerified: b.EmailVerified, Name: b.Name, Type: b.Type, Active: b.Active, Organization: b.Organization,
		Successor: in.Successor,
	})
	if err != nil {
		return nil, err
	}
	return &UserChanged{User: showUser(r.User), Departure: departure(r.Change, r.Removed, r.Reassigned)}, nil
}

type deleteUser struct {
	User      access.UserID `path:"user"`
	Successor access.UserID `query:"successor" doc:"who becomes an owner where the user is the last one (O1)"`
}

func (a *api) deleteUser(ctx context.Context, actor access.Actor, in *deleteUser) (*Departure, error) {
	r, err := a.Sharing.DeleteUser(ctx, actor, in.User, in.Successor)
	if err != nil {
		return nil, err
	}
	return ref(departure(r.Change, r.Removed, r.Reassigned)), nil
}

type platformRolePath struct {
	Role access.PlatformRole `path:"role"`
	User access.UserID       `path:"user"`
}

// PlatformRoleChanged is a platform role after a change.
type PlatformRoleChanged struct {
	Role access.PlatformRole `json:"role"`
	User access.UserID       `json:"user"`
	Changed
}

func (a *api) putPlatformRole(ctx context.Context, actor access.Actor, in *platformRolePath) (*PlatformRoleChanged, error) {
	c, err := a.Sharing.PutPlatformRole(ctx, actor, in.Role, in.User)
	if err != nil {
		return nil, err
	}
	return &PlatformRoleChanged{Role: in.Role, User: in.User, Changed: changed(c)}, nil
}

func (a *api) deletePlatformRole(ctx context.Context, actor access.Actor, in *platformRolePath) (*Changed, error) {
	return done(a.Sharing.DeletePlatformRole(ctx, actor, in.Role, in.User))
}
