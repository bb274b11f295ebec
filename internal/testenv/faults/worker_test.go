package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// effect is a value that a change gives a thing.
type effect struct {
	x     *thing
	value string
}

// deed is one change that was sent, which the record knows by its ID.
type deed struct {
	id       string
	order    int // among all that were sent
	effects  []effect
	answered bool // as done
	alters   bool // it is certain that it altered something, and so is in the record
	twice    bool // it was sent again under the same ID
}

// worker makes changes, one after the other.
type worker struct {
	*trial
	rng    *rand.Rand
	name   string
	count  int
	things []*thing

	hangsUp bool // on some of its calls, before they are answered
}

// gateway is the one to send the next change to: mostly the same.
func (w *worker) gateway() *gateway {
	home := len(w.name) % len(w.gateways)
	if w.rng.IntN(10) < 4 {
		home = w.rng.IntN(len(w.gateways))
	}
	return w.answering(w.rng, w.gateways[home])
}

// pause is between two changes.
func (w *worker) pause() { time.Sleep(time.Duration(5+w.rng.IntN(40)) * time.Millisecond) }

// patience is how long the worker waits for an answer. Now and then it hangs up.
func (w *worker) patience() time.Duration {
	if w.hangsUp && w.rng.IntN(50) == 0 {
		return time.Duration(w.rng.IntN(500)) * time.Millisecond
	}
	return answerWithin
}

// next makes an ID for a change.
func (w *worker) next() string {
	w.count++
	return fmt.Sprintf("%s-%d", w.name, w.count)
}

// change gives the thing the value. It reports whether the thing is certain to have it.
func (w *worker) change(x *thing, value string) bool { return w.changeBy(x.kind, x, value) }

// changeBy is change in another way than the thing's own.
func (w *worker) changeBy(k *kind, x *thing, value string) bool {
	taken, alters := x.take(value)
	if !taken {
		return false
	}
	_, ok := w.perform(k.change(x, value), &deed{alters: alters, effects: []effect{{x, value}}})
	return ok
}

// perform sends a change of things that have been taken, and tells them what became of it. It reports whether it was answered as done.
func (w *worker) perform(s sending, d *deed) (answer []byte, ok bool) {
	if s.id == "" {
		s.id = w.next()
	}
	d.id = s.id
	w.note(d)
	for _, e := range d.effects {
		e.x.sent(e.value)
	}
	g := w.gateway()
	life, began := g.life(), time.Now()
	ctx, hangUp := context.WithTimeout(context.Background(), w.patience())
	defer hangUp()
	status, answer, err := g.call(ctx, s)
	var made struct{ ZedToken string }
	switch {
	case err != nil && neverArrived(err):
		w.erred("no connection")
		d.each((*thing).unsent)
	case errors.Is(err, context.DeadlineExceeded):
		w.erred("hung up")
		still := &large{g, life, time.Now()}
		d.each(func(x *thing) { x.unanswered(still) })
	case err != nil:
		w.erred("no answer")
		still := &large{g, life, time.Now()}
		d.each(func(x *thing) { x.unanswered(still) })
	case status < 300 && s.kind == csv && !whole(answer):
		w.erred("import broken off")
		d.each(func(x *thing) { x.unanswered(nil) })
	case status < 300:
		if s.kind != csv {
			_ = json.Unmarshal(answer, &made)
		}
		d.each(func(x *thing) { x.answered(g, made.ZedToken) })
		w.done(d, s, began)
		return answer, true
	case status == http.StatusNotFound && s.method == "DELETE":
		if d.alters {
			w.wrong("lost", fmt.Sprintf("%v: it is said not to be there: %s", d.effects[0].x, answer))
		}
		d.alters = false
		d.each(func(x *thing) { x.answered(g, "") })
		return answer, true
	case status == http.StatusConflict && s.key != "": // it was carried out, and its answer was lost
		w.erred("changes: 409")
		return nil, true
	default:
		w.erred(fmt.Sprintf("changes: %d", status))
		if status < 500 && status != http.StatusTooManyRequests {
			w.wrong("refused", fmt.Sprintf("%s %s as %q was refused: %s", s.method, s.path, s.actor, answer))
		}
		d.each(func(x *thing) { x.unanswered(nil) })
	}
	time.Sleep(time.Duration(30+w.rng.IntN(100)) * time.Millisecond)
	return answer, false
}

