package schema_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/schema"
)

// anchors is how often each rule and section has a heading in the model.
func anchors() map[string]int {
	found := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(schema.Model, -1) {
		if id := schema.Anchor(m[1]); id != "" {
			found[id]++
		}
	}
	return found
}

func TestEachRuleHasOneHeading(t *testing.T) {
	found := anchors()
	for id, n := range found {
		require.Equal(t, 1, n, id)
	}
	for _, rule := range rules {
		require.Contains(t, found, rule, "a rule with validations")
	}
}

// Within a kind, rules are numbered from 1 and stand in order, so that nobody looks for one that is not there.
func TestRulesAreNumberedInOrder(t *testing.T) {
	last := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#+ ([A-Z])(\d+)\. `).FindAllStringSubmatch(schema.Model, -1) {
		last[m[1]]++
		require.Equal(t, strconv.Itoa(last[m[1]]), m[2], m[1])
	}
}

// What a file cites: a rule in prose or as an argument, the rules in the name of a test, and a section in parentheses.
var (
	citedRule    = regexp.MustCompile(`(?:^|[^-%=+/\w])([A-Z][1-9][0-9]?)\b`)
	citedByTest  = regexp.MustCompile(`\bTest((?:[A-Z][0-9]{1,2})+)_?[A-Z(]`)
	citedSection = regexp.MustCompile(`\((3\.[0-9])(?:, (3\.[0-9]))?[,)]`)
	oneRule      = regexp.MustCompile(`[A-Z][0-9]{1,2}`)
)

// cites lists the rules and sections that the text cites.
func cites(text string) map[string]bool {
	cited := map[string]bool{}
	for _, m := range citedRule.FindAllStringSubmatch(text, -1) {
		cited[m[1]] = true
	}
	for _, m := range citedByTest.FindAllStringSubmatch(text, -1) {
		for _, rule := range oneRule.FindAllString(m[1], -1) {
			cited[rule] = true
		}
	}
	for _, m := range citedSection.FindAllStringSubmatch(text, -1) {
		cited[m[1]] = true
		if m[2] != "" {
			cited[m[2]] = true
		}
	}
	return cited
}

// notRules look like rules and are something else: file, and what.
var notRules = map[string][]string{
	"internal/store/facts_test.go": {"Z10", "Z9"}, // IDs that sort differently as text and as numbers
	"schema/model_test.go":         {"Z10", "Z9"},
}

// TestEveryCitedRuleExists reads the code, the schema, the validations and the tests, and looks every rule that they cite up in the model.
func TestEveryCitedRuleExists(t *testing.T) {
	found, seen := anchors(), map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		switch {
		case d.IsDir() && (d.Name() == ".git" || file == "internal/testenv/siege"): // the attacks have names like rules
			return filepath.SkipDir
		case d.IsDir() || !slices.Contains([]string{".go", ".zed", ".yaml", ".yml", ".txtar"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, rule := range slices.Sorted(maps.Keys(cites(string(text)))) {
			if !slices.Contains(notRules[file], rule) {
				seen[rule] = true
				assert.NotZero(t, found[rule], "%s cites %s, which schema/model.md does not state", file, rule)
			}
		}
		return nil
	})
	require.NoError(t, err)
	for _, rule := range []string{"M2", "S13", "N2", "3.1", "B6"} { // the search finds something
		require.Contains(t, seen, rule)
	}
}

// TestCites checks what counts as a citation.
func TestCites(t *testing.T) {
	for text, want := range map[string][]string{
		`access.Deniedf("B4", "no")`:               {"B4"},
		`// keeps A1, G2–G6 and S13 (3.1, M1)`:     {"A1", "G2", "G6", "S13", "3.1", "M1"},
		`// no role gives it (3.1, 3.2)`:           {"3.1", "3.2"},
		`func TestO1O2AnIssuer(t *testing.T)`:      {"O1", "O2"},
		`func TestP3(t *testing.T)`:                {"P3"},
		`func TestH2_TheToken(`:                    {"H2"},
		`"jos%C3%A9" "=C3=A9" U+00A0 [A-Z2-7] 3.1`: nil,
	} {
		require.ElementsMatch(t, want, slices.Collect(maps.Keys(cites(text))), text)
	}
}
