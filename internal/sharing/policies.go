package sharing

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// MaxGateEntries is the maximum number of entries of a gate (G8).
const MaxGateEntries = 1000

// PolicyPatch is the body of a PUT on a chatbot's gates (3.5).
type PolicyPatch struct {
	Enabled       access.Optional[bool]
	EmailDomains  access.Optional[[]string]
	UserTypes     access.Optional[[]access.UserType]
	Entities      access.Optional[[]access.OrganizationID]
	AllowedRoles  access.Optional[[]string]
	RequiredRoles access.Optional[[]string]
	AllowedUsers  access.Optional[[]access.UserID]
	DeniedUsers   access.Optional[[]access.UserID]
}

// Gates is a chatbot's gates: whether it is enabled at all (G1), and the others (G2–G8).
type Gates struct {
	Enabled bool
	Policy  access.Policy
}

// PolicyResult is a chatbot's gates after a change.
type PolicyResult struct {
	Change
	Gates
}

// Policy reads a chatbot's gates. They name people, so reading them needs manage_access.
func (s *Service) Policy(ctx context.Context, actor access.Actor, bot access.ChatbotID) (g Gates, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		b, err := c.loadManaged(bot)
		if err != nil {
			return withRule(err, "A3")
		}
		g.Enabled = b.Enabled
		g.Policy, _, err = c.Policy(bot)
		return err
	})
	return g, err
}

// PutPolicy sets and unsets gates (G1–G8).
func (s *Service) PutPolicy(ctx context.Context, actor access.Actor, bot access.ChatbotID, p PolicyPatch) (r PolicyResult, err error) {
	r.Change, err = s.change(ctx, actor, "policy.put", access.Obj(access.TypeChatbot, bot), func(c *change) (err error) {
		r.Enabled, r.Policy, err = c.putPolicy(bot, p)
		return err
	})
	return r, err
}

// gates is everything that decides who can interact at all, as the record shows it.
type gates struct {
	Enabled bool `json:"enabled"`
	access.Policy
}

func (c *change) putPolicy(bot access.ChatbotID, p PolicyPatch) (bool, access.Policy, error) {
	b, err := c.loadManaged(bot)
	if err != nil {
		return false, access.Policy{}, withRule(err, "A3")
	}
	old, _, err := c.Policy(bot)
	if err != nil {
		return false, old, err
	}
	old.Chatbot = bot
	now := old
	now.EmailDomains = p.EmailDomains.Or(old.EmailDomains, nil)
	now.UserTypes = p.UserTypes.Or(old.UserTypes, nil)
	now.Entities = p.Entities.Or(old.Entities, nil)
	now.AllowedRoles = p.AllowedRoles.Or(old.AllowedRoles, nil)
	now.RequiredRoles = p.RequiredRoles.Or(old.RequiredRoles, nil)
	now.AllowedUsers = p.AllowedUsers.Or(old.AllowedUsers, nil)
	now.DeniedUsers = p.DeniedUsers.Or(old.DeniedUsers, nil)
	enabled := p.Enabled.Or(b.Enabled, true)
	if err := c.judgePolicy(b, &now, p); err != nil {
		return enabled, now, err
	}
	if reflect.DeepEqual(now, old) && enabled == b.Enabled {
		return enabled, now, nil
	}
	err = c.aroundChatbot(bot, func(b *access.Chatbot) error {
		b.Enabled = enabled
		if now.Empty() {
			return c.DeletePolicy(bot)
		}
		return c.PutPolicy(now)
	})
	c.state(gates{b.Enabled, old}, gates{enabled, now})
	return enabled, now, err
}

