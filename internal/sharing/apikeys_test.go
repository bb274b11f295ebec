package sharing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

func (e *env) apiKey(actor access.Actor, bot access.ChatbotID, level access.Level) (access.APIKey, error) {
	r, err := e.CreateAPIKey(e.ctx, actor, bot, sharing.NewAPIKey{Name: "backend", Level: level})
	return r.Key, err
}

// madeAPIKey is a key that the user makes.
func (e *env) madeAPIKey(user access.UserID, bot access.ChatbotID, level access.Level) access.APIKey {
	e.t.Helper()
	k, err := e.apiKey(as(user), bot, level)
	require.NoError(e.t, err)
	return k
}

func apiKeysOf(e *env, actor access.Actor, bot access.ChatbotID) []access.APIKey {
	return whole(e, func(c ctx, a access.Actor, p sharing.Page) ([]access.APIKey, string, error) {
		return e.APIKeys(c, a, bot, p)
	}, actor)
}

// has lists the chatbot's actions that the engine lets the key do, when it is used from the address, or from nobody knows where ("").
func (e *env) has(k access.APIKey, bot access.ChatbotID, ip string) (actions []access.Action) {
	e.t.Helper()
	values := map[string]any{schema.ParamTime: e.now.Format(time.RFC3339Nano)}
	if ip != "" {
		values[schema.ParamIP] = ip
	}
	for _, action := range access.Actions[access.TypeChatbot] {
		a, err := e.engine.Check(e.ctx, spice.Newest, spice.Question{
			Subject: access.Subject{Type: access.TypeAPIKey, ID: string(k.ID)}, Permission: string(action),
			Resource: access.Obj(access.TypeChatbot, bot), Context: values,
		})
		require.NoError(e.t, err)
		if a.Allowed {
			actions = append(actions, action)
		}
	}
	return actions
}

var (
	useOnly   = []access.Action{access.Interact}
	readOnly  = []access.Action{access.Interact, access.Read, access.ReadHistory}
	readWrite = []access.Action{access.Interact, access.Read, access.ReadHistory, access.Update, access.ConfigureUI, access.Test}
)

func TestK1AKeyHasANameAndALevel(t *testing.T) {
	e := acme(t)
	e.makeBot("other", "acme", "mia")
	for level, actions := range map[access.Level][]access.Action{access.UseOnly: useOnly, access.ReadOnly: readOnly, access.ReadWrite: readWrite} {
		k := e.madeAPIKey("mia", "helper", level)
		require.Equal(t, actions, e.has(k, "helper", ""), "K3: never deploy or manage_access")
		require.Empty(t, e.has(k, "other", ""), "it is a credential of one chatbot")
	}
	for _, n := range []sharing.NewAPIKey{{Level: access.UseOnly}, {Name: "k"}, {Name: "k", Level: "all"}} {
		_, err := e.CreateAPIKey(e.ctx, as("mia"), "helper", n)
		e.refused(err, access.KindUnprocessable, "K1")
	}
	require.Len(t, apiKeysOf(e, as("mia"), "helper"), 3)
}

func TestK2TheSecretIsShownOnce(t *testing.T) {
	e := acme(t)
	r, err := e.CreateAPIKey(e.ctx, as("mia"), "helper", sharing.NewAPIKey{Name: "backend", Level: access.UseOnly})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(r.Secret, r.Key.Preview))
	require.Equal(t, []access.APIKey{r.Key}, apiKeysOf(e, as("mia"), "helper"))
	require.Equal(t, "user:mia", r.Key.CreatedBy)
	record := e.lastRecord()
	require.Equal(t, "api_key.create", record.Action)
	require.Contains(t, record.After, string(r.Key.ID))
	require.NotContains(t, record.After, r.Key.Preview, "H2: no part of the secret")
	e.ok(e.DeleteAPIKey(e.ctx, as("mia"), "helper", r.Key.ID))
	require.NotContains(t, e.lastRecord().Before, r.Key.Preview)
}

