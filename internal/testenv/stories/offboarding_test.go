package stories_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// leaver is keyring with adam at home in acme, an admin who has a key there, owns a chatbot, has a share and is on a list; and with bea, another admin.
func leaver(t *testing.T, options ...testenv.Option) (e *testenv.Env, key, secret string) {
	e = keyring(t, options...)
	e.Admin().PutsUser("adam", fields{"organization": acme})
	e.Admin().PutsUser("bea", fields{})
	e.Admin().PutsMember(acme, "bea", access.OrgAdmin)
	e.As("adam").PutsChatbot("adams", fields{"organization": acme})
	e.As("olga").PutsChatbot("olgas", fields{"organization": acme})
	e.As("olga").Shares("olgas", access.UserID("adam"), access.ReadOnly)
	e.As("olga").PutsTeam("support", fields{"organization": acme})
	e.As("olga").PutsTeamMember("support", "adam", access.TeamMember)
	key, secret = makes(e.As("adam"), full)
	return e, key, secret
}

// An offboarding is previewed: the answer is the one that the call gives, and nothing changes, is recorded or told.
func TestN2_APreviewReportsWhatTheOffboardingDoes(t *testing.T) {
	for name, offboards := range map[string]func(c *testenv.Caller, query string) map[string]any{
		"deleted": func(c *testenv.Caller, query string) map[string]any {
			return c.Does(http.MethodDelete, "/v1/users/adam?"+query, nil)
		},
		"deactivated": func(c *testenv.Caller, query string) map[string]any {
			return c.Does(http.MethodPut, "/v1/users/adam?"+query, fields{"active": false})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, key, secret := leaver(t)
			other, _ := makes(e.As("adam"), fields{"name": "reader", "access": access.KeyReadOnly, "organization": acme})
			e.As("olga").Hears()
			e.As("bea").Hears()
			seen := func() []any {
				return []any{
					e.Admin().Does(http.MethodGet, "/v1/audit", nil)["items"], e.Admin().Does(http.MethodGet, "/v1/keys", nil)["items"],
					e.As("olga").Sees("v1", "notifications"), e.As("bea").Sees("v1", "notifications"),
					e.As("olga").Sees("v1", "chatbots", "olgas", "shares"), e.As("olga").Sees("v1", "chatbots", "adams"), e.As("olga").Sees("v1", "teams", "support", "members"),
				}
			}
			e.With(secret).Sees("v1", "organizations", string(acme)) // it is in use
			before := seen()
			plain := offboards(e.As("olga"), "dry_run=true")
			require.ElementsMatch(t, []any{key, other}, plain["refused_keys"])
			require.Empty(t, plain["keys_taken_over"])
			preview := offboards(e.As("olga"), "dry_run=true&keys_to=bea")
			require.Equal(t, before, seen())
			e.With(secret).Sees("v1", "organizations", string(acme))
			e.Can(access.UserID("adam"), access.Interact, access.ChatbotID("adams"))

			report := offboards(e.As("olga"), "keys_to=bea")
			require.Len(t, report["keys_taken_over"], 2)
			for _, k := range items(report, "keys_taken_over") {
				require.NotEmpty(t, k["secret"])
				delete(k, "secret")
			}
			for _, answer := range []map[string]any{preview, report} {
				delete(answer, "zedtoken")
			}
			require.Equal(t, preview, report)
			require.NotContains(t, report, "refused_keys")
			require.Contains(t, report["removed"], "admin of organization:acme")
			require.Equal(t, []any{map[string]any{"chatbot": "adams", "to": "olga"}}, report["reassigned"])
			e.Cannot(access.UserID("adam"), access.Interact, access.ChatbotID("adams"))
		})
	}
}

// A preview is refused, and recorded, like the call.
func TestN2_APreviewIsForThoseWhoMayOffboard(t *testing.T) {
	e, _, _ := leaver(t)
	e.As("max").Refused(access.KindDenied, "U1").Does(http.MethodDelete, "/v1/users/adam?dry_run=true", nil)
	require.Len(t, e.As("olga").Does(http.MethodGet, "/v1/audit?actor=max&outcome=refused", nil)["items"], 1)
}

// The person whom the offboarding names takes over the keys: services go on with the new secret, and for the grace with the old one.
func TestB5_AnOffboardingNamesWhoTakesTheKeysOver(t *testing.T) {
	e, key, secret := leaver(t)
	e.As("bea").Hears()
	taken := items(e.As("olga").Does(http.MethodDelete, "/v1/users/adam?keys_to=bea&keys_grace=1h", nil), "keys_taken_over")
	require.Len(t, taken, 1)
	require.Equal(t, key, taken[0]["id"])
	require.Equal(t, []any{"user:olga", "user:bea"}, taken[0]["belongs_to"], "olga knows the secret")
	require.Equal(t, []string{"user:olga offboarded user:adam and put you in charge of an account key of organization:acme. " +
		"It now depends on your rights: take it over to get a new secret, or delete it."}, e.As("bea").Hears())
	robot := e.With(taken[0]["secret"].(string))
	robot.PutsMember(acme, "max", access.OrgMember)
	makes(robot, full)
	e.With(secret).Sees("v1", "organizations", string(acme))
	e.With(secret).Refused(access.KindDenied, "B1").Does(http.MethodPost, "/v1/keys", full) // without full

	// When bea leaves too, it ends.
	e.As("olga").RemovesMember(acme, "bea")
	robot.Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
	e.With(secret).Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
}

