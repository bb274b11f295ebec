package faults_test

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// lag is how old a decision may be that names no change and was asked of another gateway: SpiceDB's quantization of revisions (5 s) and its
// tolerance (10 %), with some time for clocks and queues.
const lag = 6500 * time.Millisecond

// gives is what a value of a thing allows on its chatbot.
var gives = map[string][]string{
	"":           {},
	"use_only":   {"interact"},
	"read_only":  {"interact", "read"},
	"read_write": {"interact", "read", "update"},
}

// telling are the actions that tell the values apart.
var telling = []string{"interact", "read", "update"}

func allows(value, action string) bool {
	for _, a := range gives[value] {
		if a == action {
			return true
		}
	}
	return false
}

// thing is one reason for one user to have access to one chatbot, and the only one. One worker changes it, and everybody asks about it. It
// knows what it may be at each moment, by what was answered and what was seen.
type thing struct {
	kind      *kind
	bot, user string
	values    []string // that it changes between
	first     string   // the value before any change

	mu      sync.Mutex
	spans   []span // in the order in which they were sent
	retired bool   // it is not changed any more
	busy    bool   // a change is under way
	large   *large // a change whose answer did not come, and which may yet be made

	answeredBy map[*gateway]time.Time // the last change of it that each gateway has answered
	token      string                 // of the last change that was answered
	tokenAt    time.Time
}

// span is a value that the thing may have had, from when its change was sent until it was certain that it is over.
type span struct {
	value    string
	from, to time.Time // to is forever while it may still be so
}

// large is a change that went to a gateway which did not answer, and has not been seen to end.
type large struct {
	by    *gateway
	life  int // the gateway's when it was sent
	since time.Time
}

// forgottenAfter is when a change that was not answered is over at the latest, if its gateway lives: a gateway gives up before.
const forgottenAfter = 100 * time.Second

var forever = time.Unix(1<<40, 0)

func newThing(k *kind, bot, user string, values ...string) *thing {
	return &thing{
		kind: k, bot: bot, user: user, values: values, spans: []span{{"", time.Time{}, forever}}, answeredBy: map[*gateway]time.Time{},
	}
}

func (x *thing) String() string { return fmt.Sprintf("%s: %s on %s", x.kind.name, x.user, x.bot) }

// take reserves the thing for a change to another value, unless one is under way. It reports whether the change is certain to alter something.
func (x *thing) take(next string) (taken, alters bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.busy || x.retired {
		return false, false
	}
	if x.large != nil {
		if x.large.by.life() == x.large.life && time.Since(x.large.since) < forgottenAfter {
			return false, false
		}
		x.large = nil
	}
	now := x.current()
	if len(now) == 1 && now[0] == next {
		return false, false
	}
	x.busy = true
	alters = true
	for _, v := range now {
		alters = alters && v != next
	}
	return true, alters
}

// current is the values that it may have now, in the order in which they were sent.
func (x *thing) current() (values []string) {
	for _, s := range x.spans {
		if s.to.Equal(forever) {
			values = append(values, s.value)
		}
	}
	return values
}

// sent notes that a change to the value is on its way.
func (x *thing) sent(value string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	if len(x.spans) > 32 {
		for len(x.spans) > 1 && now.Sub(x.spans[0].to) > 5*time.Minute {
			x.spans = x.spans[1:]
		}
	}
	x.spans = append(x.spans, span{value, now, forever})
}

// answered ends the change that was sent last: it is made, and all before it is over.
func (x *thing) answered(by *gateway, token string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	last := len(x.spans) - 1
	for i := range x.spans[:last] {
		if x.spans[i].to.Equal(forever) {
			x.spans[i].to = now
		}
	}
	x.answeredBy[by] = now
	if token != "" {
		x.token, x.tokenAt = token, now
	}
	x.busy = false
}

