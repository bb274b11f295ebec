package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
)

// volume is a file system of so many MiB.
func volume(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// fill takes all that is free.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
}

// becomes waits for an answer of /readyz.
func becomes(t *testing.T, h http.Handler, status int, text string) {
	t.Helper()
	var code int
	var answer string
	require.Eventually(t, func() bool {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		code, answer = w.Code, w.Body.String()
		return code == status
	}, 30*time.Second, 100*time.Millisecond)
	require.JSONEq(t, text, answer)
}

// TestAFullDisk: a server whose disk is full says so, answers questions all the same, takes no imports, and goes on when there is room again.
func TestAFullDisk(t *testing.T) {
	const ready = `{"status":"ready","parts":{"store":"ok","engine":"ok","outbox":"ok"}}`
	const full = `{"status":"unavailable","parts":{"store":"unavailable","engine":"ok","outbox":"ok"}}`
	c := config(t)
	c.Data = filepath.Join(volume(t, 64), "data")
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	h := s.Handler()
	helper(t, h)
	becomes(t, h, http.StatusOK, ready)
	change := func(n int) int {
		status, _ := do(t, h, http.MethodPut, fmt.Sprintf("/v1/users/user%d", n), `{"name":"`+strings.Repeat("x", 4000)+`"}`)
		return status
	}
	_, figures := do(t, h, http.MethodGet, "/metrics", "")
	require.Regexp(t, `(?m)^grantway_disk_free_bytes [1-9]`, figures)
	for round := range 2 {
		filler := filepath.Join(c.Data, "filler")
		fill(t, filler)
		becomes(t, h, http.StatusServiceUnavailable, full)
		failed := 0
		for n := range 250 {
			switch status := change(round*1000 + n); status {
			case http.StatusOK: // the log has room for some
			case http.StatusServiceUnavailable:
				failed++
			default:
				assert.Fail(t, "not a status of a full disk", "%d", status)
			}
		}
		require.Positive(t, failed)
		_, answer := do(t, h, http.MethodPost, "/access/v1/evaluation", mayAliceInteract)
		require.JSONEq(t, `{"decision":true}`, answer)
		body := strings.NewReader("role,user\n")
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/v1/imports?format=csv", io.NopCloser(body))
		r.Header.Set("Authorization", "Bearer "+rootKey)
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, w.Body)
		require.Equal(t, int64(body.Len()), body.Size(), "nothing is received")

		require.NoError(t, os.Remove(filler))
		becomes(t, h, http.StatusOK, ready)
		for n := range 100 {
			require.Equal(t, http.StatusOK, change(round*1000+500+n))
		}
		status, answer := do(t, h, http.MethodPost, "/v1/imports?format=jsonl", `{"kind":"role","role":"r","organization":"acme"}`)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, answer, `"rejected":0`)
	}
	left, err := filepath.Glob(filepath.Join(c.Data, "*-try"))
	require.NoError(t, err)
	require.Empty(t, left)
}
