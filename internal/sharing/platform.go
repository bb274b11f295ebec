package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// PutPlatformRole gives an internal user a platform role (P4).
func (s *Service) PutPlatformRole(ctx context.Context, actor access.Actor, role access.PlatformRole, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "platform_role.put", access.PlatformObject, func(c *change) error {
		return c.putPlatformGrant(access.PlatformGrant{Role: role, User: user})
	})
}

func (c *change) putPlatformGrant(g access.PlatformGrant) error {
	if err := c.must(access.Administer, access.PlatformObject); err != nil {
		return err
	}
	u, err := c.activeUser(g.User, "P4")
	if err != nil {
		return err
	}
	if u.Type != access.Internal {
		return access.Unprocessablef("P4", "%s is external: only internal users can have platform roles", access.Obj(access.TypeUser, g.User))
	}
	had, err := c.PlatformGrants(g.User)
	if err != nil {
		return err
	}
	if slices.Contains(had, g.Role) {
		return c.PutPlatformGrant(g) // an issuer may have given it, and can no longer take it back
	}
	c.state(nil, g)
	if err := c.giveAgain(g.User, access.TakenPlatformRole, string(g.Role)); err != nil {
		return err
	}
	return c.aroundRows(g.User, func() error {
		c.refold(nil, spice.FoldPlatformGrant(g))
		return c.PutPlatformGrant(g)
	})
}

// DeletePlatformRole removes a platform role. The error is of kind NotFound if the user does not have it.
func (s *Service) DeletePlatformRole(ctx context.Context, actor access.Actor, role access.PlatformRole, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "platform_role.delete", access.PlatformObject, func(c *change) error {
		if err := c.must(access.Administer, access.PlatformObject); err != nil {
			return err
		}
		had, err := c.PlatformGrants(user)
		if err != nil {
			return err
		}
		if !slices.Contains(had, role) {
			return access.Refuse(access.KindNotFound, "", "%s is no %s", access.Obj(access.TypeUser, user), role)
		}
		g := access.PlatformGrant{Role: role, User: user}
		c.state(g, nil)
		if err := c.takeAway(user, access.TakenPlatformRole, string(role)); err != nil {
			return err
		}
		return c.dropPlatformGrant(g)
	})
}

func (c *change) dropPlatformGrant(g access.PlatformGrant) error {
	err := c.aroundRows(g.User, func() error {
		c.refold(spice.FoldPlatformGrant(g), nil)
		if err := c.noteRemoval(dropped("platform_role", g), "platform role "+string(g.Role), access.Administer, access.PlatformObject); err != nil {
			return err
		}
		return c.DeletePlatformGrant(g)
	})
	if err != nil || g.Role != access.SiteAdmin {
		return err
	}
	return c.refuseKeysOf(g.User, "")
}

func (c *change) dropPlatformGrants(user access.UserID) error {
	roles, err := c.PlatformGrants(user)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if err := c.dropPlatformGrant(access.PlatformGrant{Role: role, User: user}); err != nil {
			return err
		}
	}
	return nil
}
