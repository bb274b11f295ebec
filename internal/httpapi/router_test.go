package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRouter(t *testing.T) {
	n := &router{}
	for _, pattern := range []string{"/v1/users", "/v1/users/{user}", "/v1/users/{user}/access", "/v1/invitations/accept", "/v1/invitations/{id}", "/v1/a/{x}/b/{y}"} {
		n.handle(pattern, http.NotFoundHandler())
	}
	for path, want := range map[string][3]string{
		"/v1/users":              {"/v1/users"},
		"/v1/users/alice":        {"/v1/users/{user}", "user", "alice"},
		"/v1/users/%2F":          {"/v1/users/{user}", "user", "/"},
		"/v1/users/%2E%2e":       {"/v1/users/{user}", "user", ".."},
		"/v1/users/a%2Faccess":   {"/v1/users/{user}", "user", "a/access"},
		"/v1/users/a/access":     {"/v1/users/{user}/access", "user", "a"},
		"/v1/users/%61ccess":     {"/v1/users/{user}", "user", "access"},
		"/v1/invitations/accept": {"/v1/invitations/accept"},
		"/v1/invitations/other":  {"/v1/invitations/{id}", "id", "other"},
		"/v1/a/%25/b/%20":        {"/v1/a/{x}/b/{y}", "y", " "},
		"/v1":                    {},
		"/v1/users/":             {},
		"/v1//users":             {},
		"/v1/users/..":           {},
		"/v1/users/a/b":          {},
		"/":                      {},
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		found := n.find(r)
		require.Equal(t, want[0] != "", found != nil, path)
		require.Equal(t, want[0], r.Pattern, path)
		if want[1] != "" {
			require.Equal(t, want[2], r.PathValue(want[1]), path)
		}
	}
	star := httptest.NewRequest(http.MethodOptions, "*", nil)
	require.Nil(t, n.find(star))
}