// judgePolicy refuses empty lists and unknown names (G8), and the owner in the deny list (G7). It checks only fields of the patch: a list that a
// deletion emptied may stay.
func (c *change) judgePolicy(b access.Chatbot, now *access.Policy, p PolicyPatch) error {
	for _, gate := range []struct {
		field string
		sent  bool
		size  int
	}{
		{"email_domains", p.EmailDomains.Set && !p.EmailDomains.Null, len(now.EmailDomains)},
		{"user_types", p.UserTypes.Set && !p.UserTypes.Null, len(now.UserTypes)},
		{"entities", p.Entities.Set && !p.Entities.Null, len(now.Entities)},
		{"allowed_roles", p.AllowedRoles.Set && !p.AllowedRoles.Null, len(now.AllowedRoles)},
		{"required_roles", p.RequiredRoles.Set && !p.RequiredRoles.Null, len(now.RequiredRoles)},
		{"allowed_users", p.AllowedUsers.Set && !p.AllowedUsers.Null, len(now.AllowedUsers)},
		{"denied_users", p.DeniedUsers.Set && !p.DeniedUsers.Null, len(now.DeniedUsers)},
	} {
		if gate.sent && gate.size == 0 {
			return fieldError("G8", "/"+gate.field, "an empty list would admit nobody; use null to unset the gate")
		}
		if gate.sent && gate.size > MaxGateEntries {
			return fieldError("G8", "/"+gate.field, fmt.Sprintf("a gate can have at most %d entries", MaxGateEntries))
		}
	}
	state := spice.ChatbotState{Chatbot: b, Policy: *now}
	if (p.EmailDomains.Set || p.RequiredRoles.Set) && state.Gates() > spice.MostGates {
		return fieldError("G8", "/required_roles", "too many roles for so many email domains: each required role is checked with each part of that list")
	}
	if p.EmailDomains.Set {
		now.EmailDomains = slices.Clone(now.EmailDomains)
	}
	for i, d := range now.EmailDomains {
		domain, err := access.ParseDomain(d)
		if err != nil {
			return fieldError("G2", fmt.Sprintf("/email_domains/%d", i), fmt.Sprintf("%q is not a domain", d))
		}
		now.EmailDomains[i] = domain
	}
	for i, o := range p.Entities.Value {
		if _, ok, err := c.Organization(o); err != nil || !ok {
			return firstError(err, missing("G4", "entities", i, string(o)))
		}
	}
	if err := c.rolesExist(b, "G5", "allowed_roles", p.AllowedRoles.Value); err != nil {
		return err
	}
	if err := c.rolesExist(b, "G5", "required_roles", p.RequiredRoles.Value); err != nil {
		return err
	}
	for i, u := range p.AllowedUsers.Value {
		if _, err := c.activeUser(u, "G6"); err != nil {
			return firstError(ignoreKind(err, access.KindUnprocessable), missing("G6", "allowed_users", i, string(u)))
		}
	}
	for i, u := range p.DeniedUsers.Value {
		if u == b.Owner {
			return fieldError("G7", fmt.Sprintf("/denied_users/%d", i), "the chatbot's owner cannot be denied")
		}
		if _, err := c.activeUser(u, "G7"); err != nil {
			return firstError(ignoreKind(err, access.KindUnprocessable), missing("G7", "denied_users", i, string(u)))
		}
	}
	return nil
}

// rolesExist refuses unknown roles; platform roles always exist (G5, G8). To the actor, only roles of the chatbot's own organization and roles that
// the actor sees exist (C6).
func (c *change) rolesExist(b access.Chatbot, rule, field string, roles []string) error {
	for i, r := range roles {
		if _, ok := access.PlatformRoleOf(r); ok {
			continue
		}
		role, ok, err := c.Role(access.RoleID(r))
		if err == nil && ok && role.Organization != b.Organization {
			ok, err = c.sees(access.Obj(access.TypeRole, role.ID))
		}
		if err != nil || !ok {
			return firstError(err, missing(rule, field, i, r))
		}
	}
	return nil
}

func missing(rule, field string, i int, id string) *access.Error {
	detail := fmt.Sprintf("%q does not exist", id)
	return &access.Error{
		Kind: access.KindUnprocessable, Rule: rule, Detail: detail,
		Fields: []access.FieldError{{Pointer: fmt.Sprintf("/%s/%d", field, i), Detail: detail}},
	}
}

// ignoreKind returns err, or nil if it is of that kind.
func ignoreKind(err error, kind access.Kind) error {
	if access.KindOf(err) == kind {
		return nil
	}
	return err
}
