package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/testenv/backend"
)

// newest asks for decisions about the newest state, whichever gateway made it.
var newest = map[string]any{"consistency": "full"}

// fleet is gateways on one store, and the shares that callers of all of them change.
type fleet struct {
	t      *testing.T
	place  *backend.Place
	shares []share
	rng    *rand.Rand

	mu       sync.Mutex // guards gateways
	gateways []*process
}

// newFleet starts two gateways. Files have only one, so there the test is skipped.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	if backend.ModeOf(t) == backend.Embedded {
		t.Skipf("several gateways need a database: set %s to %s or %s", backend.Variable, backend.Postgres, backend.Cluster)
	}
	seed := seedOf(t)
	f := &fleet{t: t, place: backend.New(t), rng: rand.New(rand.NewPCG(seed, 5))}
	for range 2 {
		f.gateways = append(f.gateways, startAt(t, f.place.Again(t)))
	}
	t.Cleanup(func() {
		for _, p := range f.gateways {
			p.kill()
		}
	})
	f.shares = found(f.gateways[0])
	return f
}

func (f *fleet) gateway(i int) *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gateways[i]
}

// restart starts the gateway again, which must have ended.
func (f *fleet) restart(i int) {
	p := startAt(f.t, f.place.Again(f.t))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gateways[i] = p
}

