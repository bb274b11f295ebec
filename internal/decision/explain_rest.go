package decision

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

// onPlatform explains P1–P3.
func (x *explainer) onPlatform(o access.Object, action access.Action, allowed bool) error {
	if o != access.PlatformObject {
		x.stopped("%s", access.NotFound(o).Detail)
		return nil
	}
	roles := []access.PlatformRole{access.SiteAdmin}
	switch action {
	case access.ManageContent:
		roles = append(roles, access.ContentAdmin)
	case access.UseEnhancedFeatures:
		roles = append(roles, access.ContentAdmin, access.ContentUser)
	}
	p, err := x.user()
	if err != nil {
		return err
	}
	if !allowed {
		if p == nil || !slices.ContainsFunc(roles, p.is) {
			x.stopped("%s has none of these roles: %s (P3)", x.who(), access.Listed(roles))
			x.grantable("a site admin")
		}
		return nil
	}
	var found []source
	for _, r := range roles {
		if p != nil && p.is(r) {
			found = append(found, platformSource(p, r, "P3"))
		}
	}
	return x.grantedBy(found)
}

// platformSource is the source for a user with the platform role.
func platformSource(p *person, r access.PlatformRole, rule string) source {
	return source{
		because: fmt.Sprintf("%s is a %s (%s)", p.ID, r, rule),
		witness: spice.Question{Permission: string(r), Resource: access.PlatformObject},
	}
}

// organizationRoles returns the roles that have the action on their organization (section 2).
func organizationRoles(action access.Action) []access.OrgRole {
	switch action {
	case access.Billing, access.Delete:
		return access.OrgRoles[:1]
	case access.Update, access.ManageMembers:
		return access.OrgRoles[:2]
	case access.CreateChatbot:
		return access.OrgRoles[:3]
	}
	return access.OrgRoles
}

// relationOf is the relation with which the engine confirms a role in an organization.
var relationOf = map[access.OrgRole]string{
	access.OrgOwner: schema.RelOwner, access.OrgAdmin: schema.RelManager, access.OrgMember: schema.RelStaff, access.OrgClient: schema.RelClient,
}

// onOrganization explains section 2, P1 and P2.
func (x *explainer) onOrganization(org access.OrganizationID, action access.Action, allowed bool) error {
	o := access.Obj(access.TypeOrganization, org)
	p, err := x.user()
	if err != nil {
		return err
	}
	_, there, err := x.OrganizationOf(o)
	if err != nil {
		return err
	}
	roles := organizationRoles(action)
	var found []source
	if p != nil && there {
		if role := p.roleIn(org); slices.Contains(roles, role) {
			found = append(found, source{
				because: fmt.Sprintf("%s is %s of %s (%s)", p.ID, an(role), org, ruleOf(action)),
				witness: spice.Question{Permission: relationOf[role], Resource: o},
			})
		}
		if p.is(access.SiteAdmin) {
			found = append(found, platformSource(p, access.SiteAdmin, "P1"))
		}
		if p.is(access.ContentAdmin) && action == access.ViewData {
			found = append(found, platformSource(p, access.ContentAdmin, "P2"))
		}
	}
	switch {
	case allowed:
		return x.grantedBy(found)
	case !there:
		x.stopped("%s", access.NotFound(o).Detail)
	case len(found) > 0: // the engine disagrees
	default:
		x.stopped("%s has none of these roles in %s: %s (%s)", x.who(), org, access.Listed(roles), ruleOf(action))
		switch {
		case p == nil:
		case len(roles) == 1:
			x.grantable("an owner of "+string(org), "a site admin")
		default:
			x.grantable("an owner or admin of "+string(org), "a site admin")
		}
	}
	return nil
}

// ruleOf is the rule for what a role can do on its organization.
func ruleOf(action access.Action) string {
	if action == access.ViewData {
		return "E1"
	}
	return "section 2"
}

