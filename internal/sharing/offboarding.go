package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// Offboarding reports what an offboarding removed and reassigned (N2). Refused keys are in the Change.
type Offboarding struct {
	Change
	Removed    []string
	Reassigned []Reassignment
	HandedOver []HandedOver
}

// report fills in the effects of the change on others.
func (o *Offboarding) report(c *change, how Offboard) {
	o.Removed, o.Reassigned, o.HandedOver = c.removedForActor(), c.reassignedForActor(), c.handedOverForActor(how)
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

// offboard removes every relationship of the user and of their verified address, and reassigns chatbots (N2, O3).
func (c *change) offboard(u access.User, how Offboard) error {
	if err := c.handsOverKeys(u.ID, "", how); err != nil {
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
	names, err := c.namesOf(u.ID)
	if err != nil {
		return err
	}
	for _, p := range names {
		if err := c.dropPrincipal(p, anywhere); err != nil {
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

// succeed ensures that an organization keeps an owner if its last one is offboarded by somebody who owns it. Otherwise nothing in the organization
// blocks others from offboarding their own people (O1, N2).
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
	return c.notifyOwnerless(leaving.Organization)
}

// removesOwners refuses admins who offboard an owner of the home organization, although they manage its other users (O2, U1).
func (c *change) removesOwners(home access.OrganizationID) error {
	if owner, err := c.may(access.Delete, access.Obj(access.TypeOrganization, home)); err != nil || owner {
		return err
	}
	return access.Deniedf("O2", "an admin cannot offboard an owner of the organization")
}