// load changes shares through any gateway until it is stopped. A share whose change was not answered is left alone from then on, since
// nobody knows when it will be made. It returns what stops the load and waits for the answers.
func (f *fleet) load(workers int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	each := len(f.shares) / workers
	for w := range workers {
		mine, rng := f.shares[w*each:(w+1)*each], rand.New(rand.NewPCG(f.rng.Uint64(), 0))
		running.Go(func() {
			for ctx.Err() == nil {
				f.change(&mine[rng.IntN(len(mine))], levels[rng.IntN(len(levels))], f.gateway(rng.IntN(2)))
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// change makes the share of that level, or ends it, through the gateway.
func (f *fleet) change(s *share, next string, p *process) {
	if s.sent != nil || s.settled == next {
		return
	}
	s.sent = &next
	method, body := "PUT", fmt.Sprintf(`{"access": %q}`, next)
	if next == "" {
		method, body = "DELETE", ""
	}
	status, answer, err := p.call(context.Background(), method, s.path(), "application/json", body)
	if err != nil || status >= 500 {
		return // it may have been made
	}
	if status >= 300 {
		f.t.Errorf("%s %s: %d %s", method, s.path(), status, answer)
		return
	}
	s.settled, s.sent, s.answers = next, nil, s.answers+1
}

// check asks the gateway: what was answered is decided so, and what is decided is what is listed. It returns how many answered changes
// there were, and begins anew from what it found.
func (f *fleet) check(p *process) (answered int) {
	f.t.Helper()
	got := p.decisionsIn(newest, pairs(f.shares), telling)
	for i := range f.shares {
		s := &f.shares[i]
		level := levelOf(f.t, s.pair, got[i])
		if s.sent == nil {
			require.Equal(f.t, s.settled, level, "%v was answered last as %q", s.pair, s.settled)
		} else {
			require.Contains(f.t, []string{s.settled, *s.sent}, level, "%v was %q, and %q was sent", s.pair, s.settled, *s.sent)
		}
		answered += s.answers
		s.settled, s.sent, s.answers = level, nil, 0
	}
	listed(p, f.shares)
	return answered
}

// TestKillingAGatewayLosesNothing kills one of two gateways in the midst of changes, again and again. At once the other decides all as it was
// answered by either, and carries what the killed one had left.
func TestKillingAGatewayLosesNothing(t *testing.T) {
	f := newFleet(t)
	answered, kills := 0, max(crashesOf(t)/2, 4)
	for kill := range kills {
		dying := kill % 2
		stop := f.load(4)
		time.Sleep(time.Duration(50+f.rng.IntN(300)) * time.Millisecond)
		f.gateway(dying).kill()
		time.Sleep(50 * time.Millisecond)
		stop()
		answered += f.check(f.gateway(1 - dying))
		f.restart(dying)
		f.check(f.gateway(dying))
	}
	require.Positive(t, answered)
	recorded(t, f.place, answered)
	t.Logf("%d kills, %d answered changes", kills, answered)
}

// TestAFrozenGatewayDoesNoHarm stops one of two gateways in the midst of its changes, for so long that the other has carried and undone what the
// frozen one was about to tell the engine. When it goes on, no share comes back that was ended meanwhile.
func TestAFrozenGatewayDoesNoHarm(t *testing.T) {
	f := newFleet(t)
	answered, late := 0, 0
	rounds := max(crashesOf(t)/4, 3)
	for round := range rounds {
		frozen, other := f.gateway(round%2), f.gateway(1-round%2)
		var pending sync.WaitGroup
		granted, revoked := make([]bool, 8), make([]bool, 8)
		for i := range granted {
			pending.Go(func() {
				status, _, err := frozen.call(context.Background(), "PUT", f.shares[i].path(), "application/json", `{"access": "read_write"}`)
				granted[i] = err == nil && status < 300
			})
		}
		time.Sleep(time.Duration(f.rng.IntN(30)) * time.Millisecond)
		require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGSTOP))
		// Where the frozen one holds the turn, the other waits for it, longer than this call does.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		var revoking sync.WaitGroup
		for i := range revoked {
			revoking.Go(func() {
				status, _, err := other.call(ctx, "DELETE", f.shares[i].path(), "application/json", "")
				revoked[i] = err == nil && status < 300
			})
		}
		revoking.Wait()
		cancel()
		require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGCONT))
		pending.Wait()
		for i := range granted {
			answered, late = answered+count(revoked[i]), late+count(granted[i])
		}
		for _, p := range []*process{frozen, other} {
			f.agree(p)
		}
	}
	t.Logf("%d freezes, %d changes answered by the other meanwhile, %d by the frozen one before or after", rounds, answered, late)
}

// agree checks that the gateway decides all shares as the facts say.
func (f *fleet) agree(p *process) {
	f.t.Helper()
	for i, decided := range p.decisionsIn(newest, pairs(f.shares), telling) {
		s := &f.shares[i]
		s.settled, s.sent, s.answers = levelOf(f.t, s.pair, decided), nil, 0
	}
	listed(p, f.shares)
}

// TestARollingRestartLosesNothing restarts the gateways one after the other, as an upgrade does, while changes go on through both. What a gateway
// has accepted it answers.
func TestARollingRestartLosesNothing(t *testing.T) {
	f := newFleet(t)
	stop := f.load(4)
	for range 2 {
		for i := range 2 {
			time.Sleep(200 * time.Millisecond)
			p := f.gateway(i)
			require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
			require.NoError(t, p.cmd.Wait(), "it stops as it was told to: %s", p.log.String())
			f.restart(i)
		}
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	answered := f.check(f.gateway(0))
	f.check(f.gateway(1))
	require.Positive(t, answered)
	t.Logf("4 restarts, %d answered changes", answered)
}

// TestGatewaysStartTogetherOnNothing starts several gateways at the same moment on an empty database: it is set up once, and all of them serve.
func TestGatewaysStartTogetherOnNothing(t *testing.T) {
	if backend.ModeOf(t) == backend.Embedded {
		t.Skipf("several gateways need a database: set %s to %s or %s", backend.Variable, backend.Postgres, backend.Cluster)
	}
	place := backend.Bare(t)
	gateways := make([]*process, 3)
	var starting sync.WaitGroup
	for i := range gateways {
		at := place.Again(t)
		starting.Go(func() { gateways[i] = startAt(t, at) })
	}
	starting.Wait()
	for _, p := range gateways {
		require.NotNil(t, p)
		t.Cleanup(p.kill)
	}
	gateways[0].must("PUT", "/v1/users/olga", `{}`)
	gateways[1].must("PUT", "/v1/organizations/acme", `{"owner": "olga"}`)
	gateways[2].must("PUT", "/v1/chatbots/bot", `{"organization": "acme", "owner": "olga"}`)
	for _, p := range gateways {
		require.Equal(t, [][]bool{{true, true, true}}, p.decisionsIn(newest, []pair{{"bot", "olga"}}, telling))
	}
}

// TestAChangeThroughOneGatewayIsSeenThroughTheOther: with its token at once (C3), and without it within the engine's quantization window.
func TestAChangeThroughOneGatewayIsSeenThroughTheOther(t *testing.T) {
	const window = 5*time.Second + 500*time.Millisecond // and the tenth by which SpiceDB lets it be overdrawn
	f := newFleet(t)
	one, other := f.gateway(0), f.gateway(1)
	x := pair{"alpha", "alpha-0"}
	other.must("PUT", "/v1/users/somebody", `{}`) // so that the other has a state of its own, from which it would rather answer
	require.Equal(t, [][]bool{{false, false, false}}, other.decisions([]pair{x}, telling))

	token := func(answer []byte) map[string]any {
		var changed struct{ ZedToken string }
		require.NoError(t, json.Unmarshal(answer, &changed))
		require.NotEmpty(t, changed.ZedToken)
		return map[string]any{"zedtoken": changed.ZedToken}
	}
	for range 3 {
		granted := token(one.must("PUT", x.path(), `{"access": "read_write"}`))
		require.Equal(t, [][]bool{{true, true, true}}, other.decisionsIn(granted, []pair{x}, telling))
		revoked := token(one.must("DELETE", x.path(), ""))
		require.Equal(t, [][]bool{{false, false, false}}, other.decisionsIn(revoked, []pair{x}, telling))
	}
	for _, change := range []struct {
		method, body string
		is           bool
	}{{"PUT", `{"access": "read_write"}`, true}, {"DELETE", "", false}} {
		one.must(change.method, x.path(), change.body)
		began := time.Now()
		require.Eventually(t, func() bool { return other.decisions([]pair{x}, telling)[0][2] == change.is }, window, 50*time.Millisecond)
		t.Logf("%s is seen without its token after %s", change.method, time.Since(began).Round(time.Millisecond))
	}
}

// TestC3AKeyThatIsRevokedThroughOneGatewayEndsAtTheOther: at once where the newest state is asked for, and within a second anyhow; and who is offboarded
// through one is nobody to the other.
func TestC3AKeyThatIsRevokedThroughOneGatewayEndsAtTheOther(t *testing.T) {
	const within = 5 * time.Second // a second, and what the calls take on a slow day
	f := newFleet(t)
	one, other := f.gateway(0), f.gateway(1)
	one.must("PUT", "/v1/users/pat", `{}`)
	asked := func(key, user, context string) int {
		status, _, err := other.sendWith(t.Context(), key, user, "POST", "/access/v1/evaluation", "application/json", `{"context": `+context+`,
			"subject": {"type": "user", "id": "pat"}, "action": {"name": "interact"}, "resource": {"type": "chatbot", "id": "alpha"}}`)
		require.NoError(t, err)
		return status
	}
	for _, context := range []string{`{"consistency": "full"}`, `{}`} {
		var key struct{ ID, Secret string }
		require.NoError(t, json.Unmarshal(one.must("POST", "/v1/keys", `{"name": "for a while", "access": "full"}`), &key))
		require.Equal(t, http.StatusOK, asked(key.Secret, "", `{"consistency": "full"}`))
		require.Equal(t, http.StatusOK, asked(key.Secret, "pat", `{}`))
		one.must("DELETE", "/v1/keys/"+key.ID, "")
		if context != "{}" {
			require.Equal(t, http.StatusUnauthorized, asked(key.Secret, "", context))
			continue
		}
		require.Eventually(t, func() bool { return asked(key.Secret, "", context) == http.StatusUnauthorized }, within, 20*time.Millisecond)
	}
	require.Equal(t, http.StatusOK, asked(rootKey, "pat", `{}`))
	one.must("PUT", "/v1/users/pat", `{"active": false}`)
	require.Eventually(t, func() bool { return asked(rootKey, "pat", `{}`) == http.StatusForbidden }, within, 20*time.Millisecond)
}

// TestDecisionsGoOnWhileANodeIsGone kills one SpiceDB node after the other while a gateway is asked: every question is answered, and rightly, by the
// node that is left, and so are changes.
func TestDecisionsGoOnWhileANodeIsGone(t *testing.T) {
	if backend.ModeOf(t) != backend.Cluster {
		t.Skipf("this needs nodes: set %s to %s", backend.Variable, backend.Cluster)
	}
	f := newFleet(t)
	p, nodes := f.gateway(0), f.place.Cluster
	x, y := pair{"alpha", "alpha-0"}, pair{"alpha", "alpha-1"}
	p.must("PUT", x.path(), `{"access": "read_only"}`)
	slowest := time.Duration(0)
	ask := func(times int) {
		for range times {
			began := time.Now()
			require.Equal(t, [][]bool{{true, true, false}, {false, false, false}}, p.decisionsIn(newest, []pair{x, y}, telling))
			slowest = max(slowest, time.Since(began))
		}
	}
	for node := range 2 {
		ask(5)
		var dying sync.WaitGroup
		dying.Go(func() {
			time.Sleep(20 * time.Millisecond)
			if err := nodes.Kill(node); err != nil {
				t.Error(err)
			}
		})
		ask(50)
		dying.Wait()
		p.must("PUT", y.path(), `{"access": "use_only"}`)
		p.must("DELETE", y.path(), "")
		require.NoError(t, nodes.Restart(t.Context(), node))
	}
	t.Logf("the slowest answer took %s", slowest)
}
