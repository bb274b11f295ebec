package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision/decisiontest"
	"github.com/grantway/grantway/internal/testenv/plain"
)

// C1: what was deleted is denied at once, also while the engine has not heard of all of it.
func TestC1WhatWasDeletedIsDeniedWhileTheEngineStillGrantsIt(t *testing.T) {
	e := decisiontest.Start(t)
	w := acme()
	w.Teams = []access.Team{{ID: "blue", Organization: "acme"}}
	w.TeamMemberships = []access.TeamMembership{{Team: "blue", User: "mia", Role: access.TeamAdmin}}
	w.Resources = []access.Resource{{Type: access.TypeDocument, ID: "doc", Chatbot: "helper", Mode: access.ModePublic}}
	w.Features = []access.Feature{{Chatbot: "helper", Name: "traces", Enabled: true}}
	e.Load(w)
	granted := map[string]access.Object{
		"view_data": thing(access.TypeOrganization, "acme"), "manage_members": thing(access.TypeTeam, "blue"), "interact": thing(access.TypeChatbot, "helper"),
		"view": thing(access.TypeDocument, "doc"), "use": thing(access.TypeFeature, "helper/traces"),
	}
	for action, o := range granted {
		require.True(t, can(t, e.Service(nil), backend, asks(user("mia"), action, o)), action)
	}
	e.Forget(&plain.World{Users: w.Users})
	for action, o := range granted {
		require.False(t, can(t, e.Service(nil), backend, asks(user("mia"), action, o)), action)
		a := answer(t, e.Service(nil), backend, explained(asks(user("mia"), action, o)))
		require.Contains(t, told(a), "does not exist", action)
	}
	require.True(t, can(t, e.Service(nil), backend, asks(user("sam"), "administer", access.PlatformObject)))
}
