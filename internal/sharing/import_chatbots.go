package sharing

import (
	"cmp"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// ChatbotRow is a chatbot.
type ChatbotRow struct {
	Chatbot      access.ChatbotID      `json:"chatbot"`
	Organization access.OrganizationID `json:"organization,omitempty"`
	Owner        access.UserID         `json:"owner,omitempty"`
	Ownerless    bool                  `json:"ownerless,omitempty"` // only with an unconfined full key, if the organization has no owner (O3)
	Visibility   access.Visibility     `json:"visibility,omitempty"`
	Name         string                `json:"name,omitempty"`
}

func (*ChatbotRow) Kind() Kind    { return KindChatbot }
func (r *ChatbotRow) Key() string { return string(r.Chatbot) }

func (r *ChatbotRow) steps() []step {
	return []step{{action: "chatbot.put", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		c.forOwner = MayRestore(c.actor)
		if r.Ownerless && r.Owner == "" { // rows that were joined may say both
			if restored, err := c.restoreOwnerless(r); err != nil || restored {
				return err
			}
		}
		_, err := c.putChatbot(r.Chatbot, ChatbotPatch{
			Organization: optional(r.Organization), Owner: optional(r.Owner), Name: optional(r.Name), Visibility: optional(r.Visibility),
		})
		return err
	}}}
}

// restoreOwnerless creates a chatbot without an owner, because its organization has none (O3). It returns false if the chatbot already exists without
// an owner.
func (c *change) restoreOwnerless(r *ChatbotRow) (bool, error) {
	if err := c.mayRestore("chatbots that nobody owns"); err != nil {
		return false, err
	}
	old, exists, err := c.Chatbot(r.Chatbot)
	if err != nil {
		return false, err
	}
	if exists && old.Owner != "" {
		return false, access.Conflictf("A1", "%s has an owner", access.Obj(access.TypeChatbot, r.Chatbot))
	}
	if exists {
		return false, nil
	}
	if err := c.mustOn(access.CreateChatbot, r.Organization); err != nil {
		return false, err
	}
	owners, err := c.MembersWithRole(r.Organization, access.OrgOwner, 1)
	if err != nil {
		return false, err
	}
	if len(owners) > 0 {
		return false, access.Unprocessablef("O3", "%s has an owner, so its chatbots need one: name it", access.Obj(access.TypeOrganization, r.Organization))
	}
	return true, c.addChatbot(access.Chatbot{
		ID: r.Chatbot, Organization: r.Organization, Name: r.Name, Visibility: cmp.Or(r.Visibility, access.Shared), Enabled: true, PublicMode: access.AudienceNone,
	})
}

// ShareRow is a share (S1).
type ShareRow struct {
	Chatbot   access.ChatbotID `json:"chatbot"`
	Principal access.Principal `json:"principal"`
	Access    access.Level     `json:"access"`
	ExpiresAt time.Time        `json:"expires_at,omitzero"`
}

func (*ShareRow) Kind() Kind    { return KindShare }
func (r *ShareRow) Key() string { return pair(r.Chatbot, r.Principal.String()) }

func (r *ShareRow) ends() time.Time { return r.ExpiresAt }

func (r *ShareRow) steps() []step {
	put := step{action: "share.put", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		p := SharePatch{Access: access.Some(r.Access)}
		if !r.ExpiresAt.IsZero() {
			p.ExpiresAt = access.Some(r.ExpiresAt)
		}
		_, _, err := c.putShare(r.Chatbot, r.Principal, p)
		return err
	}}
	return withPrincipal(r.Principal, put)
}

// MatrixRow is one member's row in a chatbot's matrix (3.3).
type MatrixRow struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	User    access.UserID    `json:"user"`
	Actions []access.Action  `json:"actions"`
}

func (*MatrixRow) Kind() Kind    { return KindRow }
func (r *MatrixRow) Key() string { return pair(r.Chatbot, r.User) }

func (r *MatrixRow) steps() []step {
	return []step{{action: "row.put", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		_, err := c.putRow(access.Row{Chatbot: r.Chatbot, User: r.User, Actions: r.Actions})
		return err
	}}}
}

// ResourceRow is a document, an MCP server or a metric (section 4). Files name its ID after its type.
type ResourceRow struct {
	Type    access.Type
	ID      string
	Chatbot access.ChatbotID
	Access  access.Mode
	Allowed []access.Principal // nil if left out
}

func (r *ResourceRow) Kind() Kind  { return Kind(r.Type) }
func (r *ResourceRow) Key() string { return r.ID }

func (r *ResourceRow) steps() []step {
	put := step{action: string(r.Type) + ".put", resource: access.Object{Type: r.Type, ID: r.ID}, run: func(c *change) error {
		c.forOwner = MayRestore(c.actor)
		_, err := c.putResource(r.Type, r.ID, ResourcePatch{
			Chatbot: optional(r.Chatbot), Access: optional(r.Access),
			Allowed: access.Optional[[]access.Principal]{Set: r.Allowed != nil, Value: r.Allowed},
		})
		return err
	}}
	var all []step
	for _, p := range r.Allowed {
		if p.Kind == access.PrincipalUser {
			all = append(all, introduces(access.UserID(p.ID)))
		}
	}
	return append(all, put)
}

