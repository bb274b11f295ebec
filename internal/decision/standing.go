package decision

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// standing is everything the facts say about one user and one chatbot. It explains the engine's decisions, and takes none.
type standing struct {
	bot     access.Chatbot
	who     *person
	role    access.OrgRole  // in the chatbot's organization, or ""
	sources []source        // sources of actions, strongest first
	set     []access.Action // the cells of the row; nil for no row
	row     *access.Row     // decides instead, except for the owner and P2; nil for no row, or one without effect
	asleep  bool            // there is a row, which has no effect under owner_only (M1)
	expired []access.Share  // expired shares (S13)
	outside []access.Share  // shares with groups that list the user and give them nothing (O5)
	veiled  bool            // the reader may not know whether the gates admit the user (C7)
}

// source is one fact that gives actions.
type source struct {
	actions  []access.Action
	because  string         // a sentence, ending with the rule
	through  string         // the same for a list, such as "read_only share with team support"
	lasting  bool           // rows do not narrow it (A1, P2)
	everyone bool           // it is a share with everyone
	witness  spice.Question // the question that confirms it, without the subject
}

func (s source) gives(action access.Action) bool { return slices.Contains(s.actions, action) }

// levelActions is the table of 3.2, with A2.
var levelActions = map[access.Level][]access.Action{
	access.UseOnly:  {access.Interact},
	access.ReadOnly: {access.Interact, access.Read, access.ReadHistory},
	access.ReadWrite: {access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test, access.Deploy,
		access.ManageAccess},
}

// notForClients are the actions that no share gives a client (S12).
var notForClients = []access.Action{access.Deploy, access.ManageAccess}

// ofOwnersOnly are the actions that an organization's admins do not have.
var ofOwnersOnly = []access.Action{access.Transfer, access.Delete}

// roleActions is the table of 3.1, with A2.
func roleActions(v access.Visibility, role access.OrgRole) []access.Action {
	all := access.Actions[access.TypeChatbot]
	switch {
	case v == access.OwnerOnly && role == access.OrgOwner:
		return []access.Action{access.ManageAccess, access.Transfer, access.Delete}
	case v == access.OwnerOnly && role == access.OrgAdmin:
		return []access.Action{access.ManageAccess}
	case v == access.OwnerOnly:
		return nil
	case role == access.OrgOwner:
		return all
	case role == access.OrgAdmin:
		return except(all, ofOwnersOnly)
	case role == access.OrgMember && v == access.OrganizationVisible:
		return except(all, append([]access.Action{access.ManageAccess}, ofOwnersOnly...))
	}
	return nil
}

func except(all, left []access.Action) []access.Action {
	var rest []access.Action
	for _, a := range all {
		if !slices.Contains(left, a) {
			rest = append(rest, a)
		}
	}
	return rest
}

// standing looks up the user's access to the chatbot. It ignores the public link, which works for everyone who presents it.
func (n *userCache) standing(bot access.Chatbot, id access.UserID, now time.Time) (*standing, error) {
	p, err := n.person(id)
	if err != nil {
		return nil, err
	}
	s := &standing{bot: bot, who: p, role: p.roleIn(bot.Organization)}
	owner := bot.Owner == id
	if owner {
		s.sources = append(s.sources, source{
			actions: access.Actions[access.TypeChatbot], because: fmt.Sprintf("%s owns %s (A1)", id, bot.ID), through: "owner of the chatbot", lasting: true,
			witness: spice.Question{Permission: schema.RelOwner, Resource: access.Obj(access.TypeChatbot, bot.ID)},
		})
	}
	if !owner {
		row, ok, err := n.Row(bot.ID, id)
		if err != nil {
			return nil, err
		}
		if ok {
			s.set = row.Actions
		}
		if s.asleep = ok && bot.Visibility == access.OwnerOnly; ok && !s.asleep {
			s.row = &row
		}
	}
	s.addRole()
	if bot.Visibility != access.OwnerOnly { // V1
		if err := s.addShares(n, now); err != nil {
			return nil, err
		}
	}
	s.addPlatformRoles()
	return s, nil
}

