package spice_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
)

func TestTokensThatAreNone(t *testing.T) {
	for _, text := range []string{"", "nonsense", "====", "AAAA", "GgA=", "🙂", strings.Repeat("A", 100_000)} {
		_, err := spice.ParseToken(text)
		require.Equal(t, access.KindInvalid, access.KindOf(err), "%q", text)
	}
	token, err := spice.ParseToken("GhUKEzE2OTM1NDA5NDAzNzMwNDU3Mjc=")
	require.NoError(t, err)
	require.Equal(t, spice.Token("GhUKEzE2OTM1NDA5NDAzNzMwNDU3Mjc="), token)
}

func TestValuesFit(t *testing.T) {
	require.True(t, spice.ValuesFit(nil))
	require.True(t, spice.ValuesFit(map[string]any{"a": strings.Repeat("x", 4000)}))
	require.False(t, spice.ValuesFit(map[string]any{"a": strings.Repeat("x", 4096)}))
	require.False(t, spice.ValuesFit(map[string]any{"a": struct{}{}}), "no type of JSON")
	require.False(t, spice.ValuesFit(map[string]any{"a": "\xff"}), "no text")
}
