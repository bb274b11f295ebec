package plain

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Size bounds a random world. The people know each other well: few of them, in most of the organizations.
type Size struct {
	Users         int
	Organizations int
	Chatbots      int
}

// Small is a world in which a rule seldom goes unused and which is still readable when it fails a test.
var Small = Size{Users: 9, Organizations: 3, Chatbots: 5}

// Era is the moment about which the expiries of random worlds lie.
var Era = time.Date(2031, time.March, 1, 12, 0, 0, 0, time.UTC)

// Generate makes a world that the write rules allow. Equal sources of randomness make equal worlds.
func Generate(rng *rand.Rand, size Size) *World {
	g := &generator{World: &World{}, rng: rng}
	g.users(size.Users)
	g.organizations(size.Organizations)
	g.teams()
	g.roles()
	g.groups()
	for n := range size.Chatbots {
		g.addChatbot(n)
	}
	return g.World
}

// generator is a world being made.
type generator struct {
	*World
	rng *rand.Rand
}

// chance is true n times out of of.
func (g *generator) chance(n, of int) bool { return g.rng.IntN(of) < n }

// pick is one of the items.
func pick[T any](rng *rand.Rand, items ...T) T { return items[rng.IntN(len(items))] }

// some is up to n of the items, in random order and never twice the same; it is empty and not nil when there are none.
func some[T any](rng *rand.Rand, n int, items []T) []T {
	chosen := slices.Clone(items)
	rng.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return append([]T{}, chosen[:min(n, len(chosen))]...)
}

// The addresses of a world. One of them, at least, is nobody's.
var (
	domains   = []string{"acme.com", "sub.acme.com", "partner.org", "xn--bcher-kva.example"}
	mailboxes = []string{"x", "y", "z"}
)

func (g *generator) address() access.Email {
	return access.Email(pick(g.rng, mailboxes...) + "@" + pick(g.rng, domains...))
}

// userIDs are of the shapes that callers use (I1).
var userIDs = []string{
	"alice@acme.com", "auth0|bob", "carla", "devon", "Émile Ærø", "frank", "GRACE", "grace", "heidi", "ivan/2", "*", "judy:{id}",
}

func (g *generator) users(n int) {
	verified := map[access.Email]bool{}
	ids := some(g.rng, len(userIDs), userIDs)
	for i := range n {
		u := access.User{ID: access.UserID(ids[i%len(ids)]), Active: true, Type: pick(g.rng, access.Internal, access.External)}
		if i >= len(ids) {
			u.ID += access.UserID(strconv.Itoa(i))
		}
		if g.chance(1, 8) {
			u.Type = "" // unknown = external
		}
		if g.chance(5, 6) {
			u.Email = g.address()
			u.EmailVerified = g.chance(3, 4) && !verified[u.Email] // I2: a verified address belongs to one user
			verified[u.Email] = verified[u.Email] || u.EmailVerified
		}
		switch { // The first two stay, so that there are owners.
		case i > 1 && g.chance(1, 10):
			u.Active = false
		case i > 1 && g.chance(1, 10):
			u.Deleted = true
		}
		g.Users = append(g.Users, u)
		if u.Type == access.Internal && !u.Gone() { // P4, N2
			for _, role := range access.PlatformRoles {
				if g.chance(1, 4) {
					g.PlatformGrants = append(g.PlatformGrants, access.PlatformGrant{Role: role, User: u.ID})
				}
			}
		}
	}
}

