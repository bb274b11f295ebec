package sharing

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

// MaxLimits is the maximum number of limits of a feature, and MaxLimitNameBytes the maximum length of a limit's name: each question carries as many
// values, and the engine limits the size of a question. MaxLimitNamesBytes is the maximum length of all names together: SpiceDB on PostgreSQL stores
// the limits in an index, whose rows have 2,704 bytes, with the chatbot's ID.
const (
	MaxLimits          = 32
	MaxLimit           = 1 << 53 // up to which every whole number is exact
	MaxLimitNameBytes  = 64
	MaxLimitNamesBytes = 700
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
	b, err := c.loadUpdatable(bot)
	if err != nil {
		return access.Feature{}, err
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
		return f, fieldError("G8", "/allowed_roles", "an empty list would admit nobody; use null to unset it")
	}
	if p.UserTypes.Set && f.UserTypes != nil && len(f.UserTypes) == 0 {
		return f, fieldError("G8", "/user_types", "an empty list would admit nobody; use null to unset it")
	}
	if len(p.AllowedRoles.Value) > MaxGateEntries {
		return f, fieldError("G8", "/allowed_roles", fmt.Sprintf("at most %d roles can be listed", MaxGateEntries))
	}
	if err := c.rolesExist(b, "F1", "allowed_roles", p.AllowedRoles.Value); err != nil {
		return f, err
	}
	if p.Limits.Set {
		if err := judgeLimits(f.Limits); err != nil {
			return f, err
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

// loadUpdatable loads a chatbot on which the actor has update, and whose resources the actor so manages (R2).
func (c *caller) loadUpdatable(bot access.ChatbotID) (access.Chatbot, error) {
	o := access.Obj(access.TypeChatbot, bot)
	b, ok, err := c.Chatbot(bot)
	if err != nil {
		return b, err
	}
	if !ok {
		return b, access.NotFound(o)
	}
	return b, withRule(c.must(access.Update, o), "R2")
}

// mayReadSettings refuses an actor who can neither read the chatbot's settings nor update them (a row can give only update, M4).
func (c *caller) mayReadSettings(bot access.ChatbotID) error {
	o := access.Obj(access.TypeChatbot, bot)
	if _, ok, err := c.Chatbot(bot); err != nil || !ok {
		return firstError(err, access.NotFound(o))
	}
	if updates, err := c.may(access.Update, o); err != nil {
		return err
	} else if updates {
		return c.fromAllowedAddress(o)
	}
	return withRule(c.must(access.Read, o), "R2")
}

// feature loads a feature that is set on a chatbot.
func (c *caller) feature(bot access.ChatbotID, name string) (access.Feature, error) {
	f, ok, err := c.Feature(bot, name)
	if err == nil && !ok {
		err = access.NotFound(access.Object{Type: access.TypeFeature, ID: access.FeatureID(bot, name)})
	}
	return f, err
}

// Feature reads a feature's settings. If nothing is set, the feature is off, and the error is of kind NotFound.
func (s *Service) Feature(ctx context.Context, actor access.Actor, bot access.ChatbotID, name string) (f access.Feature, err error) {
	err = s.read(ctx, actor, func(c *caller) (err error) {
		if err := c.mayReadSettings(bot); err != nil {
			return err
		}
		f, err = c.feature(bot, name)
		return err
	})
	return f, err
}

// Features lists the features that are set on a chatbot, by name.
func (s *Service) Features(ctx context.Context, actor access.Actor, bot access.ChatbotID, p Page) (fs []access.Feature, next string, err error) {
	err = s.read(ctx, actor, func(c *caller) error {
		if err := c.mayReadSettings(bot); err != nil {
			return err
		}
		fs, next, err = visible(p,
			func(after string, limit int) ([]access.Feature, error) { return c.Features(bot, after, limit) },
			func(f access.Feature) string { return f.Name }, nil)
		return err
	})
	return fs, next, err
}

// DeleteFeature unsets a feature, which turns it off (F1). If nothing is set, the error is of kind NotFound.
func (s *Service) DeleteFeature(ctx context.Context, actor access.Actor, bot access.ChatbotID, name string) (Change, error) {
	return s.change(ctx, actor, "feature.delete", access.Object{Type: access.TypeFeature, ID: access.FeatureID(bot, name)}, func(c *change) error {
		if _, err := c.loadUpdatable(bot); err != nil {
			return err
		}
		f, err := c.feature(bot, name)
		if err != nil {
			return err
		}
		c.refold(spice.FoldFeature(f), nil)
		c.state(f, nil)
		return c.Tx.DeleteFeature(bot, name)
	})
}

// judgeLimits refuses invalid limits, and more than the engine accepts (F1).
func judgeLimits(limits map[string]float64) error {
	if len(limits) > MaxLimits {
		return fieldError("F1", "/limits", fmt.Sprintf("a feature can have at most %d limits", MaxLimits))
	}
	names := 0
	for limit, value := range limits {
		names += len(limit)
		if value < 0 || value > MaxLimit {
			return fieldError("F1", "/limits/"+limit, "a limit must be a number from 0 to 2^53 (9007199254740992)")
		}
		if !strings.HasPrefix(limit, "max_") || limit == "max_" {
			return fieldError("F1", "/limits/"+limit, "a limit's name must be max_ and the value it bounds, such as max_file_size_mb")
		}
		if len(limit) > MaxLimitNameBytes {
			return fieldError("F1", "/limits", fmt.Sprintf("the name of a limit can have at most %d bytes", MaxLimitNameBytes))
		}
	}
	if names > MaxLimitNamesBytes {
		return fieldError("F1", "/limits", fmt.Sprintf("the names of a feature's limits have at most %d bytes together", MaxLimitNamesBytes))
	}
	return nil
}

// dropFeatures removes a chatbot's features (O4).
func (c *change) dropFeatures(bot access.ChatbotID) error {
	features, err := c.Features(bot, "", 0)
	if err != nil {
		return err
	}
	for _, f := range features {
		c.refold(spice.FoldFeature(f), nil)
		feature := access.Object{Type: access.TypeFeature, ID: access.FeatureID(f.Chatbot, f.Name)}
		if err := c.noteRemoval(dropped("feature", f), feature.String(), access.See, access.Obj(access.TypeChatbot, bot)); err != nil {
			return err
		}
		if err := c.Tx.DeleteFeature(f.Chatbot, f.Name); err != nil {
			return err
		}
	}
	return nil
}