// PolicyRow is a chatbot's gates (3.5). Leaving out a list keeps its gate. An empty list is a gate that deletions emptied; only an unconfined full
// key can set it (G8).
type PolicyRow struct {
	Chatbot       access.ChatbotID        `json:"chatbot"`
	Enabled       *bool                   `json:"enabled,omitempty"`
	EmailDomains  []string                `json:"email_domains,omitzero"`
	UserTypes     []access.UserType       `json:"user_types,omitzero"`
	Entities      []access.OrganizationID `json:"entities,omitzero"`
	AllowedRoles  []string                `json:"allowed_roles,omitzero"`
	RequiredRoles []string                `json:"required_roles,omitzero"`
	AllowedUsers  []access.UserID         `json:"allowed_users,omitzero"`
	DeniedUsers   []access.UserID         `json:"denied_users,omitzero"`
}

func (*PolicyRow) Kind() Kind    { return KindPolicy }
func (r *PolicyRow) Key() string { return string(r.Chatbot) }

func (r *PolicyRow) steps() []step {
	return []step{{action: "policy.put", resource: access.Obj(access.TypeChatbot, r.Chatbot), run: func(c *change) error {
		emptied := PolicyPatch{Enabled: optionalBool(r.Enabled)}
		restore := MayRestore(c.actor)
		setListed(restore, r.EmailDomains, &emptied.EmailDomains)
		setListed(restore, r.UserTypes, &emptied.UserTypes)
		setListed(restore, r.Entities, &emptied.Entities)
		setListed(restore, r.AllowedRoles, &emptied.AllowedRoles)
		setListed(restore, r.RequiredRoles, &emptied.RequiredRoles)
		setListed(restore, r.AllowedUsers, &emptied.AllowedUsers)
		setListed(restore, r.DeniedUsers, &emptied.DeniedUsers)
		if _, _, err := c.putPolicy(r.Chatbot, emptied); err != nil {
			return err
		}
		if !restore {
			return nil
		}
		return c.emptyGates(r)
	}}}
}

// refuseUnlistable sets a list of a patch to what the row says. One that deletions emptied is left to those who may restore it: no patch holds it.
func setListed[T any](restore bool, said []T, o *access.Optional[[]T]) {
	if said != nil && (len(said) > 0 || !restore) {
		*o = access.Some(said)
	}
}

// emptyGates sets the gates that deletions emptied, which nobody passes (G8).
func (c *change) emptyGates(r *PolicyRow) error {
	return c.aroundChatbot(r.Chatbot, func(b *access.Chatbot) error {
		old, _, err := c.Policy(r.Chatbot)
		if err != nil {
			return err
		}
		now := old
		now.Chatbot = r.Chatbot
		emptied := []bool{
			empties(r.EmailDomains, &now.EmailDomains), empties(r.UserTypes, &now.UserTypes), empties(r.Entities, &now.Entities),
			empties(r.AllowedRoles, &now.AllowedRoles), empties(r.RequiredRoles, &now.RequiredRoles),
			empties(r.AllowedUsers, &now.AllowedUsers), empties(r.DeniedUsers, &now.DeniedUsers),
		}
		if !slices.Contains(emptied, true) {
			return nil
		}
		if c.before == nil {
			c.before = gates{b.Enabled, old}
		}
		c.state(c.before, gates{b.Enabled, now})
		return c.PutPolicy(now)
	})
}

// empties sets the list to an empty, non-nil one if the row says so, and reports whether that is a change.
func empties[T any](said []T, list *[]T) bool {
	if said == nil || len(said) > 0 || *list != nil && len(*list) == 0 {
		return false
	}
	*list = []T{}
	return true
}

// FeatureRow is a feature of a chatbot (F1). Its lists are as in PolicyRow.
type FeatureRow struct {
	Chatbot      access.ChatbotID   `json:"chatbot"`
	Feature      string             `json:"feature"`
	Enabled      *bool              `json:"enabled,omitempty"`
	AllowedRoles []string           `json:"allowed_roles,omitzero"`
	UserTypes    []access.UserType  `json:"user_types,omitzero"`
	Limits       map[string]float64 `json:"limits,omitzero"`
}

func (*FeatureRow) Kind() Kind    { return KindFeature }
func (r *FeatureRow) Key() string { return pair(r.Chatbot, r.Feature) }

func (r *FeatureRow) steps() []step {
	o := access.Object{Type: access.TypeFeature, ID: access.FeatureID(r.Chatbot, r.Feature)}
	return []step{{action: "feature.put", resource: o, run: func(c *change) error {
		restore := MayRestore(c.actor)
		c.forOwner = restore
		p := FeaturePatch{Enabled: optionalBool(r.Enabled), Limits: access.Optional[map[string]float64]{Set: r.Limits != nil, Value: r.Limits}}
		setListed(restore, r.AllowedRoles, &p.AllowedRoles)
		setListed(restore, r.UserTypes, &p.UserTypes)
		f, err := c.putFeature(r.Chatbot, r.Feature, p)
		if err != nil || !restore {
			return err
		}
		old := f
		roles, types := empties(r.AllowedRoles, &f.AllowedRoles), empties(r.UserTypes, &f.UserTypes)
		if !roles && !types {
			return nil
		}
		c.refold(spice.FoldFeature(old), spice.FoldFeature(f))
		c.state(c.before, f)
		return c.PutFeature(f)
	}}}
}
