// Package fair shares a fixed number of places among holders, so that none of them keeps the others out (B6).
//
// It owns the order in which places are given and taken back; what a place is for (a call at work, a page of memory, a connection) and who its
// holder is (a key, a user, an address), its user says. It knows no HTTP.
//
// A holder below its share, a quarter of the places, gets any place that is free. Above its share it gets one only while more than another quarter
// stays free, so that somebody new always finds some. Those who wait are served in turn, one place for each holder, however many calls one of them
// has waiting. Where nothing is free, a place is recalled for somebody who has waited for a moment: the newest of the holder that has most, if that
// is above its share, or if the one who waits has none at all. To keep somebody out takes as many holders as there are places.
package fair

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// ErrBusy says that there was no place, and none came free within the wait.
var ErrBusy = errors.New("fair: all places are taken")

// Config is the size of a Limiter.
type Config struct {
	Places  int           // at least one
	Waiting int           // how many more wait for a place; the others are refused at once
	Wait    time.Duration // the longest wait; 0 is as long as the context allows
	// Patience is how long somebody waits before a place is recalled; 0 recalls none.
	Patience time.Duration
}

// Limiter gives places and takes them back. It is safe for concurrent use.
type Limiter struct {
	Config

	mu       sync.Mutex
	free     int
	waiting  int
	recalled int // places that are to be given back and were not yet
	holders  map[string]*holder
	turns    []*holder // those with somebody waiting, the next to be served first
}

// holder is one of those who share. It exists while it holds a place or waits for one.
type holder struct {
	name    string
	held    int
	places  list.List // of *Place: those that can be recalled, the oldest first
	waiters []*waiter // the oldest first
}

// waiter is one call for a place that is not answered yet.
type waiter struct {
	holder  *holder
	recall  func()
	overdue bool          // a place may be recalled for it
	place   *Place        // when it was given one
	done    chan struct{} // closed when it was given a place, or refused
}

// Place is one of the places, held until it is released.
type Place struct {
	limiter *Limiter
	holder  *holder
	recall  func()
	listed  *list.Element // in the holder's places; nil where it cannot be recalled, or was
	due     bool          // it was recalled
	gone    bool
}

// New makes a limiter with all places free.
func New(c Config) *Limiter {
	c.Places = max(1, c.Places)
	return &Limiter{Config: c, free: c.Places, holders: map[string]*holder{}}
}

// Take gives the holder a place, waiting for one if it must. It fails with ErrBusy, or with the context's error. If the place is wanted by others
// later, recall is called, at most once: it should make the work end soon, and must not block. Nil means that the place cannot be recalled.
func (l *Limiter) Take(ctx context.Context, name string, recall func()) (*Place, error) {
	l.mu.Lock()
	h := l.holder(name)
	if l.mayHave(h) {
		defer l.mu.Unlock()
		return l.give(h, recall), nil
	}
	w, ok := l.queue(h, recall)
	l.mu.Unlock()
	if !ok {
		return nil, ErrBusy
	}
	return l.await(ctx, w)
}

// await waits for what becomes of the waiter.
func (l *Limiter) await(ctx context.Context, w *waiter) (*Place, error) {
	late, stop := after(l.Wait)
	defer stop()
	impatient, stopToo := after(l.Patience)
	defer stopToo()
	for {
		select {
		case <-w.done:
			if w.place == nil {
				return nil, ErrBusy
			}
			return w.place, nil
		case <-impatient:
			impatient = nil
			l.change(func() { w.overdue = true })
		case <-late:
			return l.leave(w, ErrBusy)
		case <-ctx.Done():
			return l.leave(w, ctx.Err())
		}
	}
}

// after is a timer's channel, which never fires for 0.
func after(d time.Duration) (<-chan time.Time, func() bool) {
	if d == 0 {
		return nil, func() bool { return true }
	}
	t := time.NewTimer(d)
	return t.C, t.Stop
}

// leave ends a wait in vain, unless the place came at the last moment.
func (l *Limiter) leave(w *waiter, err error) (place *Place, failed error) {
	l.change(func() {
		select {
		case <-w.done:
			place = w.place
		default:
			l.dismiss(w)
		}
	})
	if place == nil {
		return nil, err
	}
	return place, nil
}

// Release gives the place back. Giving it back twice is harmless, and so is giving back none.
func (p *Place) Release() {
	if p == nil {
		return
	}
	l := p.limiter
	l.change(func() {
		if p.gone {
			return
		}
		p.gone = true
		if p.listed != nil {
			p.holder.places.Remove(p.listed)
		}
		if p.due {
			l.recalled--
		}
		p.holder.held--
		l.free++
		l.forget(p.holder)
	})
}

// Figures are how many places are taken, and how many calls wait for one.
func (l *Limiter) Figures() (taken, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Places - l.free, l.waiting
}

// change does what can bring somebody a place, and sees to it that they get it.
func (l *Limiter) change(fn func()) {
	l.mu.Lock()
	fn()
	l.serve()
	recalls := l.recalls()
	l.mu.Unlock()
	for _, recall := range recalls {
		recall()
	}
}

func (l *Limiter) holder(name string) *holder {
	h := l.holders[name]
	if h == nil {
		h = &holder{name: name}
		l.holders[name] = h
	}
	return h
}

func (l *Limiter) forget(h *holder) {
	if h.held == 0 && len(h.waiters) == 0 {
		delete(l.holders, h.name)
	}
}

// share is what a holder may have of so many in any case, and reserve what stays free for those who have less.
func share(of int) int   { return max(1, of/4) }
func reserve(of int) int { return of / 4 }

// mayHave reports whether the holder may have one more place now.
func (l *Limiter) mayHave(h *holder) bool {
	return l.free > 0 && (h.held < share(l.Places) || l.free > reserve(l.Places))
}

func (l *Limiter) give(h *holder, recall func()) *Place {
	p := &Place{limiter: l, holder: h, recall: recall}
	if recall != nil {
		p.listed = h.places.PushBack(p)
	}
	h.held++
	l.free--
	return p
}