// addRole adds the actions from the role in the organization (3.1).
func (s *standing) addRole() {
	actions := roleActions(s.bot.Visibility, s.role)
	if len(actions) == 0 {
		return
	}
	relation := schema.RelStaff
	switch s.role {
	case access.OrgOwner:
		relation = schema.RelOwner
	case access.OrgAdmin:
		relation = schema.RelManager
	}
	s.sources = append(s.sources, source{
		actions: actions,
		because: fmt.Sprintf("%s is %s of %s, and %s is %s (3.1)", s.who.ID, an(s.role), s.bot.Organization, s.bot.ID, visible(s.bot.Visibility)),
		through: fmt.Sprintf("%s of %s (%s)", s.role, s.bot.Organization, s.bot.Visibility),
		witness: spice.Question{Permission: relation, Resource: access.Obj(access.TypeOrganization, s.bot.Organization)},
	})
}

// visible describes a visibility in a sentence.
func visible(v access.Visibility) string {
	if v == access.OrganizationVisible {
		return "visible to its organization"
	}
	return string(v)
}

// addShares adds the actions from shares (3.2).
func (s *standing) addShares(n *userCache, now time.Time) error {
	for _, r := range s.who.reaches {
		share, ok, err := n.Share(s.bot.ID, r.principal)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if share.ExpiredAt(now) {
			s.expired = append(s.expired, share)
			continue
		}
		actions := levelActions[share.Level]
		if s.role == access.OrgClient {
			actions = except(actions, notForClients) // S12
		}
		because := fmt.Sprintf("%s, which has %s on %s (S1)", r.how, share.Level, s.bot.ID)
		witness := r.witness
		switch r.principal.Kind {
		case access.PrincipalUser:
			because = fmt.Sprintf("%s is shared with %s at %s (S1)", s.bot.ID, s.who.ID, share.Level)
			witness = spice.Question{Permission: schema.RelCanInteract, Resource: access.Obj(access.TypeChatbot, s.bot.ID)}
		case access.PrincipalEveryone:
			because = fmt.Sprintf("%s is shared with everyone at %s (S1)", s.bot.ID, share.Level)
			witness = spice.Question{Permission: schema.PermEveryone, Resource: access.PlatformObject}
		case access.PrincipalEmail, access.PrincipalTeam, access.PrincipalOrganization, access.PrincipalRole, access.PrincipalGroup:
		}
		s.sources = append(s.sources, source{
			actions: actions, because: because, through: fmt.Sprintf("%s share with %s", share.Level, s.sharedWith(r.principal)), witness: witness,
			everyone: r.principal == access.Everyone,
		})
	}
	for _, group := range s.who.outside {
		share, ok, err := n.Share(s.bot.ID, access.Principal{Kind: access.PrincipalGroup, ID: string(group)})
		if err != nil {
			return err
		}
		if ok && !share.ExpiredAt(now) {
			s.outside = append(s.outside, share)
		}
	}
	return nil
}

// listedOutside says why a group of the organization that lists the user gives nothing.
func listedOutside(who access.UserID, group string, org access.OrganizationID) string {
	return fmt.Sprintf("%s is listed in group %s, but is outside of %s, which does not share outside (O5)", who, group, org)
}

// sharedWith names a principal that stands for the user, for lists.
func (s *standing) sharedWith(p access.Principal) string {
	switch {
	case p.ID == "":
		return string(p.Kind)
	case p.Kind == access.PrincipalEmail:
		return string(p.Kind) + " " + s.who.address
	}
	return string(p.Kind) + " " + p.ID
}

