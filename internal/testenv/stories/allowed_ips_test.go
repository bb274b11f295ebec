package stories_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// B4: two organizations list the addresses of their offices, which have nothing in common, and the operator is in neither. The operator's key still
// imports, exports, backs up, reads everything and lifts a list; people and confined keys are refused, and lists say what they leave out.
func TestB4ListsOfTwoOrganizationsLockNoOperatorOut(t *testing.T) {
	s := testenv.New(t)
	root := s.Admin()
	imported := s.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/imports?format=jsonl", Key: testenv.RootKey, Body: `{"kind":"organization","organization":"acme","owner":"olga","allowed_ips":["192.0.2.0/24"]}
{"kind":"organization","organization":"globex","owner":"gus","allowed_ips":["198.51.100.0/24"]}
{"kind":"chatbot","chatbot":"helper","organization":"acme","owner":"olga"}
`})
	require.Contains(t, string(imported.Body), `"rejected":0`)

	t.Log("the operator's key, from anywhere")
	require.Len(t, root.Sees("v1", "organizations")["items"], 2)
	require.Len(t, root.Sees("v1", "chatbots")["items"], 1)
	exported := s.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/export?format=jsonl", Key: testenv.RootKey})
	for _, list := range []string{`"192.0.2.0/24"`, `"198.51.100.0/24"`} {
		require.Contains(t, string(exported.Body), list)
	}
	require.Equal(t, http.StatusOK, s.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/backup", Key: testenv.RootKey}).Status)
	record := s.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export", Key: testenv.RootKey})
	for _, org := range []string{"acme", "globex"} {
		require.NotEmpty(t, root.Does(http.MethodGet, "/v1/audit?organization="+org, nil)["items"])
		require.Contains(t, string(record.Body), `"organization":"`+org+`"`)
	}
	explained := root.Does(http.MethodPost, "/v1/explain", question(access.UserID("olga"), access.Interact, access.ChatbotID("helper")))
	require.NotContains(t, fmt.Sprint(explained), "B4")

	t.Log("a site admin in person, and a confined key, which are bound")
	root.PutsUser("sam", fields{"type": "internal"})
	root.GrantsPlatformRole(access.SiteAdmin, "sam")
	sam := s.As("sam")
	confined := s.With(root.MakesKey(fields{"name": "acme's", "access": access.KeyFull, "organization": "acme"}))
	for _, list := range []string{"organizations", "audit", "keys"} {
		require.Subset(t, sam.Sees("v1", list)["left_out"], []any{"acme"}, list)
		require.Equal(t, []any{"acme"}, confined.Sees("v1", list)["left_out"], list)
	}
	require.Equal(t, []any{"acme", "globex"}, sam.Sees("v1", "organizations")["left_out"])
	require.Equal(t, []any{"globex"}, sam.Does(http.MethodGet, "/v1/audit?organization=globex", nil)["left_out"])
	require.Nil(t, root.Sees("v1", "organizations")["left_out"])
	for _, bound := range []*testenv.Caller{sam, confined} {
		bound.Refused(access.KindDenied, "B4").PutsOrganization("acme", fields{"allowed_ips": nil})
		bound.Refused(access.KindDenied, "B4").Sees("v1", "audit", "export")
	}
	s.As("sam").Refused(access.KindDenied, "B4").Does(http.MethodGet, "/v1/audit/export?organization=acme", nil)
	platform := s.Do(testenv.Call{Method: http.MethodGet, Path: "/v1/audit/export?action=user.*", Key: testenv.RootKey, Actor: "sam"})
	require.Equal(t, http.StatusOK, platform.Status, "which holds nothing of theirs: %s", platform.Body)

	t.Log("the list is lifted")
	root.PutsOrganization("acme", fields{"allowed_ips": nil})
	confined.PutsOrganization("acme", fields{"name": "Acme"})
	require.Nil(t, confined.Sees("v1", "organizations")["left_out"])
}

// B4, B1, K4: a list of all IPv6 addresses, which admits no IPv4 address, does not say what its author means.
func TestB4AListOfAllAddressesAdmitsIPv4(t *testing.T) {
	s := testenv.New(t)
	root := s.Admin()
	root.PutsUser("olga", fields{})
	root.PutsOrganization("acme", fields{"owner": "olga"})
	root.PutsChatbot("helper", fields{"organization": "acme", "owner": "olga"})
	half := fields{"allowed_ips": []string{"::/0"}}
	refusal := root.Refused(access.KindUnprocessable, "B4").PutsOrganization("acme", half)
	require.Contains(t, refusal["detail"], "admits no IPv4 address")
	root.Refused(access.KindUnprocessable, "B4").PutsOrganization("acme", fields{"allowed_ips": []string{"::ffff:1.2.3.4/90"}})
	half["name"], half["access"] = "k", access.KeyReadOnly
	root.Refused(access.KindUnprocessable, "B1").Does(http.MethodPost, "/v1/keys", half)
	half["access"] = access.UseOnly
	root.Refused(access.KindUnprocessable, "K4").MakesAPIKey("helper", half)
	root.PutsOrganization("acme", fields{"allowed_ips": []string{"::/0", "0.0.0.0/0"}})
	root.PutsOrganization("acme", fields{"allowed_ips": []string{"::/0", "192.0.2.1"}})
	restored := s.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/imports?format=jsonl", Key: testenv.RootKey,
		Body: `{"kind":"organization","organization":"acme","allowed_ips":["::/0"]}`})
	require.Contains(t, string(restored.Body), `"written":1`, "what an earlier version exported")
}