func TestK3KeysNeedDeploy(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:otto", access.ReadOnly)
	e.shared("helper", "user:max", access.ReadWrite)
	e.shared("helper", "user:carl", access.ReadWrite)
	k := e.madeAPIKey("max", "helper", access.ReadWrite)
	for _, tc := range []struct {
		actor access.Actor
		kind  access.Kind
		rule  string
	}{
		{as("otto"), access.KindDenied, "K3"},
		{as("carl"), access.KindDenied, "K3"}, // S12
		{as("gus"), access.KindNotFound, ""},
		{e.key("globex"), access.KindNotFound, ""},
		{access.Actor{Key: "root", Access: access.KeyReadWrite}, access.KindDenied, "B1"},
	} {
		_, err := e.apiKey(tc.actor, "helper", access.UseOnly)
		e.refused(err, tc.kind, tc.rule)
		_, _, err = e.APIKeys(e.ctx, tc.actor, "helper", sharing.Page{Limit: 1})
		e.refused(err, tc.kind, tc.rule)
		_, err = e.DeleteAPIKey(e.ctx, tc.actor, "helper", k.ID)
		e.refused(err, tc.kind, tc.rule)
	}
	_, hidden := e.apiKey(as("gus"), "helper", access.UseOnly)
	_, absent := e.apiKey(as("gus"), "absent", access.UseOnly)
	e.nowhere(hidden, "helper", absent, "absent")
	require.Equal(t, readWrite, e.has(k, "helper", ""))

	// A key is deleted as its own chatbot's only, and once.
	e.makeBot("other", "acme", "max")
	_, err := e.DeleteAPIKey(e.ctx, as("max"), "other", k.ID)
	e.refused(err, access.KindNotFound, "")
	e.ok(e.DeleteAPIKey(e.ctx, as("adam"), "helper", k.ID))
	_, err = e.DeleteAPIKey(e.ctx, as("adam"), "helper", k.ID)
	e.refused(err, access.KindNotFound, "")
	require.Empty(t, e.has(k, "helper", ""), "K5: from that moment")
}

func TestK3AKeyGivesNoMoreThanItsCreatorHas(t *testing.T) {
	e := acme(t)
	e.ok(e.PutChatbot(e.ctx, as("mia"), "helper", sharing.ChatbotPatch{Visibility: access.Some(access.OrganizationVisible)}))
	levels := func(actor access.Actor) (can []access.Level) {
		for _, level := range access.Levels {
			_, err := e.apiKey(actor, "helper", level)
			if err == nil {
				can = append(can, level)
				continue
			}
			e.refused(err, access.KindDenied, "K3")
		}
		return can
	}
	require.Equal(t, access.Levels, levels(as("max")))
	for _, tc := range []struct {
		row  []access.Action
		want []access.Level
	}{
		{[]access.Action{access.Read, access.Update, access.Deploy, access.Test}, access.Levels},
		{[]access.Action{access.Read, access.Update, access.Deploy}, []access.Level{access.UseOnly, access.ReadOnly}},
		{[]access.Action{access.Read, access.Deploy, access.Test}, []access.Level{access.UseOnly, access.ReadOnly}},
		{[]access.Action{access.Update, access.Deploy, access.Test}, nil}, // M5: without read there is no interact
		{[]access.Action{access.Read, access.Update, access.Test}, nil},
	} {
		require.NoError(t, e.row(as("mia"), "helper", "max", tc.row...))
		require.Equal(t, tc.want, levels(as("max")), "%v", tc.row)
	}

	// Whoever a gate keeps out does not get around it by a key.
	e.ok(e.DeleteRow(e.ctx, as("mia"), "helper", "max"))
	gate := func(p sharing.PolicyPatch) { e.ok(e.PutPolicy(e.ctx, as("mia"), "helper", p)) }
	gate(sharing.PolicyPatch{DeniedUsers: access.Some([]access.UserID{"max"})})
	require.Empty(t, levels(as("max")))
	require.Equal(t, access.Levels, levels(as("mia")), "the owner passes")
	gate(sharing.PolicyPatch{DeniedUsers: access.Optional[[]access.UserID]{Set: true, Null: true}, EmailDomains: access.Some([]string{"acme.test"})})
	require.Equal(t, access.Levels, levels(as("max")))

	// A chatbot that is closed to everybody gets its keys before it is opened (G1).
	gate(sharing.PolicyPatch{EmailDomains: access.Optional[[]string]{Set: true, Null: true}, Enabled: access.Some(false)})
	k := e.madeAPIKey("max", "helper", access.ReadOnly)
	require.Equal(t, readOnly[1:], e.has(k, "helper", ""))
	gate(sharing.PolicyPatch{Enabled: access.Some(true)})
	require.Equal(t, readOnly, e.has(k, "helper", ""))

	// Account keys and site admins have what the engine says.
	require.Equal(t, access.Levels, levels(root))
	require.Equal(t, access.Levels, levels(e.key("acme")))
	require.Equal(t, access.Levels, levels(as("iris")))
	gate(sharing.PolicyPatch{AllowedUsers: access.Some([]access.UserID{"adam"})})
	for _, nobody := range []access.Actor{root, e.key("acme"), as("iris"), acting(e.key("acme"), "adam")} {
		require.Empty(t, levels(nobody), "P1 lends nothing at a gate")
	}
	require.Equal(t, readOnly, e.has(k, "helper", ""), "a key passes G2–G7")
	gate(sharing.PolicyPatch{AllowedUsers: access.Optional[[]access.UserID]{Set: true, Null: true}})
	_, err := e.visible(as("mia"), "helper", access.OwnerOnly)
	require.NoError(t, err)
	for _, nobody := range []access.Actor{root, e.key("acme"), as("iris"), as("olga"), as("adam")} {
		require.Empty(t, levels(nobody), "3.1 gives no deploy")
	}
	require.Equal(t, readOnly, e.has(k, "helper", ""), "V1: keys stay")
	e.ok(e.TransferChatbot(e.ctx, as("mia"), "helper", "adam"))
	require.Equal(t, readOnly, e.has(k, "helper", ""), "and stay when it passes on")
}

