package stories_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// keyring is an organization, acme, of olga (its owner) and adam (an admin), and a site admin, iris.
func keyring(t *testing.T, options ...testenv.Option) *testenv.Env {
	e := testenv.New(t, options...)
	for _, u := range []access.UserID{"olga", "adam", "max"} {
		e.Admin().PutsUser(u, fields{"email": string(u) + "@acme.com", "email_verified": true})
	}
	e.Admin().PutsOrganization(acme, fields{"owner": "olga", "name": "Acme"})
	e.Admin().PutsMember(acme, "adam", access.OrgAdmin)
	e.Admin().PutsMember(acme, "max", access.OrgMember)
	e.Admin().PutsUser("iris", fields{"type": access.Internal})
	e.Admin().GrantsPlatformRole(access.SiteAdmin, "iris")
	e.As("olga").PutsChatbot("helper", fields{"organization": acme})
	return e
}

// theKey is the account key with the ID in the list that the caller reads.
func theKey(c *testenv.Caller, id any) map[string]any {
	c.Helper()
	for _, k := range items(c.Does(http.MethodGet, "/v1/keys", nil), "items") {
		if k["id"] == id {
			return k
		}
	}
	return nil
}

func makes(c *testenv.Caller, f fields) (id, secret string) {
	c.Helper()
	k := c.Does(http.MethodPost, "/v1/keys", f)
	return k["id"].(string), k["secret"].(string)
}

var full = fields{"name": "robot", "access": access.KeyFull, "organization": acme}

// An admin makes a full key, is demoted and removed, and the key does nothing for them any longer: least of all does it make them an admin again.
func TestB5_AKeyEndsWithTheRightsOfWhoMadeIt(t *testing.T) {
	for name, loses := range map[string]func(*testenv.Env){
		"demoted":     func(e *testenv.Env) { e.As("olga").PutsMember(acme, "adam", access.OrgMember) },
		"removed":     func(e *testenv.Env) { e.As("olga").RemovesMember(acme, "adam") },
		"deactivated": func(e *testenv.Env) { e.Admin().PutsUser("adam", fields{"active": false}) },
		"deleted":     func(e *testenv.Env) { e.Admin().Does(http.MethodDelete, "/v1/users/adam", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			e := keyring(t)
			id, secret := makes(e.As("adam"), full)
			robot := e.With(secret)
			robot.PutsMember(acme, "max", access.OrgMember)
			loses(e)
			robot.Refused(access.KindUnauthenticated, "B5").PutsMember(acme, "adam", access.OrgAdmin)
			robot.Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
			robot.Refused(access.KindUnauthenticated, "B5").Does(http.MethodPost, "/access/v1/evaluation",
				fields{"subject": fields{"type": "user", "id": "olga"}, "action": fields{"name": "read"}, "resource": fields{"type": "chatbot", "id": "helper"}})
			k := theKey(e.As("olga"), id)
			require.Equal(t, []any{"user:adam"}, k["belongs_to"])
			require.Equal(t, "user:adam is not an active owner or admin of organization:acme", k["refused_for"])

			// Coming back does not bring it back: nobody has taken it over.
			e.Admin().PutsUser("adam", fields{"active": true})
			e.Admin().PutsMember(acme, "adam", access.OrgAdmin)
			robot.Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
		})
	}
}

// The keys that were made with a key end with the same rights, also where they were made for somebody else.
func TestB5_AKeyThatAKeyMadeBelongsToTheSamePerson(t *testing.T) {
	e := keyring(t)
	parent, secret := makes(e.As("adam"), full)
	child, childSecret := makes(e.With(secret), full)
	grandchild, grandSecret := makes(e.With(childSecret), full)
	forOlga := e.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/keys", Body: full, Key: secret, Actor: "olga"})
	require.Equal(t, http.StatusCreated, forOlga.Status, "%s", forOlga.Body)
	require.Equal(t, parent, theKey(e.As("olga"), child)["parent"])
	require.Equal(t, []any{"user:adam"}, theKey(e.As("olga"), grandchild)["belongs_to"])

	refused := e.As("olga").PutsMember(acme, "adam", access.OrgMember)["refused_keys"]
	require.Len(t, refused, 4)
	require.Subset(t, refused, []any{parent, child, grandchild})
	for _, s := range []string{secret, childSecret, grandSecret} {
		e.With(s).Refused(access.KindUnauthenticated, "B5").PutsMember(acme, "adam", access.OrgAdmin)
	}
}