// unanswered ends the sending: the change may be made or not. Where its gateway may still be at it, nothing else is sent until that is over.
func (x *thing) unanswered(still *large) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy, x.large = false, still
}

// unsent ends a change that never reached its gateway.
func (x *thing) unsent() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.spans = x.spans[:len(x.spans)-1]
	x.busy = false
}

// untouched ends a reservation of which nothing was sent.
func (x *thing) untouched() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy = false
}

// settle notes what it is, once nothing is under way any more.
func (x *thing) settle(value string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.spans = append(x.spans, span{value, time.Now(), forever})
	for i := range x.spans[:len(x.spans)-1] {
		if x.spans[i].to.Equal(forever) {
			x.spans[i].to = time.Now()
		}
	}
	x.large = nil
}

// starts gives a new thing the value that it had before anybody could ask about it.
func (x *thing) starts(value string) {
	x.first = value
	x.settle(value)
}

// retire ends its changes.
func (x *thing) retire() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.retired = true
}

// freshness is how a decision is asked for.
type freshness int

const (
	full   freshness = iota // at the newest state
	token                   // at a state that includes the change that was answered last
	plain                   // as it comes
	manner                  // how many there are
)

func (f freshness) String() string { return [...]string{"full", "token", "plain"}[f] }

// inquiry is one decision about a thing that is being asked for.
type inquiry struct {
	x      *thing
	action string
	fresh  freshness
	by     *gateway
	token  string
	since  time.Time // the decision is about this moment or a later one
	began  time.Time
}

// ask begins to ask.
func (x *thing) ask(action string, fresh freshness, by *gateway) inquiry {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	q := inquiry{x: x, action: action, fresh: fresh, by: by, since: now, began: now}
	if fresh == token && x.token == "" {
		q.fresh = plain
	}
	if q.fresh != full {
		q.since = now.Add(-lag)
		q.not(x.answeredBy[by])
	}
	if q.fresh == token {
		q.token = x.token
		q.not(x.tokenAt)
	}
	return q
}

// not excludes what was over before that moment.
func (q *inquiry) not(before time.Time) {
	if before.After(q.since) {
		q.since = before
	}
}

// verdict is what a decision was.
type verdict struct {
	wrong, again bool          // again: it allows what was once so, and is over
	age          time.Duration // how long what it says had been over when it was asked for
	say          string
}

// decided judges the answer, and learns from it: once a later value is seen, those before it are over.
func (q inquiry) decided(allowed bool) (v verdict) {
	x := q.x
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	fits := -1
	for i, s := range x.spans {
		if allows(s.value, q.action) != allowed {
			continue
		}
		if s.from.Before(now) && s.to.After(q.since) {
			if fits < 0 {
				fits = i
			}
			if s.to.Before(q.began) {
				v.age = q.began.Sub(s.to)
			} else {
				v.age = 0
			}
		}
	}
	if fits >= 0 {
		for i := range x.spans[:fits] {
			if x.spans[i].to.After(now) {
				x.spans[i].to = now
			}
		}
		return v
	}
	v.wrong = true
	for _, s := range x.spans {
		v.again = v.again || allowed && allows(s.value, q.action)
	}
	var history strings.Builder
	for _, s := range x.spans[max(0, len(x.spans)-8):] {
		fmt.Fprintf(&history, "\n  %q from %s", s.value, ago(q.began, s.from))
		if !s.to.Equal(forever) {
			fmt.Fprintf(&history, " to %s", ago(q.began, s.to))
		}
	}
	v.say = fmt.Sprintf("%s: %s %s of gateway %d was decided %t within %s; its values, in seconds before the question:%s",
		x, q.fresh, q.action, q.by.number, allowed, now.Sub(q.began).Round(time.Millisecond), history.String())
	return v
}

func ago(began, t time.Time) string {
	if t.IsZero() {
		return "the beginning"
	}
	return fmt.Sprintf("%.3f", began.Sub(t).Seconds())
}
