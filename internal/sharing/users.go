package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// UserPatch is the body of a PUT on a user, and how the user is offboarded where Active is false.
type UserPatch struct {
	Email         access.Optional[access.Email]
	EmailVerified access.Optional[bool]
	Name          access.Optional[string]
	Type          access.Optional[access.UserType]
	Active        access.Optional[bool]
	Organization  access.Optional[access.OrganizationID]

	Offboard    Offboard
	tokensAfter time.Time // as an import brings it; it is never set back
}

// UserResult is the user after a change, and what offboarding or a new type took away (N2, P4).
type UserResult struct {
	User access.User
	Offboarding
}

// Offboarding reports what an offboarding removed and passed on (N2). What it refuses is in the Change.
type Offboarding struct {
	Change
	Removed    []string
	Reassigned []Reassignment
	HandedOver []HandedOver
}

// report fills in what the change did to others' things.
func (o *Offboarding) report(c *change, how Offboard) {
	o.Removed, o.Reassigned, o.HandedOver = c.toldRemoved(), c.toldReassigned(), c.toldHandedOver(how)
}

// PutUser creates or changes a user (U1). Setting Active to false offboards (N2).
func (s *Service) PutUser(ctx context.Context, actor access.Actor, id access.UserID, p UserPatch) (r UserResult, err error) {
	r.Change, err = s.changeOrTry(ctx, actor, p.Offboard.DryRun, "user.put", access.Obj(access.TypeUser, id), func(c *change) (err error) {
		r.User, err = c.putUser(id, p)
		r.report(c, p.Offboard)
		return err
	})
	return r, err
}

func (c *change) putUser(id access.UserID, p UserPatch) (access.User, error) {
	stored, known, err := c.User(id)
	if err != nil {
		return stored, err
	}
	old := stored
	exists := known && !stored.Deleted
	if !exists { // coming back starts with nothing, and the tokens of before stay refused (N2)
		old = newUser(id)
		old.TokensAfter = stored.TokensAfter
	}
	if exists {
		seen, err := c.seesUser(id)
		if err != nil {
			return old, err
		}
		if !seen { // told only to those who could have created it (C6, I3)
			fresh := newUser(id)
			fresh.TokensAfter = stored.TokensAfter
			if err := c.mayPutUser(fresh, patchUser(fresh, p), false); err != nil {
				return old, err
			}
			return old, taken(access.Obj(access.TypeUser, id))
		}
	}
	u := patchUser(old, p)
	if err := c.mayPutUser(old, u, exists); err != nil {
		return old, err
	}
	if u.EmailVerified && u.Email == "" {
		return u, fieldError("I2", "/email_verified", "there is no address to verify")
	}
	if u.Organization != "" && u.Organization != old.Organization {
		if _, ok, err := c.Organization(u.Organization); err != nil || !ok {
			return u, firstError(err, access.Unprocessablef("U1", "%s does not exist", access.Obj(access.TypeOrganization, u.Organization)))
		}
	}
	if v := u.Verified(); v != "" {
		holder, taken, err := c.UserByVerifiedEmail(v)
		if err != nil {
			return u, err
		}
		if taken && holder.ID != id {
			if !holder.Gone() {
				return u, access.Conflictf("I2", "%s is the verified address of another user", v)
			}
			if err := c.unverify(holder); err != nil {
				return u, err
			}
		}
	}
	if exists && u == old {
		return u, nil
	}
	if exists && old.Active && !u.Active {
		if err := c.offboard(old, p.Offboard); err != nil {
			return u, err
		}
	}
	if !u.Active && (old.Active && exists || !exists && p.tokensAfter.IsZero()) {
		if err := c.endSignIns(&u); err != nil {
			return u, err
		}
	}
	if old.Type == access.Internal && u.Type == access.External {
		if err := c.dropPlatformGrants(id); err != nil { // P4
			return u, err
		}
	}
	if err := c.PutUser(u); err != nil {
		return u, err
	}
	var before spice.Relationships
	if known {
		before = spice.FoldUser(stored)
	}
	c.refold(before, spice.FoldUser(u))
	if v := u.Verified(); v != "" && v != old.Verified() {
		if err := c.limitAddress(v); err != nil {
			return u, err
		}
	}
	if exists {
		c.state(old, u)
	} else {
		c.state(nil, u)
	}
	return u, nil
}