// A site admin's key makes no site admins once she is external (P4), nor once the role is taken away.
func TestB5_ASiteAdminsKeyEndsWithTheRole(t *testing.T) {
	for name, loses := range map[string]func(*testenv.Env){
		"external": func(e *testenv.Env) { e.Admin().PutsUser("iris", fields{"type": access.External}) },
		"no role":  func(e *testenv.Env) { e.Admin().RevokesPlatformRole(access.SiteAdmin, "iris") },
		"deleted":  func(e *testenv.Env) { e.Admin().Does(http.MethodDelete, "/v1/users/iris", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			e := keyring(t)
			e.Admin().PutsUser("pat", fields{"type": access.Internal})
			_, secret := makes(e.As("iris"), fields{"name": "robot", "access": access.KeyFull})
			_, confined := makes(e.As("iris"), full)
			loses(e)
			e.With(secret).Refused(access.KindUnauthenticated, "B5").GrantsPlatformRole(access.SiteAdmin, "pat")
			refused := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/organizations", Key: secret, Actor: "olga"})
			require.Equal(t, http.StatusUnauthorized, refused.Status, "it acts for nobody either")
			e.With(confined).Refused(access.KindUnauthenticated, "B5").PutsMember(acme, "iris", access.OrgAdmin)
		})
	}
}

// What the installation's own keys make without an actor rests on no person.
func TestB5_TheInstallationsKeysBelongToNobody(t *testing.T) {
	e := keyring(t)
	id, secret := makes(e.Admin(), fields{"name": "operator", "access": access.KeyFull})
	child, childSecret := makes(e.With(secret), full)
	e.As("olga").RemovesMember(acme, "adam")
	e.Admin().Does(http.MethodDelete, "/v1/users/iris", nil)
	require.Empty(t, theKey(e.Admin(), id)["belongs_to"])
	require.Nil(t, theKey(e.Admin(), id)["parent"])
	require.Equal(t, id, theKey(e.Admin(), child)["parent"])
	e.With(childSecret).PutsMember(acme, "max", access.OrgMember)
}

// Owners and admins are told of keys that are refused, and so are site admins where the keys are confined to no organization; the person is not.
func TestB5_TheHeirsAreTold(t *testing.T) {
	box := mailbox.New(t)
	e := keyring(t, testenv.Mail(box))
	e.Admin().PutsUser("sue", fields{"type": access.Internal, "email": "sue@acme.com", "email_verified": true})
	e.Admin().GrantsPlatformRole(access.SiteAdmin, "sue")
	makes(e.As("adam"), full)
	makes(e.As("adam"), full)
	makes(e.As("iris"), fields{"name": "robot", "access": access.KeyReadOnly})
	e.Admin().PutsMember(acme, "adam", access.OrgMember)
	e.Admin().RevokesPlatformRole(access.SiteAdmin, "iris")
	m := box.Await("olga@acme.com")
	require.Equal(t, "Account keys of “Acme” no longer work", m.Subject)
	require.Contains(t, m.Text, "“adam” lost the rights that 2 account keys of “Acme” depend on.")
	require.Equal(t, "Account keys of the installation no longer work", box.Await("sue@acme.com").Subject)
	require.Equal(t, []string{"2 account keys of organization:acme no longer work, because user:adam lost the rights they depend on. " +
		"You can take them over or delete them."}, e.As("olga").Hears())
	for _, person := range []access.UserID{"adam", "iris"} {
		require.NotContains(t, strings.Join(e.As(person).Hears(), "\n"), "no longer work")
	}
}

