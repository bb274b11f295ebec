package stories_test

import (
	"net/http"
	"testing"

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
	e.Admin().Does(http.MethodPut, "/v1/platform/roles/site_admin/iris", nil)
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
		"no role":  func(e *testenv.Env) { e.Admin().Does(http.MethodDelete, "/v1/platform/roles/site_admin/iris", nil) },
		"deleted":  func(e *testenv.Env) { e.Admin().Does(http.MethodDelete, "/v1/users/iris", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			e := keyring(t)
			e.Admin().PutsUser("pat", fields{"type": access.Internal})
			_, secret := makes(e.As("iris"), fields{"name": "robot", "access": access.KeyFull})
			_, confined := makes(e.As("iris"), full)
			loses(e)
			e.With(secret).Refused(access.KindUnauthenticated, "B5").Does(http.MethodPut, "/v1/platform/roles/site_admin/pat", nil)
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
	e.Admin().Does(http.MethodPut, "/v1/platform/roles/site_admin/sue", nil)
	makes(e.As("adam"), full)
	makes(e.As("adam"), full)
	makes(e.As("iris"), fields{"name": "robot", "access": access.KeyReadOnly})
	e.Admin().PutsMember(acme, "adam", access.OrgMember)
	e.Admin().Does(http.MethodDelete, "/v1/platform/roles/site_admin/iris", nil)
	m := box.Await("olga@acme.com")
	require.Equal(t, "Account keys of “Acme” are refused", m.Subject)
	require.Contains(t, m.Text, "adam lost the rights that 2 account keys of “Acme” rest on.")
	require.Equal(t, "Account keys of the installation are refused", box.Await("sue@acme.com").Subject)
	require.Equal(t, []string{"2 account keys of organization:acme are refused, because user:adam lost the rights that they rest on. " +
		"You can take them over or delete them."}, e.As("olga").Hears())
	require.Empty(t, e.As("adam").Hears())
	require.Empty(t, e.As("iris").Hears())
}