// unverify takes the verified address of an inactive user, which is free, for somebody else: the user comes back without it (I2, N2).
func (c *change) unverify(inactive access.User) error {
	old := inactive
	inactive.EmailVerified = false
	if err := c.also(altered("user", old, inactive), access.Obj(access.TypeUser, old.ID)); err != nil {
		return err
	}
	return c.PutUser(inactive)
}

// limitAddress removes the shares with an address that has come to somebody outside of organizations which keep theirs inside: they were given
// when it was the address of one of their people (O5).
func (c *change) limitAddress(address access.Email) error {
	p := access.Principal{Kind: access.PrincipalEmail, ID: string(address)}
	shares, err := c.SharesWith(p)
	if err != nil {
		return err
	}
	return c.dropShares(shares, func(s access.Share) (bool, error) {
		b, _, err := c.Chatbot(s.Chatbot)
		if err != nil {
			return false, err
		}
		org, _, err := c.Organization(b.Organization)
		if err != nil || org.OutsideSharing {
			return false, err
		}
		return c.outside(p, org.ID)
	})
}

// newUser is a user of whom nothing was sent.
func newUser(id access.UserID) access.User {
	return access.User{ID: id, Type: access.External, Active: true}
}

// patchUser is the user with what was sent. A new address is not verified unless the same call says so.
func patchUser(old access.User, p UserPatch) access.User {
	u := old
	u.Email = p.Email.Or(old.Email, "")
	if u.Email != old.Email {
		u.EmailVerified = false
	}
	u.EmailVerified = p.EmailVerified.Or(u.EmailVerified, false)
	u.Name = p.Name.Or(old.Name, "")
	u.Type = p.Type.Or(old.Type, access.External)
	u.Active = p.Active.Or(old.Active, true)
	u.Organization = p.Organization.Or(old.Organization, "")
	u.TokensAfter = later(old.TokensAfter, p.tokensAfter)
	return u
}

// mayPutUser judges who creates and changes users (U1): site admins, and the owners and admins of the home organization, who never mark
// an address verified, never set a type and never move a user.
func (c *change) mayPutUser(old, u access.User, exists bool) error {
	admin, err := c.may(access.Administer, access.PlatformObject)
	if err != nil || admin {
		return err
	}
	home := old.Organization
	if !exists {
		home = u.Organization
	}
	mine := false
	if home != "" {
		o := access.Obj(access.TypeOrganization, home)
		if mine, err = c.may(access.Update, o); err != nil {
			return err
		}
		if mine {
			if err := c.fromAllowedAddress(o); err != nil {
				return err
			}
		}
	}
	switch {
	case !mine: // the same words whether the user exists or not (C6)
		return access.Deniedf("U1", "users are created and changed by site admins, and by the owners and admins of their home organization")
	case u.EmailVerified && (!old.EmailVerified || u.Email != old.Email):
		return access.Deniedf("U1", "only site admins mark an address as verified")
	case u.Type != old.Type:
		return access.Deniedf("U1", "only site admins set a user's type")
	case u.TokensAfter != old.TokensAfter:
		return access.Deniedf("U1", "only site admins bring along which tokens of a user are refused")
	case exists && u.Organization != old.Organization:
		return access.Deniedf("U1", "only site admins change a user's home organization")
	}
	return nil
}