// onTeam explains T1.
func (x *explainer) onTeam(o access.Object, allowed bool) error {
	org, there, err := x.OrganizationOf(o)
	if err != nil {
		return err
	}
	if !there {
		x.stopped("%s", access.NotFound(o).Detail)
		return nil
	}
	p, err := x.user()
	if err != nil {
		return err
	}
	var found []source
	if p != nil {
		m, _, err := x.TeamMembership(access.TeamID(o.ID), p.ID)
		if err != nil {
			return err
		}
		if m.Role == access.TeamAdmin {
			found = append(found, source{
				because: fmt.Sprintf("%s is an admin of team %s (T1)", p.ID, o.ID),
				witness: spice.Question{Permission: schema.RelAdmin, Resource: o},
			})
		}
		if role := p.roleIn(org); role == access.OrgOwner || role == access.OrgAdmin {
			found = append(found, source{
				because: fmt.Sprintf("%s is %s of %s, the organization of team %s (T1)", p.ID, an(role), org, o.ID),
				witness: spice.Question{Permission: schema.RelManager, Resource: access.Obj(access.TypeOrganization, org)},
			})
		}
		if p.is(access.SiteAdmin) {
			found = append(found, platformSource(p, access.SiteAdmin, "P1"))
		}
	}
	if allowed {
		return x.grantedBy(found)
	}
	if len(found) == 0 {
		x.stopped("%s is not an admin of team %s, and not an owner or admin of %s (T1)", x.who(), o.ID, org)
		if p != nil {
			x.grantable("an admin of team "+o.ID, "an owner or admin of "+string(org))
		}
	}
	return nil
}

// decides asks the engine about an action on the chatbot on which a decision depends.
func (x *explainer) decides(bot access.Chatbot, action access.Action) (bool, error) {
	return x.confirms(spice.Question{Permission: string(action), Resource: access.Obj(access.TypeChatbot, bot.ID)})
}

// onHanging explains a document, an MCP server or a metric (R1, R2).
func (x *explainer) onHanging(o access.Object, allowed bool) error {
	res, there, err := x.Resource(o.Type, o.ID)
	if err != nil {
		return err
	}
	bot, ok, err := x.Chatbot(res.Chatbot)
	if err != nil {
		return err
	}
	if !there || !ok {
		x.stopped("%s", access.NotFound(o).Detail)
		return nil
	}
	if allowed {
		updates, err := x.decides(bot, access.Update)
		if err != nil {
			return err
		}
		if updates {
			if err := x.onChatbot(bot, access.Update, true); err != nil {
				return err
			}
			x.because("update on %s includes %s (R2)", bot.ID, x.it.req.Action.Name)
			return nil
		}
	}
	interacts, err := x.decides(bot, access.Interact)
	if err != nil {
		return err
	}
	if interacts == allowed || !interacts {
		if err := x.onChatbot(bot, access.Interact, interacts); err != nil {
			return err
		}
	}
	listed, err := x.listed(res)
	if err != nil {
		return err
	}
	switch {
	case allowed && listed != "":
		x.because("%s (R1)", listed)
	case !allowed && listed == "":
		return x.notListed(bot, res)
	}
	return nil
}

// listed returns how the resource admits the subject, or "" (R1, R2).
func (x *explainer) listed(res access.Resource) (string, error) {
	name := access.Object{Type: res.Type, ID: res.ID}
	switch res.Mode {
	case access.ModePublic:
		return fmt.Sprintf("%s is public: everyone with interact has it", name), nil
	case access.ModeAuthenticated:
		if x.it.subject.Type == access.TypeVisitor {
			return "", nil
		}
		return fmt.Sprintf("%s is for all logged-in users", name), nil
	case access.ModeRestricted:
	}
	p, err := x.user()
	if err != nil || p == nil {
		return "", err
	}
	for _, principal := range res.Allowed {
		r, ok := p.reachedBy(principal)
		if !ok {
			continue
		}
		if r.how == "" {
			return fmt.Sprintf("%s is on the list of %s", p.ID, name), nil
		}
		if confirmed, err := x.confirms(r.witness); err != nil || confirmed {
			return fmt.Sprintf("%s, which is on the list of %s", r.how, name), err
		}
	}
	return "", nil
}

