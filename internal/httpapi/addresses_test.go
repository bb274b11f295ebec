package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// xena is at home nowhere in acme. Her address is her own until she joins (O7).
const (
	xena        access.UserID = "xena"
	xenaAddress access.Email  = "xena@elsewhere.example"
)

// newAddresses is a world where Alice, an owner of acme, has added Xena to it, and given her one of everything.
func newAddresses(t *testing.T) *testenv.Env {
	e := newWorld(t)
	e.Admin().PutsUser(xena, fields{"email": xenaAddress, "email_verified": true, "name": "Xena", "type": access.Internal})
	owner := e.As(alice)
	owner.PutsMember(acme, xena, access.OrgMember)
	owner.PutsTeamMember(support, xena, access.TeamMember)
	owner.Assigns("tier1", "xena")
	owner.PutsGroupMember("list1", access.UserID("xena"))
	e.As(mel).Transfers(helper, xena)
	e.As(xena).Asks(helper, nested, access.ReadOnly)
	e.As(xena).Transfers(helper, mel)
	owner.Shares(helper, xena, access.ReadOnly)
	owner.SetsRow("helper", "xena", access.Read)
	owner.Puts(handbook, fields{"allowed": []string{"user:bob", "user:xena"}})
	return e
}

// reads are all answers that the caller gets from the routes that read, about acme's things and about Xena, and from the filters that can name her address.
func reads(t *testing.T, e *testenv.Env, of tenant, who testenv.Call) map[string]string {
	w := &isolated{Env: e, acme: tenantWith(of, "user", string(xena))}
	paths := []string{
		"/v1/users?email=" + url.QueryEscape(string(xenaAddress)), "/v1/audit?q=elsewhere.example", "/v1/audit?actor=xena", "/v1/audit?resource=user:xena",
		"/v1/audit/export?format=csv", "/v1/chatbots/helper/documents?subject=user:xena",
	}
	for _, rt := range demanding(t) {
		if rt.Method == http.MethodGet {
			paths = append(paths, path(rt, w.slots(t, rt), w.acme))
		}
	}
	all := map[string]string{}
	for _, path := range paths {
		c := who
		c.Method, c.Path = http.MethodGet, path
		if a := e.Do(c); a.Status == http.StatusOK {
			all[path] = string(a.Body)
		}
	}
	return all
}

// TestAddressesOfPeopleWhoWereAdded calls every route that reads as those who manage an organization that Xena was added to by its owner.
func TestAddressesOfPeopleWhoWereAdded(t *testing.T) {
	e := newAddresses(t)
	confined := e.Admin().MakesKey(fields{"name": "k", "access": access.KeyFull, "organization": acme})
	callers := map[string]testenv.Call{
		"an owner":       {Key: testenv.RootKey, Actor: string(alice)},
		"a member":       {Key: testenv.RootKey, Actor: string(mel)},
		"a confined key": {Key: confined},
	}
	of := acmes(e)
	for name, who := range callers {
		answers := reads(t, e, of, who)
		require.Greater(t, len(answers), 15, name)
		for path, answer := range answers {
			assert.NotContains(t, answer, "elsewhere", "%s reads it at %s", name, path)
		}
	}
	const byAddress = "/v1/users?email=" + string(xenaAddress)
	found := func(who *testenv.Caller) bool {
		return strings.Contains(asText(t, who.Does(http.MethodGet, byAddress, nil)), `"xena"`)
	}
	require.False(t, found(e.As(alice)))
	require.Equal(t, map[string]any{"id": "xena", "name": "Xena", "active": true, "email": nil, "email_verified": false, "type": nil, "organization": nil},
		e.As(alice).Sees("v1", "users", "xena"))
	for _, knows := range []*testenv.Caller{e.Admin(), e.As(xena)} {
		require.True(t, found(knows))
		require.Equal(t, string(xenaAddress), knows.Sees("v1", "users", "xena")["email"])
	}

	// Xena leaves, is invited, and joins: now her address is shown to the owners and admins, and to nobody else.
	e.As(xena).RemovesMember(acme, xena)
	e.As(xena).Accepts(e.As(alice).Invites(acme, xenaAddress, access.OrgMember, nil)["token"].(string))
	for _, manager := range []*testenv.Caller{e.As(alice), e.As(adam), e.With(confined)} {
		require.True(t, found(manager))
		require.Equal(t, string(xenaAddress), manager.Sees("v1", "users", "xena")["email"])
		require.Contains(t, asText(t, manager.Sees("v1", "users")), xenaAddress)
	}
	require.False(t, found(e.As(mel)))
	require.Nil(t, e.As(mel).Sees("v1", "users", "xena")["email"])
	require.NotContains(t, asText(t, e.As(mel).Sees("v1", "users")), xenaAddress)
}

// TestAddressesInReviews is about a share with an address. It names it, being its manager's own words; that it is Xena's is not told.
func TestAddressesInReviews(t *testing.T) {
	e := newAddresses(t)
	e.As(alice).RemovesRow("helper", "xena")
	e.As(alice).Unshares(helper, xena)
	e.As(alice).Shares(helper, xenaAddress, access.ReadWrite)
	about := func(who *testenv.Caller) map[string]string {
		return map[string]string{
			"review":      asText(t, who.Sees("v1", "chatbots", "helper", "access")),
			"user review": asText(t, who.Sees("v1", "users", "xena", "access")),
			"matrix":      asText(t, who.Sees("v1", "chatbots", "helper", "permissions")),
			"explanation": asText(t, who.Does(http.MethodPost, "/v1/explain", fields{
				"subject": fields{"type": "user", "id": "xena"}, "action": fields{"name": "read"}, "resource": fields{"type": "chatbot", "id": "helper"},
			})),
		}
	}
	require.Contains(t, asText(t, e.As(alice).Sees("v1", "chatbots", "helper", "shares")), xenaAddress)
	for name, answer := range about(e.As(alice)) {
		assert.Contains(t, answer, "(hidden)", name)
		assert.NotContains(t, answer, xenaAddress, name)
	}
	for name, answer := range about(e.Admin()) {
		assert.Contains(t, answer, xenaAddress, name)
	}
}

// TestAddressesInInvitations invites an address. Whether somebody who was added has it is not told.
func TestAddressesInInvitations(t *testing.T) {
	e := newAddresses(t)
	token := e.As(alice).Invites(acme, xenaAddress, access.OrgMember, nil)["token"].(string)
	e.As(xena).Refused(access.KindConflict, "N1").Accepts(token)
	e.As(alice).Refused(access.KindConflict, "N1").Invites(acme, "bob@example.com", access.OrgMember, nil) // whom a site admin added
}

// TestAddressesInTheRecord moves Xena out of acme, with another address: acme's record does not tell what it is.
func TestAddressesInTheRecord(t *testing.T) {
	e := newAddresses(t)
	e.Admin().PutsUser(xena, fields{"organization": acme})
	e.Admin().PutsUser(xena, fields{"organization": nil, "email": "xena@nowhere.example"})
	record := func(who *testenv.Caller, query string) string {
		return asText(t, who.Does(http.MethodGet, "/v1/audit?"+query, nil))
	}
	require.Contains(t, record(e.Admin(), "q=nowhere.example"), "nowhere")
	require.Contains(t, record(e.As(alice), "resource=user:xena"), "elsewhere", "what acme knew when it was her home")
	require.NotContains(t, record(e.As(alice), "resource=user:xena"), "nowhere")
	require.NotContains(t, record(e.As(alice), "q=nowhere.example"), "xena")
}

func asText(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
