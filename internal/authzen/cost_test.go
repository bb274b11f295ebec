package authzen_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantway/grantway/internal/authzen"
	"github.com/grantway/grantway/internal/testenv/budget"
)

// perByte is what a body may cost with all the decisions in it: 20 µs of processor time and 2 KiB of memory for a byte, and 200 ms and 16 MiB for any
// body. The shortest evaluation of a batch has 2 bytes; one that the engine is asked for has 30 and more.
var perByte = budget.Budget{CPU: 20 * time.Microsecond, Bytes: 2 << 10, BaseCPU: 200 * time.Millisecond, BaseHeap: 16 << 20, Process: true}

// differentLetters is a text of n different letters and more, for which IDNA takes a time that grows with the square of n.
func differentLetters(n int) string {
	var b strings.Builder
	for r := rune(0x4e00); n > 0; n-- {
		if b.WriteRune(r); r < 0x9fff {
			r++
		} else {
			r = 0x4e00
		}
	}
	return b.String()
}

// batchOf is a batch of many empty evaluations, which take everything from the defaults.
func batchOf(defaults ...string) string {
	return `{` + strings.Join(defaults, ",") + `,"evaluations":[` + strings.Repeat("{},", 299) + `{}]}`
}

func object(n int, member func(i int) string) string {
	members := make([]string, n)
	for i := range members {
		members[i] = member(i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// growing are bodies that a reader could take far more time for than their length says. n is about their length.
var growing = map[string]func(n int) string{
	"an address, for every evaluation": func(n int) string {
		return batchOf(`"subject":{"type":"user","id":"bob","properties":{"email":"x@`+differentLetters(n/3)+`.org"}}`, action("interact"), helper)
	},
	"a link, for every evaluation": func(n int) string {
		return batchOf(alice, action("interact"), helper, `"context":{"link":"`+strings.Repeat("l", n)+`"}`)
	},
	"an IP address, for every evaluation": func(n int) string {
		return batchOf(alice, action("interact"), helper, `"context":{"ip":"`+strings.Repeat("1:", n/2)+`"}`)
	},
	"a token, for every evaluation": func(n int) string {
		return batchOf(alice, action("interact"), helper, `"context":{"zedtoken":"`+strings.Repeat("G", n)+`"}`)
	},
	"a type, for every evaluation": func(n int) string {
		return batchOf(`"subject":{"type":"`+strings.Repeat("s", n/2)+`","id":"x"}`, action("interact"), `"resource":{"type":"`+strings.Repeat("r", n/2)+`","id":"x"}`)
	},
	"an ID, for every evaluation": func(n int) string {
		return batchOf(`"subject":{"type":"api_key","id":"`+strings.Repeat("s", n)+`"}`, action("interact"), helper)
	},
	"numbers, for every evaluation": func(n int) string {
		numbers := object(n/8, func(i int) string { return fmt.Sprintf(`"%04x":1`, i) })
		return batchOf(alice, `"action":{"name":"can_read_todos","properties":`+numbers+`}`, record1)
	},
	"values of a condition, for every evaluation": func(n int) string {
		return batchOf(alice, action("read"), record1, `"context":{"department":"`+strings.Repeat("d", n)+`"}`)
	},
	"a name and many items": func(n int) string {
		return `{"` + strings.Repeat("n", n/2) + `":[` + strings.Repeat("1,", n/4) + `1]}`
	},
	"many names":  func(n int) string { return object(n/9, func(i int) string { return `"` + strconv.Itoa(i) + `":1` }) },
	"open arrays": func(n int) string { return strings.Repeat("[", n) },
	"deep, for every evaluation": func(n int) string {
		return batchOf(alice, action("read"), record1, `"context":{"deep":[`+strings.Repeat(strings.Repeat("[", 90)+strings.Repeat("]", 90)+",", n/180)+`1]}`)
	},
	"a page token": func(n int) string {
		return with(alice, action("read"), `"resource":{"type":"record"}`, `"page":{"token":"`+strings.Repeat("A", n)+`"}`)
	},
}

// A body costs what its length and its evaluations say, whatever is in it.
func TestCostOfBodies(t *testing.T) {
	h := start(t)
	for name, input := range growing {
		for _, path := range []string{authzen.PathEvaluations, authzen.PathSearchResource, authzen.PathExplain} {
			t.Run(name+path, func(t *testing.T) {
				perByte.Linear(t, 60_000, func(n int) []byte { return []byte(input(n)) }, func(body []byte) { post(t, h, path, string(body)) })
			})
		}
	}
}
