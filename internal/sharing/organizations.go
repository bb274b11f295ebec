package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// OrganizationPatch is the body of a PUT on an organization. Owner is required at creation and cannot be set later.
type OrganizationPatch struct {
	Name           access.Optional[string]
	Owner          access.Optional[access.UserID]
	PublicAccess   access.Optional[access.Audience]
	OutsideSharing access.Optional[bool]
	AllowedIPs     access.Optional[[]string]
}

// OrganizationResult is the organization after a change, and what a lowered limit removed (O5).
type OrganizationResult struct {
	Change
	Organization access.Organization
	Removed      []string
}

// PutOrganization creates an organization with its first owner (O6, O1), or changes its name and limits (O5, B4).
func (s *Service) PutOrganization(ctx context.Context, actor access.Actor, id access.OrganizationID, p OrganizationPatch) (r OrganizationResult, err error) {
	r.Change, err = s.change(ctx, actor, "organization.put", access.Obj(access.TypeOrganization, id), func(c *change) (err error) {
		r.Organization, err = c.putOrganization(id, p)
		r.Removed = c.removedForActor()
		return err
	})
	return r, err
}

func (c *change) putOrganization(id access.OrganizationID, p OrganizationPatch) (access.Organization, error) {
	o := access.Obj(access.TypeOrganization, id)
	old, exists, err := c.Organization(id)
	if err != nil {
		return old, err
	}
	seen := false
	if exists {
		if seen, err = c.sees(o); err != nil {
			return old, err
		}
	}
	if !seen {
		return c.createOrganization(id, p)
	}
	if err := c.must(access.Update, o); err != nil {
		return old, err
	}
	if p.Owner.Set {
		if m, _, err := c.Membership(id, p.Owner.Value); err != nil {
			return old, err
		} else if m.Role != access.OrgOwner {
			return old, fieldError("O1", "/owner", "can be set only when the organization is created: change its owners as members")
		}
	}
	org := old
	if err := c.settings(&org, p); err != nil {
		return old, err
	}
	if equalOrganizations(org, old) {
		return org, nil
	}
	if err := c.limitOrganization(old, org); err != nil {
		return org, err
	}
	c.state(old, org)
	return org, nil
}

// limitOrganization puts the organization, and removes what exceeds its limits (O5).
func (c *change) limitOrganization(old, now access.Organization) error {
	var entries []access.GroupMembership
	if old.OutsideSharing != now.OutsideSharing {
		var err error
		if entries, err = c.entriesOf(now.ID); err != nil {
			return err
		}
	}
	if err := c.aroundEntries(entries, func() error { return c.PutOrganization(now) }); err != nil {
		return err
	}
	if err := c.limitLinks(now); err != nil || now.OutsideSharing || !old.OutsideSharing {
		return err
	}
	return c.removeOutsiders(now.ID, entries)
}

func equalOrganizations(a, b access.Organization) bool {
	return a.ID == b.ID && a.Name == b.Name && a.PublicAccess == b.PublicAccess && a.OutsideSharing == b.OutsideSharing &&
		(a.AllowedIPs == nil) == (b.AllowedIPs == nil) && slices.Equal(a.AllowedIPs, b.AllowedIPs)
}

// settings applies the patch to the organization.
func (c *change) settings(org *access.Organization, p OrganizationPatch) error {
	org.Name = p.Name.Or(org.Name, "")
	org.PublicAccess = p.PublicAccess.Or(org.PublicAccess, access.AudienceEveryone)
	org.OutsideSharing = p.OutsideSharing.Or(org.OutsideSharing, true)
	if !p.AllowedIPs.Set {
		return nil
	}
	parse := newRanges
	if c.memo != nil { // an import accepts exported ranges unchanged
		parse = ParseRanges
	}
	ranges, err := parse(p.AllowedIPs.Value, "B4")
	if err != nil {
		return err
	}
	if p.AllowedIPs.Null {
		ranges = nil
	}
	if !(access.Organization{AllowedIPs: ranges}).Admits(c.actor) {
		return fieldError("B4", "/allowed_ips", "the list would lock you out: you are calling from "+c.actor.Address)
	}
	org.AllowedIPs = ranges
	return nil
}

func (c *change) createOrganization(id access.OrganizationID, p OrganizationPatch) (access.Organization, error) {
	org := access.Organization{ID: id, PublicAccess: access.AudienceEveryone, OutsideSharing: true}
	admin, err := c.may(access.Administer, access.PlatformObject)
	if err != nil {
		return org, err
	}
	if !admin {
		return org, access.Deniedf("O6", "only site admins can create organizations")
	}
	if err := c.settings(&org, p); err != nil {
		return org, err
	}
	if p.Owner.Value == "" {
		return org, fieldError("O1", "/owner", "a new organization needs an owner")
	}
	if _, err := c.activeUser(p.Owner.Value, "O1"); err != nil {
		return org, atField("/owner", err)
	}
	if err := c.PutOrganization(org); err != nil {
		return org, err
	}
	c.refold(nil, spice.FoldOrganization(org))
	source, err := c.source(p.Owner.Value)
	if err != nil {
		return org, err
	}
	owner := access.Membership{Organization: id, User: p.Owner.Value, Role: access.OrgOwner, Source: source, Since: c.now}
	if err := c.setRole(owner); err != nil {
		return org, err
	}
	if err := c.addEffect(altered("member", nil, owner), access.Obj(access.TypeOrganization, id)); err != nil {
		return org, err
	}
	c.state(nil, org)
	return org, nil
}

