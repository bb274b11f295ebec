package server_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/server"
)

// Who can write where the facts are decides what everybody may do: the server does not start on a directory or a file that others can change.
func TestDataThatOthersCanWriteIsRefused(t *testing.T) {
	c := config(t)
	running(t, c, func(http.Handler) {})
	require.NoError(t, os.MkdirAll(filepath.Join(c.Data, "imports"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(c.Data, "notes.txt"), nil, 0o666), "what is not the server's is nobody's business")
	require.NoError(t, os.Chmod(filepath.Join(c.Data, "notes.txt"), 0o666))

	for _, name := range []string{"", "store.db", "engine.db", "hash.key", "imports"} {
		path := filepath.Join(c.Data, name)
		was, err := os.Stat(path)
		require.NoError(t, err)
		for _, more := range []os.FileMode{0o020, 0o002, 0o022} {
			require.NoError(t, os.Chmod(path, was.Mode().Perm()|more))
			refusesToStart(t, c, "users other than its owner can write to "+path+" (mode 0")
			_, err := server.Open(t.Context(), c)
			var refusal *server.StartError
			require.True(t, errors.As(err, &refusal))
			require.Contains(t, refusal.Advice, "chmod go-w "+path)
			require.Equal(t, name == "", strings.Contains(refusal.Advice, "fsGroup"), refusal.Advice)
		}
		require.NoError(t, os.Chmod(path, was.Mode().Perm()))
	}
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(c.Data, 12345, -1))
		refusesToStart(t, c, "belongs to user ID 12345, but the server runs as 0")
		require.NoError(t, os.Chown(c.Data, 0, -1))
	}
	require.NoError(t, os.Chmod(c.Data, 0o755))
	running(t, c, func(http.Handler) {})

	// A volume that has to be writable for others holds a directory that is not.
	require.NoError(t, os.Chmod(c.Data, 0o777))
	c.Data = filepath.Join(c.Data, "grantway")
	running(t, c, func(http.Handler) {})
}

// A root key that can be guessed opens everything.
func TestWeakKeysAreRefused(t *testing.T) {
	for _, weak := range []string{"a", "secret", strings.Repeat("a", 64), "0123456789012345678901", strings.Repeat("GrantWay", 8)} {
		c := config(t)
		c.RootKey = weak
		_, err := server.Open(t.Context(), c)
		require.ErrorContains(t, err, "openssl rand -base64 32", weak)
		if len(weak) > 8 {
			require.NotContains(t, err.Error(), weak)
		}
	}
	c := config(t)
	c.HashKey = strings.Repeat("0", 64)
	refusesToStart(t, c, "GRANTWAY_HASH_KEY is too easy to guess")
	c.HashKey = sharedHashKey + "," + c.HashKey // what it hashed is known until it is hashed anew
	running(t, c, func(http.Handler) {})
}
