package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/testenv"
)

// TestPages reads each list in pages of every size, and compares with the list in one page.
func TestPages(t *testing.T) {
	e := newWorld(t)
	admin := e.Admin()
	for i := range 7 {
		id := fmt.Sprintf("x/%d", i)
		admin.PutsUser(access.UserID(id), fields{})
		admin.PutsMember(acme, access.UserID(id), access.OrgMember)
		admin.PutsTeam(access.TeamID(id), fields{"organization": acme})
		admin.PutsTeamMember(support, access.UserID(id), access.TeamMember)
		admin.Does(http.MethodPut, testenv.Path("v1", "teams", string(support), "teams", id), nil)
		admin.Assigns(tier1, access.UserID(id))
		admin.PutsGroupMember(list, access.UserID(id))
		admin.PutsChatbot(access.ChatbotID(id), fields{"organization": acme, "owner": mel})
		admin.Shares(helper, access.UserID(id), access.UseOnly)
		admin.MakesKey(fields{"name": id, "access": access.KeyReadOnly})
	}
	for _, path := range []string{
		"/v1/users", "/v1/organizations", "/v1/organizations/acme/members", "/v1/teams", "/v1/teams/support/members", "/v1/teams/support/teams",
		"/v1/roles", "/v1/roles/tier1/assignees", "/v1/groups", "/v1/groups/list1/members", "/v1/chatbots", "/v1/chatbots/helper/shares", "/v1/keys",
	} {
		whole := admin.Does(http.MethodGet, path, nil)
		require.Empty(t, whole["next_page_token"], path)
		all := whole["items"].([]any)
		require.NotEmpty(t, all, path)
		for size := 1; size <= len(all)+1; size++ {
			var read []any
			token := ""
			for {
				page := admin.Does(http.MethodGet, fmt.Sprintf("%s?page_size=%d&page_token=%s", path, size, url.QueryEscape(token)), nil)
				items := page["items"].([]any)
				require.LessOrEqual(t, len(items), size)
				read = append(read, items...)
				if token = page["next_page_token"].(string); token == "" {
					break
				}
				require.Len(t, items, size)
			}
			require.Equal(t, all, read, "%s in pages of %d", path, size)
		}
	}
	require.Equal(t, map[string]any{"items": []any{}, "next_page_token": ""}, admin.Does(http.MethodGet, "/v1/teams?organization=globex", nil))
}

// TestFilters checks the filters of lists.
func TestFilters(t *testing.T) {
	e := newWorld(t)
	found := e.Admin().Does(http.MethodGet, "/v1/users?email=BOB@Example.com", nil)["items"].([]any)
	require.Len(t, found, 1)
	require.Equal(t, "bob", found[0].(map[string]any)["id"])
	require.Len(t, e.Admin().Does(http.MethodGet, "/v1/chatbots?owner=mel", nil)["items"], 1)
	require.Empty(t, e.Admin().Does(http.MethodGet, "/v1/chatbots?owner=bob", nil)["items"])
	require.Len(t, e.As(cal).Does(http.MethodGet, "/v1/organizations", nil)["items"], 1)
}