func (d *deed) each(do func(*thing)) {
	for _, e := range d.effects {
		do(e.x)
	}
}

// until makes a call that may be repeated until it is answered, or the load ends. It reports whether it was.
func (w *worker) until(s sending) (answer []byte, ok bool) {
	s.id = w.next()
	d := &deed{}
	for w.loading() {
		if answer, ok = w.perform(s, d); ok {
			return answer, true
		}
		d = &deed{twice: true}
	}
	return nil, false
}

// insist changes the thing until it is certain to have the value, or the load ends.
func (w *worker) insist(x *thing, value string) bool {
	for w.loading() {
		if w.change(x, value) || x.certainly(value) {
			return true
		}
		w.pause()
	}
	return false
}

// certainly reports whether the thing has the value and no other.
func (x *thing) certainly(value string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.current()
	return len(now) == 1 && now[0] == value && !x.busy && x.large == nil
}

// playWithThings changes one thing after the other.
func (w *worker) playWithThings() {
	for w.loading() {
		x := w.things[w.rng.IntN(len(w.things))]
		if w.change(x, x.values[w.rng.IntN(len(x.values))]) {
			w.look(x)
			w.pause()
		}
		time.Sleep(time.Millisecond)
	}
}

// look asks at once, through any gateway, about a thing that was just changed.
func (w *worker) look(x *thing) {
	a := &asker{trial: w.trial, rng: w.rng}
	a.askOne(a.answering(w.rng, a.gateways[w.rng.IntN(len(a.gateways))]), x, telling[w.rng.IntN(len(telling))], freshness(w.rng.IntN(int(manner))))
}

// lookEverywhere asks for the newest state through all gateways.
func (w *worker) lookEverywhere(x *thing) {
	for _, g := range w.gateways {
		(&asker{trial: w.trial, rng: w.rng}).askOne(g, x, "interact", full)
	}
}

// askAndApprove has mia ask to share with globex, and gil approve; then mia ends the share.
func (w *worker) askAndApprove() {
	for w.loading() {
		w.pause()
		x := w.things[w.rng.IntN(len(w.things))]
		if w.rng.IntN(3) == 0 {
			if w.change(x, "") {
				w.look(x)
			}
			continue
		}
		taken, alters := x.take("use_only")
		if !taken {
			continue
		}
		answer, ok := w.perform(x.kind.change(x, "use_only"), &deed{})
		var asked struct {
			State   string
			Request struct {
				ID       string
				Revision int64
			}
		}
		if !ok || json.Unmarshal(answer, &asked) != nil || asked.State != "pending" { // lost, or an approval that was not answered had been made
			x.untouched()
			continue
		}
		w.perform(sending{method: "POST", path: "/v1/requests/" + asked.Request.ID + "/approve", body: fmt.Sprintf(`{"access": "use_only", "revision": %d}`, asked.Request.Revision), actor: "gil"},
			&deed{alters: alters, effects: []effect{{x, "use_only"}}})
	}
}

// csv is the content type of an import.
const csv = "text/csv"

// importLevels shares one chatbot with many in one call, and ends some of the shares one by one.
func (w *worker) importLevels() {
	for w.loading() {
		time.Sleep(time.Duration(100+w.rng.IntN(300)) * time.Millisecond)
		level := w.things[0].values[1+w.rng.IntN(3)]
		d := &deed{alters: true}
		body := "chatbot,principal,access\n"
		for _, x := range w.things {
			taken, alters := x.take(level)
			if !taken {
				continue
			}
			d.effects, d.alters = append(d.effects, effect{x, level}), d.alters && alters
			body += fmt.Sprintf("%s,user:%s,%s\n", x.bot, x.user, level)
		}
		if len(d.effects) > 0 {
			w.perform(sending{method: "POST", path: "/v1/imports?format=csv", body: body, kind: csv}, d)
		}
		for range 3 {
			w.change(w.things[w.rng.IntN(len(w.things))], "")
		}
	}
}

// whole reports whether an import has ended with a summary that rejects nothing.
func whole(stream []byte) bool {
	lines := splitLines(stream)
	var last struct{ Summary *struct{ Rejected int } }
	return len(lines) > 0 && json.Unmarshal(lines[len(lines)-1], &last) == nil && last.Summary != nil && last.Summary.Rejected == 0
}
