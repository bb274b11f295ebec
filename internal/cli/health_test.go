package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthSaysWhetherAServerIsReady(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/readyz", r.URL.Path)
		w.WriteHeader(status)
	}))
	health := func() int {
		var out, err bytes.Buffer
		return Main(t.Context(), []string{"health", "--server", server.URL}, strings.NewReader(""), &out, &err)
	}
	require.Equal(t, exitOK, health())
	status = http.StatusServiceUnavailable
	require.Equal(t, exitError, health())
	server.Close()
	require.Equal(t, exitError, health())
}
