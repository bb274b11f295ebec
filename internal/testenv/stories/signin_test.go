package stories_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/idp"
)

// corporate is a provider whose groups give roles, and a partner's, which is believed about its own addresses only.
const corporate = `
- issuer: %s
  audience: [shop]
  user: {claim: preferred_username, adopt: true, adopt_self_chosen: true}
  email: {domains: [acme.com]}
  type: {domains: [acme.com]}
  grants:
    - {claim: groups, value: support, role: tier1}
    - {claim: groups, value: "org:*", organization: "*", as: member}
    - {claim: groups, value: "lead:*", organization: "*", as: admin}
    - {claim: realm.access, value: administrator, platform: site_admin}
- issuer: %s
  audience: [shop]
  user: {prefix: "partner|"}
  email: {domains: [partner.org]}
`

type claims = map[string]any

// TestPeopleSignInWithTheirProviders is about people who call with tokens of a real OpenID provider, and whose rights follow what it says.
func TestPeopleSignInWithTheirProviders(t *testing.T) {
	corp, partner := idp.New(t), idp.New(t)
	e := testenv.New(t, testenv.SignIns(t, fmt.Sprintf(corporate, corp.URL, partner.URL)))
	e.Admin().PutsUser("olga", fields{})
	e.Admin().PutsUser("root", fields{"type": access.Internal})
	for _, org := range []access.OrganizationID{acme, globex} {
		e.Admin().PutsOrganization(org, fields{"owner": "olga"})
	}
	e.Admin().PutsRole("tier1", fields{"organization": acme})
	e.Admin().PutsChatbot("helper", fields{"organization": acme, "owner": "olga", "visibility": access.OrganizationVisible})
	e.Admin().PutsChatbot("other", fields{"organization": globex, "owner": "olga"})
	e.Admin().Shares("other", access.Email("mia@acme.com"), access.ReadOnly)
	mia := access.UserID("mia")
	as := func(p *idp.Provider, subject string) *testenv.Caller {
		token, _ := p.LogsIn(subject)
		return e.With(token)
	}

	// Mia's first sign-in creates her: a member of acme, internal, with the grants to her verified address.
	said := claims{
		"preferred_username": "mia", "email": "Mia@Acme.com", "email_verified": true, "name": "Mia M.", "groups": []string{"support", "org:acme", "org:unknown"},
	}
	corp.Knows("s-1", said)
	first := as(corp, "s-1")
	me := first.Sees("v1", "users", "mia")
	require.Equal(t, "mia@acme.com", me["email"])
	require.Equal(t, true, me["email_verified"])
	require.Equal(t, "internal", me["type"])
	require.Equal(t, "Mia M.", me["name"])
	e.Can(mia, access.Read, access.ChatbotID("helper"))
	e.Can(mia, access.Read, access.ChatbotID("other"))
	require.Len(t, e.Admin().Sees("v1", "roles", "tier1", "assignees")["items"], 1)

	// Calls after that change nothing, and she is herself: what she makes is hers.
	entries := len(e.Admin().Sees("v1", "audit")["items"].([]any))
	for range 3 {
		first.Sees("v1", "chatbots", "helper")
	}
	require.Len(t, e.Admin().Sees("v1", "audit")["items"], entries)
	first.PutsChatbot("mias", fields{"organization": acme})
	require.Equal(t, "mia", e.Admin().Sees("v1", "chatbots", "mias")["owner"])
	newest := e.Admin().Sees("v1", "audit")["items"].([]any)[0].(map[string]any)
	require.Equal(t, "user:mia", newest["actor"])
	require.Equal(t, "issuer:"+corp.URL, newest["key"])
	first.Refused(access.KindDenied, "").PutsUser("else", fields{})

	// C7: she asks about herself, and not about others.
	about := func(user string) fields {
		return fields{
			"subject": fields{"type": "user", "id": user}, "action": fields{"name": "interact"}, "resource": fields{"type": "chatbot", "id": "helper"},
			"context": fields{"explain": true},
		}
	}
	require.Equal(t, true, first.Does(http.MethodPost, "/access/v1/evaluation", about("mia"))["decision"])
	require.Equal(t, false, first.Does(http.MethodPost, "/access/v1/evaluation", about("olga"))["decision"])
	require.Equal(t, true, e.As("olga").Does(http.MethodPost, "/access/v1/evaluation", about("mia"))["decision"])

	// Her groups change: what the provider gave and says no more is taken back, and what an administrator gave stays.
	e.Admin().PutsRole("vip", fields{})
	e.Admin().Assigns("vip", "mia")
	e.Admin().PutsMember(globex, mia, access.OrgMember)
	said["groups"] = []string{"lead:globex", "lead:acme"}
	said["realm"] = claims{"access": []string{"administrator"}}
	corp.Knows("s-1", said)
	second := as(corp, "s-1")
	second.Sees("v1", "users", "root") // as a site admin
	require.Empty(t, e.Admin().Sees("v1", "roles", "tier1", "assignees")["items"])
	require.Len(t, e.Admin().Sees("v1", "roles", "vip", "assignees")["items"], 1)
	require.Equal(t, access.OrgAdmin, roleIn(e, acme, mia))
	require.Equal(t, access.OrgMember, roleIn(e, globex, mia), "an administrator has decided that")
	said["groups"], said["realm"] = []string{}, nil
	corp.Knows("s-1", said)
	third := as(corp, "s-1")
	third.Refused(access.KindNotFound, "").Sees("v1", "chatbots", "helper")
	require.Empty(t, roleIn(e, acme, mia))
	require.Equal(t, access.OrgMember, roleIn(e, globex, mia))
	require.Equal(t, "olga", e.Admin().Sees("v1", "chatbots", "mias")["owner"], "O3")

	// Her earlier tokens are still valid, and give nothing back.
	for _, earlier := range []*testenv.Caller{second, first} {
		earlier.Sees("v1", "users", "mia")
		earlier.Refused(access.KindNotFound, "").Sees("v1", "users", "root")
		earlier.Refused(access.KindNotFound, "").Sees("v1", "chatbots", "helper")
	}
	require.Empty(t, roleIn(e, acme, mia))

	// The provider's ID for a user that already exists is adopted; a partner's people are only its own, whatever it says about addresses.
	corp.Knows("s-2", claims{"preferred_username": "root"})
	as(corp, "s-2").Sees("v1", "users", "root")
	partner.Knows("mia", claims{"email": "olga@acme.com", "email_verified": true, "groups": []string{"lead:acme"}})
	as(partner, "mia").Sees("v1", "users", "partner|mia")
	require.Equal(t, false, e.Admin().Sees("v1", "users", "partner|mia")["email_verified"])
	require.Empty(t, roleIn(e, acme, "partner|mia"))
	corp.Knows("s-3", claims{"preferred_username": "partner|mia"})
	as(corp, "s-3").Refused(access.KindUnauthenticated, "U1").Sees("v1", "users")
	corp.Knows("s-4", claims{"preferred_username": "mia"})
	as(corp, "s-4").Refused(access.KindUnauthenticated, "U1").Sees("v1", "users")

	// Who is offboarded stays out, with old tokens and new ones (N2).
	e.Admin().PutsUser(mia, fields{"active": false})
	third.Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	said["groups"] = []string{"org:acme"}
	corp.Knows("s-1", said)
	fourth := as(corp, "s-1")
	fourth.Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	e.Admin().PutsUser(mia, fields{"active": true})
	third.Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	fourth.Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	require.Empty(t, roleIn(e, acme, mia), "she starts with nothing: her tokens are from before")
	corp.Knows("s-1", claims{"preferred_username": "mia"})
	e.With(corp.Issues("s-1", time.Now().Add(2*time.Second))).Sees("v1", "users", "mia")
	e.Admin().Does(http.MethodDelete, "/v1/users/mia", nil)
	as(corp, "s-1").Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
}

