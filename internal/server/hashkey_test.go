package server_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/server"
	"github.com/grantway/grantway/internal/store"
)

// running opens the server, does the work with its handler and closes it.
func running(t *testing.T, c server.Config, do func(http.Handler)) {
	t.Helper()
	s, err := server.Open(t.Context(), c)
	require.NoError(t, err)
	do(s.Handler())
	require.NoError(t, s.Close())
}

// accountKey makes an account key and returns its secret.
func accountKey(t *testing.T, h http.Handler) string {
	t.Helper()
	status, answer := do(t, h, http.MethodPost, "/v1/keys", `{"name":"backend","access":"read_only"}`)
	require.Equal(t, http.StatusCreated, status, answer)
	_, rest, _ := strings.Cut(answer, `"secret":"`)
	text, _, _ := strings.Cut(rest, `"`)
	require.NotEmpty(t, text)
	return text
}

// works reports whether the account key does.
func works(t *testing.T, h http.Handler, key string) bool {
	t.Helper()
	status, answer := doAs(t, h, key, http.MethodGet, "/v1/users", "")
	require.Contains(t, []int{http.StatusOK, http.StatusUnauthorized}, status, answer)
	return status == http.StatusOK
}

// refusesToStart expects a sentence and an advice.
func refusesToStart(t *testing.T, c server.Config, says string) {
	t.Helper()
	_, err := server.Open(t.Context(), c)
	var refusal *server.StartError
	require.ErrorAs(t, err, &refusal)
	require.Contains(t, refusal.Problem, says)
	require.NotEmpty(t, refusal.Advice)
}

// setting reads and changes a setting of a store that nobody uses.
func setting(t *testing.T, c server.Config, name string, value *string) (kept string) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(c.Data, "store.db"))
	require.NoError(t, err)
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) (err error) {
		if value != nil {
			return tx.PutSetting(name, *value)
		}
		kept, _, err = tx.Setting(name)
		return err
	}))
	require.NoError(t, db.Close())
	return kept
}

func TestHashKeyIsBesideTheStore(t *testing.T) {
	c := config(t)
	path := filepath.Join(c.Data, "hash.key")
	var key string
	running(t, c, func(h http.Handler) { key = accountKey(t, h) })
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{64}\n$`, string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	hashKey := strings.TrimSpace(string(text))
	for _, file := range []string{"store.db", "store.db-wal"} {
		data, err := os.ReadFile(filepath.Join(c.Data, file))
		if !errors.Is(err, os.ErrNotExist) {
			require.NoError(t, err)
			require.NotContains(t, string(data), hashKey)
		}
	}
	running(t, c, func(h http.Handler) { require.True(t, works(t, h, key)) })

	require.NoError(t, os.Chmod(path, 0o640))
	refusesToStart(t, c, "users other than its owner")
	require.NoError(t, os.Chmod(path, 0o600))
	for _, damaged := range []string{"", "not a key\n", hashKey[:40]} {
		require.NoError(t, os.WriteFile(path, []byte(damaged), 0o600))
		refusesToStart(t, c, "hash.key is damaged")
	}
	require.NoError(t, os.WriteFile(path, []byte(secret.NewHashKey()), 0o600))
	refusesToStart(t, c, "hashed with another key")
	require.NoError(t, os.Remove(path))
	refusesToStart(t, c, "is missing")
	require.NoFileExists(t, path, "no new key takes the place of a lost one")

	// The environment comes first.
	c.HashKey = secret.NewHashKey()
	refusesToStart(t, c, "hashed with another key")
	c.HashKey = "nonsense"
	refusesToStart(t, c, "GRANTWAY_HASH_KEY is damaged")
	c.HashKey = hashKey
	running(t, c, func(h http.Handler) { require.True(t, works(t, h, key)) })
	require.NoFileExists(t, path)
}

// An earlier version kept the key in the store. It moves to the file, whatever step the move was interrupted after.
func TestHashKeyMovesOutOfTheStore(t *testing.T) {
	for name, crashedAfter := range map[string]func(path, kept string) error{
		"nothing": func(path, _ string) error { return os.Remove(path) },
		"half a file": func(path, kept string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path+".12", []byte(kept[:7]), 0o600))
		},
		"the file":       func(path, kept string) error { return os.WriteFile(path, []byte(kept+"\n"), 0o600) },
		"a rotation too": func(path, kept string) error { return os.WriteFile(path, []byte(secret.NewHashKey()+"\n"+kept), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			path := filepath.Join(c.Data, "hash.key")
			var key string
			running(t, c, func(h http.Handler) { key = accountKey(t, h) })
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			kept := strings.TrimSpace(string(text))
			setting(t, c, "secret.hash_key", &kept)
			require.NoError(t, crashedAfter(path, kept))
			running(t, c, func(h http.Handler) { require.True(t, works(t, h, key)) })
			require.Empty(t, setting(t, c, "secret.hash_key", nil))
			text, err = os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(text), kept)
		})
	}
}

func TestHashKeyIsRotated(t *testing.T) {
	c := config(t)
	old, current := secret.NewHashKey(), secret.NewHashKey()
	c.HashKey = old
	var used, idle string
	running(t, c, func(h http.Handler) { used, idle = accountKey(t, h), accountKey(t, h) })
	c.HashKey = current + "," + old
	running(t, c, func(h http.Handler) { require.True(t, works(t, h, used)) })
	c.HashKey = old
	refusesToStart(t, c, "hashed with another key")
	c.HashKey = current
	running(t, c, func(h http.Handler) {
		require.True(t, works(t, h, used))
		require.False(t, works(t, h, idle), "it was not used while both keys were known")
	})
}