// addPlatformRoles adds the actions from P1 and P2.
func (s *standing) addPlatformRoles() {
	of := func(role access.PlatformRole) spice.Question {
		return spice.Question{Permission: string(role), Resource: access.PlatformObject}
	}
	if s.who.is(access.SiteAdmin) {
		s.sources = append(s.sources, source{
			actions: roleActions(s.bot.Visibility, access.OrgOwner),
			because: fmt.Sprintf("%s is a site admin, who acts as an owner of %s (P1)", s.who.ID, s.bot.Organization),
			through: "site admin", witness: of(access.SiteAdmin),
		})
	}
	if s.who.is(access.ContentAdmin) {
		s.sources = append(s.sources, source{
			actions: []access.Action{access.ReadHistory}, because: fmt.Sprintf("%s is a content admin, who can read the history of every chatbot (P2)", s.who.ID),
			through: "content admin", lasting: true, witness: of(access.ContentAdmin),
		})
	}
}

// ceiling is the maximum of a row of this user (M1).
func (s *standing) ceiling() []access.Action {
	return spice.RowCeiling(s.role, s.who.is(access.SiteAdmin))
}

// actsAs is the role that counts for a row: owner for a site admin (M1, P1).
func (s *standing) actsAs() access.OrgRole {
	if s.who.is(access.SiteAdmin) {
		return access.OrgOwner
	}
	return s.role
}

// cellOf is the cell of the matrix that decides the action, or "" if none does (A2, M5).
func cellOf(action access.Action) access.Action {
	switch action {
	case access.Interact, access.ReadHistory:
		return access.Read
	case access.ConfigureUI, access.ManageAccess:
		return access.Update
	case access.Transfer:
		return ""
	}
	return action
}

// rowGives reports whether the row gives the action (M1, M5).
func (s *standing) rowGives(action access.Action) bool {
	switch action {
	case access.Transfer:
		return s.actsAs() == access.OrgOwner
	case access.ManageAccess:
		return s.actsAs() == access.OrgOwner || s.role == access.OrgAdmin && slices.Contains(s.row.Actions, access.Update)
	}
	cell := cellOf(action)
	return slices.Contains(s.row.Actions, cell) && slices.Contains(s.ceiling(), cell)
}

// grants lists the sources of the action, without gates.
func (s *standing) grants(action access.Action) []source {
	var all []source
	for _, from := range s.sources {
		if from.gives(action) && (s.row == nil || from.lasting) {
			all = append(all, from)
		}
	}
	if s.row != nil && s.rowGives(action) {
		all = append([]source{s.rowGrant(action)}, all...)
	}
	return all
}

// rowGrant explains how the row gives the action.
func (s *standing) rowGrant(action access.Action) source {
	from := source{witness: spice.Question{Permission: schema.RelRowed, Resource: access.Obj(schema.TypeMatrix, s.bot.ID)}}
	switch cell := cellOf(action); {
	case s.actsAs() == access.OrgOwner && (action == access.ManageAccess || action == access.Transfer):
		from.because = fmt.Sprintf("%s acts as an owner of %s, who keeps %s despite the row (M5)", s.who.ID, s.bot.Organization, action)
	case cell == action:
		from.because = fmt.Sprintf("%s's row on %s has %s (M1)", s.who.ID, s.bot.ID, action)
	case action == access.ReadHistory || action == access.ConfigureUI:
		from.because = fmt.Sprintf("%s's row on %s has %s, which includes %s (M1, A2)", s.who.ID, s.bot.ID, cell, action)
	default:
		from.because = fmt.Sprintf("%s's row on %s has %s, which %s follows (M5)", s.who.ID, s.bot.ID, cell, action)
	}
	return from
}

