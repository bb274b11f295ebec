package sharing

import (
	"context"
	"reflect"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// FeaturePatch is the body of a PUT on a feature (F1).
type FeaturePatch struct {
	Enabled      access.Optional[bool]
	AllowedRoles access.Optional[[]string]
	UserTypes    access.Optional[[]access.UserType]
	Limits       access.Optional[map[string]float64]
}

// FeatureResult is the feature after a change.
type FeatureResult struct {
	Change
	Feature access.Feature
}

// PutFeature switches a feature of a chatbot, and sets its conditions and limits (F1, R2).
func (s *Service) PutFeature(ctx context.Context, actor access.Actor, bot access.ChatbotID, name string, p FeaturePatch) (r FeatureResult, err error) {
	r.Change, err = s.change(ctx, actor, "feature.put", access.Object{Type: access.TypeFeature, ID: access.FeatureID(bot, name)}, func(c *change) (err error) {
		r.Feature, err = c.putFeature(bot, name, p)
		return err
	})
	return r, err
}

func (c *change) putFeature(bot access.ChatbotID, name string, p FeaturePatch) (access.Feature, error) {
	o := access.Obj(access.TypeChatbot, bot)
	if _, ok, err := c.Chatbot(bot); err != nil {
		return access.Feature{}, err
	} else if !ok {
		return access.Feature{}, access.NotFound(o)
	}
	if err := c.must(access.Update, o); err != nil {
		return access.Feature{}, ruled(err, "R2")
	}
	old, exists, err := c.Feature(bot, name)
	if err != nil {
		return old, err
	}
	f := old
	f.Chatbot, f.Name = bot, name
	f.Enabled = p.Enabled.Or(old.Enabled, false)
	f.AllowedRoles = p.AllowedRoles.Or(old.AllowedRoles, nil)
	f.UserTypes = p.UserTypes.Or(old.UserTypes, nil)
	f.Limits = p.Limits.Or(old.Limits, nil)
	if p.AllowedRoles.Set && f.AllowedRoles != nil && len(f.AllowedRoles) == 0 {
		return f, fieldError("G8", "/allowed_roles", "an empty list admits nobody; use null to unset it")
	}
	if p.UserTypes.Set && f.UserTypes != nil && len(f.UserTypes) == 0 {
		return f, fieldError("G8", "/user_types", "an empty list admits nobody; use null to unset it")
	}
	if err := c.rolesExist("F1", "allowed_roles", p.AllowedRoles.Value); err != nil {
		return f, err
	}
	for limit := range f.Limits {
		if !strings.HasPrefix(limit, "max_") || limit == "max_" {
			return f, fieldError("F1", "/limits/"+limit, "a limit is named max_ and the value that it bounds")
		}
	}
	if exists && reflect.DeepEqual(f, old) {
		return f, nil
	}
	var before spice.Relationships
	if exists {
		before = spice.FoldFeature(old)
		c.state(old, f)
	} else {
		c.state(nil, f)
	}
	c.refold(before, spice.FoldFeature(f))
	return f, c.PutFeature(f)
}

// dropFeatures removes a chatbot's features (O4).
func (c *change) dropFeatures(bot access.ChatbotID) error {
	features, err := c.Features(bot)
	if err != nil {
		return err
	}
	for _, f := range features {
		c.refold(spice.FoldFeature(f), nil)
		c.removed = append(c.removed, access.Object{Type: access.TypeFeature, ID: access.FeatureID(f.Chatbot, f.Name)}.String())
		if err := c.DeleteFeature(f.Chatbot, f.Name); err != nil {
			return err
		}
	}
	return nil
}
