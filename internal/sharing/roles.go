package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// RolePatch is the body of a PUT on a role. Without an organization the role is platform-wide.
type RolePatch struct {
	Organization access.Optional[access.OrganizationID]
	Name         access.Optional[string]
}

// RoleResult is the role after a change.
type RoleResult struct {
	Change
	Role access.Role
}

// PutRole creates a role or renames it (U2, I3).
func (s *Service) PutRole(ctx context.Context, actor access.Actor, id access.RoleID, p RolePatch) (r RoleResult, err error) {
	r.Change, err = s.change(ctx, actor, "role.put", access.Obj(access.TypeRole, id), func(c *change) (err error) {
		r.Role, err = c.putRole(id, p)
		return err
	})
	return r, err
}

func (c *change) putRole(id access.RoleID, p RolePatch) (access.Role, error) {
	o := access.Obj(access.TypeRole, id)
	old, exists, err := c.Role(id)
	if err != nil {
		return old, err
	}
	org, err := c.belonging(o, exists, old.Organization, p.Organization)
	if err != nil {
		return old, err
	}
	role := access.Role{ID: id, Organization: org, Name: p.Name.Or(old.Name, "")}
	create, err := c.creates(o, exists, old.Organization, role.Organization)
	switch {
	case err != nil:
		return role, err
	case create:
		c.state(nil, role)
	case role == old:
		return role, nil
	default:
		c.state(old, role)
	}
	return role, c.PutRole(role)
}

// managedRole refuses an actor who may not assign the role (U2).
func (c *caller) managedRole(id access.RoleID) error {
	o := access.Obj(access.TypeRole, id)
	role, ok, err := c.Role(id)
	if err != nil {
		return err
	}
	if ok {
		if ok, err = c.sees(o); err != nil {
			return err
		}
	}
	if !ok {
		return access.NotFound(o)
	}
	if role.Organization == "" {
		return withRule(c.must(access.Administer, access.PlatformObject), "U2")
	}
	return withRule(c.must(access.Update, access.Obj(access.TypeOrganization, role.Organization)), "U2")
}

// AssignRole gives a user a role (U2).
func (s *Service) AssignRole(ctx context.Context, actor access.Actor, role access.RoleID, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "role_assignment.put", access.Obj(access.TypeRole, role), func(c *change) error {
		return c.assignRole(access.RoleAssignment{Role: role, User: user})
	})
}

func (c *change) assignRole(a access.RoleAssignment) error {
	if err := c.managedRole(a.Role); err != nil {
		return err
	}
	if _, err := c.activeUser(a.User, "U2"); err != nil {
		return err
	}
	if err := c.insideRole(a); err != nil {
		return err
	}
	has, err := c.RoleAssigned(a.Role, a.User)
	if err != nil {
		return err
	}
	if has {
		return c.PutRoleAssignment(a) // an issuer may have given it, and can no longer take it back
	}
	c.refold(nil, spice.FoldRoleAssignment(a))
	c.state(nil, a)
	if err := c.giveAgain(a.User, access.TakenRole, string(a.Role)); err != nil {
		return err
	}
	return c.PutRoleAssignment(a)
}

// insideRole refuses a user to whom the role's organization cannot give anything (O5).
func (c *change) insideRole(a access.RoleAssignment) error {
	role, _, err := c.Role(a.Role)
	if err != nil {
		return err
	}
	return c.mustBeInside(role.Organization, a.User)
}

// UnassignRole removes a role from a user. The error is of kind NotFound if the user does not have it.
func (s *Service) UnassignRole(ctx context.Context, actor access.Actor, role access.RoleID, user access.UserID) (Change, error) {
	return s.change(ctx, actor, "role_assignment.delete", access.Obj(access.TypeRole, role), func(c *change) error {
		if err := c.managedRole(role); err != nil {
			return err
		}
		has, err := c.RoleAssigned(role, user)
		if err != nil {
			return err
		}
		if !has {
			return access.Refuse(access.KindNotFound, "", "%s does not have %s", access.Obj(access.TypeUser, user), access.Obj(access.TypeRole, role))
		}
		a := access.RoleAssignment{Role: role, User: user}
		c.state(a, nil)
		if err := c.takeAway(user, access.TakenRole, string(role)); err != nil {
			return err
		}
		return c.dropAssignment(a)
	})
}

