package access_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestIDsThatPeopleCannotTellApartAreRefused(t *testing.T) {
	for _, id := range []string{
		"", strings.Repeat("x", access.MaxIDBytes+1), "a\xff", "a\x00b", "a\nb", "a\u0085b", "a\x7f",
		" alice", "alice ", "\talice", "alice\u00a0", "\u200balice", "alice\ufeff", "alice\u2028", "\u202ealice",
	} {
		_, err := access.ParseID[access.UserID](id)
		require.Equal(t, access.KindInvalid, access.KindOf(err), "%q", id)
	}
	for _, id := range []string{"alice@acme.com", "auth0|123", "todo:{id}", "josé", "Zoë van Dijk", "👩\u200d💻", "%2F", strings.Repeat("x", access.MaxIDBytes)} {
		got, err := access.ParseID[access.UserID](id)
		require.NoError(t, err, "%q", id)
		require.Equal(t, access.UserID(id), got)
	}
}

func TestAnActorIsSentInOneFormOnly(t *testing.T) {
	for id, sent := range map[access.UserID]string{
		"alice": "alice", "josé": "jos%C3%A9", "100%": "100%25", "Zoë van Dijk": "Zo%C3%AB%20van%20Dijk", "a%2Fb": "a%252Fb", "auth0|1~": "auth0|1~",
	} {
		require.Equal(t, sent, access.EncodeActor(id))
		got, err := access.DecodeActor(sent)
		require.NoError(t, err, sent)
		require.Equal(t, id, got)
	}
	for _, sent := range []string{
		"", "jos%c3%a9", "josé", "%61lice", "al%69ce", "100%", "100%2", "a%zzb", "a b", "%20alice", "alice%0A", "%C3", "%00",
		strings.Repeat("x", access.MaxIDBytes+1), strings.Repeat("%C3%A9", 4096),
	} {
		_, err := access.DecodeActor(sent)
		require.Equal(t, access.KindDenied, access.KindOf(err), "%q", sent)
	}
}

func FuzzActorHeader(f *testing.F) {
	for _, seed := range []string{"alice", "josé", "100%", "%41", "a b", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := access.ParseID[access.UserID](text); err == nil {
			back, err := access.DecodeActor(access.EncodeActor(id))
			require.NoError(t, err)
			require.Equal(t, id, back)
		}
		if id, err := access.DecodeActor(text); err == nil {
			require.Equal(t, text, access.EncodeActor(id), "an ID is sent in one form only")
		}
	})
}
