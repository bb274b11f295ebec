package secret

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecretsThatPeopleChoose(t *testing.T) {
	for _, strong := range []string{
		"8fe0d1f13b7b11d83c05a3a0a8c4a6d2",                      // openssl rand -hex 16
		"dDk9cM3w0cXlB3m0E1r7Uw==",                              // openssl rand -base64 16
		"TQ0vC3o2h3mLJ0v3s1WbUu8mJrYv7gkJ1xw6V7yqQ1E=",          // openssl rand -base64 32
		"gw_k7Jq2mXv_9aZc4Lr8Wt1Ye6Ub3Nf5Hd",                    // as they are made here
		"a-sentence-that-nobody-else-will-ever-have-thought-of", // cannot be told from a random text
		"314159265358979323846264338327950288419",               // 39 digits
		NewHashKey(),
	} {
		require.NoError(t, CheckStrength(strong), strong)
	}
	for weak, why := range map[string]string{
		"":                                 "0 characters",
		"a":                                "1 characters",
		"correct-horse-battery":            "needs 22",
		"8fe0d1f13b7b11d83c05a3a0a8c4a6d":  "needs 32",
		"31415926535897932384626433832795": "needs 39",
		strings.Repeat("a", 200):           "different",
		strings.Repeat("abcdefg", 10):      "different",
		strings.Repeat("abcdefgh", 10):     "shorter text repeated",
		strings.Repeat("aAbBcC7", 4):       "different",
		strings.Repeat("Change-Me!", 4):    "shorter text repeated",
	} {
		err := CheckStrength(weak)
		require.ErrorContains(t, err, why, weak)
		if weak != "" && len(weak) > 8 {
			require.NotContains(t, err.Error(), weak)
		}
	}
}
