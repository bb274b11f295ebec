package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/cli"
)

// An import that is interrupted says how to go on, whether it is still being sent or already being written.
func TestImportInterrupted(t *testing.T) {
	t.Run("while it is sent", func(t *testing.T) {
		endless, never := io.Pipe()
		defer never.Close()
		interruptedImport(t, endless, func(_ http.ResponseWriter, r *http.Request, interrupt func()) {
			interrupt()
			io.Copy(io.Discard, r.Body) // ends when the caller has gone
		})
	})
	t.Run("while it is written", func(t *testing.T) {
		interruptedImport(t, strings.NewReader("a,b\n"), func(w http.ResponseWriter, r *http.Request, interrupt func()) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"phase":"write","rows":1,"total":2}`+"\n")
			http.NewResponseController(w).Flush()
			interrupt()
			<-r.Context().Done()
		})
	})
}

func interruptedImport(t *testing.T, file io.Reader, serve func(http.ResponseWriter, *http.Request, func())) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, interrupt) }))
	defer server.Close()
	var out, said bytes.Buffer
	status := cli.Main(ctx, []string{"import", "--server", server.URL, "--format", "csv", "-"}, file, &out, &said)
	require.Equal(t, 130, status, said.String())
	require.Equal(t, "grantway: interrupted\nRows already written stay. Repeat the command to continue.\n", said.String())
	require.Empty(t, out.String())
}

// An answer that breaks off is no success.
func TestImportBrokenOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		_, err = io.WriteString(w, `{"phase":"write","rows":1,"total":2}`+"\n")
		require.NoError(t, err)
	}))
	defer server.Close()
	var out, said bytes.Buffer
	status := cli.Main(t.Context(), []string{"import", "--server", server.URL, "--format", "csv", "-"}, strings.NewReader("a,b\n"), &out, &said)
	require.Equal(t, 2, status)
	require.Contains(t, said.String(), "no answer from "+server.URL)
}

// What is no Grantway server is told from one.
func TestStrangeServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var out, said bytes.Buffer
	status := cli.Main(t.Context(), []string{"check", "--server", server.URL, "user:a", "interact", "chatbot:b"}, nil, &out, &said)
	require.Equal(t, 2, status)
	require.Contains(t, said.String(), "so it is not a Grantway server")
	require.Contains(t, said.String(), "Check that GRANTWAY_SERVER")
}