// lacks explains why nothing gives the action, without gates and link.
func (s *standing) lacks(action access.Action) []string {
	if s.row != nil {
		return []string{s.rowLacks(action)}
	}
	if s.bot.Visibility == access.OwnerOnly {
		return []string{s.ownerOnlyLacks(action)}
	}
	var said []string
	for _, share := range s.expired {
		if slices.Contains(levelActions[share.Level], action) {
			said = append(said, fmt.Sprintf("the %s share with %s expired at %s (S13)", share.Level, s.sharedWith(share.Principal), share.ExpiresAt.UTC().Format(time.RFC3339)))
		}
	}
	for _, share := range s.outside {
		if slices.Contains(levelActions[share.Level], action) {
			said = append(said, listedOutside(s.who.ID, share.Principal.ID, s.bot.Organization))
		}
	}
	switch {
	case slices.Contains(ofOwnersOnly, action):
		said = append(said, fmt.Sprintf("only the owner of %s and the owners of %s have %s (3.1)", s.bot.ID, s.bot.Organization, action))
	case s.role == access.OrgClient && slices.Contains(notForClients, action):
		said = append(said, fmt.Sprintf("%s is a client of %s, and shares never give clients %s (S12)", s.who.ID, s.bot.Organization, action))
	case action == access.Interact:
		said = append(said, fmt.Sprintf("no share, role or link gives %s to %s on %s (3.1, 3.2)", action, s.who.ID, s.bot.ID))
	default:
		said = append(said, fmt.Sprintf("no share or role gives %s to %s on %s (3.1, 3.2)", action, s.who.ID, s.bot.ID))
	}
	return said
}

func (s *standing) rowLacks(action access.Action) string {
	cell := cellOf(action)
	switch {
	case action == access.Transfer:
		return fmt.Sprintf("only the owner of %s and the owners of %s have transfer (A1, M5)", s.bot.ID, s.bot.Organization)
	case action == access.ManageAccess && s.role != access.OrgAdmin:
		return fmt.Sprintf("%s is %s of %s with a row on %s, which leaves no manage_access (M5)", s.who.ID, an(s.role), s.bot.Organization, s.bot.ID)
	case slices.Contains(s.row.Actions, cell):
		return fmt.Sprintf("%s's row on %s has %s, but the ceiling of %s is %s (M2)", s.who.ID, s.bot.ID, cell, an(s.actsAs()), access.Listed(s.ceiling()))
	case action == access.Interact || action == access.ManageAccess:
		return fmt.Sprintf("%s's row on %s has no %s, which %s follows (M1, M5)", s.who.ID, s.bot.ID, cell, action)
	}
	return fmt.Sprintf("%s's row on %s has no %s (M1)", s.who.ID, s.bot.ID, cell)
}

func (s *standing) ownerOnlyLacks(action access.Action) string {
	others := ""
	switch action {
	case access.ManageAccess:
		others = fmt.Sprintf(" and the owners and admins of %s", s.bot.Organization)
	case access.Transfer, access.Delete:
		others = fmt.Sprintf(" and the owners of %s", s.bot.Organization)
	case access.ReadHistory:
		others = " and content admins"
	}
	text := fmt.Sprintf("%s is owner_only, which leaves %s to its owner%s (3.1, V1)", s.bot.ID, action, others)
	if s.asleep {
		text = fmt.Sprintf("%s is owner_only, which leaves %s to its owner%s; the row has no effect (3.1, V1, M1)", s.bot.ID, action, others)
	}
	return text
}

// through lists everything that gives access, or would without the row.
func (s *standing) through() []string {
	var all []string
	if s.set != nil {
		text := "row: " + access.Listed(s.set)
		if len(s.set) == 0 {
			text = "row: nothing"
		}
		if s.asleep {
			text += " (no effect)"
		}
		all = append(all, text)
	}
	for _, from := range s.sources {
		if s.row != nil && !from.lasting {
			all = append(all, from.through+" (overridden by the row)")
			continue
		}
		all = append(all, from.through)
	}
	return all
}

// ownSources reports whether anything other than a share with everyone gives access.
func (s *standing) ownSources() bool {
	return s.row != nil || slices.ContainsFunc(s.sources, func(from source) bool { return !from.everyone })
}

// sentence joins the sentences about one cell.
func sentence(all []string) string { return strings.Join(all, "; ") }