// DeleteRole removes a role, and every share and gate entry that names it (O4, G8).
func (s *Service) DeleteRole(ctx context.Context, actor access.Actor, id access.RoleID) (d Deletion, err error) {
	o := access.Obj(access.TypeRole, id)
	d.Change, err = s.change(ctx, actor, "role.delete", o, func(c *change) error {
		role, ok, err := c.Role(id)
		if err := c.mayDelete(o, ok, role.Organization, err); err != nil {
			return err
		}
		if err := c.dropRole(role); err != nil {
			return err
		}
		d.Removed = c.deletedForActor()
		c.state(role, nil)
		return nil
	})
	return d, err
}

func (c *change) dropRole(role access.Role) error {
	assignees, err := c.RoleAssignees(role.ID, "", 0)
	if err != nil {
		return err
	}
	for _, user := range assignees {
		if err := c.dropAssignment(access.RoleAssignment{Role: role.ID, User: user}); err != nil {
			return err
		}
	}
	if err := c.DeleteTakenAwayTarget(access.TakenRole, string(role.ID)); err != nil {
		return err
	}
	if err := c.dropSharesWith(access.Principal{Kind: access.PrincipalRole, ID: string(role.ID)}, anywhere); err != nil {
		return err
	}
	if err := c.ungate(access.TypeRole, string(role.ID)); err != nil {
		return err
	}
	features, err := c.FeaturesNaming(string(role.ID))
	if err != nil {
		return err
	}
	for _, f := range features {
		old := f
		f.AllowedRoles = withoutValue(f.AllowedRoles, string(role.ID))
		c.refold(spice.FoldFeature(old), spice.FoldFeature(f))
		if err := c.PutFeature(f); err != nil {
			return err
		}
		feature := access.Object{Type: access.TypeFeature, ID: access.FeatureID(f.Chatbot, f.Name)}
		what := access.Obj(access.TypeRole, role.ID).String() + " in the conditions of " + feature.String()
		if err := c.noteRemoval(altered("feature", old, f), what, access.Update, access.Obj(access.TypeChatbot, f.Chatbot)); err != nil {
			return err
		}
	}
	o := access.Obj(access.TypeRole, role.ID)
	keeper, action, err := c.listRight(o)
	if err != nil {
		return err
	}
	if err := c.noteRemoval(dropped("role", role), o.String(), action, keeper); err != nil {
		return err
	}
	return c.Tx.DeleteRole(role.ID)
}

// Role reads one role.
func (s *Service) Role(ctx context.Context, actor access.Actor, id access.RoleID) (role access.Role, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		var ok bool
		if role, ok, err = c.Role(id); err != nil {
			return err
		}
		return c.mustSee(access.Obj(access.TypeRole, id), ok)
	})
	return role, err
}

// Roles lists the roles that the actor may see, by ID.
func (s *Service) Roles(ctx context.Context, actor access.Actor, q InOrganization, p Page) (rs []access.Role, next string, err error) {
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(r access.Role) string { return string(r.ID) }
		roles := func(f store.RoleFilter) source[access.Role] {
			return func(after string, limit int) ([]access.Role, error) { return c.Roles(f, access.RoleID(after), limit) }
		}
		all := roles(store.RoleFilter{Organization: q.Organization})
		if !sc.all {
			var sources []source[access.Role]
			for _, org := range narrowed(sc.staffs, q.Organization) {
				sources = append(sources, roles(store.RoleFilter{Organization: org}))
			}
			if q.Organization == "" { // gates can require these of everyone
				sources = append(sources, roles(store.RoleFilter{PlatformWide: true}))
			}
			all = merged(by(id), sources...)
		}
		rs, next, err = visible(p, all, id, fromHere(c, func(r access.Role) access.OrganizationID { return r.Organization }, nil))
		return err
	})
	return rs, next, err
}

// Assignees lists the users with a role, by user, for actors who can assign it.
func (s *Service) Assignees(ctx context.Context, actor access.Actor, role access.RoleID, p Page) (us []access.UserID, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.managedRole(role); err != nil {
			return err
		}
		us, next, err = visible(p,
			func(after string, limit int) ([]access.UserID, error) {
				return c.RoleAssignees(role, access.UserID(after), limit)
			},
			func(u access.UserID) string { return string(u) }, nil)
		return err
	})
	return us, next, err
}
