package secret_test

import (
	"fmt"
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

func (s settings) DeleteSetting(name string) error { delete(s, name); return nil }

// hasher uses the keys, the current one first.
func hasher(t *testing.T, keys ...string) *secret.Hasher {
	t.Helper()
	h, err := secret.ParseHasher(strings.Join(keys, ","))
	require.NoError(t, err)
	return h
}

func TestParseHasher(t *testing.T) {
	a, b := strings.Repeat("a1", 32), strings.Repeat("B2", 33)
	of := hasher(t, a).Digest("x")
	for _, text := range []string{a + "," + b, a + "\n" + b + "\n", " " + a + " ,\r\n\t" + b, strings.ToUpper(a) + "," + b} {
		h, err := secret.ParseHasher(text)
		require.NoError(t, err, "%q", text)
		require.Equal(t, of, h.Digest("x"), "the first key is the current one")
		require.Equal(t, []string{of, hasher(t, b).Digest("x")}, h.Digests("x"))
	}
	for _, text := range []string{"", "\n", ",", "zz", "00ff", a[:62], a[:63], a + "," + b[:10], a + ",nonsense"} {
		_, err := secret.ParseHasher(text)
		require.Error(t, err, "%q", text)
		require.NotContains(t, err.Error(), "nonsense", "what may be a key is not shown")
	}
	require.NotEqual(t, secret.NewHashKey(), secret.NewHashKey())
	hasher(t, secret.NewHashKey())
}

func TestConfirm(t *testing.T) {
	first, second, third := secret.NewHashKey(), secret.NewHashKey(), secret.NewHashKey()
	store := settings{}
	origin, err := secret.OriginOf(store)
	require.NoError(t, err)
	require.Equal(t, secret.Origin{}, origin, "a new store takes any key")
	require.NoError(t, hasher(t, first).Confirm(store))
	origin, err = secret.OriginOf(store)
	require.NoError(t, err)
	require.Equal(t, secret.Origin{Used: true}, origin)
	for _, v := range store {
		require.NotContains(t, v, first, "the key is not in the store")
	}

	require.ErrorIs(t, hasher(t, second).Confirm(store), secret.ErrOtherKey)
	require.NoError(t, hasher(t, first).Confirm(store), "a refusal changes nothing")
	require.NoError(t, hasher(t, second, first).Confirm(store), "rotated")
	require.ErrorIs(t, hasher(t, first).Confirm(store), secret.ErrOtherKey, "what was hashed since would not be known")
	require.NoError(t, hasher(t, second).Confirm(store), "the old one is taken out")
	require.ErrorIs(t, hasher(t, third, first).Confirm(store), secret.ErrOtherKey)
}

// Earlier versions kept the key in the store.
func TestConfirmTakesTheKeyOutOfTheStore(t *testing.T) {
	kept, other := secret.NewHashKey(), secret.NewHashKey()
	store := settings{"secret.hash_key": kept}
	origin, err := secret.OriginOf(store)
	require.NoError(t, err)
	require.Equal(t, secret.Origin{Kept: kept, Used: true}, origin)
	require.ErrorIs(t, hasher(t, other).Confirm(store), secret.ErrOtherKey)
	require.Equal(t, settings{"secret.hash_key": kept}, store, "it is not taken out while it is nowhere else")
	require.NoError(t, hasher(t, other, kept).Confirm(store))
	require.NotContains(t, store, "secret.hash_key")
	require.NoError(t, hasher(t, other).Confirm(store))

	require.Error(t, hasher(t, other).Confirm(settings{"secret.hash_key": "damaged"}))
}

func TestMintedForm(t *testing.T) {
	h := hasher(t, secret.NewHashKey())
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

// What is derived is the same again, and nobody derives it for something else, or without the key.
func TestDerive(t *testing.T) {
	one, two := []byte(strings.Repeat("1", 32)), []byte(strings.Repeat("2", 32))
	h, err := secret.NewHasher(one)
	require.NoError(t, err)
	first := h.Derive("invitation", "a", "1")
	require.Equal(t, first, h.Derive("invitation", "a", "1"))
	require.Len(t, first, 1)
	require.Regexp(t, `^[0-9A-Za-z]{43}$`, first[0])
	seen := map[string]bool{first[0]: true}
	for _, other := range [][]string{{"invitation", "a", "2"}, {"invitation", "b", "1"}, {"invitation", "a1"}, {"invitation", "", "a", "1"}, {"other", "a", "1"}, {"invitationa", "1"}} {
		d := h.Derive(other[0], other[1:]...)[0]
		require.False(t, seen[d], "%v", other)
		seen[d] = true
	}
	rotated, err := secret.NewHasher(two, one)
	require.NoError(t, err)
	both := rotated.Derive("invitation", "a", "1")
	require.Len(t, both, 2)
	require.NotEqual(t, both[0], both[1])
	require.Equal(t, first[0], both[1], "what the old key has made is known as long as the key is")
}

// H2: a secret of whatever kind is taken out of a text, however it is written and wherever it was cut off.
func TestRedactFindsEverySecret(t *testing.T) {
	h := hasher(t, strings.Repeat("a1", 32))
	secret.Conceal("a root key of the operator's own")
	secret.Conceal("short")
	encoded := func(s string) (all string) {
		for _, c := range []byte(s) {
			all += fmt.Sprintf("%%%02x", c)
		}
		return all
	}
	for kind, text := range map[string]string{
		"account key": h.NewAccountKey().Text, "chatbot key": h.NewChatbotKey().Text, "invitation": h.InvitationTokens("abcdefghijkl", 1)[0],
		"link": h.Links("helper", "nonce")[0], "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl-_x", "root key": "a root key of the operator's own",
	} {
		random := text[len(text)-16:]
		for name, written := range map[string]string{
			"alone": text, "in an ID": "user:" + text, "in a path": "/v1/keys/" + text + "/x", "twice": text + "," + text, "in JSON": `{"name":"` + text + `"}`,
			"in an address": text + "@acme.test", "encoded": encoded(text), "encoded twice": encoded(encoded(text)),
			"an escape": strings.Replace(text, "_", "%5F", 1), "after a wrong escape": "100%" + text, "before one": text + "%",
		} {
			redacted := secret.Redact(written)
			require.NotContains(t, redacted, random, "%s, %s", kind, name)
			require.NotContains(t, redacted, encoded(random), "%s, %s", kind, name)
			require.NotContains(t, strings.ReplaceAll(redacted, "%25", "%"), encoded(random), "%s, %s", kind, name)
		}
		if kind == "root key" {
			continue
		}
		require.NotContains(t, secret.Redact(strings.ToLower(text)), strings.ToLower(random), "as the part of an address before the @")
		require.NotContains(t, secret.Redact(text[:len(text)-3]), random[:8], "cut off")
	}
	for _, harmless := range []string{"short", "100 %", "50%25", "a%2Fb", "eyJ", "eyJ.x.y", "eyjafjallajokull.example.org", "gwlink_abc", "my_gw_team", strings.Repeat("a", 43)} {
		require.Equal(t, harmless, secret.Redact(harmless))
	}
}

func TestLinksSayWhatTheyAreAndOldOnesAreKnown(t *testing.T) {
	h := hasher(t, strings.Repeat("a1", 32))
	links := h.Links("helper", "nonce")
	require.Len(t, links, 2)
	require.Regexp(t, `^gwlink_[0-9A-Za-z]{43}$`, links[0])
	require.Equal(t, h.Derive("public link", "helper", "nonce")[0], links[1])
}

// H2: a secret of either kind is taken out of a text, and whose it is stays.
func TestRedact(t *testing.T) {
	h := hasher(t, strings.Repeat("a1", 32))
	for _, m := range []secret.Minted{h.NewAccountKey(), h.NewChatbotKey()} {
		redacted := secret.Redact("api_key:" + m.Text + " " + m.Text)
		require.NotContains(t, redacted, m.Text[len(m.Preview):])
		require.Equal(t, 2, strings.Count(redacted, string(m.ID)+"_…"))
	}
	for _, id := range []string{"", "alice", "gw_", "gwbot_helper", "gw_000000000000_short"} {
		require.Equal(t, id, secret.Redact(id))
	}
}
