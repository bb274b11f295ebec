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
	status, asked := http.StatusOK, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/readyz", r.URL.Path)
		if asked++; asked == 3 { // who waits is told the second time that it asks
			status = http.StatusOK
		}
		w.WriteHeader(status)
	}))
	health := func(flags ...string) int {
		var out, err bytes.Buffer
		return Main(t.Context(), append([]string{"health", "--server", server.URL}, flags...), strings.NewReader(""), &out, &err)
	}
	require.Equal(t, exitOK, health())
	status = http.StatusServiceUnavailable
	require.Equal(t, exitError, health())
	require.Equal(t, exitOK, health("--wait", "1m"))
	server.Close()
	require.Equal(t, exitError, health())
}
