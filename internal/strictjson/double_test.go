package strictjson

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// F1: no number is taken for less than it is written, and those that a double holds are taken as they are.
func TestF1ANumberIsNeverTakenForLess(t *testing.T) {
	for literal, want := range map[string]float64{
		"0.1": 0.1, "10": 10, "1E3": 1000, "-0": 0, "0e99999999999999999999": 0, "5.0000": 5,
		"9007199254740992":            1 << 53,
		"9007199254740993":            1<<53 + 2,
		"9007199254740992.0000000001": 1<<53 + 2,
		"0.10000000000000000001":      math.Nextafter(0.1, 1),
		"1e-999999999":                math.SmallestNonzeroFloat64,
		"1e-99999999999999999999":     math.SmallestNonzeroFloat64,
		"-9007199254740993":           -(1 << 53),
		"-1e-400":                     -math.SmallestNonzeroFloat64,
		"-5e-324":                     -math.SmallestNonzeroFloat64,
		"-0.0e5":                      0,
	} {
		n, err := double(literal)
		require.NoError(t, err, literal)
		require.Equal(t, want, n, literal) //nolint:testifylint // to the last bit
	}
	_, err := double("1e400")
	require.Error(t, err)
}

// Decimals compare as the rational numbers that they are.
func TestDecimalsCompareAsNumbersDo(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	random := func() string {
		digits := strings.TrimLeft(strconv.FormatUint(rng.Uint64N(1000), 10), "0")
		literal := "0"
		if digits != "" {
			literal = digits
		}
		if rng.IntN(2) == 0 {
			literal += "." + strconv.FormatUint(rng.Uint64N(100), 10)
		}
		if rng.IntN(2) == 0 {
			literal += "e" + strconv.Itoa(rng.IntN(7)-3)
		}
		if rng.IntN(2) == 0 {
			literal = "-" + literal
		}
		return literal
	}
	for range 10_000 {
		a, b := random(), random()
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		require.Equal(t, x.Cmp(y), compareDecimals(a, b), "%s and %s", a, b)
	}
}
