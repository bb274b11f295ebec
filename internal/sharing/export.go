package sharing

import (
	"context"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// exportPage is the number of facts that an export reads at a time.
const exportPage = 500

// ExportQuery selects the contents of an export.
type ExportQuery struct {
	Kinds   []Kind // nil for all
	People  bool   // memberships carry address, name and type of the user
	Ungated bool   // leaves out chatbots whose policy narrows access, and everything that names them: for formats that cannot express policies
}

// Export passes all facts, as of one moment, to each, as rows that Import accepts, in an order in which rows come after those they depend on. A
// chatbot is followed by its gates, features, matrix, public link, shares and API keys, in this order. Keys and links are represented by their
// digests, never by secrets. It leaves out facts without effect: expired shares and keys, ended requests and invitations, cells of rows above their
// ceiling (M2), shares with the address of the chatbot's owner (S2).
//
// It needs an unconfined full key, to which no organization's IP ranges apply (B4).
func (s *Service) Export(ctx context.Context, actor access.Actor, q ExportQuery, each func(Row) error) error {
	if err := s.mustRestore(ctx, actor, "export", "an export needs"); err != nil {
		return err
	}
	return s.snapshot(ctx, actor, func(c *caller) error {
		e := &exporting{caller: c, query: q, give: each}
		for _, part := range []func() error{e.people, e.roles, e.teams, e.assignments, e.chatbots, e.resources, e.accountKeys, e.requests, e.invitations, e.takenAway} {
			if err := part(); err != nil {
				return err
			}
		}
		return nil
	})
}

type exporting struct {
	*caller
	query ExportQuery
	give  func(Row) error

	hashed bool // the hash keys of the digests were written
}

// wants reports whether rows of one of the kinds were requested.
func (e *exporting) wants(kinds ...Kind) bool {
	return e.query.Kinds == nil || slices.ContainsFunc(kinds, func(k Kind) bool { return slices.Contains(e.query.Kinds, k) })
}

// row writes a row, unless its kind was not requested. Before the first row with a digest, it writes the identification of the hash key.
func (e *exporting) row(r Row) error {
	if !e.wants(r.Kind()) {
		return nil
	}
	switch r.(type) {
	case *APIKeyRow, *AccountKeyRow, *InvitationRow:
		if !e.hashed && e.wants(KindHashKey) {
			e.hashed = true
			if err := eachFact(e.s.secrets.Checks(), func(check string) error { return e.give(&HashKeyRow{Value: check}) }); err != nil {
				return err
			}
		}
	}
	return e.give(r)
}

// paged reads a list to its end, page by page.
func paged[T any](fetch func(after string) ([]T, error), key func(T) string, each func(T) error) error {
	after := ""
	for {
		facts, err := fetch(after)
		if err != nil {
			return err
		}
		if err := eachFact(facts, each); err != nil {
			return err
		}
		if len(facts) < exportPage {
			return nil
		}
		after = key(facts[len(facts)-1])
	}
}

func (c *caller) eachOrganization(each func(access.Organization) error) error {
	return paged(
		func(after string) ([]access.Organization, error) {
			return c.Organizations(access.OrganizationID(after), exportPage)
		},
		func(o access.Organization) string { return string(o.ID) }, each)
}

func (e *exporting) people() error {
	if e.wants(KindUser) {
		err := paged(
			func(after string) ([]access.User, error) {
				return e.Users(store.UserFilter{IncludeDeleted: true}, access.UserID(after), exportPage)
			},
			func(u access.User) string { return string(u.ID) },
			func(u access.User) error { return e.row(userRow(u)) })
		if err != nil {
			return err
		}
	}
	if err := e.eachOrganization(e.organization); err != nil {
		return err
	}
	if e.wants(KindMembership) {
		if err := e.eachOrganization(e.members); err != nil {
			return err
		}
	}
	grants, err := e.AllPlatformGrants()
	if err != nil {
		return err
	}
	return eachFact(grants, func(g access.PlatformGrant) error { return e.row(&PlatformRoleRow{Role: g.Role, User: g.User}) })
}

func userRow(u access.User) *UserRow {
	if u.Deleted {
		return &UserRow{User: u.ID, Deleted: true, TokensAfter: u.TokensAfter}
	}
	r := &UserRow{User: u.ID, Email: u.Email, Name: u.Name, Type: u.Type, Organization: u.Organization, TokensAfter: u.TokensAfter}
	if u.EmailVerified {
		r.EmailVerified = &u.EmailVerified
	}
	if !u.Active {
		r.Active = &u.Active
	}
	return r
}

func (e *exporting) organization(o access.Organization) error {
	if !e.wants(KindOrganization) {
		return nil
	}
	owners, err := e.MembersWithRole(o.ID, access.OrgOwner, 1)
	if err != nil {
		return err
	}
	return e.row(&OrganizationRow{
		Organization: o.ID, Ownerless: len(owners) == 0, Name: o.Name, PublicAccess: o.PublicAccess, OutsideSharing: &o.OutsideSharing,
		AllowedIPs: o.AllowedIPs,
	})
}

func (e *exporting) members(o access.Organization) error {
	return paged(
		func(after string) ([]access.Membership, error) {
			return e.Members(o.ID, access.UserID(after), exportPage)
		},
		func(m access.Membership) string { return string(m.User) },
		func(m access.Membership) error {
			r := &MembershipRow{Organization: m.Organization, User: m.User, Role: m.Role, Source: m.Source, Since: m.Since}
			if e.query.People {
				u, _, err := e.User(m.User)
				if err != nil {
					return err
				}
				r.Email, r.Name, r.Type = u.Email, u.Name, u.Type
			}
			return e.row(r)
		})
}

func (e *exporting) roles() error {
	if e.wants(KindRole) {
		if err := e.eachRole(func(r access.Role) error {
			return e.row(&RoleRow{Role: r.ID, Organization: r.Organization, Name: r.Name})
		}); err != nil {
			return err
		}
	}
	if !e.wants(KindGroup) {
		return nil
	}
	return e.eachGroup(func(g access.Group) error {
		return e.row(&GroupRow{Group: g.ID, Organization: g.Organization, Name: g.Name})
	})
}

func (e *exporting) eachRole(each func(access.Role) error) error {
	return paged(
		func(after string) ([]access.Role, error) {
			return e.Roles(store.RoleFilter{}, access.RoleID(after), exportPage)
		},
		func(r access.Role) string { return string(r.ID) }, each)
}

func (e *exporting) eachGroup(each func(access.Group) error) error {
	return paged(
		func(after string) ([]access.Group, error) {
			return e.Groups(store.GroupFilter{}, access.GroupID(after), exportPage)
		},
		func(g access.Group) string { return string(g.ID) }, each)
}

func (e *exporting) eachTeam(each func(access.Team) error) error {
	return paged(
		func(after string) ([]access.Team, error) {
			return e.Teams(store.TeamFilter{}, access.TeamID(after), exportPage)
		},
		func(t access.Team) string { return string(t.ID) }, each)
}

func (e *exporting) teams() error {
	if !e.wants(KindTeam, KindTeamMember, KindTeamNesting) {
		return nil
	}
	if err := e.eachTeam(func(t access.Team) error {
		return e.row(&TeamRow{Team: t.ID, Organization: t.Organization, Name: t.Name})
	}); err != nil {
		return err
	}
	return e.eachTeam(func(t access.Team) error {
		err := paged(
			func(after string) ([]access.TeamMembership, error) {
				return e.TeamMembers(t.ID, access.UserID(after), exportPage)
			},
			func(m access.TeamMembership) string { return string(m.User) },
			func(m access.TeamMembership) error {
				return e.row(&TeamMemberRow{Team: t.ID, Organization: t.Organization, User: m.User, Role: m.Role})
			})
		if err != nil {
			return err
		}
		inner, err := e.InnerTeams(t.ID)
		if err != nil {
			return err
		}
		return eachFact(inner, func(in access.TeamID) error { return e.row(&TeamNestingRow{Team: t.ID, Inner: in}) })
	})
}

func (e *exporting) assignments() error {
	if e.wants(KindRoleAssignment) {
		err := e.eachRole(func(r access.Role) error {
			return paged(
				func(after string) ([]access.UserID, error) {
					return e.RoleAssignees(r.ID, access.UserID(after), exportPage)
				},
				func(u access.UserID) string { return string(u) },
				func(u access.UserID) error { return e.row(&RoleAssignmentRow{Role: r.ID, User: u}) })
		})
		if err != nil {
			return err
		}
	}
	if !e.wants(KindGroupMember) {
		return nil
	}
	return e.eachGroup(func(g access.Group) error {
		return paged(
			func(after string) ([]access.Principal, error) { return e.GroupMembers(g.ID, after, exportPage) },
			access.Principal.String,
			func(p access.Principal) error { return e.row(&GroupMemberRow{Group: g.ID, Principal: p}) })
	})
}
