package spice

import (
	"slices"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// A fact is folded into everything that it implies, so that a decision reads one relation. No two facts imply the same relationship
// (resource, relation and subject), so that removing one never takes away what another gives:
//
//	fact                        is written as
//	----                        -------------
//	the platform                platform:main #anyone @user:*, #site_admin @service:main; gate:open, which everybody passes
//	user                        platform #internal, #inactive; email:a #holder, email_domain:d #holder, of a verified address
//	platform role               platform #site_admin, #content_admin or #content_user
//	organization                #platform; #manager @platform#site_admin (P1) and @service (B3)
//	membership: owner           organization #owner #manager #staff #person
//	            admin                        #manager #staff #person
//	            member                       #staff #person
//	            client                       #client #person
//	team                        #organization
//	team membership             #member, and #admin of an admin
//	nested team                 outer #member @inner#member
//	role, group membership      #assignee; #member
//	chatbot                     #organization, #owner; the owner also #can_interact #can_read #can_update #can_deploy
//	  visibility shared         these four @organization#manager
//	  visibility organization   these four @organization#manager and @organization#insider
//	  link authenticated        #can_interact @platform#logged_in [link_presented]
//	  link everyone             the same, and @visitor:* [link_presented]
//	  enabled (G1)              #entrance: the gatehouses if there are gates, else the matrix if there are rows, else itself
//	  rows                      #rulebook: the matrix if there are rows, else itself; matrix #chatbot
//	                            (under owner_only rows are asleep: neither pointer names the matrix)
//	  gates                     gatehouse #beyond, #exempt, one #gate for each gate and for each required role; gate #passer, #denied
//	                            (more email domains than one caveat takes are split among several gatehouses; passing one is enough)
//	share: use_only             #can_interact
//	       read_only            #can_interact #can_read
//	       read_write           #can_interact #can_read #can_update #read_write, each with not_expired if it ends
//	row                         matrix #rowed, and #row_… for each cell below the ceiling; #row_manage_access (M5)
//	document, server, metric    #chatbot, #viewer
//	feature                     #enabled while it is on [within_limits]; #condition: one gate each, or gate:open

// The ID of the service that acts as a site admin, and the prefix of those that act as an organization's admin.
const (
	platformService     = access.Platform
	organizationService = "organization/"
)

// openGate is the one gate that everybody passes.
const openGate = "open"

func serviceOf(org access.OrganizationID) *v1.SubjectReference {
	return sub(&v1.ObjectReference{ObjectType: schema.TypeService, ObjectId: organizationService + Encode(string(org))})
}

// FoldPlatform is what holds before the first fact.
func FoldPlatform() Relationships {
	open := &v1.ObjectReference{ObjectType: schema.TypeGate, ObjectId: openGate}
	return Relationships{
		rel(platform(), schema.RelAnyone, all(access.TypeUser)),
		rel(platform(), string(access.SiteAdmin), sub(object(schema.TypeService, platformService))),
		rel(open, schema.RelPasser, all(access.TypeUser)),
		rel(open, schema.RelPasser, all(access.TypeVisitor)),
		rel(open, schema.RelPasser, all(access.TypeAPIKey)),
	}
}

// FoldUser is what a user implies. One who is gone implies only that (N2).
func FoldUser(u access.User) Relationships {
	if u.Gone() {
		return Relationships{rel(platform(), schema.RelInactive, user(u.ID))}
	}
	var rs Relationships
	if u.Type == access.Internal {
		rs = append(rs, rel(platform(), schema.RelInternal, user(u.ID)))
	}
	if e := u.Verified(); e != "" {
		rs = append(rs,
			rel(object(schema.TypeEmail, e), schema.RelHolder, user(u.ID)),
			rel(object(schema.TypeEmailDomain, e.Domain()), schema.RelHolder, user(u.ID)))
	}
	return rs
}

// FoldPlatformGrant is what a platform role implies.
func FoldPlatformGrant(g access.PlatformGrant) Relationships {
	return Relationships{rel(platform(), string(g.Role), user(g.User))}
}

// FoldOrganization is what an organization implies.
func FoldOrganization(o access.Organization) Relationships {
	org := object(access.TypeOrganization, o.ID)
	return Relationships{
		rel(org, schema.RelPlatform, sub(platform())),
		rel(org, schema.RelManager, set(platform(), string(access.SiteAdmin))),
		rel(org, schema.RelManager, serviceOf(o.ID)),
	}
}

// FoldMembership is what a role in an organization implies.
func FoldMembership(m access.Membership) Relationships {
	relations := map[access.OrgRole][]string{
		access.OrgOwner:  {schema.RelOwner, schema.RelManager, schema.RelStaff, schema.RelPerson},
		access.OrgAdmin:  {schema.RelManager, schema.RelStaff, schema.RelPerson},
		access.OrgMember: {schema.RelStaff, schema.RelPerson},
		access.OrgClient: {schema.RelClient, schema.RelPerson},
	}[m.Role]
	return each(object(access.TypeOrganization, m.Organization), relations, user(m.User))
}

// FoldTeam is what a team implies.
func FoldTeam(t access.Team) Relationships {
	return Relationships{rel(object(access.TypeTeam, t.ID), schema.RelOrganization, sub(object(access.TypeOrganization, t.Organization)))}
}

// FoldTeamMembership is what a role in a team implies.
func FoldTeamMembership(m access.TeamMembership) Relationships {
	team := object(access.TypeTeam, m.Team)
	rs := Relationships{rel(team, schema.RelMember, user(m.User))}
	if m.Role == access.TeamAdmin {
		rs = append(rs, rel(team, schema.RelAdmin, user(m.User)))
	}
	return rs
}

// FoldTeamNesting is what a team in a team implies.
func FoldTeamNesting(n access.TeamNesting) Relationships {
	return Relationships{rel(object(access.TypeTeam, n.Outer), schema.RelMember, set(object(access.TypeTeam, n.Inner), schema.RelMember))}
}

// FoldRoleAssignment is what holding a role implies.
func FoldRoleAssignment(a access.RoleAssignment) Relationships {
	return Relationships{rel(object(access.TypeRole, a.Role), schema.RelAssignee, user(a.User))}
}

// FoldGroupMembership is what being on a group's list implies.
func FoldGroupMembership(m access.GroupMembership) Relationships {
	return Relationships{rel(object(access.TypeGroup, m.Group), schema.RelMember, principal(m.Member))}
}

// FoldShare is what a share implies. The engine decides its expiry (S13).
func FoldShare(s access.Share) Relationships {
	relations := map[access.Level][]string{
		access.UseOnly:   {schema.RelCanInteract},
		access.ReadOnly:  {schema.RelCanInteract, schema.RelCanRead},
		access.ReadWrite: {schema.RelCanInteract, schema.RelCanRead, schema.RelCanUpdate, schema.RelReadWrite},
	}[s.Level]
	bot, subject := object(access.TypeChatbot, s.Chatbot), principal(s.Principal)
	var rs Relationships
	for _, relation := range relations {
		rs = append(rs, rel(bot, relation, subject, notExpired(s.ExpiresAt)))
	}
	return rs
}

// FoldRow is what a row implies for a member of that role, who may also be a site admin (M1, M5). A holder without a role in the chatbot's
// organization can have no row (M7); should there be one, it gives nothing.
func FoldRow(r access.Row, role access.OrgRole, siteAdmin bool) Relationships {
	cells := map[access.Action]string{
		access.Read:   schema.RelRowRead,
		access.Update: schema.RelRowUpdate,
		access.Deploy: schema.RelRowDeploy,
		access.Delete: schema.RelRowDelete,
		access.Test:   schema.RelRowTest,
	}
	matrix := object(schema.TypeMatrix, r.Chatbot)
	rs := Relationships{rel(matrix, schema.RelRowed, user(r.User))}
	ceiling := RowCeiling(role, siteAdmin)
	for _, action := range access.RowActions {
		if slices.Contains(r.Actions, action) && slices.Contains(ceiling, action) {
			rs = append(rs, rel(matrix, cells[action], user(r.User)))
		}
	}
	ownerLike := siteAdmin || role == access.OrgOwner
	if ownerLike || role == access.OrgAdmin && slices.Contains(r.Actions, access.Update) {
		rs = append(rs, rel(matrix, schema.RelRowManageAccess, user(r.User)))
	}
	return rs
}

// RowCeiling is the most that a row gives to a member of that role; a site admin's ceiling is an owner's (M1).
func RowCeiling(role access.OrgRole, siteAdmin bool) []access.Action {
	if siteAdmin && role != "" {
		role = access.OrgOwner
	}
	return access.Ceiling(role)
}

// FoldResource is what a document, an MCP server or a metric implies.
func FoldResource(r access.Resource) Relationships {
	res := object(r.Type, r.ID)
	rs := Relationships{rel(res, schema.RelChatbot, sub(object(access.TypeChatbot, r.Chatbot)))}
	switch r.Mode {
	case access.ModePublic:
		rs = append(rs, rel(res, schema.RelViewer, all(access.TypeVisitor)))
		fallthrough
	case access.ModeAuthenticated:
		rs = append(rs, rel(res, schema.RelViewer, all(access.TypeUser)), rel(res, schema.RelViewer, all(access.TypeAPIKey)))
	case access.ModeRestricted:
		for _, p := range r.Allowed {
			rs = append(rs, rel(res, schema.RelViewer, principal(p)))
		}
	}
	return rs
}

// principal is a share's or a list's principal as a subject.
func principal(p access.Principal) *v1.SubjectReference {
	switch p.Kind {
	case access.PrincipalUser:
		return user(access.UserID(p.ID))
	case access.PrincipalEmail:
		return set(object(schema.TypeEmail, p.ID), schema.RelHolder)
	case access.PrincipalTeam:
		return set(object(access.TypeTeam, p.ID), schema.RelMember)
	case access.PrincipalOrganization:
		return set(object(access.TypeOrganization, p.ID), schema.RelStaff)
	case access.PrincipalRole:
		return set(object(access.TypeRole, p.ID), schema.RelAssignee)
	case access.PrincipalGroup:
		return set(object(access.TypeGroup, p.ID), schema.RelMember)
	case access.PrincipalEveryone:
		return set(platform(), schema.PermEveryone)
	}
	panic("a principal of no kind") // a defect: principals are made by access.ParsePrincipal
}

func each(resource *v1.ObjectReference, relations []string, subject *v1.SubjectReference) Relationships {
	var rs Relationships
	for _, relation := range relations {
		rs = append(rs, rel(resource, relation, subject))
	}
	return rs
}
