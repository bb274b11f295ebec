package siege_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/idp"
	"github.com/grantway/grantway/internal/testenv/mailbox"
)

// attack is one way to stop the server for others.
type attack struct {
	name string // as -only names it
	does string
	// volume is the size of the file system on which the server has its data, in bytes; 0 is the one of the temporary directory.
	volume int64
	// exports makes the others export, too.
	exports bool
	// prepare makes what the attack needs. It may be nil.
	prepare func(*siege)
	// wage attacks until the context ends.
	wage func(context.Context, *siege)
	// judge says what the attack reached besides, and calls s.miss for each goal that was missed. It may be nil.
	judge func(*siege)
}

// attacks are all of them.
var attacks = []attack{strangers, slowBodies, costlyInput, nestedTeams, lists, disk, refusals, mails}

// siege is one attack on a server of its own.
type siege struct {
	testing.TB
	attack
	server *server
	box    *mailbox.Mailbox

	root            *caller
	nobody, mallory string // tokens of the attackers

	phase   atomic.Int32
	calls   figures
	mu      sync.Mutex
	answers map[string]int // what the attackers were answered
	notes   []string
	missed  []string
	peak    int64         // resident bytes of the server at most
	cpu     time.Duration // of the server during the attacks
}

// TestSiege makes the attacks one after the other and prints one table. It fails where a goal is missed.
func TestSiege(t *testing.T) {
	if settings.grantway == "" {
		t.Skip("scripts/siege builds the program and attacks it")
	}
	if settings.short {
		settings.length, settings.rounds = 3*time.Second, 1
	}
	only := slices.DeleteFunc(strings.Split(settings.only, ","), func(s string) bool { return s == "" })
	for _, name := range only {
		require.True(t, slices.ContainsFunc(attacks, func(a attack) bool { return a.name == name }), "-only: there is no attack %q", name)
	}
	var done []*siege
	for _, a := range attacks {
		if len(only) > 0 && !slices.Contains(only, a.name) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			s := lay(t, a)
			done = append(done, s)
			s.run()
			if missed := s.verdict(); len(missed) > 0 {
				t.Errorf("%d goals were missed", len(missed))
			}
		})
	}
	printTable(os.Stdout, done)
}

// lay starts a server with everybody in it, and prepares the attack.
func lay(t testing.TB, a attack) *siege {
	s := &siege{TB: t, attack: a, answers: map[string]int{}}
	provider := idp.New(t)
	s.box = mailbox.New(t)
	s.server = startServer(t, a.volume, provider.URL, s.box.URL())
	s.root = s.server.from("127.0.0.1", rootKey)
	s.settle()
	for user, token := range map[string]*string{"nobody": &s.nobody, "mallory": &s.mallory} {
		provider.Knows(user, map[string]any{"email": user + "@evil.test", "email_verified": true})
		*token, _ = provider.LogsIn(user)
		s.server.from("127.0.0.1", *token).must(t, "GET", "/v1/notifications", nil)
	}
	if a.prepare != nil {
		a.prepare(s)
	}
	return s
}

// The times of a round.
const (
	unmeasured int32 = iota
	before
	during
	after
)

// settling is how long the others run before a round is measured.
const settling = 2 * time.Second

// run lets the others work, and attacks in between.
func (s *siege) run() {
	ctx, cancel := context.WithCancel(s.Context())
	stop := s.beOthers(ctx)
	for range settings.rounds {
		s.pass(unmeasured, settling)
		s.pass(before, settings.length/2)
		s.server.resetPeak()
		cpu := s.server.cpu()
		s.phase.Store(during)
		s.send()
		s.cpu += s.server.cpu() - cpu
		s.pass(after, settings.length/2)
		s.peak = max(s.peak, s.server.peak())
	}
	s.phase.Store(unmeasured)
	stop()
	cancel()
	if died := s.server.died(); died != "" {
		s.miss("%s", died)
	} else if s.judge != nil {
		s.judge(s)
	}
}

func (s *siege) pass(phase int32, d time.Duration) {
	s.phase.Store(phase)
	time.Sleep(d)
}

// answered counts what an attacker was answered.
func (s *siege) answered(format string, a ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[fmt.Sprintf(format, a...)]++
}

// note adds a figure to the table.
func (s *siege) note(format string, a ...any) { s.notes = append(s.notes, fmt.Sprintf(format, a...)) }

// miss says that a goal of the attack's own was missed.
func (s *siege) miss(format string, a ...any) { s.missed = append(s.missed, fmt.Sprintf(format, a...)) }

// printAnswers prints what the attackers were answered, the most frequent first.
func (s *siege) printAnswers(w io.Writer) {
	all := slices.SortedFunc(maps.Keys(s.answers), func(a, b string) int { return s.answers[b] - s.answers[a] })
	for i, answer := range all {
		if i == 12 {
			fmt.Fprintf(w, "  and %d other answers\n", len(all)-i)
			break
		}
		fmt.Fprintf(w, "  %6d × %s\n", s.answers[answer], answer)
	}
}
