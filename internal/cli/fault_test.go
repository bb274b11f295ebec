package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/cli"
	"github.com/grantway/grantway/internal/httpapi/problem"
)

// told runs a command against a server that answers every call like that, and gives what the command says about it.
func told(t *testing.T, answer http.HandlerFunc, args ...string) string {
	t.Helper()
	s := httptest.NewServer(answer)
	defer s.Close()
	t.Setenv("GRANTWAY_SERVER", s.URL)
	t.Setenv("GRANTWAY_KEY", "a-key")
	var errs strings.Builder
	require.Equal(t, 2, cli.Main(t.Context(), args, strings.NewReader(""), io.Discard, &errs))
	return errs.String()
}

// Where the server fails, the command names the request, under which the server's log says why: also where an import fails after it has begun.
func TestAFailureOfTheServerNamesTheRequest(t *testing.T) {
	failure := access.Unavailable(nil)
	file := filepath.Join(t.TempDir(), "a.jsonl")
	require.NoError(t, os.WriteFile(file, []byte("{}\n"), 0o600))
	for _, answer := range []http.HandlerFunc{
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			problem.Writer{}.Write(w, "REQ7", failure)
		},
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			problem.Writer{}.Write(w, "REQ7", io.ErrUnexpectedEOF)
		},
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprintln(w, `{"error":{"type":"urn:grantway:error:internal","detail":"it broke","request_id":"REQ7"}}`)
		},
	} {
		require.Contains(t, told(t, answer, "import", file), "request ID REQ7")
	}
	denied := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		problem.Writer{}.Write(w, "REQ7", access.Deniedf("", "you may not"))
	}
	require.NotContains(t, told(t, denied, "import", file), "REQ7", "the answer says what there is to say")
}

// What the command advises after a refusal can help.
func TestTheAdviceFitsTheRefusal(t *testing.T) {
	refuse := func(rule string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			problem.Writer{}.Write(w, "", access.Deniedf(rule, "no"))
		}
	}
	for _, c := range []struct{ rule, actor, advice string }{
		{"B4", "", "Call from one of these ranges, or with an unconfined key, without --actor."},
		{"B4", "alice", "Call from one of these ranges, or with an unconfined key, without --actor."},
		{"B1", "", "Set GRANTWAY_KEY to a key that allows this."},
		{"B1", "alice", "Leave out --actor, and set GRANTWAY_KEY to a key that allows this."},
		{"", "alice", "Another --actor may have this permission"},
		{"", "", "a key of the organization"},
	} {
		args := []string{"export"}
		if c.actor != "" {
			args = append(args, "--actor", c.actor)
		}
		said := told(t, refuse(c.rule), args...)
		require.Contains(t, said, c.advice, "%+v", c)
		require.NotContains(t, said, "higher level")
	}
}
