package strictjson

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// double is the number as a double: the nearest one, or the next above where that is less than the number is written. What is below 0 stays below 0.
func double(literal string) (float64, error) {
	n, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return 0, err
	}
	if compareDecimals(literal, strconv.FormatFloat(n, 'e', -1, 64)) > 0 {
		n = math.Nextafter(n, math.Inf(1))
	}
	if n == 0 && parseDecimal(literal).sign() < 0 {
		n = -math.SmallestNonzeroFloat64
	}
	return n, nil
}

// decimal is a number ±0.DIGITS × 10^exponent, whose first and last digits are not 0; zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// parseDecimal takes a number of JSON apart, without computing its power of ten.
func parseDecimal(literal string) (d decimal) {
	literal, d.negative = strings.CutPrefix(literal, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(literal), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exponent, _ = strconv.Atoi(power) // of one too long for an int the largest is as good
	d.exponent = min(max(d.exponent, -math.MaxInt32), math.MaxInt32) + len(whole)
	all := whole + fraction
	d.digits = strings.TrimLeft(all, "0")
	d.exponent -= len(all) - len(d.digits)
	d.digits = strings.TrimRight(d.digits, "0")
	return d
}

// compareDecimals compares what two numbers of JSON are worth.
func compareDecimals(a, b string) int {
	x, y := parseDecimal(a), parseDecimal(b)
	if x.digits == "" || y.digits == "" || x.negative != y.negative {
		return cmp.Compare(x.sign(), y.sign())
	}
	larger := cmp.Or(cmp.Compare(x.exponent, y.exponent), strings.Compare(x.digits, y.digits))
	return larger * x.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
