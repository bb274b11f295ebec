package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/budget"
)

// perByte is what a text may cost. Measured are 3–90 ns and, for empty objects in arrays, 40 bytes.
var perByte = budget.Budget{CPU: time.Microsecond, Bytes: 100, BaseCPU: 20 * time.Millisecond, BaseHeap: 64 << 10}

func TestWhatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "the JSON is empty",
		" \n":                                "the JSON is empty",
		"\"\xff\"":                           "the JSON is not valid UTF-8",
		"{":                                  "the JSON is not valid JSON: it ends too early",
		`{"a":1,}`:                           "the JSON is not valid JSON: unexpected '}' at byte 8",
		`[1 2]`:                              "the JSON is not valid JSON: unexpected '2' at byte 4",
		`{} x`:                               "the JSON is not valid JSON: unexpected 'x' at byte 4",
		`nul`:                                "the JSON is not valid JSON: unexpected 'n' at byte 1",
		`01`:                                 "the JSON is not valid JSON: unexpected the end",
		`{"a":{"b":1,"b":2}}`:                "/a/b appears twice",
		`{"a":1,"\u0061":2}`:                 "/a appears twice",
		`{"a/~":[0,{"x":0,"x":0}]}`:          "/a~1~0/1/x appears twice",
		`{"a":["\ud800"]}`:                   "/a/0 contains half of a surrogate pair, which is not a character",
		`{"\udfff":1}`:                       "the JSON contains half of a surrogate pair, which is not a character",
		`[[[[1]]]]`:                          "/0/0/0 nests deeper than 3 levels",
		`{"a":{"123456789":1}}`:              "/a has a name longer than 8 bytes",
		`[1,2,3,4,5,6,7,8,9,10]`:             "the JSON has more than 10 values",
		`[1e400]`:                            "/0 is a number outside the range of a double",
		`[` + strings.Repeat("1", 200) + `]`: "/0 is a number longer than 128 bytes",
	} {
		_, err := Parse([]byte(text), Limits{Depth: 3, Name: 8, Values: 10, Doubles: true})
		var fault *Error
		require.ErrorAs(t, err, &fault, text)
		if !strings.HasSuffix(want, "the end") {
			require.Equal(t, want, err.Error(), text)
		}
	}
}

func TestHalvesOfSurrogatePairs(t *testing.T) {
	for text, half := range map[string]bool{
		`""`: false, `"\n"`: false, `"\\ud800"`: false, `"\u0041"`: false, `"\ud83d\ude00"`: false, `"\uD83D\uDE00\uD83D\uDE00"`: false,
		`"\ud83d"`: true, `"\ude00"`: true, `"\ude00\ud83d"`: true, `"\ud83dx\ude00"`: true, `"\ud83d\\ude00"`: true, `"\ud83d\u0041"`: true,
		`"\ud83d\ude00\ud83d"`: true, `{"\udfff":1}`: true,
	} {
		_, err := Parse([]byte(text), Limits{})
		require.Equal(t, half, err != nil, text)
	}
}

func TestNumbersAsTheyAreAsked(t *testing.T) {
	v, err := Parse([]byte("[1.50]"), Limits{})
	require.NoError(t, err)
	require.Equal(t, []any{json.Number("1.50")}, v)
	v, err = Parse([]byte("[1.50]"), Limits{Doubles: true})
	require.NoError(t, err)
	require.Equal(t, []any{1.5}, v)
}

// A field in another case is another field: encoding/json would take both for one, and the last would hold.
func TestFieldsInAnotherCase(t *testing.T) {
	type inner struct {
		Access string `json:"access"`
	}
	type outer struct {
		Shares []inner            `json:"shares"`
		Limits map[string]float64 `json:"limits"`
		At     time.Time          `json:"at"`
	}
	var v outer
	require.NoError(t, Unmarshal([]byte(`{"shares":[{"access":"a"}],"limits":{"Max":1},"at":"2030-01-01T00:00:00Z"}`), &v, Limits{}))
	require.Equal(t, "a", v.Shares[0].Access)
	for text, want := range map[string]string{
		`{"Shares":[]}`: "/Shares is not a known field",
		`{"shares":[{"access":"use_only","Access":"read_write"}]}`: "/shares/0/Access is not a known field",
	} {
		require.EqualError(t, Unmarshal([]byte(text), &v, Limits{}), want)
	}
	var wrong *json.UnmarshalTypeError
	require.ErrorAs(t, Unmarshal([]byte(`{"shares":{"access":"a"}}`), &v, Limits{}), &wrong)
}

