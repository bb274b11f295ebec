package store

import "github.com/grantway/grantway/internal/access"

const selectUsers = `SELECT id, email, email_verified, name, type, active, deleted, organization, tokens_after FROM users`

var putUser = upsert("users", "id", "email, email_verified, name, type, active, deleted, organization, tokens_after")

func scanUser(r row) (u access.User, err error) {
	err = r.Scan(&u.ID, &u.Email, &u.EmailVerified, &u.Name, &u.Type, &u.Active, &u.Deleted, &u.Organization, timeColumn{&u.TokensAfter})
	return u, err
}

// User gives the user, tombstones included.
func (tx *Tx) User(id access.UserID) (access.User, bool, error) {
	return recalled(tx, fact{kind: "user", id: string(id)}, func() (access.User, bool, error) {
		return one(tx, scanUser, selectUsers+` WHERE id = $1`, id)
	})
}

// UsersWithIDs lists those of the users that there are, tombstones included. The IDs are sorted, and so are the users.
func (tx *Tx) UsersWithIDs(ids []access.UserID) ([]access.User, error) {
	return manyOf(tx, scanUser, selectUsers, "id", ids, "id")
}

// UserByVerifiedEmail gives the one user, not deleted, whose verified address it is (I2).
func (tx *Tx) UserByVerifiedEmail(email access.Email) (access.User, bool, error) {
	return one(tx, scanUser, selectUsers+` WHERE email = $1 AND email_verified AND NOT deleted AND email <> ''`, email)
}

// PutUser inserts or replaces the user; who gave the type stays (GivenType). Nothing removes one: a deleted user stays as a tombstone. A verified address that another user
// has, who is not deleted, is refused with an error of kind Internal.
func (tx *Tx) PutUser(u access.User) error {
	return tx.exec(putUser, u.ID, u.Email, u.EmailVerified, u.Name, u.Type, u.Active, u.Deleted, u.Organization, micros(u.TokensAfter))
}

// DeleteHome leaves the users of the organization without a home, deleted ones too.
func (tx *Tx) DeleteHome(org access.OrganizationID) error {
	return tx.exec(`UPDATE users SET organization = '' WHERE organization = $1`, org)
}

// UserFilter narrows Users.
type UserFilter struct {
	Email          access.Email          // verified or not
	Home           access.OrganizationID // the home organization
	MemberOf       access.OrganizationID // an organization in which the user has a role
	IncludeDeleted bool                  // tombstones too
}

// Users lists users by ID.
func (tx *Tx) Users(f UserFilter, after access.UserID, limit int) ([]access.User, error) {
	l := from(selectUsers).is("email", string(f.Email)).is("organization", string(f.Home))
	if f.MemberOf != "" {
		l.and("id IN (SELECT user_id FROM memberships WHERE organization = ?)", f.MemberOf)
	}
	if !f.IncludeDeleted {
		l.and("deleted = ?", false)
	}
	return many(tx, scanUser, l.page("id", string(after), limit))
}
