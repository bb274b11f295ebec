package siege_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// orders are for the attackers. They are a process of their own with the lowest priority: they come from other machines than the server and
// the others, whose processors they must not take but by what they make the server do.
type orders struct {
	Attack, Address, Data, Nobody, Mallory string
	Length                                 time.Duration
	Report                                 string // the file for what they were answered
}

// report is what the attackers tell when they end.
type report struct {
	Answers map[string]int
	Notes   []string
}

// send has the attack made by a process of its own, and returns when it is over.
func (s *siege) send() {
	o := orders{
		Attack: s.name, Address: s.server.address, Data: s.server.data, Nobody: s.nobody, Mallory: s.mallory,
		Length: settings.length, Report: filepath.Join(s.TempDir(), "report.json"),
	}
	told, err := json.Marshal(o)
	require.NoError(s, err)
	program, err := os.Executable()
	require.NoError(s, err)
	out, err := exec.Command("nice", "-n", "19", program, "-test.run", "^TestAttackers$", "-orders", string(told)).CombinedOutput()
	require.NoError(s, err, "%s", out)
	text, err := os.ReadFile(o.Report)
	require.NoError(s, err)
	var r report
	require.NoError(s, json.Unmarshal(text, &r))
	for answer, n := range r.Answers {
		s.answers[answer] += n
	}
	s.notes = append(s.notes, r.Notes...)
}

// TestAttackers is the process of the attackers.
func TestAttackers(t *testing.T) {
	if settings.orders == "" {
		t.Skip("TestSiege begins it")
	}
	var o orders
	require.NoError(t, json.Unmarshal([]byte(settings.orders), &o))
	i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == o.Attack })
	s := &siege{
		TB: t, attack: attacks[i], server: &server{TB: t, address: o.Address, data: o.Data}, nobody: o.Nobody, mallory: o.Mallory, answers: map[string]int{},
	}
	ctx, end := context.WithTimeout(t.Context(), o.Length)
	defer end()
	s.wage(ctx, s)
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(report{s.answers, s.notes})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.Report, text, 0o600))
}