// growing are texts that cost some readers far more than their length.
var growing = map[string]func(n int) []byte{
	"open arrays":  func(n int) []byte { return bytes.Repeat([]byte("["), n) },
	"open objects": func(n int) []byte { return bytes.Repeat([]byte(`{"a":`), n/5) },
	"an item under a long name": func(n int) []byte {
		return []byte(`{"` + strings.Repeat("n", n/2) + `":[` + strings.Repeat("1,", n/4) + `1]}`)
	},
	"many items":    func(n int) []byte { return list(n, func(int) string { return "1" }) },
	"empty objects": func(n int) []byte { return list(n, func(int) string { return "{}" }) },
	"small objects": func(n int) []byte { return list(n, func(int) string { return `{"":0}` }) },
	"many names":    func(n int) []byte { return names(n, func(i int) string { return strconv.Itoa(i) }) },
	"long names": func(n int) []byte {
		return names(n, func(i int) string { return strings.Repeat("n", 250) + strconv.Itoa(i) })
	},
	"escapes":       func(n int) []byte { return []byte(`"` + strings.Repeat(`\u0041`, n/6) + `"`) },
	"pairs":         func(n int) []byte { return []byte(`"` + strings.Repeat(`\ud83d\ude00`, n/12) + `"`) },
	"backslashes":   func(n int) []byte { return []byte(`"` + strings.Repeat(`\\`, n/2) + `"`) },
	"an open text":  func(n int) []byte { return []byte(`"` + strings.Repeat("é", n/2)) },
	"a long number": func(n int) []byte { return bytes.Repeat([]byte("1"), n) },
	"long numbers":  func(n int) []byte { return list(n, func(int) string { return strings.Repeat("9", 120) }) },
	"spaces":        func(n int) []byte { return bytes.Repeat([]byte(" "), n) },
	"not UTF-8":     func(n int) []byte { return append(bytes.Repeat([]byte("a"), n), 0xff) },
	"levels, again and again": func(n int) []byte {
		return list(n, func(int) string { return strings.Repeat("[", 30) + strings.Repeat("]", 30) })
	},
}

func list(n int, item func(i int) string) []byte {
	b := []byte("[")
	for i := 0; len(b) < n; i++ {
		b = append(append(b, item(i)...), ',')
	}
	return append(b[:len(b)-1], ']')
}

func names(n int, name func(i int) string) []byte {
	b := []byte("{")
	for i := 0; len(b) < n; i++ {
		b = append(append(append(b, '"'), name(i)...), `":0,`...)
	}
	return append(b[:len(b)-1], '}')
}

// Texts cost what their length says, whatever is in them: at most 1 µs of processor time and 100 bytes of memory for a byte.
func TestCostGrowsWithTheLength(t *testing.T) {
	for name, input := range growing {
		t.Run(name, func(t *testing.T) {
			perByte.Linear(t, 128<<10, input, func(text []byte) { _, _ = Parse(text, Limits{}) })
			perByte.Linear(t, 128<<10, input, func(text []byte) { _, _ = Parse(text, Limits{Depth: 1000, Name: 1 << 20, Values: 1 << 30}) })
		})
	}
}

// What is taken is JSON, and means what encoding/json reads; what is not is refused with a place, and both cost no more than their length allows.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,{"b":null}],"c":"\ud83d\ude00\n"}`, `{"a":1,"a":2}`, `"\ud800"`, "\xff", "{}x", `[true,false]`, "0", "1E+2"} {
		f.Add([]byte(seed))
	}
	for _, input := range growing {
		f.Add(input(2000))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		var err error
		perByte.Check(t, len(text), func() { v, err = Parse(text, Limits{}) })
		if err != nil {
			require.True(t, errors.As(err, new(*Error)))
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var want any
		require.NoError(t, d.Decode(&want))
		require.Equal(t, want, v)
		require.False(t, d.More())
	})
}