func TestK4AKeyIsUsedFromItsRangesOnly(t *testing.T) {
	e := acme(t)
	limited := func(ranges ...string) (access.APIKey, error) {
		r, err := e.CreateAPIKey(e.ctx, as("mia"), "helper", sharing.NewAPIKey{Name: "k", Level: access.UseOnly, AllowedIPs: ranges})
		return r.Key, err
	}
	k, err := limited("10.1.2.3/8", "2001:db8::1", "::ffff:192.0.2.0/120", "10.0.0.0/8")
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.0/8", "192.0.2.0/24", "2001:db8::1/128"}, k.AllowedIPs)
	for _, ip := range []string{"10.255.0.1", "192.0.2.77", "2001:db8::1"} {
		require.Equal(t, useOnly, e.has(k, "helper", ip), ip)
	}
	for _, ip := range []string{"", "11.0.0.1", "2001:db8::2", "192.0.3.1"} {
		require.Empty(t, e.has(k, "helper", ip), ip)
	}
	many := make([]string, sharing.MaxRangeBytes/len("2001:1db8:1111:2222:3333:4444:5555:1000/128 + 4"))
	for i := range many {
		many[i] = fmt.Sprintf("2001:1db8:1111:2222:3333:4444:5555:%04x", 0x1000+i)
	}
	require.Len(t, many, 34)
	k, err = limited(many...)
	require.NoError(t, err, "the engine takes as many as are allowed")
	require.Equal(t, useOnly, e.has(k, "helper", many[len(many)-1]))
	for _, wrong := range [][]string{{}, {"nowhere"}, {"10.0.0.0/33"}, {""}, slices.Concat(many, []string{"10.0.0.0/8"})} {
		_, err := limited(wrong...)
		if len(wrong) == 0 {
			_, err = e.CreateAPIKey(e.ctx, as("mia"), "helper", sharing.NewAPIKey{Name: "k", Level: access.UseOnly, AllowedIPs: []string{}})
		}
		e.refused(err, access.KindUnprocessable, "K4")
	}
}

func TestK5AnExpiredKeyIsDenied(t *testing.T) {
	e := acme(t)
	until := func(at time.Time, ranges []string) (access.APIKey, error) {
		r, err := e.CreateAPIKey(e.ctx, as("mia"), "helper", sharing.NewAPIKey{Name: "k", Level: access.UseOnly, ExpiresAt: at, AllowedIPs: ranges})
		return r.Key, err
	}
	at := e.now.Add(time.Hour)
	k, err := until(at.Add(999*time.Millisecond), nil)
	require.NoError(t, err)
	require.Equal(t, at, k.ExpiresAt, "whole seconds")
	both, err := until(at, []string{"10.0.0.0/8"})
	require.NoError(t, err)
	for _, wrong := range []time.Time{e.now, e.now.Add(-time.Hour), e.now.Add(999 * time.Millisecond), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, err := until(wrong, nil)
		e.refused(err, access.KindUnprocessable, "K5")
	}
	e.now = at.Add(-time.Nanosecond)
	require.Equal(t, useOnly, e.has(k, "helper", ""))
	require.Equal(t, useOnly, e.has(both, "helper", "10.0.0.1"))
	e.now = at
	require.Empty(t, e.has(k, "helper", ""))
	require.Empty(t, e.has(both, "helper", "10.0.0.1"))
}

func TestO4KeysGoWithTheirChatbot(t *testing.T) {
	e := acme(t)
	k := e.madeAPIKey("mia", "helper", access.ReadWrite)
	d, err := e.DeleteChatbot(e.ctx, as("mia"), "helper")
	require.NoError(t, err)
	require.Contains(t, d.Removed, "api_key:"+string(k.ID)+" of chatbot:helper")
	e.makeBot("helper", "acme", "mia")
	require.Empty(t, e.has(k, "helper", ""), "the same ID starts with nothing")
	require.Empty(t, apiKeysOf(e, as("mia"), "helper"))
}

// told lists the notifications of the user about keys without a creator who may deploy.
func (e *env) orphansTold(user access.UserID) (keys []access.KeyID) {
	for _, n := range facts(e, func(tx *store.Tx) ([]access.Notification, error) {
		return tx.Notifications(user, store.NotificationFilter{}, "", 0)
	}) {
		if n.Kind == access.NotifyKeyOrphaned {
			require.EqualValues(e.t, "helper", n.Chatbot)
			keys = append(keys, n.APIKey)
		}
	}
	return keys
}

