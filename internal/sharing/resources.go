package sharing

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// MaxListed is the maximum number of principals in the list of a document, an MCP server or a metric.
const MaxListed = 1000

// ResourcePatch is the body of a PUT on a document, an MCP server or a metric.
type ResourcePatch struct {
	Chatbot access.Optional[access.ChatbotID]
	Access  access.Optional[access.Mode]
	Allowed access.Optional[[]access.Principal]
}

// ResourceResult is the document, MCP server or metric after a change.
type ResourceResult struct {
	Change
	Resource access.Resource
}

// PutResource creates a document, an MCP server or a metric, or changes its access (section 4).
func (s *Service) PutResource(ctx context.Context, actor access.Actor, t access.Type, id string, p ResourcePatch) (r ResourceResult, err error) {
	r.Change, err = s.change(ctx, actor, string(t)+".put", access.Object{Type: t, ID: id}, func(c *change) (err error) {
		r.Resource, err = c.putResource(t, id, p)
		return err
	})
	return r, err
}

func (c *change) putResource(t access.Type, id string, p ResourcePatch) (access.Resource, error) {
	o := access.Object{Type: t, ID: id}
	old, exists, err := c.Resource(t, id)
	if err != nil {
		return old, err
	}
	r := access.Resource{Type: t, ID: id, Mode: access.ModePublic}
	if exists { // unset fields keep their value, for actors who see it; for others the resource does not exist (R3)
		seen, err := c.sees(o)
		if err != nil {
			return r, err
		}
		if seen {
			r = old
		}
	}
	r.Chatbot = p.Chatbot.Or(r.Chatbot, "")
	r.Mode = p.Access.Or(r.Mode, access.ModePublic)
	r.Allowed = p.Allowed.Or(r.Allowed, nil)
	if r.Chatbot == "" {
		return r, fieldError("I3", "/chatbot", "a new "+string(t)+" needs a chatbot")
	}
	b, err := c.loadUpdatable(r.Chatbot)
	if err != nil {
		return r, err
	}
	if exists && r.Chatbot != old.Chatbot {
		return r, idTaken(o)
	}
	if r.Mode == access.ModeAuthenticated && t != access.TypeDocument {
		return r, fieldError("R1", "/access", "only a document can be authenticated: use public or restricted")
	}
	if len(r.Allowed) > MaxListed {
		return r, fieldError("R1", "/allowed", "at most 1000 principals can be listed: use a group")
	}
	if err := c.refuseUnlistable(b, r.Allowed); err != nil {
		return r, err
	}
	r.Allowed = slices.Clone(r.Allowed)
	slices.SortFunc(r.Allowed, func(a, b access.Principal) int { return strings.Compare(a.String(), b.String()) })
	r.Allowed = slices.Compact(r.Allowed)
	if exists && reflect.DeepEqual(r, old) {
		return r, nil
	}
	var before spice.Relationships
	if exists {
		before = spice.FoldResource(old)
		c.state(old, r)
	} else {
		c.state(nil, r)
	}
	c.refold(before, spice.FoldResource(r))
	return r, c.PutResource(r)
}

// seesResource reports whether the actor may know of a document, an MCP server or a metric: with update on its chatbot, or by being able to use it
// (R2, R3).
func (c *caller) seesResource(o access.Object) (bool, error) {
	r, ok, err := c.Resource(o.Type, o.ID)
	if err != nil || !ok {
		return false, err
	}
	if ok, err := c.may(access.Update, access.Obj(access.TypeChatbot, r.Chatbot)); err != nil || ok {
		return ok, err
	}
	return c.may(access.Actions[o.Type][0], o)
}

// refuseUnlistable refuses principals that a list must not contain (R1).
func (c *change) refuseUnlistable(b access.Chatbot, list []access.Principal) error {
	for i, p := range list {
		if err := c.mayBeListed(b, p); err != nil {
			return atField(fmt.Sprintf("/allowed/%d", i), err)
		}
	}
	return nil
}

func (c *change) mayBeListed(b access.Chatbot, p access.Principal) error {
	switch p.Kind {
	case access.PrincipalUser:
		_, err := c.activeUser(access.UserID(p.ID), "R1")
		return err
	case access.PrincipalEmail:
		return nil
	case access.PrincipalTeam, access.PrincipalGroup:
		here, err := c.belongs(access.Object{Type: access.Type(p.Kind), ID: p.ID}, b.Organization)
		if err == nil && !here {
			err = access.Unprocessablef("R1", "%s does not belong to the chatbot's organization", p)
		}
		return err
	case access.PrincipalOrganization, access.PrincipalRole, access.PrincipalEveryone:
	}
	return access.Unprocessablef("R1", "a list can hold only users, email addresses, teams and groups, not %s", p)
}

// dropResources removes a chatbot's documents, MCP servers or metrics (O4).
func (c *change) dropResources(t access.Type, bot access.ChatbotID) error {
	resources, err := c.Resources(t, store.ResourceFilter{Chatbot: bot}, "", 0)
	if err != nil {
		return err
	}
	for _, r := range resources {
		if err := c.dropResource(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) dropResource(r access.Resource) error {
	c.refold(spice.FoldResource(r), nil)
	o := access.Object{Type: r.Type, ID: r.ID}
	if err := c.noteRemoval(dropped(string(r.Type), r), o.String(), access.Update, access.Obj(access.TypeChatbot, r.Chatbot)); err != nil {
		return err
	}
	return c.Tx.DeleteResource(r.Type, r.ID)
}

// managedResource loads a document, an MCP server or a metric that the actor manages. Actors who can only use it are denied; for others it does not
// exist (R3).
func (c *caller) managedResource(o access.Object) (access.Resource, error) {
	r, ok, err := c.Resource(o.Type, o.ID)
	if err != nil {
		return r, err
	}
	if ok {
		if ok, err = c.sees(o); err != nil {
			return r, err
		}
	}
	if !ok {
		return r, access.NotFound(o)
	}
	_, err = c.loadUpdatable(r.Chatbot)
	return r, err
}

// Resource reads the settings of a document, an MCP server or a metric, including its list.
func (s *Service) Resource(ctx context.Context, actor access.Actor, t access.Type, id string) (r access.Resource, err error) {
	err = s.read(ctx, actor, func(c *caller) (err error) {
		r, err = c.managedResource(access.Object{Type: t, ID: id})
		return err
	})
	return r, err
}

// Resources lists a chatbot's documents, MCP servers or metrics, by ID, for actors who manage them (R2). Package decision lists those that a subject
// can use (R4).
func (s *Service) Resources(ctx context.Context, actor access.Actor, t access.Type, bot access.ChatbotID, p Page) (rs []access.Resource, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if _, err := c.loadUpdatable(bot); err != nil {
			return err
		}
		rs, next, err = visible(p,
			func(after string, limit int) ([]access.Resource, error) {
				return c.Resources(t, store.ResourceFilter{Chatbot: bot}, after, limit)
			},
			func(r access.Resource) string { return r.ID }, nil)
		return err
	})
	return rs, next, err
}

// DeleteResource removes a document, an MCP server or a metric.
func (s *Service) DeleteResource(ctx context.Context, actor access.Actor, t access.Type, id string) (Change, error) {
	o := access.Object{Type: t, ID: id}
	return s.change(ctx, actor, string(t)+".delete", o, func(c *change) error {
		r, err := c.managedResource(o)
		if err != nil {
			return err
		}
		c.state(r, nil)
		return c.dropResource(r)
	})
}
