package plain

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
)

// The engine's reading of the access model is compared with the plain one on random worlds. GRANTWAY_WORLDS says on how many, GRANTWAY_SEED
// where to begin; world i of seed s is world 0 of seed s+i, so that a failure is repeated by its own seed alone.
const (
	defaultWorlds     = 60
	questionsPerWorld = 500
)

// number reads an environment variable, or returns what stands for it.
func number(t *testing.T, name string, unset uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

func TestTheEngineReadsTheModelAlike(t *testing.T) {
	seed := number(t, "GRANTWAY_SEED", uint64(time.Now().UnixNano()%1_000_000))
	worlds := number(t, "GRANTWAY_WORLDS", defaultWorlds)
	t.Logf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=%d", seed, worlds)

	e := startEngine(t)
	decisions, grants := 0, 0
	for i := range worlds {
		rng := rand.New(rand.NewPCG(seed+i, 0))
		w := Generate(rng, Small)
		questions := some(rng, questionsPerWorld, askable(t, w, Questions(w, rng, Era)))
		require.NoError(t, e.load(context.Background(), w), "GRANTWAY_SEED=%d", seed+i)
		answers, err := e.ask(context.Background(), w, questions)
		require.NoError(t, err, "GRANTWAY_SEED=%d", seed+i)
		for j, q := range questions {
			decided := Decide(w, q)
			decisions++
			if decided {
				grants++
			}
			if answers[j] != decided {
				t.Fatalf("GRANTWAY_SEED=%d GRANTWAY_WORLDS=1\n%s", seed+i, disagreement(t, e, w, q, decided))
			}
		}
	}
	t.Logf("%d decisions agree, %.1f %% of them grants", decisions, 100*float64(grants)/float64(decisions))
}

// askable leaves out what the engine has no words for, which must be denied (C1).
func askable(t *testing.T, w *World, questions []Question) []Question {
	t.Helper()
	return slices.DeleteFunc(questions, func(q Question) bool {
		if q.Action == access.See || slices.Contains(access.Actions[q.Resource.Type], q.Action) {
			return false
		}
		require.False(t, Decide(w, q), "C1: %+v", q)
		return true
	})
}

// disagreement describes a question with the two answers and as few facts as keep them apart.
func disagreement(t *testing.T, e *engine, w *World, q Question, decided bool) string {
	t.Helper()
	shrink(w, func() bool {
		if err := e.load(context.Background(), w); err != nil {
			return false
		}
		answers, err := e.ask(context.Background(), w, []Question{q})
		return err == nil && answers[0] != decided && Decide(w, q) == decided
	})
	var b strings.Builder
	fmt.Fprintf(&b, "may %+v %s %s?\nrequest: %+v\nby the model: %v, by the engine: %v\n", q.Subject, q.Action, q.Resource, q.Request, decided, !decided)
	for _, line := range w.lines() {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// shrink removes facts one by one as long as the disagreement holds. What is left need not be a world that the write rules allow.
func shrink(w *World, holds func() bool) {
	for again := true; again; {
		again = shrinkList(&w.APIKeys, holds)
		again = shrinkList(&w.Features, holds) || again
		again = shrinkList(&w.Resources, holds) || again
		again = shrinkList(&w.Policies, holds) || again
		again = shrinkList(&w.Rows, holds) || again
		again = shrinkList(&w.Shares, holds) || again
		again = shrinkList(&w.Chatbots, holds) || again
		again = shrinkList(&w.GroupMemberships, holds) || again
		again = shrinkList(&w.Groups, holds) || again
		again = shrinkList(&w.Assignments, holds) || again
		again = shrinkList(&w.Roles, holds) || again
		again = shrinkList(&w.Nestings, holds) || again
		again = shrinkList(&w.TeamMemberships, holds) || again
		again = shrinkList(&w.Teams, holds) || again
		again = shrinkList(&w.Memberships, holds) || again
		again = shrinkList(&w.PlatformGrants, holds) || again
	}
}

// shrinkList reports whether it removed anything.
func shrinkList[F any](facts *[]F, holds func() bool) bool {
	removed := false
	for i := len(*facts) - 1; i >= 0; i-- {
		before := *facts
		*facts = slices.Delete(slices.Clone(before), i, i+1)
		if holds() {
			removed = true
		} else {
			*facts = before
		}
	}
	return removed
}

// lines is the world's facts, one a line.
func (w *World) lines() []string {
	var lines []string
	lines = appendLines(lines, w.Users)
	lines = appendLines(lines, w.PlatformGrants)
	lines = appendLines(lines, w.Memberships)
	lines = appendLines(lines, w.Teams)
	lines = appendLines(lines, w.TeamMemberships)
	lines = appendLines(lines, w.Nestings)
	lines = appendLines(lines, w.Roles)
	lines = appendLines(lines, w.Assignments)
	lines = appendLines(lines, w.Groups)
	lines = appendLines(lines, w.GroupMemberships)
	lines = appendLines(lines, w.Chatbots)
	lines = appendLines(lines, w.Shares)
	lines = appendLines(lines, w.Rows)
	lines = appendLines(lines, w.Policies)
	lines = appendLines(lines, w.Resources)
	lines = appendLines(lines, w.Features)
	return appendLines(lines, w.APIKeys)
}

func appendLines[F any](lines []string, facts []F) []string {
	for _, f := range facts {
		text, err := json.Marshal(f) // which tells a gate that is emptied from one that is not set
		if err != nil {
			text = []byte(err.Error())
		}
		lines = append(lines, fmt.Sprintf("%T %s", f, text))
	}
	return lines
}
