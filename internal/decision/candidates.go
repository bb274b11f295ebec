package decision

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

// smallest keeps the first users after a given one, in byte order: at most a page of them, however many are added.
type smallest struct {
	after access.UserID
	limit int
	users []access.UserID // sorted, each once
}

func (s *smallest) add(users ...access.UserID) {
	for _, u := range users {
		if u <= s.after {
			continue
		}
		at, there := slices.BinarySearch(s.users, u)
		if there || at >= s.limit {
			continue
		}
		s.users = slices.Insert(s.users, at, u)
		s.users = s.users[:min(len(s.users), s.limit)]
	}
}

// candidates lists, in byte order, the users whom any fact other than a share with everyone or a link connects with the chatbot: at most limit of
// those after the given one.
func (n *userCache) candidates(bot access.Chatbot, after access.UserID, limit int) ([]access.UserID, error) {
	found := &smallest{after: after, limit: limit}
	if bot.Owner != "" {
		found.add(bot.Owner)
	}
	grants, err := n.AllPlatformGrants()
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.Role != access.ContentUser {
			found.add(g.User)
		}
	}
	if err := n.addMembers(found, bot.Organization); err != nil {
		return nil, err
	}
	for key := ""; ; {
		shares, err := n.Shares(bot.ID, key, leastAtOnce)
		if err != nil {
			return nil, err
		}
		for _, s := range shares {
			if err := n.addPrincipal(found, s.Principal); err != nil {
				return nil, err
			}
			key = s.Principal.String()
		}
		if len(shares) < leastAtOnce {
			return found.users, nil
		}
	}
}

// addMembers adds the people of an organization.
func (n *userCache) addMembers(found *smallest, org access.OrganizationID) error {
	members, err := n.Members(org, found.after, found.limit)
	for _, m := range members {
		found.add(m.User)
	}
	return err
}

// addPrincipal adds the users for whom the principal of a share stands.
func (n *userCache) addPrincipal(found *smallest, p access.Principal) error {
	switch p.Kind {
	case access.PrincipalUser:
		found.add(access.UserID(p.ID))
	case access.PrincipalEmail:
		u, ok, err := n.UserByVerifiedEmail(access.Email(p.ID))
		if ok {
			found.add(u.ID)
		}
		return err
	case access.PrincipalTeam:
		return n.addTeam(found, access.TeamID(p.ID))
	case access.PrincipalOrganization:
		return n.addMembers(found, access.OrganizationID(p.ID))
	case access.PrincipalRole:
		users, err := n.RoleAssignees(access.RoleID(p.ID), found.after, found.limit)
		found.add(users...)
		return err
	case access.PrincipalGroup:
		return n.addGroup(found, access.GroupID(p.ID))
	case access.PrincipalEveryone: // is nobody in particular
	}
	return nil
}

// addTeam adds the people of a team and of the teams in it (T2).
func (n *userCache) addTeam(found *smallest, team access.TeamID) error {
	seen, queue := map[access.TeamID]bool{team: true}, []access.TeamID{team}
	for len(queue) > 0 {
		members, err := n.TeamMembers(queue[0], found.after, found.limit)
		if err != nil {
			return err
		}
		for _, m := range members {
			found.add(m.User)
		}
		inner, err := n.InnerTeams(queue[0])
		if err != nil {
			return err
		}
		queue = queue[1:]
		for _, t := range inner {
			if !seen[t] {
				seen[t] = true
				queue = append(queue, t)
			}
		}
	}
	return nil
}

// addGroup adds the users in a group; the group lists them by the principal's text.
func (n *userCache) addGroup(found *smallest, group access.GroupID) error {
	for key := ""; ; {
		members, err := n.GroupMembers(group, key, leastAtOnce)
		if err != nil {
			return err
		}
		for _, m := range members {
			if err := n.addPrincipal(found, m); err != nil {
				return err
			}
			key = m.String()
		}
		if len(members) < leastAtOnce {
			return nil
		}
	}
}
