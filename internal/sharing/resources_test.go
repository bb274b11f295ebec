package sharing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/schema"
)

var resourceTypes = []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric}

func (e *env) putResource(actor access.Actor, t access.Type, id string, p sharing.ResourcePatch) error {
	_, err := e.PutResource(e.ctx, actor, t, id, p)
	return err
}

func onHelper(mode access.Mode, allowed ...string) sharing.ResourcePatch {
	p := sharing.ResourcePatch{Chatbot: access.Some[access.ChatbotID]("helper"), Access: access.Some(mode)}
	var list []access.Principal
	for _, a := range allowed {
		list = append(list, who(a))
	}
	p.Allowed = access.Some(list)
	return p
}

func TestR2WhoMayUpdateTheChatbotManagesWhatHangsOnIt(t *testing.T) {
	for _, typ := range resourceTypes {
		t.Run(string(typ), func(t *testing.T) {
			e := acme(t)
			e.makeTeam("blue", "acme", "carl")
			e.shared("helper", "everyone", access.UseOnly)
			o := access.Object{Type: typ, ID: "r"}
			action := access.Actions[typ][0]
			require.NoError(t, e.putResource(as("adam"), typ, "r", onHelper(access.ModePublic)))
			require.True(t, e.may("otto", action, o))
			require.NoError(t, e.putResource(as("mia"), typ, "r", onHelper(access.ModeRestricted, "user:max", "team:blue")))
			require.False(t, e.may("otto", action, o))
			require.True(t, e.may("max", action, o))
			require.True(t, e.may("carl", action, o))
			require.True(t, e.may("adam", action, o), "R2")
			e.refused(e.putResource(as("max"), typ, "r", sharing.ResourcePatch{Chatbot: access.Some[access.ChatbotID]("helper")}), access.KindDenied, "R2")
			_, err := e.DeleteResource(e.ctx, as("max"), typ, "r")
			e.refused(err, access.KindDenied, "R2")
			e.makeBot("max's", "acme", "max")
			moved := sharing.ResourcePatch{Chatbot: access.Some[access.ChatbotID]("max's")}
			e.refused(e.putResource(as("max"), typ, "r", moved), access.KindIDTaken, "I3")
			e.ok(e.DeleteResource(e.ctx, as("mia"), typ, "r"))
			require.False(t, e.may("adam", action, o))
		})
	}
}

func TestR3AResourceThatMayNotBeSeenIsNotThere(t *testing.T) {
	for _, typ := range resourceTypes {
		t.Run(string(typ), func(t *testing.T) {
			e := acme(t)
			e.shared("helper", "user:otto", access.UseOnly) // otto sees the chatbot, and not what is restricted
			e.makeBot("max's", "acme", "max")
			require.NoError(t, e.putResource(root, typ, "hidden", onHelper(access.ModeRestricted, "user:mia")))
			for _, actor := range []access.Actor{as("otto"), as("max"), as("carl"), as("gus"), e.key("globex")} {
				for _, p := range []sharing.ResourcePatch{{}, onHelper(access.ModePublic), {Access: access.Some(access.ModePublic)}} {
					e.nowhere(e.putResource(actor, typ, "hidden", p), "hidden", e.putResource(actor, typ, "absent", p), "absent")
				}
				_, hidden := e.DeleteResource(e.ctx, actor, typ, "hidden")
				_, absent := e.DeleteResource(e.ctx, actor, typ, "absent")
				e.nowhere(hidden, "hidden", absent, "absent")
			}
		})
	}
}

