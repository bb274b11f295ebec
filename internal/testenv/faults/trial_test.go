package faults_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// trial is an installation under load, and what is known about it.
type trial struct {
	testing.TB
	*installation
	*figures
	seed     uint64
	askEvery time.Duration // the mean pause of an asker
	over     atomic.Bool

	mu     sync.Mutex
	things []*thing
	recent []*thing // those that came last, or are changed still
	deeds  map[string]*deed
	guests []string
	pulse  time.Time // when the newest change was sent that has been answered
}

func newTrial(t testing.TB, i *installation, seed uint64) *trial {
	return &trial{TB: t, installation: i, figures: newFigures(), seed: seed, askEvery: 5 * time.Millisecond, deeds: map[string]*deed{}}
}

// kept is how many things that came and went are asked about during the load.
const kept = 60

// loading reports whether the load goes on.
func (t *trial) loading() bool { return !t.over.Load() }

// answering is mostly a gateway that has answered since it was started, as a balancer would choose it, and now and then the one that is given.
func (t *trial) answering(rng *rand.Rand, g *gateway) *gateway {
	for range 2 * len(t.gateways) {
		if g.ready.Load() || rng.IntN(10) == 0 {
			break
		}
		g = t.gateways[rng.IntN(len(t.gateways))]
	}
	return g
}

// add lets everybody ask about the things.
func (t *trial) add(things ...*thing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.things = append(t.things, things...)
	t.recent = append(t.recent, things...)
	for gone := 0; len(t.recent) > gone; {
		if len(t.recent)-gone <= kept+t.steady() {
			break
		}
		i := slices.IndexFunc(t.recent, (*thing).isRetired)
		if i < 0 {
			break
		}
		t.recent = slices.Delete(t.recent, i, i+1)
	}
}

// thing is one of those that are asked about.
func (t *trial) thing(rng *rand.Rand) *thing {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.recent[rng.IntN(len(t.recent))]
}

func (x *thing) isRetired() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.retired
}

// note keeps the deed for the comparison with the record.
func (t *trial) note(d *deed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if earlier, again := t.deeds[d.id]; again {
		d.order, d.twice = earlier.order, true
	} else {
		d.order = len(t.deeds)
	}
	t.deeds[d.id] = d
	t.sent.Add(1)
}

// done counts a change that was answered.
func (t *trial) done(d *deed, s sending, began time.Time) {
	t.changed(s, time.Since(began))
	t.mu.Lock()
	defer t.mu.Unlock()
	d.answered = true
	if began.After(t.pulse) {
		t.pulse = began
	}
}

// since reports whether a change has been answered that was sent after the moment.
func (t *trial) since(moment time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pulse.After(moment)
}

func (t *trial) invited(user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.guests = append(t.guests, user)
}

// wrong counts what must not be, and says it.
func (t *trial) wrong(what, say string) {
	if t.blame(what) <= 20 {
		t.Errorf("%s: %s", what, say)
	}
}

// decided counts a decision.
func (t *trial) decided(q inquiry, v verdict) {
	t.judged(q, v)
	switch {
	case v.again:
		t.wrong("revoked access seen again", v.say)
	case v.wrong:
		t.wrong("wrong decision", v.say)
	}
}

// rng is a source of random numbers of one's own.
func (t *trial) rng(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(t.seed, stream)) }

// load runs workers and askers until stop.
func (t *trial) load() (stop func()) {
	var running sync.WaitGroup
	for i, play := range t.found() {
		w := &worker{trial: t, rng: t.rng(uint64(100 + i)), name: fmt.Sprintf("worker%d", i), things: play.things, hangsUp: true}
		w.name += string(slices.Repeat([]byte("+"), i%len(t.gateways))) // workers have different gateways
		running.Go(func() { play.how(w) })
	}
	for i := range 3 {
		a := &asker{trial: t, rng: t.rng(uint64(200 + i))}
		running.Go(a.ask)
	}
	return func() {
		t.over.Store(true)
		running.Wait()
	}
}