// roleIn is the user's role in the organization, or "".
func roleIn(e *testenv.Env, org access.OrganizationID, user access.UserID) access.OrgRole {
	for _, m := range e.Admin().Sees("v1", "organizations", string(org), "members")["items"].([]any) {
		if m := m.(map[string]any); m["user"] == string(user) {
			return access.OrgRole(m["role"].(string))
		}
	}
	return ""
}

// TestProvidersChangeTheirKeysAndGoAway is about keys that are rotated and withdrawn, and about a provider that does not answer.
func TestProvidersChangeTheirKeysAndGoAway(t *testing.T) {
	corp := idp.New(t)
	corp.Knows("mia", claims{})
	now := time.Now()
	corp.Away(true)
	e := testenv.New(t, testenv.SignIns(t, "- {issuer: "+corp.URL+", audience: [shop]}"), testenv.At(func() time.Time { return now }))
	corp.Away(false)
	old, id := corp.LogsIn("mia")
	corp.Away(true)
	mia := func(token string) *testenv.Caller { return e.With(token) }

	mia(old).Refused(access.KindUnavailable, "").Sees("v1", "users", "mia")
	corp.Away(false)
	mia(old).Refused(access.KindUnavailable, "").Sees("v1", "users", "mia") // it was asked just now
	now = now.Add(10 * time.Second)
	mia(old).Sees("v1", "users", "mia")
	mia(id).Sees("v1", "users", "mia")
	require.Equal(t, 1, corp.Fetches())

	corp.Rotates()
	fresh, _ := corp.LogsIn("mia")
	now = now.Add(10 * time.Second)
	mia(fresh).Sees("v1", "users", "mia")
	mia(old).Sees("v1", "users", "mia")
	require.Equal(t, 2, corp.Fetches(), "an unknown key is fetched at once")

	corp.Withdraws()
	now = now.Add(4*time.Minute + 59*time.Second)
	mia(old).Sees("v1", "users", "mia")
	now = now.Add(time.Second)
	mia(old).Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	fetches := corp.Fetches()
	for range 5 {
		mia(old).Refused(access.KindUnauthenticated, "U1").Sees("v1", "users", "mia")
	}
	require.Equal(t, fetches, corp.Fetches(), "what is unknown is not looked for again and again")
}