func TestR1ListsHoldUsersAddressesAndTheTeamsAndGroupsOfTheOrganization(t *testing.T) {
	e := acme(t)
	e.makeTeam("red", "globex")
	e.makeGroup("theirs", "globex")
	e.makeRole("vip", "acme")
	for _, p := range []string{"user:stranger", "team:red", "team:absent", "group:theirs", "role:vip", "organization:acme", "everyone"} {
		e.refused(e.putResource(as("mia"), access.TypeDocument, "d", onHelper(access.ModeRestricted, p)), access.KindUnprocessable, "R1")
	}
	e.refused(e.putResource(as("mia"), access.TypeMetric, "m", onHelper(access.ModeAuthenticated)), access.KindUnprocessable, "R1")
	require.NoError(t, e.putResource(as("mia"), access.TypeDocument, "d", onHelper(access.ModeAuthenticated)))
	e.refused(e.putResource(as("mia"), access.TypeDocument, "new", sharing.ResourcePatch{}), access.KindUnprocessable, "I3")
	sent := onHelper(access.ModeRestricted, "user:otto", "email:a@b.test", "user:otto")
	require.NoError(t, e.putResource(as("mia"), access.TypeDocument, "d", sent))
	require.Equal(t, []access.Principal{who("user:otto"), who("email:a@b.test"), who("user:otto")}, sent.Allowed.Value, "what was sent stays as it is")
}

func TestF1AFeatureIsSwitchedByWhoMayUpdateTheChatbot(t *testing.T) {
	e := acme(t)
	e.shared("helper", "everyone", access.UseOnly)
	e.makeRole("vip", "acme", "otto")
	e.makeRole("theirs", "globex")
	o := access.Object{Type: access.TypeFeature, ID: access.FeatureID("helper", "traces")}
	put := func(actor access.Actor, p sharing.FeaturePatch) error {
		_, err := e.PutFeature(e.ctx, actor, "helper", "traces", p)
		return err
	}
	require.NoError(t, put(as("adam"), sharing.FeaturePatch{}))
	require.False(t, e.may("otto", access.Use, o), "off by default")
	require.NoError(t, put(as("mia"), sharing.FeaturePatch{Enabled: access.Some(true)}))
	require.True(t, e.may("otto", access.Use, o))
	require.NoError(t, put(as("mia"), sharing.FeaturePatch{AllowedRoles: access.Some([]string{"vip"})}))
	require.True(t, e.may("otto", access.Use, o))
	require.False(t, e.may("gus", access.Use, o))
	e.refused(put(as("otto"), sharing.FeaturePatch{}), access.KindDenied, "R2")
	for rule, p := range map[string][]sharing.FeaturePatch{
		"G8": {{AllowedRoles: access.Some([]string{})}, {UserTypes: access.Some([]access.UserType{})}},
		"F1": {
			{AllowedRoles: access.Some([]string{"absent"})}, {AllowedRoles: access.Some([]string{"theirs"})},
			{Limits: access.Some(map[string]float64{"size": 1})}, {Limits: access.Some(map[string]float64{"max_": 1})},
			{Limits: access.Some(map[string]float64{"max_size": -1})}, {Limits: access.Some(map[string]float64{"max_size": 1<<53 + 2})},
			{Limits: access.Some(limits(sharing.MaxLimits+1, 10))}, {Limits: access.Some(limits(1, sharing.MaxLimitNameBytes+1))},
			{Limits: access.Some(limits(sharing.MaxLimits, sharing.MaxLimitNamesBytes/sharing.MaxLimits+1))},
		},
	} {
		for _, p := range p {
			e.refused(put(as("mia"), p), access.KindUnprocessable, rule)
		}
	}
	require.NoError(t, put(as("mia"), sharing.FeaturePatch{Limits: access.Some(limits(sharing.MaxLimits, sharing.MaxLimitNamesBytes/sharing.MaxLimits))}),
		"the most and the longest reach the engine")
	values := map[string]any{ // with the longest of all else that a question carries
		schema.ParamTime: time.Now().UTC().Format(time.RFC3339Nano), schema.ParamLink: strings.Repeat("f", 64),
		schema.ParamIP: strings.Repeat("f", 39), schema.ParamEmailDomain: strings.Repeat("d", 253),
	}
	most := map[string]any{}
	for name, limit := range limits(sharing.MaxLimits, sharing.MaxLimitNamesBytes/sharing.MaxLimits) {
		most[name] = limit
	}
	values[schema.ParamValues] = most
	require.True(t, spice.ValuesFit(values), "and a question can carry a value for each")
}

// limits are so many limits with names of so many bytes.
func limits(count, bytes int) map[string]float64 {
	all := map[string]float64{}
	for n := range count {
		name := fmt.Sprintf("max_%03d", n)
		all[name+strings.Repeat("x", max(0, bytes-len(name)))] = float64(n)
	}
	return all
}