// DeleteUser offboards a user for good (N2). The same ID created later starts with nothing (O4).
func (s *Service) DeleteUser(ctx context.Context, actor access.Actor, id access.UserID, how Offboard) (r Offboarding, err error) {
	o := access.Obj(access.TypeUser, id)
	r.Change, err = s.changeOrTry(ctx, actor, how.DryRun, "user.delete", o, func(c *change) error {
		u, known, err := c.User(id)
		if err != nil {
			return err
		}
		if !known || u.Deleted {
			return access.NotFound(o)
		}
		if seen, err := c.seesUser(id); err != nil {
			return err
		} else if !seen {
			return access.NotFound(o)
		}
		if err := c.mayPutUser(u, u, true); err != nil {
			return err
		}
		if err := c.offboard(u, how); err != nil {
			return err
		}
		tombstone := access.User{ID: id, Type: access.External, Deleted: true, TokensAfter: u.TokensAfter}
		if err := c.endSignIns(&tombstone); err != nil {
			return err
		}
		if err := c.EndIdentitiesOf(id); err != nil {
			return err
		}
		if err := c.DeleteTakenAwayOf(id); err != nil { // the same ID created later starts with nothing (O4)
			return err
		}
		if err := c.PutUser(tombstone); err != nil {
			return err
		}
		c.refold(spice.FoldUser(u), spice.FoldUser(tombstone))
		r.report(c, how)
		c.state(u, nil)
		return nil
	})
	return r, err
}

// offboard removes every relationship of the user and of the user's verified address, and passes chatbots on (N2, O3).
func (c *change) offboard(u access.User, how Offboard) error {
	if err := c.handsOverKeys(u.ID, how); err != nil {
		return err
	}
	memberships, err := c.Memberships(u.ID)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		if m.Role == access.OrgOwner && m.Organization == u.Organization {
			if err := c.removesOwners(m.Organization); err != nil {
				return err
			}
		}
		if err := c.succeed(m, how.Successor); err != nil {
			return err
		}
		if err := c.leave(m, how.Successor); err != nil {
			return err
		}
	}
	if err := c.dropPlatformGrants(u.ID); err != nil {
		return err
	}
	roles, err := c.RolesOf(u.ID)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if err := c.dropAssignment(access.RoleAssignment{Role: role, User: u.ID}); err != nil {
			return err
		}
	}
	names, err := c.names(u.ID)
	if err != nil {
		return err
	}
	for _, p := range names {
		if err := c.dropPrincipal(p); err != nil {
			return err
		}
	}
	if err := c.forgetRequester(u.ID); err != nil {
		return err
	}
	if err := c.endInvitations(u); err != nil {
		return err
	}
	if err := c.DeleteNotificationsOf(u.ID); err != nil {
		return err
	}
	return c.ungate(access.TypeUser, string(u.ID))
}

// succeed makes sure that an organization keeps an owner where its last one is offboarded by somebody who owns it. Nothing that others did there
// stops anybody else from offboarding their own people (O1, N2).
func (c *change) succeed(leaving access.Membership, successor access.UserID) error {
	last, err := c.lastOwner(leaving)
	if err != nil || !last {
		return err
	}
	owns, err := c.may(access.Delete, access.Obj(access.TypeOrganization, leaving.Organization))
	if err != nil {
		return err
	}
	if owns {
		return c.keepOwner(leaving, successor)
	}
	return c.leaveOwnerless(leaving.Organization)
}

// removesOwners refuses an admin who offboards an owner of the home organization, whose users admins otherwise manage (O2, U1).
func (c *change) removesOwners(home access.OrganizationID) error {
	if owner, err := c.may(access.Delete, access.Obj(access.TypeOrganization, home)); err != nil || owner {
		return err
	}
	return access.Deniedf("O2", "an admin offboards no owner of the organization")
}

// dropPrincipal removes a principal from every share, group and list that names it (O4, N2).
func (c *change) dropPrincipal(p access.Principal) error {
	if err := c.dropSharesWith(p); err != nil {
		return err
	}
	groups, err := c.GroupsOf(p)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := c.dropGroupMembership(access.GroupMembership{Group: g, Member: p}); err != nil {
			return err
		}
	}
	return c.unlist(p)
}

// seesUser reports whether the actor may know of a user: itself, the managers of the home organization, the staff of an organization that
// the user has a role in, and site admins.
func (c *caller) seesUser(id access.UserID) (bool, error) {
	through, err := c.throughWhich(id)
	return through.anywhere || len(through.organizations) > 0, err
}

