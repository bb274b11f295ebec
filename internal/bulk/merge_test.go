package bulk

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestJoiningLosesNoRow stages files about few things, so that most rows repeat, complete or contradict another one.
func TestJoiningLosesNoRow(t *testing.T) {
	seed := seeds(t, 1)[0]
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	dir := t.TempDir()
	for range 60 {
		var jsonl, csv, zed strings.Builder
		csv.WriteString("organization,user,role,email\n")
		for range rng.IntN(40) {
			fmt.Fprintf(&jsonl, `{"kind":"user","user":"%s"%s%s}`+"\n", pick("a", "b", "c"), pick("", "", `,"name":"x"`, `,"name":"y"`), pick("", `,"organization":"o"`, `,"organization":"p"`))
			fmt.Fprintf(&jsonl, `{"kind":"chatbot","chatbot":"%s"%s%s}`+"\n", pick("k", "l", "m"), pick("", `,"owner":"a"`), pick("", `,"visibility":"shared"`, `,"visibility":"owner_only"`))
			fmt.Fprintf(&csv, "%s,%s,%s,%s\n", pick("o", "p", "q"), pick("a", "b", "c", "d"), pick("owner", "member", "member", "member", "nothing"), pick("", "", "", "", "x@y.z", "z@y.x"))
			fmt.Fprintf(&zed, "team:%s#%s@user:%s\nchatbot:%s#owner@user:%s\n", pick("s", "t"), pick("admin", "member"), pick("a", "b"), pick("k", "n"), pick("a", "a", "a", "b"))
		}
		rows, err := stageIn(t, dir)
		require.NoError(t, err)
		for _, f := range []struct {
			format Format
			text   string
		}{{JSONL, jsonl.String()}, {CSV, csv.String()}, {Relationships, zed.String()}} {
			file := rows.file(string(f.format), f.format)
			require.NoError(t, Read(bytes.NewReader([]byte(f.text)), f.format, func(l Line) error { return rows.add(file, l) }))
		}
		require.NoError(t, rows.merge(context.Background()))
		stand, err := rows.rejected()
		require.NoError(t, err)
		keys := map[string]bool{}
		rank := int64(0)
		require.NoError(t, (&run{rows: rows}).eachPage(3, func(page []staged) error {
			for _, r := range page {
				require.GreaterOrEqual(t, r.rank, rank, "what others build upon comes first")
				rank = r.rank
				stand += r.stands
				key := string(r.row.Kind()) + " " + r.row.Key()
				require.False(t, keys[key], "one row a fact: %s", key)
				keys[key] = true
			}
			return nil
		}))
		require.Equal(t, rows.lines, stand, "every row waits, is joined to one that waits, or is rejected")
		require.NoError(t, rows.close())
	}
}
