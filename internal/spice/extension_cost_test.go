package spice_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authzed/spicedb/pkg/caveats"
	caveattypes "github.com/authzed/spicedb/pkg/caveats/types"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/testenv/budget"
)

// dense is a condition on one item with as many parts as are taken within one loop.
func dense(parts int) string { return "a" + strings.Repeat(" && !a", parts/3) }

// extensionWith has a caveat of that condition, with the parameters that are in it.
func extensionWith(condition string) []byte {
	var parameters []string
	for _, p := range []string{"sent list<bool>", "allowed list<string>", "tools list<string>", "s string", "m map<any>"} {
		name, _, _ := strings.Cut(p, " ")
		if regexp.MustCompile(`\b` + name + `\b`).MatchString(condition) {
			parameters = append(parameters, p)
		}
	}
	return []byte(fmt.Sprintf("schema: |-\n  caveat c(%s) {\n    %s\n  }\n  definition thing {\n    relation owner: user with c\n    permission read = owner\n  }",
		strings.Join(parameters, ", "), condition))
}

// One question must not keep the engine busy: SpiceDB itself has no limit on what a condition costs, and a loop within a loop over 1,000 items that a
// caller sends takes 4 s, one more level an hour.
func TestConditionsThatCostTooMuch(t *testing.T) {
	for _, fine := range []string{
		"sent.all(a, a)", "tools.all(t, t in allowed)", `tools.all(t, t in ["a", "b"] && t != s)`, `["a", "b"].exists(x, tools.all(t, t != x))`,
		"tools.filter(t, s.contains(t)).size() > 0", `tools.map(t, t + s).all(t, t.startsWith("x"))`, "m.all(k, k in allowed)", "s.matches('^a+$')",
		"sent.all(a, a) && sent.exists(a, a) && tools.all(t, t in allowed)", "sent.all(a, " + dense(60) + ")",
	} {
		_, err := spice.ParseExtension("x.yaml", extensionWith(fine))
		require.NoError(t, err, fine)
	}
	for _, costly := range []string{
		"sent.all(a, sent.all(b, a == b))", "sent.all(a, sent.all(b, sent.all(c, a == c)))", "tools.exists(t, allowed.exists(u, u == t))",
		"sent.map(a, sent).all(l, l.all(a, a))", "sent.filter(a, sent.exists(b, a != b)).size() > 0", "m.all(k, tools.exists(t, t == k))",
		"sent.all(a, " + dense(600) + ")", "[sent, sent].all(l, l.all(a, " + dense(60) + "))",
	} {
		_, err := spice.ParseExtension("x.yaml", extensionWith(costly))
		require.ErrorContains(t, err, "x.yaml:2: ", costly)
		require.ErrorContains(t, err, "100000 steps", costly)
	}
}

// The dearest condition that is taken, on the most that fits into a question: at most 2 s of processor time, and measured less than 0.1 s.
func TestTheDearestConditionThatIsTaken(t *testing.T) {
	condition := "sent.all(a, " + strings.ReplaceAll(dense(84), "!a", "a") + ")"
	_, err := spice.ParseExtension("x.yaml", extensionWith(condition))
	require.NoError(t, err)
	sent := make([]any, spice.MaxValueBytes/4)
	for i := range sent {
		sent[i] = true
	}
	require.False(t, spice.ValuesFit(map[string]any{"sent": sent}), "what fits is a little less")
	env := caveats.MustEnvForVariablesWithDefaultTypeSet(map[string]caveattypes.VariableType{
		"sent": caveattypes.Default.MustListType(caveattypes.Default.BooleanType),
	})
	c, err := caveats.CompileCaveatWithName(env, condition, "c")
	require.NoError(t, err)
	budget.Budget{BaseCPU: 2 * time.Second, BaseHeap: 1 << 30}.Check(t, 0, func() {
		result, err := caveats.EvaluateCaveat(c, map[string]any{"sent": sent})
		require.NoError(t, err)
		require.True(t, result.Value())
	})
}
