package sharing_test

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/plain"
)

var (
	users = []access.UserID{"ann", "bob", "cy", "dee", "eve", "fay@x.org", "gus|1"}
	orgs  = []access.OrganizationID{"acme", "globex"}
)

// domains are those of the users' addresses, by their place in the list: with one that is not verified, and one who has none.
var domains = []string{"acme.com", "partner.org", "", "acme.com", "sub.acme.com", "partner.org", "acme.com"}

func userPatch(t access.UserType, e access.Email) sharing.UserPatch {
	return sharing.UserPatch{Type: access.Some(t), Email: access.Some(e), EmailVerified: access.Some(e != "")}
}

func orgPatch(owner access.UserID) sharing.OrganizationPatch {
	return sharing.OrganizationPatch{Owner: access.Some(owner)}
}

// address is the address that the user has or may get, or "".
func address(u access.UserID) access.Email {
	for i, id := range users {
		if id == u && domains[i] != "" {
			return access.Email(spice.Encode(string(u)) + "@" + domains[i])
		}
	}
	return ""
}

// begin makes the users and the organizations.
func (h *history) begin() {
	for i, u := range users {
		h.ok(h.PutUser(h.ctx, root, u, userPatch(access.UserTypes[i%2], address(u))))
	}
	h.ok(h.PutUser(h.ctx, root, "dee", sharing.UserPatch{EmailVerified: access.Some(false)}))
	for i, o := range orgs {
		h.ok(h.PutOrganization(h.ctx, root, o, orgPatch(users[i])))
		for _, u := range users {
			if u == users[i] || h.rng.IntN(4) == 0 {
				continue
			}
			h.ok(h.PutMember(h.ctx, root, o, u, pick(h.rng, access.OrgRoles), sharing.Offboard{}))
		}
	}
	h.ok(h.PutUser(h.ctx, root, "cy", sharing.UserPatch{Organization: access.Some(orgs[0])}))
	for i, b := range bots {
		h.makeBot(b, orgs[i%2], users[i%2])
	}
	for i, t := range teams {
		h.makeTeam(t, orgs[i%2], users[i%2])
	}
	for _, r := range roles {
		h.makeRole(r, roleHome(r), pick(h.rng, users))
	}
	for _, g := range groups {
		h.makeGroup(g, groupHome(g), h.addressee().String())
	}
}

// comesBack makes an organization or a user anew that was taken away some changes ago, before there is nobody left.
func (h *history) comesBack(w *plain.World) (deed, bool) {
	for i, o := range orgs {
		if !has(w.Organizations, func(x access.Organization) bool { return x.ID == o }) {
			owner := pick(h.rng, users)
			return deed{
				actor: root, what: fmt.Sprint("founds ", o, " of ", owner), about: []access.Object{user(owner)}, may: true,
				do: func() error { return second(h.PutOrganization(h.ctx, root, orgs[i], orgPatch(owner))) },
			}, true
		}
	}
	for _, u := range w.Users {
		if u.Gone() && h.rng.IntN(8) == 0 {
			p := userPatch(pick(h.rng, access.UserTypes), address(u.ID))
			p.Active = access.Some(true)
			return deed{
				actor: root, what: fmt.Sprint("brings back ", u.ID), about: []access.Object{user(u.ID)}, may: true,
				do: func() error { return second(h.PutUser(h.ctx, root, u.ID, p)) },
			}, true
		}
	}
	return deed{}, false
}

func (h *history) putsMember(w *plain.World) deed {
	org, user1, role, successor := pick(h.rng, orgs), pick(h.rng, users), pick(h.rng, access.OrgRoles), h.successor()
	actor := h.manager(w, org)
	of := func(w *plain.World) access.Membership {
		m, _ := find(w.Memberships, func(m access.Membership) bool { return m.Organization == org && m.User == user1 })
		return m
	}
	var result sharing.MemberResult
	return deed{
		actor: actor, what: fmt.Sprint("makes ", user1, " ", role, " of ", org, ", successor ", successor),
		about: []access.Object{organization(org), user(user1)},
		may:   w.MaySetRole(by(actor), org, user1, role),
		do: func() (err error) {
			result, err = h.PutMember(h.ctx, actor, org, user1, role, sharing.Offboard{Successor: successor})
			return err
		},
		then: func(after *plain.World) {
			u, _ := find(w.Users, func(u access.User) bool { return u.ID == user1 })
			had := of(w)
			atOnce := role != access.OrgOwner || had.Role == access.OrgOwner || had.Joined() || u.Organization == org || by(actor) == user1 ||
				w.Has(by(actor), access.Administer, access.PlatformObject, h.now)
			require.Equal(h.t, atOnce, result.Offer == nil, "the ownership is accepted by the person (O7)")
			if !atOnce {
				require.Equal(h.t, had, of(after), "until then the old role holds")
			}
		},
	}
}

func (h *history) removesMember(w *plain.World) deed {
	org, successor := pick(h.rng, orgs), h.successor()
	actor, who := h.manager(w, org), h.person(w, org, access.OrgRoles...)
	return deed{
		actor: actor, what: fmt.Sprint("removes ", who, " from ", org, ", successor ", successor),
		about:  []access.Object{organization(org), user(who)},
		may:    w.MaySetRole(by(actor), org, who, "") || by(actor) == who, // O7
		absent: !has(w.Memberships, func(m access.Membership) bool { return m.Organization == org && m.User == who }),
		do: func() error {
			return second(h.RemoveMember(h.ctx, actor, org, who, sharing.Offboard{Successor: successor}))
		},
		then: func(after *plain.World) { h.namedNowhere(after, org, who) },
	}
}

