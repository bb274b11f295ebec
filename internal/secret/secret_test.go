package secret_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/secret"
)

// settings stands for a transaction of the store.
type settings map[string]string

func (s settings) Setting(name string) (string, bool, error) { v, ok := s[name]; return v, ok, nil }
func (s settings) PutSetting(name, value string) error       { s[name] = value; return nil }

func TestEnsureKeepsTheKey(t *testing.T) {
	kept := settings{}
	first, err := secret.Ensure(kept)
	require.NoError(t, err)
	again, err := secret.Ensure(kept)
	require.NoError(t, err)
	require.Equal(t, first.Digest("a"), again.Digest("a"))

	other, err := secret.Ensure(settings{})
	require.NoError(t, err)
	require.NotEqual(t, first.Digest("a"), other.Digest("a"), "another installation has another hash key")
}

func TestEnsureRefusesDamage(t *testing.T) {
	for _, text := range []string{"", "zz", "00ff"} {
		_, err := secret.Ensure(settings{"secret.hash_key": text})
		require.Error(t, err, "%q", text)
	}
}

func TestMatches(t *testing.T) {
	h, err := secret.NewHasher([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	m := h.NewAccountKey()
	require.True(t, h.Matches(m.Text, m.Digest))
	require.False(t, h.Matches(m.Text+"x", m.Digest))
	require.False(t, h.Matches("", m.Digest))
	require.False(t, h.Matches(m.Text, ""))
}

func TestMintedForm(t *testing.T) {
	h, err := secret.NewHasher(make([]byte, 32))
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 1000 {
		m := h.NewAccountKey()
		require.Regexp(t, regexp.MustCompile(`^gw_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$`), m.Text)
		require.Equal(t, "gw_"+string(m.ID)+"_", m.Text[:16])
		require.Equal(t, m.Text[:20], m.Preview)
		require.False(t, seen[m.Text])
		seen[m.Text] = true
	}
	require.Regexp(t, `^gwbot_`, h.NewChatbotKey().Text)
}
