package access

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/budget"
)

func TestAddressesAreComparedLowerCasedAndInIDNAForm(t *testing.T) {
	for written, want := range map[string]Email{
		"X@ACME.COM": "x@acme.com", "x@sub.acme.com": "x@sub.acme.com", "Ünï@Bücher.example": "ünï@xn--bcher-kva.example", "a.b+c@acme.com": "a.b+c@acme.com",
	} {
		e, err := ParseEmail(written)
		require.NoError(t, err, written)
		require.Equal(t, want, e)
	}
	require.Equal(t, "acme.com", Email("x@acme.com").Domain())
}

// I2: lower-casing makes two addresses one only where they differ in case; the Kelvin sign and the Turkish İ are other letters than k and i.
func TestI2NoLetterBecomesAnother(t *testing.T) {
	for _, written := range []string{"\u212aim@acme.com", "\u0130van@acme.com", "I\u0307van@acme.com"} {
		_, err := ParseEmail(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
	e, err := ParseEmail("KIM\u0131@acme.com")
	require.NoError(t, err)
	require.Equal(t, Email("kim\u0131@acme.com"), e)
}

// I2: é is one letter, however it is written; what nobody sees is no part of an address.
func TestI2AddressesAreComparedAsTheyAreSeen(t *testing.T) {
	for _, written := range []string{"josé@bücher.example", "Jose\u0301@bu\u0308cher.example", "JOSE\u0301@XN--BCHER-KVA.example"} {
		e, err := ParseEmail(written)
		require.NoError(t, err, "%q", written)
		require.Equal(t, Email("josé@xn--bcher-kva.example"), e)
		again, err := ParseEmail(string(e))
		require.NoError(t, err)
		require.Equal(t, e, again)
	}
	for _, written := range []string{
		"ali\u200bce@acme.com", "alice@ac\u00adme.com", "alice\u00a0@acme.com", "\ufeffa@acme.com", "a@b\u034fc.com", "a@acme\ufe0f.com", "a\u3164@acme.com",
		"a\u0085@acme.com", "a\u037eb@acme.com", "a\u1fefb@acme.com",
	} {
		_, err := ParseEmail(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
	for _, written := range []string{"acme\u200b.com", "ac\u00adme.com", "acme.com\ufe0f"} {
		_, err := ParseDomain(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"x@acme.com", "Jose\u0301@b\u00fccher.example", "\u212a@a.b", "a\u0345@a.b", "\u1f80\u0301@a.b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEmail(text)
		if err != nil {
			return
		}
		again, err := ParseEmail(string(e))
		require.NoError(t, err, "%q", e)
		require.Equal(t, e, again, "the compared form is compared as itself")
	})
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, written := range []string{
		"", "x", "@acme.com", "x@", "x@acme.com.", "x@a..com", "x@[127.0.0.1]", "Al <al@acme.com>", "x@acme.com, y@acme.com", " x@acme.com",
		"x@" + strings.Repeat("a", 64) + ".com", "x@-acme.com", strings.Repeat("a", 250) + "@acme.com",
	} {
		_, err := ParseEmail(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
}

// 20,000 different letters took 6 s: the length is looked at before anything is made of the text.
func TestLengthsAreLookedAtFirst(t *testing.T) {
	letters := func(n int) []byte {
		var b []byte
		for r := rune(0x4e00); len(b) < n; r++ {
			b = utf8.AppendRune(b, r)
		}
		return b
	}
	perByte := budget.Budget{CPU: 100 * time.Nanosecond, Bytes: 10, BaseCPU: 10 * time.Millisecond, BaseHeap: 64 << 10}
	perByte.Linear(t, 15_000, letters, func(text []byte) {
		for _, s := range []string{string(text), "x@" + string(text), string(text) + "@x.org"} {
			_, err := ParseEmail(s)
			require.Equal(t, KindInvalid, KindOf(err))
			require.Less(t, len(err.Error()), 1000, "the answer does not repeat it")
			_, err = ParseDomain(s)
			require.Equal(t, KindInvalid, KindOf(err))
			_, err = ParsePrincipal("email:" + s)
			require.Equal(t, KindInvalid, KindOf(err))
			require.Less(t, len(err.Error()), 1000)
			_, err = ParseSubject(s)
			require.Less(t, len(err.Error()), 1000)
			_, err = ParseTime(s)
			require.Less(t, len(err.Error()), 1000)
			_, err = ParseObject(s)
			require.Less(t, len(err.Error()), 1000)
		}
	})
	_, err := ParseEmail("x@" + strings.Repeat(strings.Repeat("a", 60)+".", 4) + "com")
	require.NoError(t, err, "what is long enough for its letters is an address")
}

func TestDomainsAreHeldToTheLengthsOfDNS(t *testing.T) {
	for _, written := range []string{"", "acme.com.", "a..com", ".com", "acme com", strings.Repeat("a.", 130) + "com"} {
		_, err := ParseDomain(written)
		require.Equal(t, KindInvalid, KindOf(err), "%q", written)
	}
	d, err := ParseDomain("Bücher.EXAMPLE")
	require.NoError(t, err)
	require.Equal(t, "xn--bcher-kva.example", d)
}
