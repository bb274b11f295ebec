package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// pageOfFacts is the number of facts per read when all facts are read.
const pageOfFacts = 500

// Project streams every relationship that the facts imply, as the transaction sees them, for rebuilding an engine from the store or comparing the
// two.
func Project(tx *store.Tx, each func(spice.Relationships) error) error {
	p := projector{tx: tx, each: each}
	for _, project := range []func() error{p.platform, p.users, p.organizations, p.teams, p.roles, p.groups, p.chatbots, p.resources} {
		if err := project(); err != nil {
			return err
		}
	}
	return nil
}

func (p projector) platform() error { return p.each(spice.FoldPlatform()) }

type projector struct {
	tx   *store.Tx
	each func(spice.Relationships) error
}

// all calls do for every fact of a list, page by page.
func all[T any](fetch func(after string, limit int) ([]T, error), key func(T) string, do func(T) error) error {
	after := ""
	for {
		facts, err := fetch(after, pageOfFacts)
		if err != nil {
			return err
		}
		for _, f := range facts {
			if err := do(f); err != nil {
				return err
			}
		}
		if len(facts) < pageOfFacts {
			return nil
		}
		after = key(facts[len(facts)-1])
	}
}

func (p projector) users() error {
	grants, err := p.tx.AllPlatformGrants()
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := p.each(spice.FoldPlatformGrant(g)); err != nil {
			return err
		}
	}
	return all(func(after string, limit int) ([]access.User, error) {
		return p.tx.Users(store.UserFilter{IncludeDeleted: true}, access.UserID(after), limit)
	}, func(u access.User) string { return string(u.ID) },
		func(u access.User) error { return p.each(spice.FoldUser(u)) })
}

func (p projector) organizations() error {
	return all(func(after string, limit int) ([]access.Organization, error) {
		return p.tx.Organizations(access.OrganizationID(after), limit)
	}, func(o access.Organization) string { return string(o.ID) },
		func(o access.Organization) error {
			if err := p.each(spice.FoldOrganization(o)); err != nil {
				return err
			}
			return all(func(after string, limit int) ([]access.Membership, error) {
				return p.tx.Members(o.ID, access.UserID(after), limit)
			}, func(m access.Membership) string { return string(m.User) },
				func(m access.Membership) error { return p.each(spice.FoldMembership(m)) })
		})
}

func (p projector) teams() error {
	return all(func(after string, limit int) ([]access.Team, error) {
		return p.tx.Teams(store.TeamFilter{}, access.TeamID(after), limit)
	}, func(t access.Team) string { return string(t.ID) },
		func(t access.Team) error {
			rs := spice.FoldTeam(t)
			inner, err := p.tx.InnerTeams(t.ID)
			if err != nil {
				return err
			}
			for _, in := range inner {
				rs = append(rs, spice.FoldTeamNesting(access.TeamNesting{Outer: t.ID, Inner: in})...)
			}
			if err := p.each(rs); err != nil {
				return err
			}
			return all(func(after string, limit int) ([]access.TeamMembership, error) {
				return p.tx.TeamMembers(t.ID, access.UserID(after), limit)
			}, func(m access.TeamMembership) string { return string(m.User) },
				func(m access.TeamMembership) error { return p.each(spice.FoldTeamMembership(m)) })
		})
}

func (p projector) roles() error {
	return all(func(after string, limit int) ([]access.Role, error) {
		return p.tx.Roles(store.RoleFilter{}, access.RoleID(after), limit)
	}, func(r access.Role) string { return string(r.ID) },
		func(r access.Role) error {
			return all(func(after string, limit int) ([]access.UserID, error) {
				return p.tx.RoleAssignees(r.ID, access.UserID(after), limit)
			}, func(u access.UserID) string { return string(u) },
				func(u access.UserID) error {
					return p.each(spice.FoldRoleAssignment(access.RoleAssignment{Role: r.ID, User: u}))
				})
		})
}

func (p projector) groups() error {
	c := &caller{Tx: p.tx}
	return all(func(after string, limit int) ([]access.Group, error) {
		return p.tx.Groups(store.GroupFilter{}, access.GroupID(after), limit)
	}, func(g access.Group) string { return string(g.ID) },
		func(g access.Group) error {
			return all(func(after string, limit int) ([]access.Principal, error) {
				return p.tx.GroupMembers(g.ID, after, limit)
			}, access.Principal.String,
				func(m access.Principal) error {
					rs, err := c.foldEntry(access.GroupMembership{Group: g.ID, Member: m})
					if err != nil {
						return err
					}
					return p.each(rs)
				})
		})
}

func (p projector) chatbots() error {
	c := &caller{Tx: p.tx}
	return all(func(after string, limit int) ([]access.Chatbot, error) {
		return p.tx.Chatbots(store.ChatbotFilter{}, access.ChatbotID(after), limit)
	}, func(b access.Chatbot) string { return string(b.ID) },
		func(b access.Chatbot) error {
			state, err := c.chatbotState(b)
			if err != nil {
				return err
			}
			if err := p.each(spice.FoldChatbot(state)); err != nil {
				return err
			}
			features, err := p.tx.Features(b.ID, "", 0)
			if err != nil {
				return err
			}
			for _, f := range features {
				if err := p.each(spice.FoldFeature(f)); err != nil {
					return err
				}
			}
			if err := all(func(after string, limit int) ([]access.Share, error) { return p.tx.Shares(b.ID, after, limit) },
				func(s access.Share) string { return s.Principal.String() },
				func(s access.Share) error { return p.each(spice.FoldShare(s)) }); err != nil {
				return err
			}
			if err := all(func(after string, limit int) ([]access.APIKey, error) {
				return p.tx.APIKeys(store.APIKeyFilter{Chatbot: b.ID}, access.KeyID(after), limit)
			}, func(k access.APIKey) string { return string(k.ID) },
				func(k access.APIKey) error { return p.each(spice.FoldAPIKey(k)) }); err != nil {
				return err
			}
			return all(func(after string, limit int) ([]access.Row, error) {
				return p.tx.Rows(b.ID, access.UserID(after), limit)
			}, func(r access.Row) string { return string(r.User) },
				func(r access.Row) error {
					rs, err := c.foldRow(r)
					if err != nil {
						return err
					}
					return p.each(rs)
				})
		})
}

func (p projector) resources() error {
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		if err := all(func(after string, limit int) ([]access.Resource, error) {
			return p.tx.Resources(t, store.ResourceFilter{}, after, limit)
		}, func(r access.Resource) string { return r.ID },
			func(r access.Resource) error { return p.each(spice.FoldResource(r)) }); err != nil {
			return err
		}
	}
	return nil
}
