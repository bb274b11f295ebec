package decision

import (
	"maps"
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// keyLevels are the actions that identify the level of an API key, highest first.
var keyLevels = []struct {
	relation string
	level    access.Level
}{{schema.RelCanUpdate, access.ReadWrite}, {schema.RelCanRead, access.ReadOnly}, {schema.RelCanInteract, access.UseOnly}}

// onKey is granting for an API key. The engine knows everything about it: the key's level shows in what it gives, its expiry and IP ranges in what it
// gives without them (K3–K5).
func (x *explainer) onKey(bot access.Chatbot, action access.Action, allowed bool) error {
	o := access.Obj(access.TypeChatbot, bot.ID)
	atAnyTime := maps.Clone(x.it.values)
	atAnyTime[schema.ParamTime] = time.Unix(0, 0).UTC().Format(time.RFC3339)
	delete(atAnyTime, schema.ParamIP)
	var level access.Level
	var ranges bool
	for _, l := range keyLevels {
		a, err := x.asksEngine(o, l.relation, atAnyTime)
		if err != nil {
			return err
		}
		if a.Allowed || len(a.Missing) > 0 {
			level, ranges = l.level, len(a.Missing) > 0
			break
		}
	}
	if level == "" {
		x.stopped("%s is not a key of %s (K1)", x.who(), bot.ID)
		return nil
	}
	if allowed {
		x.because("%s has %s on %s (K3)", x.who(), level, bot.ID)
		return nil
	}
	if !slices.Contains(except(levelActions[level], notForClients), action) { // K3 excludes the same two
		x.stopped("%s has %s on %s, which does not give keys %s (K3)", x.who(), level, bot.ID, action)
		return nil
	}
	fromAnywhere := maps.Clone(x.it.values)
	delete(fromAnywhere, schema.ParamIP)
	now, err := x.asksEngine(o, schema.RelCanInteract, fromAnywhere)
	if err != nil {
		return err
	}
	_, sent := x.it.values[schema.ParamIP]
	switch {
	case !now.Allowed && len(now.Missing) == 0:
		x.stopped("%s has expired (K5)", x.who())
	case ranges && !sent:
		x.stopped("needs ip (K4)")
	case ranges:
		if a, err := x.asksEngine(o, schema.RelCanInteract, x.it.values); err != nil || a.Allowed {
			return err // G1 denies it
		}
		x.stopped("%s is used from outside its IP ranges (K4)", x.who())
	default:
		return nil // G1 is in the way
	}
	x.grantable(managers(bot, false)...)
	return nil
}
