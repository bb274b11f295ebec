package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

func TestLoneSurrogate(t *testing.T) {
	for text, lone := range map[string]bool{
		`""`: false, `"\n"`: false, `"\\ud800"`: false, `"\u0041"`: false, `"\ud83d\ude00"`: false, `"\uD83D\uDE00\uD83D\uDE00"`: false,
		`"\ud83d"`: true, `"\ude00"`: true, `"\ude00\ud83d"`: true, `"\ud83dx\ude00"`: true, `"\ud83d\\ude00"`: true, `"\ud83d\u0041"`: true,
		`"\ud83d\ude00\ud83d"`: true, `{"\udfff":1}`: true,
	} {
		require.Equal(t, lone, loneSurrogate([]byte(text)), text)
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, "[[[[", `"\ud800"`, "\xff", "{}x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := parseJSON(raw)
		if err != nil {
			require.Equal(t, access.KindInvalid, access.KindOf(err))
		}
	})
}
