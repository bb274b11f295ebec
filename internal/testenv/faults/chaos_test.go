package faults_test

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/grantway/grantway/internal/testenv/wire"
)

// fault is one way to break an installation.
type fault struct {
	name string
	do   func(*chaos)
}

// chaos breaks a trial.
type chaos struct {
	*trial
	rng *rand.Rand
}

// plan is how many faults there are of each kind.
type plan struct{ gateways, nodes, databases, wires int }

// deck is all faults of the plan, shuffled.
func (c *chaos) deck(p plan) (deck []fault) {
	add := func(n int, name string, do func(*chaos)) {
		for range n {
			deck = append(deck, fault{name, do})
		}
	}
	add(p.gateways, "a gateway is killed", (*chaos).killGateway)
	add(p.wires/2, "a gateway is frozen", (*chaos).freezeGateway)
	if c.database != nil {
		add(p.databases/2, "PostgreSQL is killed", func(c *chaos) { c.killDatabase(c.database.crash, c.upTo(2*time.Second)) })
		add(p.databases-p.databases/2, "PostgreSQL is stopped at once", func(c *chaos) { c.killDatabase(c.database.abort, c.upTo(2*time.Second)) })
		c.wireFaults(add, p.wires, "gateways–PostgreSQL", c.toStore)
	}
	if c.nodes != nil {
		add(p.nodes, "a SpiceDB node is killed", func(c *chaos) { c.killNode(c.rng.IntN(len(c.toEngine))) })
		c.wireFaults(add, p.wires, "SpiceDB–PostgreSQL", c.engineStore)
		add(p.wires, "gateways–SpiceDB cut", func(c *chaos) { c.toEngine[c.rng.IntN(len(c.toEngine))].Cut() })
		add(p.wires/4, "gateways–SpiceDB hangs", func(c *chaos) { c.hold(c.toEngine...) })
		add(p.wires/4, "gateways–SpiceDB slow", func(c *chaos) { c.slow(c.toEngine...) })
	}
	c.rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// wireFaults are those of a wire to PostgreSQL. "commit" is what its clients say at the end of a transaction.
func (c *chaos) wireFaults(add func(int, string, func(*chaos)), n int, name string, w *wire.Wire) {
	add(n/2, name+" cut", func(*chaos) { w.Cut() })
	add(n, name+" cut before a commit", func(*chaos) { sprung(w.CutAt("commit\x00", false)) })
	add(n, name+" cut after a commit", func(*chaos) { sprung(w.CutAt("commit\x00", true)) })
	add(n/4, name+" hangs", func(c *chaos) { c.hold(w) })
	add(n/4, name+" slow", func(c *chaos) { c.slow(w) })
}

// sprung waits for a cut, which needs somebody who sends.
func sprung(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(10 * time.Second):
	}
}

func (c *chaos) upTo(d time.Duration) time.Duration { return time.Duration(c.rng.Int64N(int64(d))) }

// killGateway kills one, mostly one that is at work.
func (c *chaos) killGateway() {
	g := c.gateways[c.rng.IntN(len(c.gateways))]
	if c.rng.IntN(10) > 0 {
		g.await(restartWithin)
	}
	g.kill()
}

// freezeGateway stops one in the middle of what it does, for so long that others go on without it.
func (c *chaos) freezeGateway() {
	g := c.gateways[c.rng.IntN(len(c.gateways))]
	g.signal(syscall.SIGSTOP)
	time.Sleep(time.Second + c.upTo(4*time.Second))
	g.signal(syscall.SIGCONT)
}

func (c *chaos) hold(wires ...*wire.Wire) {
	for _, w := range wires {
		w.Hold()
	}
	time.Sleep(time.Second)
	for _, w := range wires {
		w.Release()
	}
}

func (c *chaos) slow(wires ...*wire.Wire) {
	for _, w := range wires {
		w.Delay(20*time.Millisecond + c.upTo(80*time.Millisecond))
	}
	time.Sleep(2 * time.Second)
	for _, w := range wires {
		w.Delay(0)
	}
}

// stalledAfter is how long nothing may be answered although all runs again.
const stalledAfter = 2 * time.Minute

// enough wrongs end a run: what is the matter can be seen by then.
const enough = 50

// run breaks things in random order. Mostly each is got over before the next.
func (c *chaos) run(p plan) {
	deck := c.deck(p)
	for i, f := range deck {
		if c.blamed() >= enough {
			break
		}
		began := time.Now()
		f.do(c)
		c.broke(f.name)
		if i%50 == 49 {
			c.Logf("%d of %d faults", i+1, len(deck))
		}
		if c.rng.IntN(4) == 0 {
			time.Sleep(c.upTo(200 * time.Millisecond))
			continue
		}
		for !c.since(began) {
			if time.Since(began) > stalledAfter {
				c.wrong("stalled", f.name+": no change is answered any more")
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		c.recovered(f.name, time.Since(began))
		time.Sleep(c.upTo(500 * time.Millisecond))
	}
	c.heal()
	for _, g := range slices.Backward(c.gateways) {
		g.await(2 * time.Minute)
	}
}
