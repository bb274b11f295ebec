package sharing_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// factKeys are the fields that identify a fact of each kind that is compared.
var factKeys = map[string][]string{
	"user": {"id"}, "platform_role": {"role", "user"}, "organization": {"id"}, "member": {"organization", "user"}, "team": {"id"},
	"team_member": {"team", "user"}, "team_nesting": {"outer", "inner"}, "role": {"id"}, "role_assignment": {"role", "user"}, "group": {"id"},
	"group_member": {"group", "member"}, "chatbot": {"id"}, "share": {"chatbot", "principal"}, "row": {"chatbot", "user"}, "policy": {"chatbot"},
	"document": {"type", "id"}, "mcp_server": {"type", "id"}, "metric": {"type", "id"}, "feature": {"chatbot", "name"},
	"api_key": {"id"},
}

// replayed is facts by kind and key, as JSON has them.
type replayed map[string]map[string]any

func (w replayed) set(t testing.TB, kind string, at time.Time, before, after map[string]any) {
	t.Helper()
	keys, known := factKeys[kind]
	if !known {
		return
	}
	fact := after
	if fact == nil {
		fact = before
	}
	var key []string
	for _, k := range keys {
		part, ok := fact[k].(string)
		require.True(t, ok, "a %s without %s: %v", kind, k, fact)
		key = append(key, part)
	}
	if w[kind] == nil {
		w[kind] = map[string]any{}
	}
	id := strings.Join(key, "\x00")
	switch {
	case after == nil && kind == "user":
		w[kind][id] = map[string]any{
			"id": fact["id"], "type": "external", "email_verified": false, "active": false, "deleted": true, "tokens_after": at.Format(time.RFC3339Nano),
		}
	case after == nil:
		delete(w[kind], id)
	case kind == "policy":
		if bot, ok := w["chatbot"][id].(map[string]any); ok {
			bot["enabled"] = after["enabled"]
		}
		delete(after, "enabled")
		w[kind][id] = after
		if len(after) == 1 { // no gate is set
			delete(w[kind], id)
		}
	default:
		w[kind][id] = after
	}
}

// replay applies what is done in the record, and nothing else.
func replay(t testing.TB, entries []access.Record) replayed {
	t.Helper()
	w := replayed{}
	read := func(text string, into any) {
		if text != "" {
			require.NoError(t, json.Unmarshal([]byte(text), into))
		}
	}
	for _, r := range entries {
		if r.Outcome != access.Done {
			continue
		}
		var before, after map[string]any
		read(r.Before, &before)
		read(r.After, &after)
		kind, _, _ := strings.Cut(r.Action, ".")
		if before != nil || after != nil {
			w.set(t, kind, r.Time, before, after)
		}
		var effects []struct {
			Kind          string
			Before, After map[string]any
		}
		read(r.Effects, &effects)
		for _, e := range effects {
			w.set(t, e.Kind, r.Time, e.Before, e.After)
		}
	}
	return w
}

// factsOf is the world in the form of a replay.
func factsOf(t testing.TB, w *plain.World) replayed {
	t.Helper()
	all := replayed{}
	add := func(kind string, fact any) {
		text, err := json.Marshal(fact)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(text, &fields))
		all.set(t, kind, time.Time{}, nil, fields)
	}
	each(w.Users, func(f access.User) { add("user", f) })
	each(w.PlatformGrants, func(f access.PlatformGrant) { add("platform_role", f) })
	each(w.Organizations, func(f access.Organization) { add("organization", f) })
	each(w.Memberships, func(f access.Membership) { add("member", f) })
	each(w.Teams, func(f access.Team) { add("team", f) })
	each(w.TeamMemberships, func(f access.TeamMembership) { add("team_member", f) })
	each(w.Nestings, func(f access.TeamNesting) { add("team_nesting", f) })
	each(w.Roles, func(f access.Role) { add("role", f) })
	each(w.Assignments, func(f access.RoleAssignment) { add("role_assignment", f) })
	each(w.Groups, func(f access.Group) { add("group", f) })
	each(w.GroupMemberships, func(f access.GroupMembership) { add("group_member", f) })
	each(w.Chatbots, func(f access.Chatbot) { add("chatbot", f) })
	each(w.Shares, func(f access.Share) { add("share", f) })
	each(w.Rows, func(f access.Row) { add("row", f) })
	each(w.Policies, func(f access.Policy) {
		enabled := true
		for _, b := range w.Chatbots {
			if b.ID == f.Chatbot {
				enabled = b.Enabled
			}
		}
		add("policy", struct {
			Enabled bool `json:"enabled"`
			access.Policy
		}{enabled, f})
	})
	each(w.Resources, func(f access.Resource) { add(string(f.Type), f) })
	each(w.Features, func(f access.Feature) { add("feature", f) })
	each(w.APIKeys, func(f access.APIKey) {
		f.Preview, f.LastUsed = "", time.Time{}
		add("api_key", f)
	})
	return all
}

func each[T any](facts []T, do func(T)) {
	for _, f := range facts {
		do(f)
	}
}

// replays checks that the entries of the record that are done reproduce the facts (H1).
func (e *env) replays() {
	e.t.Helper()
	w := &plain.World{}
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) error { return readWorld(tx, w) }))
	want, got := factsOf(e.t, w), replay(e.t, e.bySeq())
	for kind := range factKeys {
		if len(want[kind])+len(got[kind]) > 0 {
			require.Equal(e.t, want[kind], got[kind], "H1: the record does not reproduce every %s", kind)
		}
	}
}