// namedNowhere checks that nothing of the organization names who has left it, by ID or by verified address, but to deny (O3).
func (h *history) namedNowhere(w *plain.World, org access.OrganizationID, who access.UserID) {
	names := []access.Principal{{Kind: access.PrincipalUser, ID: string(who)}}
	if u, _ := find(w.Users, func(u access.User) bool { return u.ID == who }); u.Verified() != "" {
		names = append(names, access.Principal{Kind: access.PrincipalEmail, ID: string(u.Verified())})
	}
	here := func(bot access.ChatbotID) bool {
		return has(w.Chatbots, func(b access.Chatbot) bool { return b.ID == bot && b.Organization == org })
	}
	for _, p := range names {
		require.NotContains(h.t, groupsNaming(w, p), org, "O3: the groups")
		for _, r := range w.Resources {
			require.False(h.t, here(r.Chatbot) && slices.Contains(r.Allowed, p), "O3: %+v", r)
		}
		for _, s := range w.Shares {
			require.False(h.t, here(s.Chatbot) && s.Principal == p, "O3: %+v", s)
		}
	}
	for _, p := range w.Policies {
		require.False(h.t, here(p.Chatbot) && slices.Contains(p.AllowedUsers, who), "O3, G6: %+v", p)
	}
}

// groupsNaming lists the organizations of the groups that name the principal.
func groupsNaming(w *plain.World, p access.Principal) (orgs []access.OrganizationID) {
	for _, m := range w.GroupMemberships {
		if m.Member == p {
			orgs = append(orgs, groupHome(m.Group))
		}
	}
	return orgs
}

func (h *history) grantsPlatformRole(w *plain.World) deed {
	g := access.PlatformGrant{Role: pick(h.rng, access.PlatformRoles), User: pick(h.rng, users)}
	actor := h.manager(w, pick(h.rng, orgs))
	d := deed{
		actor: actor, about: []access.Object{user(g.User)}, may: w.Has(by(actor), access.Administer, access.PlatformObject, h.now),
	}
	if has(w.PlatformGrants, func(x access.PlatformGrant) bool { return x == g }) && h.rng.IntN(2) == 0 {
		d.what = fmt.Sprint("takes ", g.Role, " from ", g.User)
		d.do = func() error { return second(h.DeletePlatformRole(h.ctx, actor, g.Role, g.User)) }
		return d
	}
	d.what = fmt.Sprint("gives ", g.Role, " to ", g.User)
	d.do = func() error { return second(h.PutPlatformRole(h.ctx, actor, g.Role, g.User)) }
	return d
}

func (h *history) offboards(w *plain.World) deed {
	who, successor := pick(h.rng, users), h.successor()
	actor := h.keeperOfUser(w, who)
	return deed{
		actor: actor, what: fmt.Sprint("offboards ", who, ", successor ", successor), about: []access.Object{user(who)},
		may:    w.MayOffboard(by(actor), who),
		leaves: who,
		absent: has(w.Users, func(u access.User) bool { return u.ID == who && u.Deleted }),
		do:     func() error { return second(h.DeleteUser(h.ctx, actor, who, sharing.Offboard{Successor: successor})) },
	}
}

// putsUser changes what is known of a user, which may make it inactive.
func (h *history) putsUser(w *plain.World) deed {
	var there []access.User
	for _, u := range w.Users {
		if !u.Deleted && u.ID != theKey {
			there = append(there, u)
		}
	}
	old := pick(h.rng, there)
	p, now := sharing.UserPatch{Offboard: sharing.Offboard{Successor: h.successor()}}, old
	switch h.rng.IntN(5) {
	case 0:
		now.Type = pick(h.rng, access.UserTypes)
		p.Type = access.Some(now.Type)
	case 1:
		now.Active = h.rng.IntN(3) > 0
		p.Active = access.Some(now.Active)
	case 2:
		now.EmailVerified = old.Email != "" && !old.EmailVerified
		p.EmailVerified = access.Some(now.EmailVerified)
	case 3:
		now.Email = address(pick(h.rng, users))
		now.EmailVerified = now.EmailVerified && now.Email == old.Email
		p.Email = access.Some(now.Email)
	case 4:
		now.Organization = pick(h.rng, orgs)
		p.Organization = access.Some(now.Organization)
	}
	actor := h.keeperOfUser(w, old.ID)
	leaves := access.UserID("")
	if !now.Active {
		leaves = old.ID
	}
	return deed{
		leaves: leaves,
		actor:  actor, what: fmt.Sprintf("changes %s to %+v", old.ID, now), about: []access.Object{user(old.ID)},
		may: w.MayPutUser(by(actor), old, now),
		do:  func() error { return second(h.PutUser(h.ctx, actor, old.ID, p)) },
	}
}

// limits sets how far an organization's chatbots may be shared (O5).
func (h *history) limits(w *plain.World) deed {
	org := pick(h.rng, orgs)
	actor := h.manager(w, org)
	p := sharing.OrganizationPatch{OutsideSharing: access.Some(h.rng.IntN(3) > 0), PublicAccess: access.Some(pick(h.rng, access.Audiences))}
	return deed{
		actor: actor, what: fmt.Sprintf("limits %s to %v, %v", org, p.OutsideSharing.Value, p.PublicAccess.Value),
		about: []access.Object{organization(org)}, may: w.MayManage(by(actor), org),
		do: func() error { return second(h.PutOrganization(h.ctx, actor, org, p)) },
	}
}