func (x *explainer) notListed(bot access.Chatbot, res access.Resource) error {
	name := access.Object{Type: res.Type, ID: res.ID}
	if res.Mode == access.ModeAuthenticated {
		x.stopped("%s is only for logged-in users (R1)", name)
		return nil
	}
	x.stopped("%s is restricted, and %s is not on its list (R1)", name, x.who())
	p, err := x.user()
	if err != nil || p == nil {
		return err
	}
	for _, principal := range res.Allowed {
		if principal.Kind == access.PrincipalGroup && slices.Contains(p.outside, access.GroupID(principal.ID)) {
			x.stopped("%s", listedOutside(p.ID, principal.ID, bot.Organization))
		}
	}
	x.grantable("those who may update " + string(bot.ID))
	return nil
}

// onFeature explains F1.
func (x *explainer) onFeature(o access.Object, allowed bool) error {
	id, name, ok := splitFeature(o.ID)
	if !ok {
		x.stopped("%s", access.NotFound(o).Detail)
		return nil
	}
	bot, ok, err := x.Chatbot(id)
	if err != nil || !ok {
		x.stopped("%s", access.NotFound(o).Detail)
		return err
	}
	f, set, err := x.Feature(id, name)
	if err != nil {
		return err
	}
	interacts, err := x.decides(bot, access.Interact)
	if err != nil {
		return err
	}
	if interacts == allowed || !interacts {
		if err := x.onChatbot(bot, access.Interact, interacts); err != nil {
			return err
		}
	}
	if allowed {
		x.because("feature %s of %s is on (F1)", name, bot.ID)
		if f.AllowedRoles != nil || f.UserTypes != nil {
			x.because("%s meets the conditions of feature %s (F1)", x.who(), name)
		}
		if len(f.Limits) > 0 {
			x.because("all values are within the limits of feature %s (F1)", name)
		}
		return nil
	}
	before := len(x.said.StoppedBy)
	if !set || !f.Enabled {
		x.stopped("feature %s of %s is off (F1)", name, bot.ID)
	}
	if err := x.featureConditions(f); err != nil {
		return err
	}
	if len(x.said.StoppedBy) > before {
		x.grantable("those who may update " + string(bot.ID))
	}
	for _, value := range x.it.limited.missing {
		x.stopped("needs %s (F1)", value)
	}
	for _, value := range x.it.limited.negative {
		x.stopped("%s %s is below 0 (F1)", value, number(x.it.req.Action.Properties[value]))
	}
	for _, value := range x.it.limited.exceeded {
		x.stopped("%s %s exceeds %s%s %s (F1)",
			value, number(x.it.req.Action.Properties[value]), limitPrefix, value, number(f.Limits[limitPrefix+value]))
	}
	return nil
}

// featureConditions adds the conditions of a feature that the subject does not meet.
func (x *explainer) featureConditions(f access.Feature) error {
	p, err := x.user()
	if err != nil {
		return err
	}
	switch {
	case f.AllowedRoles == nil:
	case len(f.AllowedRoles) == 0:
		x.stopped("feature %s: all roles it allowed were deleted, so nobody passes (F1, G8)", f.Name)
	case p == nil:
		x.stopped("feature %s: %s holds no role (F1)", f.Name, x.who())
	case !slices.ContainsFunc(f.AllowedRoles, p.holds):
		x.stopped("feature %s: %s holds none of its allowed roles (F1)", f.Name, p.ID)
	}
	switch {
	case f.UserTypes == nil:
	case p == nil:
		x.stopped("feature %s: %s has no user type (F1)", f.Name, x.who())
	case !slices.Contains(f.UserTypes, p.userType()):
		x.stopped("feature %s: %s is %s (F1)", f.Name, p.ID, p.userType())
	}
	return nil
}

// number formats a number for people.
func number(v any) string {
	n, _ := v.(float64)
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// managers names who could change who has what on the chatbot.
func managers(bot access.Chatbot, ownersOnly bool) []string {
	whose := "an owner or admin of "
	if ownersOnly || bot.Visibility == access.OwnerOnly { // A3
		whose = "an owner of "
	}
	if bot.Owner == "" {
		return []string{whose + string(bot.Organization)}
	}
	return []string{fmt.Sprintf("%s, who owns %s", bot.Owner, bot.ID), whose + string(bot.Organization)}
}
