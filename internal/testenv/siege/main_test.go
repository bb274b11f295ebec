// Package siege_test attacks a real server while others use it, and measures what the others notice: how long their calls take before, during and
// after each attack, which of them fail, and how much memory the server takes meanwhile.
//
// The server is the program grantway as a child process, with files in a temporary directory. The attackers come from addresses of their own and have
// no credentials, or those of a user without any role or share ("nobody"), or those of mallory, who owns an organization. The others come from
// another address with keys of their own, and from another process, so that neither wait for the other on a processor but in the server. scripts/siege builds the program and runs the siege; without -grantway its test is skipped.
//
// An attack is one file and one line of attacks. What it demands of the server is a list of goals that all attacks share (verdict), and what it
// checks itself when it is over.
package siege_test

import (
	"flag"
	"time"
)

// settings is the command line.
var settings struct {
	grantway string
	only     string
	short    bool
	length   time.Duration
	rounds   int
	memory   int64
	keep     string
	orders   string
}

func init() {
	s := &settings
	flag.StringVar(&s.grantway, "grantway", "", "the `PROGRAM` grantway; without it nothing is attacked")
	flag.StringVar(&s.only, "only", "", "`ATTACKS` to make, separated by commas, such as A1,A5; all if it is left out")
	flag.BoolVar(&s.short, "short", false, "attack for 3 seconds, once")
	flag.DurationVar(&s.length, "length", 10*time.Second, "how long one attack lasts, as a `DURATION`; before and after it is quiet for half as long")
	flag.IntVar(&s.rounds, "rounds", 2, "`NUMBER` of times that each attack is made, with quiet times between")
	flag.Int64Var(&s.memory, "kill-at", 3<<30, "resident `BYTES` at which the server is killed, so that the machine survives")
	flag.StringVar(&s.orders, "orders", "", "the orders for the process of the attackers, as `JSON`")
	flag.StringVar(&s.keep, "keep", "", "`DIRECTORY` for the servers' logs, and their CPU and heap profiles where they offer them")
}