func TestK3TheOwnerIsToldWhenACreatorLosesDeploy(t *testing.T) {
	e := acme(t)
	e.makeTeam("red", "acme", "max")
	e.ok(e.PutShare(e.ctx, root, "helper", who("team:red"), sharing.SharePatch{Access: access.Some(access.ReadWrite)}))
	e.ok(e.PutShare(e.ctx, root, "helper", who("user:otto"), sharing.SharePatch{
		Access: access.Some(access.ReadWrite), ExpiresAt: access.Some(e.now.Add(time.Hour)),
	}))
	ofMax, ofOtto := e.madeAPIKey("max", "helper", access.UseOnly), e.madeAPIKey("otto", "helper", access.UseOnly)
	ofMia := e.madeAPIKey("mia", "helper", access.UseOnly)
	_, err := e.apiKey(root, "helper", access.UseOnly)
	require.NoError(t, err)
	upkeep := func() { require.NoError(t, e.Upkeep(e.ctx)) }
	marked := func() (ids []access.KeyID) {
		for _, k := range apiKeysOf(e, as("mia"), "helper") {
			if k.CreatorLostDeploy {
				ids = append(ids, k.ID)
			}
		}
		return ids
	}
	upkeep()
	require.Empty(t, marked())
	require.Empty(t, e.orphansTold("mia"))

	e.ok(e.RemoveTeamMember(e.ctx, root, "red", "max"))
	upkeep()
	upkeep()
	require.Equal(t, []access.KeyID{ofMax.ID}, marked())
	require.Equal(t, []access.KeyID{ofMax.ID}, e.orphansTold("mia"), "once")
	require.Empty(t, e.orphansTold("max"))
	require.Equal(t, useOnly, e.has(ofMax, "helper", ""), "the key stays")
	r := e.lastRecord()
	require.Equal(t, "api_key.orphan", r.Action)
	require.Equal(t, "system", r.Actor)
	require.NotContains(t, r.After, ofMax.Preview)

	// Time alone does it, too.
	e.now = e.now.Add(time.Hour)
	upkeep()
	require.ElementsMatch(t, []access.KeyID{ofMax.ID, ofOtto.ID}, marked())
	require.Equal(t, []access.KeyID{ofOtto.ID, ofMax.ID}, e.orphansTold("mia"))

	// What is regained is forgotten, and told again when it is lost again.
	e.ok(e.PutTeamMember(e.ctx, root, "red", "max", access.TeamMember))
	upkeep()
	require.Equal(t, []access.KeyID{ofOtto.ID}, marked())
	require.Equal(t, "api_key.adopt", e.lastRecord().Action)
	require.Len(t, e.orphansTold("mia"), 2)

	// Whoever owns the chatbot then is told, of the key of its former owner, too; offboarding its creator does not end a key.
	e.ok(e.TransferChatbot(e.ctx, as("mia"), "helper", "adam"))
	e.ok(e.DeleteUser(e.ctx, root, "max", sharing.Offboard{}))
	upkeep()
	require.ElementsMatch(t, []access.KeyID{ofMia.ID, ofMax.ID}, e.orphansTold("adam"))
	require.Len(t, e.orphansTold("mia"), 2)
	require.Equal(t, useOnly, e.has(ofMax, "helper", ""))
}

// Many keys are looked at in turn.
func TestK3TheUpkeepGoesThroughAllKeys(t *testing.T) {
	e := acme(t)
	e.shared("helper", "user:max", access.ReadWrite)
	made := e.madeAPIKey("max", "helper", access.UseOnly)
	const more = 2500
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		for i := range more {
			k := made
			k.ID, k.ExpiresAt = access.KeyID(fmt.Sprintf("expired-%04d", i)), e.now
			if err := tx.AddAPIKey(k, string(k.ID)); err != nil {
				return err
			}
		}
		k := made
		k.ID = "z" // the last one
		return tx.AddAPIKey(k, "z")
	}))
	e.ok(e.DeleteShare(e.ctx, root, "helper", who("user:max")))
	for range 3 {
		require.NoError(t, e.Upkeep(e.ctx))
	}
	require.ElementsMatch(t, []access.KeyID{made.ID, "z"}, e.orphansTold("mia"))
	// Those that no use case has made are taken away again.
	e.ok(e.DeleteAPIKey(e.ctx, as("mia"), "helper", "z"))
	require.NoError(t, e.db.Update(e.ctx, func(tx *store.Tx) error {
		all, err := tx.APIKeys(store.APIKeyFilter{}, "", 0)
		require.NoError(t, err)
		for _, k := range all {
			if k.ID != made.ID {
				if err := tx.DeleteAPIKey(k.ID); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}
