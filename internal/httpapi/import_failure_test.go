package httpapi_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv"
	"github.com/grantway/grantway/internal/testenv/backend"
)

// An import that fails inside answers 500 with a request ID, under which the log has the cause.
func TestAnImportThatFailsLeavesItsCauseInTheLog(t *testing.T) {
	place := backend.New(t)
	e := testenv.On(t, place)
	staging := filepath.Join(place.Data, "imports")
	require.NoError(t, os.RemoveAll(staging))
	require.NoError(t, os.WriteFile(staging, nil, 0o600)) // where the directory is to be
	a := e.Do(testenv.Call{Method: http.MethodPost, Path: "/v1/imports?format=jsonl", Key: testenv.RootKey, Body: `{"kind":"user","user":"alice"}`})
	require.GreaterOrEqual(t, a.Status, http.StatusInternalServerError, "%s", a.Body)
	id := a.Header.Get("X-Request-ID")
	require.Contains(t, string(a.Body), id)
	require.NotContains(t, string(a.Body), staging, "the caller learns nothing of the inside")
	var line string
	for l := range strings.Lines(e.Log.String()) {
		if strings.Contains(l, id) && strings.Contains(l, `"error"`) {
			line = l
		}
	}
	require.Contains(t, line, staging, "%s", e.Log)
}