// takesOver takes the key over and gives its new secret.
func takesOver(c *testenv.Caller, id string, f fields) map[string]any {
	c.Helper()
	return c.Does(http.MethodPost, testenv.Path("v1", "keys", id, "take-over"), f)
}

// An owner takes over a key that is refused: it is the same key with a new secret, and hers. The old secret ends at once, or works for the grace that
// she gives it, with her rights and without full.
func TestB5_AKeyIsTakenOver(t *testing.T) {
	var ahead atomic.Int64
	e := keyring(t, testenv.At(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	id, secret := makes(e.As("adam"), full)
	other, otherSecret := makes(e.As("adam"), full)
	e.As("olga").PutsMember(acme, "adam", access.OrgMember)
	e.As("adam").Refused(access.KindNotFound, "").Does(http.MethodPost, testenv.Path("v1", "keys", id, "take-over"), fields{})
	e.As("olga").Refused(access.KindUnprocessable, "B5").Does(http.MethodPost, testenv.Path("v1", "keys", id, "take-over"), fields{"grace": "169h"})
	e.As("olga").Refused(access.KindInvalid, "").Does(http.MethodPost, testenv.Path("v1", "keys", id, "take-over"), fields{"grace": "soon"})

	taken := takesOver(e.As("olga"), id, fields{})
	require.Equal(t, id, taken["id"])
	require.Equal(t, "robot", taken["name"])
	require.Equal(t, []any{"user:olga"}, taken["belongs_to"])
	require.Nil(t, taken["refused_for"])
	e.With(taken["secret"].(string)).PutsMember(acme, "max", access.OrgMember)
	e.With(secret).Refused(access.KindUnauthenticated, "B1").PutsMember(acme, "adam", access.OrgAdmin)

	taken = takesOver(e.As("olga"), other, fields{"grace": "24h"})
	old := e.With(otherSecret)
	old.PutsMember(acme, "max", access.OrgMember)
	old.Refused(access.KindDenied, "B1").Does(http.MethodPost, "/v1/keys", full)
	acting := e.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/organizations", Key: otherSecret, Actor: "max"})
	require.Equal(t, http.StatusForbidden, acting.Status, "%s", acting.Body)
	ahead.Store(int64(24 * time.Hour))
	old.Refused(access.KindUnauthenticated, "B1").Sees("v1", "organizations", string(acme))
	e.With(taken["secret"].(string)).PutsMember(acme, "max", access.OrgMember)
	// The new secret, and what is left of the old one, rest on olga now.
	taken = takesOver(e.As("olga"), other, fields{"grace": "1h"})
	e.Admin().PutsMember(acme, "max", access.OrgOwner)
	e.Admin().RemovesMember(acme, "olga")
	e.With(taken["secret"].(string)).Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
}

// The keys that were made with a key are listed when it is deleted or gets another secret; they stay unless the call says otherwise.
func TestB5_TheKeysThatAKeyMadeAreListedAndEndWithItIfAsked(t *testing.T) {
	e := keyring(t)
	parent, secret := makes(e.As("adam"), full)
	child, childSecret := makes(e.With(secret), full)
	grandchild, grandSecret := makes(e.With(childSecret), full)
	deleted := e.As("olga").Does(http.MethodDelete, testenv.Path("v1", "keys", parent), nil)
	require.ElementsMatch(t, []string{child, grandchild}, each(items(deleted, "children"), "id"))
	e.With(grandSecret).PutsMember(acme, "max", access.OrgMember)

	taken := takesOver(e.As("olga"), child, fields{"with_children": true})
	require.Equal(t, []string{grandchild}, each(items(taken, "children"), "id"))
	e.With(grandSecret).Refused(access.KindUnauthenticated, "B1").Sees("v1", "organizations", string(acme))

	again, _ := makes(e.With(taken["secret"].(string)), full)
	deleted = e.As("olga").Does(http.MethodDelete, testenv.Path("v1", "keys", child)+"?with_children=true", nil)
	require.Equal(t, []string{again}, each(items(deleted, "children"), "id"))
	require.Empty(t, e.As("olga").Sees("v1", "keys")["items"])
}
