package store

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var oddTexts = []string{"", "a", "\x00", "\x01", "\x01\x01", "\x00\x02\x01", "a\x00b", "\xff", "ä\xc3", "\x01\u0100", "\u0100\x01\xfe", "😀\x00", "\ufffd", "\ufffd\xff"}

func FuzzTexts(f *testing.F) {
	for i, s := range oddTexts {
		f.Add(s, oddTexts[len(oddTexts)-1-i])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		escaped := escape(a)
		require.True(t, utf8.ValidString(escaped))
		require.NotContains(t, escaped, "\x00")
		require.Equal(t, a, unescape(escaped))
		if utf8.ValidString(a) && utf8.ValidString(b) {
			require.Equal(t, strings.Compare(a, b), strings.Compare(escaped, escape(b)), "the order stays")
		}
	})
}

func testAnyTextIsKept(t *testing.T, stores maker) {
	db := stores.open(t)
	update(t, db, func(tx *Tx) {
		for _, s := range oddTexts {
			must(t, tx.PutSetting("name of "+s, s))
		}
	})
	view(t, db, func(tx *Tx) {
		for _, s := range oddTexts {
			is(t, s)(tx.Setting("name of " + s))
		}
	})
}
