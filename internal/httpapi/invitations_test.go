package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestInvitation tells how somebody comes into an organization, with a chatbot.
func TestInvitation(t *testing.T) {
	e := newWorld(t)
	e.Admin().PutsUser("nina", fields{"email": "nina@example.com", "email_verified": true})
	sent := e.As(alice).Invites(acme, "Nina@Example.com", access.OrgMember, map[access.ChatbotID]access.Level{helper: access.ReadOnly})
	token, id := sent["token"].(string), sent["id"].(string)
	require.NotEmpty(t, sent["zedtoken"])
	e.Cannot(access.UserID("nina"), access.Read, helper)

	read := e.As(adam).Sees("v1", "invitations", id)
	require.Equal(t, "pending", read["state"])
	require.Equal(t, "nina@example.com", read["email"])
	require.Equal(t, "user:alice", read["inviter"])
	require.Equal(t, []any{map[string]any{"chatbot": "helper", "access": "read_only"}}, read["shares"])
	require.NotContains(t, read, "token")
	require.Len(t, e.As(alice).Sees("v1", "organizations", "acme", "invitations")["items"], 2)

	e.As(bob).Refused(access.KindDenied, "N1").Accepts(token)
	e.Admin().Refused(access.KindDenied, "B2").Accepts(token)
	given := e.As("nina").Accepts(token)
	require.Equal(t, "acme", given["organization"])
	require.Equal(t, "member", given["role"])
	require.NotEmpty(t, given["zedtoken"])
	e.Can(access.UserID("nina"), access.Read, helper)
	e.As("nina").Refused(access.KindConflict, "N1").Accepts(token)
	require.Equal(t, "accepted", e.As(alice).Sees("v1", "invitations", id)["state"])
	e.As(alice).Refused(access.KindConflict, "N1").Does(http.MethodDelete, testenv.Path("v1", "invitations", id), nil)
}

// A repeated call invites once, and does not show the token again.
func TestInvitationRepeated(t *testing.T) {
	e := newWorld(t)
	call := testenv.Call{
		Method: http.MethodPost, Path: "/v1/organizations/acme/invitations", Key: testenv.RootKey, Actor: string(alice),
		Body: fields{"email": "nina@example.com", "role": "member"}, Header: http.Header{"Idempotency-Key": {"once"}},
	}
	first, again := e.Do(call), e.Do(call)
	require.Equal(t, http.StatusCreated, first.Status, "%s", first.Body)
	require.Equal(t, http.StatusCreated, again.Status)
	require.Contains(t, string(first.Body), "gwinv_")
	require.NotContains(t, string(again.Body), "gwinv_")
	require.Len(t, e.As(alice).Sees("v1", "organizations", "acme", "invitations")["items"], 2)
	require.NotContains(t, e.Log.String(), "gwinv_")
	require.NotContains(t, e.Log.String(), "nina@example.com")
}

func TestInvitationBodies(t *testing.T) {
	e := newWorld(t)
	for _, body := range []any{
		fields{}, fields{"email": "nina@example.com"}, fields{"email": "nina", "role": "member"}, fields{"email": "nina@example.com", "role": "boss"},
		fields{"email": "nina@example.com", "role": "member", "shares": []any{fields{"chatbot": "helper"}}},
		fields{"email": "nina@example.com", "role": "member", "shares": []any{fields{"chatbot": "helper", "access": "all"}}},
		fields{"email": "nina@example.com", "role": "member", "token": "mine"},
	} {
		e.As(alice).Refused(access.KindInvalid, "").Does(http.MethodPost, "/v1/organizations/acme/invitations", body)
	}
	e.As(alice).Refused(access.KindInvalid, "").Does(http.MethodPost, "/v1/invitations/accept", fields{})
	e.As(alice).Refused(access.KindNotFound, "N1").Accepts("nothing")
}
