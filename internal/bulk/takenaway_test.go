package bulk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

// Whom an administrator has removed stays removed on the server to which everything moves, although the provider still names the organization.
func TestD2WhatWasTakenAwayMoves(t *testing.T) {
	const issuer = "https://id.example"
	hashKey := secret.NewHashKey()
	from, to := newEnvWith(t, hashKey), newEnvWith(t, hashKey)
	signsIn := func(e *env, sub string, orgs ...access.OrganizationID) {
		e.now = e.now.Add(time.Minute)
		in := access.SignIn{Issuer: issuer, Subject: sub, User: "mel", IssuedAt: e.now.Truncate(time.Second), Claimants: []string{issuer}, Address: "192.0.2.9", RequestID: "r", Adopt: true, Create: true}
		for _, org := range orgs {
			in.Memberships = append(in.Memberships, access.Membership{Organization: org, Role: access.OrgMember})
		}
		require.NoError(t, e.SignIn(t.Context(), in))
	}
	member := func(e *env, org access.OrganizationID) bool {
		var found bool
		require.NoError(t, e.db.View(t.Context(), func(tx *store.Tx) (err error) {
			_, found, err = tx.Membership(org, "mel")
			return err
		}))
		return found
	}
	from.takes(root, "f.csv", "organization,user,role\nacme,olga,owner\nglobex,gina,owner\n")
	signsIn(from, "s", "acme", "globex")
	require.True(t, member(from, "acme"))
	_, err := from.RemoveMember(t.Context(), as("olga"), "acme", "mel", sharing.Offboard{})
	require.NoError(t, err)
	signsIn(from, "s", "acme", "globex")
	require.False(t, member(from, "acme"))

	for _, kind := range []access.UserType{access.Internal, access.External} {
		_, err := from.PutUser(t.Context(), root, "mel", sharing.UserPatch{Type: access.Some(kind)})
		require.NoError(t, err)
	}

	file := string(from.export(""))
	require.Contains(t, file, `{"kind":"taken_away","user":"mel","organization":"acme"}`)
	require.Contains(t, file, `{"kind":"taken_away","user":"mel","type":"internal"}`)
	to.takes(root, "all.jsonl", file)
	sameLines(t, file, string(to.export("")))
	signsIn(to, "s", "acme", "globex")
	require.False(t, member(to, "acme"), "the provider gives nothing back here either")
	require.True(t, member(to, "globex"))

	signsIn(to, "s", "globex")
	require.Contains(t, string(to.export("")), `{"kind":"taken_away","user":"mel","organization":"acme","stopped_by":["`+issuer+`"]}`)
	signsIn(to, "s", "acme", "globex")
	require.True(t, member(to, "acme"), "the provider has stopped naming it once")
}

func TestD2RowsOfWhatWasTakenAwayAreChecked(t *testing.T) {
	e := newEnv(t)
	e.takes(root, "f.csv", "organization,user,role\nacme,olga,owner\n")
	row := func(fields string) string { return `{"kind":"taken_away",` + fields + "}\n" }
	require.Equal(t, []string{"to restore removals, use an unconfined full key without an actor (B1)"}, e.reasons(as("olga"), row(`"user":"olga","organization":"acme"`)))
	require.Equal(t, []string{"organization: one of organization, role, platform_role and type says what was taken away (D2)"}, e.reasons(root, row(`"user":"olga"`)))
	require.Equal(t, []string{"organization: one of organization, role, platform_role and type says what was taken away (D2)"},
		e.reasons(root, row(`"user":"olga","organization":"acme","role":"r"`)))
	require.Equal(t, []string{`type: "external" is not one of internal ()`}, e.reasons(root, row(`"user":"olga","type":"external"`)))
	require.Equal(t, []string{"stopped_by: an issuer's name must have 1 to 1024 visible characters (D2)"},
		e.reasons(root, row(`"user":"olga","organization":"acme","stopped_by":["a\u202e"]`)))
}