// through is what shows a user to the actor.
type through struct {
	anywhere      bool                    // it is the actor's own, or the actor is a site admin
	organizations []access.OrganizationID // else those in which the actor works with the user
}

func (c *caller) throughWhich(id access.UserID) (t through, err error) {
	if id == c.actor.User && id != "" {
		return through{anywhere: true}, nil
	}
	if c.actor.Unconfined() {
		return through{anywhere: true}, nil
	}
	sc, err := c.scopeAnywhere()
	if err != nil {
		return t, err
	}
	if t.anywhere = sc.all; t.anywhere {
		return t, nil
	}
	u, known, err := c.User(id)
	if err != nil || !known || u.Deleted {
		return t, err
	}
	if slices.Contains(sc.manages, u.Organization) {
		t.organizations = append(t.organizations, u.Organization)
	}
	for _, org := range sc.staffs {
		if _, member, err := c.Membership(org, id); err != nil {
			return t, err
		} else if member {
			t.organizations = append(t.organizations, org)
		}
	}
	return t, nil
}

// User reads one user. To those who do not see the address, only ID, name and whether the user is active are told (O7).
func (s *Service) User(ctx context.Context, actor access.Actor, id access.UserID) (u access.User, err error) {
	o := access.Obj(access.TypeUser, id)
	err = s.read(ctx, actor, func(c *caller) error {
		var known bool
		if u, known, err = c.User(id); err != nil {
			return err
		}
		t, err := c.throughWhich(id)
		if err != nil {
			return err
		}
		if !known || u.Deleted || !t.anywhere && len(t.organizations) == 0 {
			return access.NotFound(o)
		}
		if err := c.readFromHere(u, t); err != nil {
			return err
		}
		sees, err := c.seesAddress(u)
		if err == nil && !sees {
			u = hiddenUser(u)
		}
		return err
	})
	if err != nil {
		return access.User{}, err
	}
	return u, nil
}

// readFromHere refuses to read a user from an address that none of the organizations allows through which the actor sees the user, or, for a site
// admin, the user's home (B4).
func (c *caller) readFromHere(u access.User, t through) error {
	orgs := t.organizations
	switch {
	case u.ID == c.actor.User:
		return nil
	case t.anywhere && u.Organization == "":
		return nil
	case t.anywhere:
		orgs = []access.OrganizationID{u.Organization}
	}
	var refusal error
	for _, org := range orgs {
		if refusal = c.fromAllowedAddress(access.Obj(access.TypeOrganization, org)); refusal == nil || access.KindOf(refusal) != access.KindDenied {
			return refusal
		}
	}
	return refusal
}

// UserQuery filters a list of users; Email is an exact address, verified or not. It finds only users whose address the actor sees (O7).
type UserQuery struct {
	Email access.Email
}

// Users lists the users that the actor may see, by ID, each as User gives it.
func (s *Service) Users(ctx context.Context, actor access.Actor, q UserQuery, p Page) (us []access.User, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(u access.User) string { return string(u.ID) }
		var sees func([]access.User) ([]bool, error)
		users := func(after string, limit int) ([]access.User, error) {
			return c.Users(store.UserFilter{Email: q.Email}, access.UserID(after), limit)
		}
		switch {
		case sc.all:
			sees = fromHere(c, func(u access.User) access.OrganizationID {
				if u.ID == c.actor.User {
					return ""
				}
				return u.Organization
			}, nil)
		case q.Email != "": // few have it
			sees = func(us []access.User) ([]bool, error) { return c.seeAddresses(sc, us) }
		default:
			sources := []source[access.User]{named([]access.UserID{actor.User}, func(id access.UserID) (access.User, bool, error) {
				u, known, err := c.User(id)
				return u, known && !u.Deleted, err
			})}
			for _, org := range sc.staffs {
				sources = append(sources, c.usersIn(org))
			}
			for _, org := range sc.manages {
				sources = append(sources, c.usersAt(org))
			}
			users = merged(by(id), sources...)
		}
		if us, next, err = visible(p, users, id, sees); err != nil {
			return err
		}
		us, err = c.shownIn(sc, us)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return us, next, nil
}
