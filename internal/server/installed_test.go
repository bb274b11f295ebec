package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoMayRunAfterAMigration is every migration that there can be, from what, by whom, and what becomes of the programs.
func TestWhoMayRunAfterAMigration(t *testing.T) {
	v1, v1x, v2, v2x, v3 := program{1, "a"}, program{1, "a+x"}, program{2, "b"}, program{2, "b+x"}, program{3, "c"}
	for name, x := range map[string]struct {
		from    []program
		by      program
		oldest  int
		loses   bool
		may     []program
		stopped []program
		refused bool
	}{
		"a new engine":   {by: v1, oldest: 1, may: []program{v1}},
		"the same again": {from: []program{v1}, by: v1, oldest: 1, may: []program{v1}},
		"the next version runs beside the old one":     {from: []program{v1}, by: v2, oldest: 1, may: []program{v1, v2}},
		"a version that must be alone":                 {from: []program{v1}, by: v2, oldest: 2, may: []program{v2}, stopped: []program{v1}},
		"the one before the last is too old":           {from: []program{v1, v2}, by: v3, oldest: 2, may: []program{v2, v3}, stopped: []program{v1}},
		"a new version whose schema loses something":   {from: []program{v1}, by: v2, oldest: 1, loses: true, may: []program{v2}, stopped: []program{v1}},
		"an extension comes":                           {from: []program{v1}, by: v1x, oldest: 1, may: []program{v1, v1x}},
		"an extension goes":                            {from: []program{v1, v1x}, by: v1, oldest: 1, loses: true, may: []program{v1}, stopped: []program{v1x}},
		"a new version without the extension":          {from: []program{v1x}, by: v2, oldest: 1, loses: true, may: []program{v2}, stopped: []program{v1x}},
		"a new version and an extension":               {from: []program{v1, v2}, by: v2x, oldest: 1, may: []program{v1, v2, v2x}},
		"an old version migrates nothing back":         {from: []program{v1, v2}, by: v1, oldest: 1, may: []program{v1, v2}, refused: true},
		"nor one that was never here":                  {from: []program{v3}, by: v2, oldest: 1, may: []program{v3}, refused: true},
		"nor with another extension than it had":       {from: []program{v1, v2}, by: v1x, oldest: 1, may: []program{v1, v2}, refused: true},
		"a version is skipped that says who is beside": {from: []program{v1}, by: v3, oldest: 2, may: []program{v3}, stopped: []program{v1}},
	} {
		t.Run(name, func(t *testing.T) {
			next, stopped, err := installed{Programs: x.from, Folded: 9}.next(x.by, release{x.by.Version, x.oldest}, x.loses)
			require.Equal(t, x.refused, err != nil)
			require.Equal(t, x.may, next.Programs)
			require.Equal(t, x.stopped, stopped)
			for _, p := range []program{v1, v1x, v2, v2x, v3} {
				require.Equal(t, contains(x.may, p), next.admits(p), "%v", p)
			}
		})
	}
}

func contains(all []program, p program) bool {
	for _, x := range all {
		if x == p {
			return true
		}
	}
	return false
}

// TestNobodyRunsBeforeAllIsFolded: while facts are being folded anew, the old program runs on and the new one waits.
func TestNobodyRunsBeforeAllIsFolded(t *testing.T) {
	i := installed{Programs: []program{{1, "a"}, {2, "b"}}, Folded: 1}
	require.True(t, i.admits(program{1, "a"}))
	require.False(t, i.admits(program{2, "b"}))
	i.Folded = 2
	require.True(t, i.admits(program{1, "a"}))
	require.True(t, i.admits(program{2, "b"}))
	require.False(t, i.admits(program{2, "a"}), "the version alone admits nobody")
	require.False(t, installed{}.admits(program{1, "a"}))
}

func TestWhatASchemaLoses(t *testing.T) {
	require.False(t, loses(nil))
	require.False(t, loses([]string{"+ definition ticket", "+ definition chatbot: relation owner: team#member", "~ definition chatbot: permission interact"}))
	for _, line := range []string{
		"- definition ticket", "- caveat x", "- definition chatbot: permission interact", "- definition chatbot: relation owner: user",
		"~ caveat within_limits: parameter limits", "~ caveat within_limits: expression",
	} {
		require.True(t, loses([]string{"+ definition a", line}), line)
	}
}