// present is the IDs of the users who may have facts: all but the offboarded (N2).
func (g *generator) present() []access.UserID {
	var ids []access.UserID
	for _, u := range g.Users {
		if !u.Gone() {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

// people is the IDs of the users who have one of the roles in the organization.
func (g *generator) people(o access.OrganizationID, roles ...access.OrgRole) []access.UserID {
	var ids []access.UserID
	for _, m := range g.Memberships {
		if m.Organization == o && slices.Contains(roles, m.Role) {
			ids = append(ids, m.User)
		}
	}
	return ids
}

func (g *generator) organizations(n int) {
	for i := range n {
		o := access.Organization{
			ID:             access.OrganizationID(pick(g.rng, "org", "Org ", "org|", "org/") + strconv.Itoa(i)),
			PublicAccess:   pick(g.rng, access.AudienceEveryone, access.AudienceEveryone, access.AudienceAuthenticated, access.AudienceNone),
			OutsideSharing: g.chance(3, 4),
		}
		g.Organizations = append(g.Organizations, o)
		people := some(g.rng, len(g.Users), g.present())
		for j, u := range people {
			if j == 0 { // O1: at least one owner
				g.Memberships = append(g.Memberships, access.Membership{Organization: o.ID, User: u, Role: access.OrgOwner})
			} else if g.chance(3, 5) {
				g.Memberships = append(g.Memberships, access.Membership{Organization: o.ID, User: u, Role: pick(g.rng, access.OrgRoles...)})
			}
		}
	}
}

func (g *generator) teams() {
	for _, o := range g.Organizations {
		var earlier []access.TeamID
		for i := range g.rng.IntN(4) {
			t := access.Team{ID: access.TeamID(string(o.ID) + "/team " + strconv.Itoa(i)), Organization: o.ID}
			g.Teams = append(g.Teams, t)
			for _, u := range some(g.rng, 2, g.people(o.ID, access.OrgRoles...)) { // T1: they have a role
				g.TeamMemberships = append(g.TeamMemberships,
					access.TeamMembership{Team: t.ID, User: u, Role: pick(g.rng, access.TeamRoles...)})
			}
			if len(earlier) > 0 && g.chance(2, 3) { // T2: of the same organization, and never a cycle
				for _, outer := range some(g.rng, 2, earlier) {
					g.Nestings = append(g.Nestings, access.TeamNesting{Outer: outer, Inner: t.ID})
				}
			}
			earlier = append(earlier, t.ID)
		}
	}
}

func (g *generator) roles() {
	organizations := []access.OrganizationID{""} // platform-wide roles
	for _, o := range g.Organizations {
		organizations = append(organizations, o.ID)
	}
	for _, o := range organizations {
		for i := range 1 + g.rng.IntN(2) {
			role := access.Role{ID: access.RoleID("role " + string(o) + "#" + strconv.Itoa(i)), Organization: o}
			g.Roles = append(g.Roles, role)
			holders := g.present() // U2: to any user
			if g.keepsInside(o) {
				holders = g.people(o, access.OrgRoles...) // O5
			}
			for _, u := range some(g.rng, g.rng.IntN(4), holders) {
				g.Assignments = append(g.Assignments, access.RoleAssignment{Role: role.ID, User: u})
			}
		}
	}
}

func (g *generator) groups() {
	for _, o := range g.Organizations {
		for i := range g.rng.IntN(3) {
			group := access.Group{ID: access.GroupID("group:" + string(o.ID) + strconv.Itoa(i)), Organization: o.ID}
			g.Groups = append(g.Groups, group)
			var members []access.Principal
			listed := g.present()
			if g.keepsInside(o.ID) {
				listed = g.people(o.ID, access.OrgRoles...) // O5
			}
			for _, u := range some(g.rng, 2, listed) {
				members = append(members, access.Principal{Kind: access.PrincipalUser, ID: string(u)})
			}
			for range g.rng.IntN(3) {
				members = append(members, g.addressee())
			}
			for _, m := range members {
				fact := access.GroupMembership{Group: group.ID, Member: m}
				if !slices.Contains(g.GroupMemberships, fact) {
					g.GroupMemberships = append(g.GroupMemberships, fact)
				}
			}
		}
	}
}

// addressee is an address as a principal: of a user who verified it, of one who did not, of one who is gone, or of nobody.
func (g *generator) addressee() access.Principal {
	return access.Principal{Kind: access.PrincipalEmail, ID: string(g.address())}
}
