package sharing

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// GroupPatch is the body of a PUT on a group.
type GroupPatch struct {
	Organization access.Optional[access.OrganizationID]
	Name         access.Optional[string]
}

// GroupResult is the group after a change.
type GroupResult struct {
	Change
	Group access.Group
}

// PutGroup creates a group or renames it (I3).
func (s *Service) PutGroup(ctx context.Context, actor access.Actor, id access.GroupID, p GroupPatch) (r GroupResult, err error) {
	r.Change, err = s.change(ctx, actor, "group.put", access.Obj(access.TypeGroup, id), func(c *change) (err error) {
		r.Group, err = c.putGroup(id, p)
		return err
	})
	return r, err
}

func (c *change) putGroup(id access.GroupID, p GroupPatch) (access.Group, error) {
	o := access.Obj(access.TypeGroup, id)
	old, exists, err := c.Group(id)
	if err != nil {
		return old, err
	}
	org, err := c.belonging(o, exists, old.Organization, p.Organization)
	if err != nil {
		return old, err
	}
	g := access.Group{ID: id, Organization: org, Name: p.Name.Or(old.Name, "")}
	create, err := c.creates(o, exists, old.Organization, g.Organization)
	switch {
	case err != nil:
		return g, err
	case create:
		c.state(nil, g)
	case g == old:
		return g, nil
	default:
		c.state(old, g)
	}
	return g, c.PutGroup(g)
}

// managedGroup refuses an actor who does not manage the group's list.
func (c *caller) managedGroup(id access.GroupID) error {
	o := access.Obj(access.TypeGroup, id)
	g, ok, err := c.Group(id)
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
	return c.must(access.Update, access.Obj(access.TypeOrganization, g.Organization))
}

// AddToGroup puts a user or an email address on a group's list.
func (s *Service) AddToGroup(ctx context.Context, actor access.Actor, group access.GroupID, member access.Principal) (Change, error) {
	return s.change(ctx, actor, "group_member.put", access.Obj(access.TypeGroup, group), func(c *change) error {
		return c.addToGroup(access.GroupMembership{Group: group, Member: member})
	})
}

func (c *change) addToGroup(m access.GroupMembership) error {
	if err := c.managedGroup(m.Group); err != nil {
		return err
	}
	switch m.Member.Kind {
	case access.PrincipalEmail:
	case access.PrincipalUser:
		if _, err := c.activeUser(access.UserID(m.Member.ID), "S2"); err != nil {
			return err
		}
		if err := c.insideGroup(m); err != nil {
			return err
		}
	default:
		return access.Unprocessablef("S2", "a group can list only users and email addresses, not %s", m.Member)
	}
	has, err := c.GroupHas(m.Group, m.Member)
	if err != nil || has {
		return err
	}
	implied, err := c.foldEntry(m)
	if err != nil {
		return err
	}
	c.refold(nil, implied)
	c.state(nil, m)
	return c.PutGroupMembership(m)
}

// insideGroup refuses a user to whom the group's organization cannot give anything (O5).
func (c *change) insideGroup(m access.GroupMembership) error {
	org, _, err := c.OrganizationOf(access.Obj(access.TypeGroup, m.Group))
	if err != nil {
		return err
	}
	return c.mustBeInside(org, access.UserID(m.Member.ID))
}

// RemoveFromGroup removes a principal from a group's list. The error is of kind NotFound if it is not listed.
func (s *Service) RemoveFromGroup(ctx context.Context, actor access.Actor, group access.GroupID, member access.Principal) (Change, error) {
	return s.change(ctx, actor, "group_member.delete", access.Obj(access.TypeGroup, group), func(c *change) error {
		if err := c.managedGroup(group); err != nil {
			return err
		}
		has, err := c.GroupHas(group, member)
		if err != nil {
			return err
		}
		if !has {
			return access.Refuse(access.KindNotFound, "", "%s is not in %s", member, access.Obj(access.TypeGroup, group))
		}
		m := access.GroupMembership{Group: group, Member: member}
		c.state(m, nil)
		return c.dropGroupMembership(m)
	})
}

// DeleteGroup removes a group, and every share and list entry that names it (O4).
func (s *Service) DeleteGroup(ctx context.Context, actor access.Actor, id access.GroupID) (d Deletion, err error) {
	o := access.Obj(access.TypeGroup, id)
	d.Change, err = s.change(ctx, actor, "group.delete", o, func(c *change) error {
		g, ok, err := c.Group(id)
		if err := c.mayDelete(o, ok, g.Organization, err); err != nil {
			return err
		}
		if err := c.dropGroup(g); err != nil {
			return err
		}
		d.Removed = c.deletedForActor()
		c.state(g, nil)
		return nil
	})
	return d, err
}

func (c *change) dropGroup(g access.Group) error {
	members, err := c.GroupMembers(g.ID, "", 0)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := c.dropGroupMembership(access.GroupMembership{Group: g.ID, Member: m}); err != nil {
			return err
		}
	}
	if err := c.dropPrincipal(access.Principal{Kind: access.PrincipalGroup, ID: string(g.ID)}, anywhere); err != nil {
		return err
	}
	o := access.Obj(access.TypeGroup, g.ID)
	if err := c.noteRemoval(dropped("group", g), o.String(), access.Update, access.Obj(access.TypeOrganization, g.Organization)); err != nil {
		return err
	}
	return c.Tx.DeleteGroup(g.ID)
}

// Group reads one group.
func (s *Service) Group(ctx context.Context, actor access.Actor, id access.GroupID) (g access.Group, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		var ok bool
		if g, ok, err = c.Group(id); err != nil {
			return err
		}
		return c.mustSee(access.Obj(access.TypeGroup, id), ok)
	})
	return g, err
}

// Groups lists the groups that the actor may see, by ID.
func (s *Service) Groups(ctx context.Context, actor access.Actor, q InOrganization, p Page) (gs []access.Group, next string, err error) {
	err = s.readPage(ctx, actor, p, q.Organization, func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		id := func(g access.Group) string { return string(g.ID) }
		groups := func(org access.OrganizationID, after string, limit int) ([]access.Group, error) {
			return c.Groups(store.GroupFilter{Organization: org}, access.GroupID(after), limit)
		}
		all := func(after string, limit int) ([]access.Group, error) { return groups(q.Organization, after, limit) }
		if !sc.all {
			all = merged(by(id), eachOf(narrowed(sc.staffs, q.Organization), groups)...)
		}
		gs, next, err = visible(p, all, id, fromHere(c, func(g access.Group) access.OrganizationID { return g.Organization }, nil))
		return err
	})
	return gs, next, err
}

// GroupMembers lists the entries of a group, by principal, for those who manage it.
func (s *Service) GroupMembers(ctx context.Context, actor access.Actor, group access.GroupID, p Page) (ms []access.Principal, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.managedGroup(group); err != nil {
			return err
		}
		ms, next, err = visible(p,
			func(after string, limit int) ([]access.Principal, error) { return c.GroupMembers(group, after, limit) },
			access.Principal.String, nil)
		return err
	})
	return ms, next, err
}
