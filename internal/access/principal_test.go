package access

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/budget"
)

func TestPrincipalsAreWrittenAsTheyAreRead(t *testing.T) {
	for written, want := range map[string]string{
		"user:alice": "user:alice", "user:auth0|1:2": "user:auth0|1:2", "email:A@B.c": "email:a@b.c", "team:t": "team:t", "everyone": "everyone",
	} {
		p, err := ParsePrincipal(written)
		require.NoError(t, err)
		require.Equal(t, want, p.String())
		again, err := ParsePrincipal(p.String())
		require.NoError(t, err)
		require.Equal(t, p, again)
	}
	for _, written := range []string{"", "alice", "user:", "everyone:x", "visitor:x", "api_key:k", "email:x", "platform:main"} {
		_, err := ParsePrincipal(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
}

func FuzzParsePrincipal(f *testing.F) {
	for _, s := range []string{"user:alice", "email:A@B.c", "everyone", "team:\x00", "role::"} {
		f.Add(s)
	}
	f.Add("email:" + strings.Repeat("é一", 10_000))
	f.Fuzz(func(t *testing.T, s string) {
		perByte := budget.Budget{CPU: time.Microsecond, Bytes: 64, BaseCPU: 20 * time.Millisecond, BaseHeap: 1 << 20}
		var p Principal
		var err error
		perByte.Check(t, len(s), func() { p, err = ParsePrincipal(s) })
		if err != nil {
			require.Equal(t, KindInvalid, KindOf(err))
			return
		}
		again, err := ParsePrincipal(p.String())
		require.NoError(t, err, "%q", p)
		require.Equal(t, p, again)
	})
}
