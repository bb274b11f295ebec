package client

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoRedirectIsFollowed: a redirected PUT or DELETE would become a GET, and its answer pass for that of the change.
func TestNoRedirectIsFollowed(t *testing.T) {
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	defer server.Close()
	c, err := New(server.URL, "key", "")
	require.NoError(t, err)
	_, err = c.answer(t.Context(), request{method: http.MethodDelete, path: []string{"v1", "users", "alice"}})
	var unexpected *UnexpectedError
	require.ErrorAs(t, err, &unexpected)
	require.ErrorContains(t, err, "redirects to /elsewhere")
	require.False(t, followed)

	findings, err := c.Examine(t.Context(), Examination{})
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Equal(t, Wrong, findings[0].Verdict)
	require.Contains(t, findings[0].Says, "/elsewhere")
}
