package decision

import (
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// person is a user, with everything by which facts about several users can apply to this one.
type person struct {
	access.User
	platform    []access.PlatformRole
	memberships []access.Membership
	roles       []access.RoleID
	reaches     []reach
	outside     []access.GroupID // list the user's address and give nothing outside of their organization (O5); as far as the actor may see the address
	address     string           // the verified address, if the actor may see it
}

// hiddenAddress stands for an address that the actor may not see (O7).
const hiddenAddress = "(hidden)"

// reach is a principal that stands for the user, with a description and the question that confirms it.
type reach struct {
	principal access.Principal
	how       string // such as "mel is a member of team support"
	witness   spice.Question
}

// person looks the user up.
func (n *userCache) person(id access.UserID) (*person, error) {
	if p, ok := n.people[id]; ok {
		return p, nil
	}
	u, err := n.user(id)
	if err != nil {
		return nil, err
	}
	p := &person{User: u}
	if p.platform, err = n.PlatformGrants(id); err != nil {
		return nil, err
	}
	if p.memberships, err = n.Memberships(id); err != nil {
		return nil, err
	}
	if p.roles, err = n.RolesOf(id); err != nil {
		return nil, err
	}
	if err := p.findReaches(n); err != nil {
		return nil, err
	}
	if n.people == nil {
		n.people = map[access.UserID]*person{}
	}
	n.people[id] = p
	return p, nil
}

// roleIn is the user's role in the organization, or "".
func (p *person) roleIn(org access.OrganizationID) access.OrgRole {
	for _, m := range p.memberships {
		if m.Organization == org {
			return m.Role
		}
	}
	return ""
}

func (p *person) is(role access.PlatformRole) bool { return slices.Contains(p.platform, role) }

// holds reports whether the user holds the role as gates name it (G5).
func (p *person) holds(role string) bool {
	if platform, ok := access.PlatformRoleOf(role); ok {
		return p.is(platform)
	}
	return slices.Contains(p.roles, access.RoleID(role))
}

// userType is the user's type; unknown users are external.
func (p *person) userType() access.UserType {
	if p.Type == access.Internal {
		return access.Internal
	}
	return access.External
}

// reachedBy returns the reach of the principal.
func (p *person) reachedBy(principal access.Principal) (reach, bool) {
	i := slices.IndexFunc(p.reaches, func(r reach) bool { return r.principal == principal })
	if i < 0 {
		return reach{}, false
	}
	return p.reaches[i], true
}

// findReaches lists the principals that stand for the user, the nearest first (S1, I2, T2).
func (p *person) findReaches(n *userCache) error {
	add := func(kind access.PrincipalKind, id, relation string, typ access.Type, how string, args ...any) {
		r := reach{principal: access.Principal{Kind: kind, ID: id}, how: fmt.Sprintf(how, args...)}
		if relation != "" {
			r.witness = spice.Question{Permission: relation, Resource: access.Object{Type: typ, ID: id}}
		}
		p.reaches = append(p.reaches, r)
	}
	groups, err := n.GroupsOf(access.Principal{Kind: access.PrincipalUser, ID: string(p.ID)})
	if err != nil {
		return err
	}
	add(access.PrincipalUser, string(p.ID), "", "", "")
	if e := p.Verified(); e != "" {
		shown, err := n.showsAddress(n, p)
		if err != nil {
			return err
		}
		if p.address = hiddenAddress; shown {
			p.address = string(e)
		}
		add(access.PrincipalEmail, string(e), schema.RelHolder, schema.TypeEmail, "%s has the verified address %s", p.ID, p.address)
		byAddress, err := p.groupsByAddress(n, e)
		if err != nil {
			return err
		}
		groups = sortedOnce(append(groups, byAddress...))
	}
	if err := p.findTeams(n, add); err != nil {
		return err
	}
	for _, m := range p.memberships {
		if m.Role != access.OrgClient {
			add(access.PrincipalOrganization, string(m.Organization), schema.RelStaff, access.TypeOrganization, "%s is %s of %s", p.ID, an(m.Role), m.Organization)
		}
	}
	for _, r := range p.roles {
		add(access.PrincipalRole, string(r), schema.RelAssignee, access.TypeRole, "%s holds the role %s", p.ID, r)
	}
	for _, g := range groups {
		add(access.PrincipalGroup, string(g), schema.RelMember, access.TypeGroup, "%s is on the list of group %s", p.ID, g)
	}
	add(access.PrincipalEveryone, "", "", "", "")
	return nil
}

// groupsByAddress lists the groups that contain the user's verified address. Groups of an organization with outside_sharing off count only for its
// own people (O5).
func (p *person) groupsByAddress(n *userCache, e access.Email) ([]access.GroupID, error) {
	listed, err := n.GroupsOf(access.Principal{Kind: access.PrincipalEmail, ID: string(e)})
	if err != nil {
		return nil, err
	}
	var giving []access.GroupID
	for _, g := range listed {
		id, _, err := n.OrganizationOf(access.Obj(access.TypeGroup, g))
		if err != nil {
			return nil, err
		}
		org, _, err := n.Organization(id)
		if err != nil {
			return nil, err
		}
		switch {
		case org.OutsideSharing || p.roleIn(id) != "":
			giving = append(giving, g)
		case p.address != hiddenAddress:
			p.outside = append(p.outside, g)
		}
	}
	return giving, nil
}

// findTeams adds the user's teams and the teams they are nested in. It does not name the teams in between, which the reader may not be allowed to
// see.
func (p *person) findTeams(n *userCache, add func(kind access.PrincipalKind, id, relation string, typ access.Type, how string, args ...any)) error {
	own, err := n.TeamsOf(p.ID)
	if err != nil {
		return err
	}
	seen := map[access.TeamID]bool{}
	var queue []access.TeamID
	for _, m := range own {
		seen[m.Team] = true
		queue = append(queue, m.Team)
		add(access.PrincipalTeam, string(m.Team), schema.RelMember, access.TypeTeam, "%s is %s of team %s", p.ID, an(m.Role), m.Team)
	}
	for len(queue) > 0 {
		outer, err := n.OuterTeams(queue[0])
		if err != nil {
			return err
		}
		queue = queue[1:]
		for _, t := range outer {
			if !seen[t] {
				seen[t] = true
				queue = append(queue, t)
				add(access.PrincipalTeam, string(t), schema.RelMember, access.TypeTeam, "%s is in a team nested in team %s", p.ID, t)
			}
		}
	}
	return nil
}

// an adds the article to a word such as a role.
func an[T ~string](word T) string {
	if word != "" && slices.Contains([]byte("aeiou"), word[0]) {
		return "an " + string(word)
	}
	return "a " + string(word)
}
