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
	for name, answer := range map[string]string{
		"while it is sent":    "",
		"while it is written": `{"phase":"write","rows":1,"total":2}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if answer != "" {
					_, err := io.Copy(io.Discard, r.Body)
					require.NoError(t, err)
					_, err = io.WriteString(w, answer)
					require.NoError(t, err)
					require.NoError(t, http.NewResponseController(w).Flush())
				}
				interrupt()
				<-r.Context().Done()
			}))
			defer server.Close()
			var out, said bytes.Buffer
			status := cli.Main(ctx, []string{"import", "--server", server.URL, "--format", "csv", "-"}, strings.NewReader("a,b\n"), &out, &said)
			require.Equal(t, 130, status, said.String())
			require.Equal(t, "grantway: interrupted\nWhat was written stays. Repeat the command to continue.\n", said.String())
			require.Empty(t, out.String())
		})
	}
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
	require.Contains(t, said.String(), "not what a Grantway server says")
	require.Contains(t, said.String(), "Does GRANTWAY_SERVER")
}
