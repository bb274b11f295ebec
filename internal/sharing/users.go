package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// UserPatch is the body of a PUT on a user, and configures the offboarding if Active is false.
type UserPatch struct {
	Email         access.Optional[access.Email]
	EmailVerified access.Optional[bool]
	Name          access.Optional[string]
	Type          access.Optional[access.UserType]
	Active        access.Optional[bool]
	Organization  access.Optional[access.OrganizationID]

	Offboard    Offboard
	tokensAfter time.Time // set by imports; never lowered
}

// UserResult is the user after a change, and what offboarding or a new type removed (N2, P4).
type UserResult struct {
	User access.User
	Offboarding
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
	if !exists { // a user who comes back starts with nothing, and earlier tokens stay refused (N2)
		old = newUser(id)
		old.TokensAfter = stored.TokensAfter
	}
	if exists {
		seen, err := c.seesUser(id)
		if err != nil {
			return old, err
		}
		if !seen { // visible only to actors who could have created it (C6, I3)
			fresh := newUser(id)
			fresh.TokensAfter = stored.TokensAfter
			if err := c.mayPutUser(fresh, patchUser(fresh, p), false); err != nil {
				return old, err
			}
			return old, idTaken(access.Obj(access.TypeUser, id))
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
		return u, c.setsType(old, u, p)
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
	if err := c.readdress(stored, u); err != nil {
		return u, err
	}
	if err := c.setsType(old, u, p); err != nil {
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

// setsType notes who gives the user, who is stored, the type that a patch names: an issuer, which may take it back, or somebody else, from whom no
// issuer takes it (D1, D2). An import that says what is so already leaves it to the issuer.
func (c *change) setsType(old, now access.User, p UserPatch) error {
	issuer := c.actor.IssuedBy()
	switch {
	case old.Type == now.Type && (!p.Type.Set || c.memo != nil || issuer != ""):
		return nil
	case now.Type == access.External:
		issuer = ""
	}
	if err := c.GivenType(now.ID, issuer); err != nil {
		return err
	}
	switch {
	case now.Type == access.Internal:
		return c.giveAgain(now.ID, access.TakenType, string(access.Internal))
	case old.Type == access.Internal && c.actor.IssuedBy() == "":
		return c.takeAway(now.ID, access.TakenType, string(access.Internal))
	}
	return nil
}

// readdress stores the user, and refolds the group entries with the old and the new verified address for their new holders (O5).
func (c *change) readdress(old, now access.User) error {
	var names []access.Principal
	if old.Verified() != now.Verified() {
		names = slices.Concat(addressOf(old), addressOf(now))
	}
	return c.aroundNames(names, func() error { return c.PutUser(now) })
}

// unverify removes the verified mark from an inactive user's address, which is free for somebody else: the user comes back without it (I2, N2).
func (c *change) unverify(inactive access.User) error {
	old := inactive
	inactive.EmailVerified = false
	if err := c.addEffect(altered("user", old, inactive), access.Obj(access.TypeUser, old.ID)); err != nil {
		return err
	}
	return c.PutUser(inactive)
}

// limitAddress removes shares with an address that now belongs to an outsider of organizations with outside_sharing off: they were given when it was
// the address of one of their people (O5).
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
		inside, err := c.keepsInside(b.Organization)
		if err != nil || !inside {
			return false, err
		}
		return c.outside(p, b.Organization)
	})
}

// newUser is a user with default values.
func newUser(id access.UserID) access.User {
	return access.User{ID: id, Type: access.External, Active: true}
}

// patchUser applies the patch to the user. A new address is unverified unless the same call says so.
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

// mayPutUser checks who creates and changes users (U1): site admins, and owners and admins of the home organization, who cannot mark an address as
// verified, set a type or change the home.
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
	case !mine: // the same text whether or not the user exists (C6)
		return access.Deniedf("U1", "only site admins, and owners and admins of the home organization, can create and change users")
	case u.EmailVerified && (!old.EmailVerified || u.Email != old.Email):
		return access.Deniedf("U1", "only site admins can mark an address as verified")
	case u.Type != old.Type:
		return access.Deniedf("U1", "only site admins can set a user's type")
	case u.TokensAfter != old.TokensAfter:
		return access.Deniedf("U1", "only site admins can set which tokens of a user are refused")
	case exists && u.Organization != old.Organization:
		return access.Deniedf("U1", "only site admins can change a user's home organization")
	}
	return nil
}
