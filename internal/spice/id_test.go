package spice

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// grammar is SpiceDB's for object IDs, which have at most 1,024 bytes.
var grammar = regexp.MustCompile(`^[a-zA-Z0-9/_|\-=+]+$`)

func TestOrdinaryIDsKeepTheirSpelling(t *testing.T) {
	for id, want := range map[string]string{
		"alice": "alice", "support-bot_2+": "support-bot_2+", "alice@acme.com": "alice=40acme=2Ecom", "auth0|123": "auth0=7C123",
		"todo:{id}": "todo=3A=7Bid=7D", "a/b": "a=2Fb", "=40": "=3D40", "*": "=2A", "é": "=C3=A9",
	} {
		require.Equal(t, want, Encode(id))
		require.Equal(t, id, Decode(want))
	}
}

func TestTheLongestIDFits(t *testing.T) {
	longest := strings.Repeat("é", access.MaxIDBytes/2)
	_, err := access.ParseID[access.ChatbotID](longest)
	require.NoError(t, err)
	require.Regexp(t, grammar, Encode(longest))
	require.LessOrEqual(t, len(Encode(longest)), 1024)
}

func TestIDsWrittenByHandNeedNoEscapes(t *testing.T) {
	for _, written := range []string{"folder/a", "a|b", "x=", "x=4", "x=zz", "=4g"} {
		require.Equal(t, written, Decode(written), "what is no escape stands for itself")
	}
}

// FuzzEncode holds I1: the translation is reversible, so no two IDs collide, and every ID fits SpiceDB's grammar.
func FuzzEncode(f *testing.F) {
	for _, id := range []string{"alice", "alice@acme.com", "a/b", "=3D", "==", "=4", "\x7f", "日本語", "a=2Fb", "*", " "} {
		f.Add(id, id+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, id := range []string{a, b} {
			if _, err := access.ParseID[string](id); err != nil {
				continue
			}
			encoded := Encode(id)
			require.Regexp(t, grammar, encoded)
			require.LessOrEqual(t, len(encoded), 1024)
			require.NotContains(t, encoded, "/", "the slash joins the engine's own IDs")
			require.Equal(t, id, Decode(encoded))
			require.Equal(t, encoded, Encode(Decode(encoded)))
		}
		if a != b {
			require.NotEqual(t, Encode(a), Encode(b))
		}
	})
}
