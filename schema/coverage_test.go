package schema_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// rules are the identifiers of sections 2–4 and 6 of the access model, and the sections whose tables have cells instead. Each has an
// assertion that allows and one that denies, unless undecided says why no decision depends on it.
var rules = []string{
	"2", "O1", "O2", "O3", "O4", "O5", "O6", "T1", "T2", "U1", "U2", "P1", "P2", "P3", "P4", "E1",
	"A1", "A2", "A3",
	"3.1", "V1",
	"3.2", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13",
	"3.3", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8",
	"L1", "L2",
	"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8",
	"K1", "K2", "K3", "K4", "K5",
	"R1", "R2", "R3", "R4", "F1",
	"C1", "C2", "C3", "C4", "C5", "C6", "C7",
	// Of other sections, those that the schema serves.
	"I2", "N2", "B2", "B3",
}

// undecided says why no answer of the engine depends on a rule: what keeps the rule, instead.
var undecided = map[string]string{
	"O1":  "a change that would leave no owner is refused; the facts say how many there are",
	"O2":  "whoever may manage_members is asked of the engine, and whether it is about an owner of the facts",
	"O3":  "leaving removes facts; without them the relationships that O3 lists are not folded",
	"O4":  "deletion removes facts, and with them every relationship that names the object",
	"O5":  "a limit refuses and removes facts; the engine decides on those that remain",
	"P4":  "granting a platform role looks at the user's type, and becoming external removes the fact",
	"S2":  "a share with an unknown principal or with the owner is refused before it is a fact",
	"S9":  "a request gives nothing, so that replacing one changes no decision",
	"S11": "telling people decides nothing",
	"M3":  "a row for the chatbot's owner is refused before it is a fact",
	"M7":  "a row for an outsider is refused before it is a fact",
	"K2":  "secrets are compared before the engine is asked about their key",
	"C3":  "the token and the clock that go with a question; a validation has one state and no cache",
	"C4":  "what happens when there is no answer",
	"C5":  "explains answers and changes none",
}

// covered is the verdicts that were asserted, by name.
type covered map[string]map[verdict]bool

func (c covered) add(name string, v verdict) {
	if c[name] == nil {
		c[name] = map[verdict]bool{}
	}
	c[name][v] = true
}

// pair reports whether something allows by that name and something denies.
func (c covered) pair(name string) bool {
	return c[name][allows] && (c[name][denies] || c[name][lacks])
}

func TestEveryRuleHasAnAssertionThatAllowsAndOneThatDenies(t *testing.T) {
	asserted := covered{}
	for _, v := range validations(t) {
		for _, a := range v.assertions {
			for _, rule := range a.rules {
				require.Contains(t, rules, rule, "%s names a rule that is not in the list", a)
				require.NotContains(t, undecided, rule, "%s names a rule that is listed as undecided", a)
				asserted.add(rule, a.expects)
			}
		}
	}
	for _, rule := range rules {
		if _, ok := undecided[rule]; !ok && !asserted.pair(rule) {
			t.Errorf("rule %s has only assertions that %v", rule, slices.Collect(maps.Keys(asserted[rule])))
		}
	}
	for rule := range undecided {
		require.Contains(t, rules, rule)
	}
}

func TestEveryPermissionHasAnAssertionThatAllowsAndOneThatDenies(t *testing.T) {
	asserted := covered{}
	for _, v := range validations(t) {
		for _, a := range v.assertions {
			asserted.add(a.permission(), a.expects)
		}
	}
	for _, permission := range compile(t).permissions {
		if !asserted.pair(permission) {
			t.Errorf("permission %s has only assertions that %v", permission, slices.Collect(maps.Keys(asserted[permission])))
		}
	}
}