// limitLinks closes the public links that exceed the organization's limit (O5).
func (c *change) limitLinks(org access.Organization) error {
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	for _, b := range bots {
		if !b.PublicMode.Exceeds(org.PublicAccess) {
			continue
		}
		err := c.aroundChatbot(b.ID, func(now *access.Chatbot) error {
			if err := c.dropLink(now); err != nil {
				return err
			}
			return c.addEffect(altered("chatbot", b, *now), access.Obj(access.TypeChatbot, b.ID))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteOrganization removes an organization and everything that belongs to it (O4).
func (s *Service) DeleteOrganization(ctx context.Context, actor access.Actor, id access.OrganizationID) (d Deletion, err error) {
	o := access.Obj(access.TypeOrganization, id)
	d.Change, err = s.change(ctx, actor, "organization.delete", o, func(c *change) error {
		org, ok, err := c.Organization(id)
		if err != nil {
			return err
		}
		if !ok {
			return access.NotFound(o)
		}
		if err := c.must(access.Delete, o); err != nil {
			return err
		}
		if err := c.dropOrganization(org); err != nil {
			return err
		}
		d.Removed = c.deletedForActor()
		c.state(org, nil)
		return nil
	})
	return d, err
}

func (c *change) dropOrganization(org access.Organization) error {
	o := access.Obj(access.TypeOrganization, org.ID)
	bots, err := c.Chatbots(store.ChatbotFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	if err := eachFact(bots, c.dropChatbot); err != nil {
		return err
	}
	teams, err := c.Teams(store.TeamFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	if err := eachFact(teams, c.dropTeam); err != nil {
		return err
	}
	roles, err := c.Roles(store.RoleFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	if err := eachFact(roles, c.dropRole); err != nil {
		return err
	}
	groups, err := c.Groups(store.GroupFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	if err := eachFact(groups, c.dropGroup); err != nil {
		return err
	}
	p := access.Principal{Kind: access.PrincipalOrganization, ID: string(org.ID)}
	if err := c.orphanRequestsWith(p); err != nil {
		return err
	}
	if err := c.dropSharesWith(p, anywhere); err != nil {
		return err
	}
	if err := c.ungate(access.TypeOrganization, string(org.ID)); err != nil {
		return err
	}
	members, err := c.Members(org.ID, "", 0)
	if err != nil {
		return err
	}
	if err := c.DeleteMembers(org.ID); err != nil {
		return err
	}
	for _, m := range members {
		c.refold(spice.FoldMembership(m), nil)
		if err := c.noteRemoval(dropped("member", m), string(m.Role)+" "+access.Obj(access.TypeUser, m.User).String(), access.ManageMembers, o); err != nil {
			return err
		}
	}
	if err := c.dropInvitations(org.ID); err != nil {
		return err
	}
	if err := c.dropHome(org.ID); err != nil {
		return err
	}
	keys, err := c.AccountKeys(store.AccountKeyFilter{Organization: org.ID}, "", 0)
	if err != nil {
		return err
	}
	if err := eachFact(keys, c.dropKey); err != nil {
		return err
	}
	if err := c.DeleteTakenAwayTarget(access.TakenMembership, string(org.ID)); err != nil {
		return err
	}
	if err := c.Tx.DeleteOrganization(org.ID); err != nil {
		return err
	}
	c.refold(spice.FoldOrganization(org), nil)
	return nil
}

// dropHome leaves the organization's own users without a home (U1): they stay, and only site admins manage them.
func (c *change) dropHome(org access.OrganizationID) error {
	users, err := c.Users(store.UserFilter{Home: org, IncludeDeleted: true}, "", 0)
	if err != nil {
		return err
	}
	for _, u := range users {
		old := u
		u.Organization = ""
		what := "home of " + access.Obj(access.TypeUser, u.ID).String()
		if err := c.noteRemoval(altered("user", old, u), what, access.Update, access.Obj(access.TypeOrganization, org)); err != nil {
			return err
		}
	}
	return c.DeleteHome(org)
}

func eachFact[T any](facts []T, do func(T) error) error {
	for _, f := range facts {
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// Organization reads one organization.
func (s *Service) Organization(ctx context.Context, actor access.Actor, id access.OrganizationID) (org access.Organization, err error) {
	o := access.Obj(access.TypeOrganization, id)
	err = s.read(ctx, actor, func(c *caller) error {
		var ok bool
		if org, ok, err = c.Organization(id); err != nil {
			return err
		}
		return c.mustSee(o, ok)
	})
	return org, err
}

// Organizations lists the organizations that the actor may see, by ID.
func (s *Service) Organizations(ctx context.Context, actor access.Actor, p Page) (orgs []access.Organization, next string, err error) {
	err = s.readPage(ctx, actor, p, "", func(c *caller) error {
		sc, err := c.scope()
		if err != nil {
			return err
		}
		all := named(sc.views, c.Organization)
		if sc.oversees {
			all = func(after string, limit int) ([]access.Organization, error) {
				return c.Organizations(access.OrganizationID(after), limit)
			}
		}
		orgs, next, err = visible(p, all, func(o access.Organization) string { return string(o.ID) },
			fromHere(c, func(o access.Organization) access.OrganizationID { return o.ID }, nil))
		return err
	})
	return orgs, next, err
}
