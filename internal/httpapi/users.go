package httpapi

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// User is a user as callers see one. To those who do not see the address, there are only ID, name and whether the user is active (O7).
type User struct {
	ID            access.UserID          `json:"id"`
	Email         *access.Email          `json:"email" doc:"normalized; null if there is none or the caller may not see it (O7)"`
	EmailVerified bool                   `json:"email_verified" doc:"false if the caller may not see the address"`
	Name          string                 `json:"name"`
	Type          *access.UserType       `json:"type" doc:"null if the caller may not see the address (O7)"`
	Active        bool                   `json:"active"`
	Organization  *access.OrganizationID `json:"organization" doc:"the home organization; null if there is none or the caller may not see the address (O7)"`
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
	Offboarded
}

// Offboarded answers a change by which a user can be offboarded (N2), removed from an organization or demoted there (O3).
type Offboarded struct {
	Departure
	KeysTakenOver []KeyHandedOver `json:"keys_taken_over" nullable:"false" doc:"the account keys that the user in keys_to took over (B5)"`
}

// KeyHandedOver is an account key that passed to somebody else at an offboarding or a removal.
type KeyHandedOver struct {
	ID           access.KeyID           `json:"id"`
	Name         string                 `json:"name"`
	Organization *access.OrganizationID `json:"organization" doc:"the organization it is confined to (B3), or null"`
	BelongsTo    []string               `json:"belongs_to" nullable:"false" doc:"user:ID of each person whose rights now limit it: the new owner, and the caller, who learns the secret"`
	Secret       string                 `json:"secret,omitempty" doc:"the new secret, shown only in this answer; left out in a dry run"`
}

func offboarded(o sharing.Offboarding) Offboarded {
	keys := make([]KeyHandedOver, len(o.HandedOver))
	for i, h := range o.HandedOver {
		k := showKey(h.Key)
		keys[i] = KeyHandedOver{ID: k.ID, Name: k.Name, Organization: k.Organization, BelongsTo: k.BelongsTo, Secret: h.Secret}
	}
	return Offboarded{Departure: departure(o.Change, o.Removed, o.Reassigned), KeysTakenOver: keys}
}

// offboarding is how a call offboards, removes or demotes a user.
type offboarding struct {
	Successor access.UserID `query:"successor" doc:"who becomes an owner of organizations whose last owner is offboarded (O1), removed or demoted"`
	KeysTo    access.UserID `query:"keys_to" doc:"who takes over the user's account keys (B5), if the user is offboarded, removed or demoted: those the caller can manage and this user could hold. They get new secrets. The others stop working and are listed in refused_keys"`
	KeysGrace string        `query:"keys_grace" doc:"how long the old secrets of these keys keep working (without full), such as 24h; default 0s, at most 168h"`
	DryRun    bool          `query:"dry_run" doc:"only preview: the answer is the same, without secrets, but nothing changes"`
}

func (in offboarding) how() (sharing.Offboard, error) {
	how := sharing.Offboard{Successor: in.Successor, KeysTo: in.KeysTo, DryRun: in.DryRun}
	if in.KeysGrace != "" {
		var err error
		if how.KeysGrace, err = time.ParseDuration(in.KeysGrace); err != nil {
			return how, access.Invalidf("B5", "keys_grace must be a duration, such as 24h or 90m")
		}
	}
	return how, nil
}

type userPath struct {
	User access.UserID `path:"user"`
}

type usersQuery struct {
	Email access.Email `query:"email" doc:"only users with this address, verified or not, whose address the caller may see (O7)"`
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
	return listFrom(p, users, next, err, showUser)
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
	Email         access.Optional[access.Email]          `json:"email,omitzero" doc:"a new address is unverified unless the same call sets email_verified"`
	EmailVerified access.Optional[bool]                  `json:"email_verified,omitzero"`
	Name          access.Optional[string]                `json:"name,omitzero"`
	Type          access.Optional[access.UserType]       `json:"type,omitzero" doc:"default external"`
	Active        access.Optional[bool]                  `json:"active,omitzero" doc:"false ends all access of the user (N2)"`
	Organization  access.Optional[access.OrganizationID] `json:"organization,omitzero" doc:"the home organization"`
}

type putUser struct {
	User access.UserID `path:"user"`
	offboarding
	Body UserPatch
}

func (a *api) putUser(ctx context.Context, actor access.Actor, in *putUser) (*UserChanged, error) {
	b := in.Body
	if b.Email.Set && !b.Email.Null {
		var err error
		if b.Email.Value, err = access.ParseEmail(string(b.Email.Value)); err != nil {
			return nil, err
		}
	}
	how, err := in.how()
	if err != nil {
		return nil, err
	}
	r, err := a.Sharing.PutUser(ctx, actor, in.User, sharing.UserPatch{
		Email: b.Email, EmailVerified: b.EmailVerified, Name: b.Name, Type: b.Type, Active: b.Active, Organization: b.Organization,
		Offboard: how,
	})
	if err != nil {
		return nil, err
	}
	return &UserChanged{User: showUser(r.User), Offboarded: offboarded(r.Offboarding)}, nil
}

type deleteUser struct {
	User access.UserID `path:"user"`
	offboarding
}

func (a *api) deleteUser(ctx context.Context, actor access.Actor, in *deleteUser) (*Offboarded, error) {
	how, err := in.how()
	if err != nil {
		return nil, err
	}
	r, err := a.Sharing.DeleteUser(ctx, actor, in.User, how)
	if err != nil {
		return nil, err
	}
	return ref(offboarded(r)), nil
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