// Without a grace, the old secret ends at once.
func TestB5_TheSecretEndsWithTheOffboarding(t *testing.T) {
	e, _, secret := leaver(t)
	e.As("olga").Does(http.MethodPut, "/v1/users/adam?keys_to=olga", fields{"active": false})
	e.With(secret).Refused(access.KindUnauthenticated, "B1").Sees("v1", "organizations", string(acme))
}

// Keys that the named person could not hold, or that the caller does not handle, are refused and reported to those who may know.
func TestB5_AKeyPassesOnlyToWhoCouldHoldIt(t *testing.T) {
	e, key, _ := leaver(t)
	e.Admin().PutsUser("adam", fields{"type": access.Internal})
	e.Admin().GrantsPlatformRole(access.SiteAdmin, "adam")
	everywhere, secret := makes(e.As("adam"), fields{"name": "everywhere", "access": access.KeyFull})

	report := e.As("olga").Does(http.MethodDelete, "/v1/users/adam?dry_run=true&keys_to=bea", nil)
	require.Len(t, report["keys_taken_over"], 1)
	require.NotContains(t, report, "refused_keys", "olga does not handle keys of the installation")
	report = e.As("iris").Does(http.MethodDelete, "/v1/users/adam?keys_to=bea", nil)
	require.Equal(t, key, items(report, "keys_taken_over")[0]["id"])
	require.Equal(t, []any{everywhere}, report["refused_keys"])
	e.With(secret).Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
}

func TestB5_WhoCannotTakeKeysOver(t *testing.T) {
	e, _, _ := leaver(t)
	for query, rule := range map[string]access.Kind{
		"keys_to=nobody": access.KindUnprocessable, "keys_to=adam": access.KindUnprocessable, "keys_grace=1h": access.KindUnprocessable,
		"keys_to=bea&keys_grace=169h": access.KindUnprocessable, "keys_to=bea&keys_grace=-1h": access.KindUnprocessable, "keys_to=bea&keys_grace=soon": access.KindInvalid,
	} {
		e.As("olga").Refused(rule, "B5").Does(http.MethodDelete, "/v1/users/adam?"+query, nil)
	}
	_, lesser := makes(e.Admin(), fields{"name": "lesser", "access": access.KeyReadWrite})
	e.With(lesser).Refused(access.KindDenied, "B1").Does(http.MethodDelete, "/v1/users/adam?keys_to=bea", nil)
	e.With(lesser).Does(http.MethodDelete, "/v1/users/adam?dry_run=true", nil)
	e.Can(access.UserID("adam"), access.Interact, access.ChatbotID("adams"))
}

// Keys pass on in the same way where their person is removed from the organization, or demoted there; and a preview tells what it would do.
func TestB5_ARemovalOrADemotionNamesWhoTakesTheKeysOver(t *testing.T) {
	const member = "/v1/organizations/acme/members/adam?"
	for name, ends := range map[string]func(c *testenv.Caller, query string) map[string]any{
		"removed": func(c *testenv.Caller, query string) map[string]any {
			return c.Does(http.MethodDelete, member+query, nil)
		},
		"demoted": func(c *testenv.Caller, query string) map[string]any {
			return c.Does(http.MethodPut, member+query, fields{"role": access.OrgClient})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, key, secret := leaver(t)
			e.As("bea").Hears()
			before := e.Admin().Does(http.MethodGet, "/v1/audit", nil)["items"]
			require.Equal(t, []any{key}, ends(e.As("olga"), "dry_run=true")["refused_keys"])
			preview := ends(e.As("olga"), "dry_run=true&keys_to=bea&keys_grace=1h")
			require.Equal(t, before, e.Admin().Does(http.MethodGet, "/v1/audit", nil)["items"], "nothing has changed")
			makes(e.With(secret), full)
			ends(e.As("olga").Refused(access.KindUnprocessable, "B5"), "keys_to=adam")
			ends(e.As("olga").Refused(access.KindUnprocessable, "B5"), "keys_grace=1h")

			report := ends(e.As("olga"), "keys_to=bea&keys_grace=1h")
			taken := items(report, "keys_taken_over")
			require.Len(t, taken, 2, "and the one that it made")
			require.Equal(t, []any{"user:olga", "user:bea"}, taken[0]["belongs_to"])
			require.Equal(t, []any{map[string]any{"chatbot": "adams", "to": "olga"}}, report["reassigned"])
			require.Equal(t, preview["reassigned"], report["reassigned"])
			require.Equal(t, preview["removed"], report["removed"])
			require.Len(t, e.As("bea").Hears(), 1)
			e.With(taken[0]["secret"].(string)).PutsMember(acme, "max", access.OrgMember)
			e.With(secret).Sees("v1", "organizations", string(acme))
			e.With(secret).Refused(access.KindDenied, "B1").Does(http.MethodPost, "/v1/keys", full) // without full
		})
	}
}

// Who leaves by themselves cannot hand keys on: they would know the new secrets.
func TestB5_WhoLeavesByThemselvesHandsNoKeysOn(t *testing.T) {
	e, key, secret := leaver(t)
	report := e.As("adam").Does(http.MethodDelete, "/v1/organizations/acme/members/adam?keys_to=bea", nil)
	require.Empty(t, report["keys_taken_over"])
	require.Equal(t, []any{key}, report["refused_keys"])
	e.With(secret).Refused(access.KindUnauthenticated, "B5").Sees("v1", "organizations", string(acme))
}
