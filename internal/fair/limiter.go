// Package fair shares a fixed number of places among holders, so that no holder keeps the others out (B6).
//
// It owns the order in which places are assigned and recalled. Its users define what a place stands for (a running call, a page of memory, a
// connection) and who holds it (a key, a user, an address). It must not know about HTTP.
//
// A holder below its share, a quarter of the places, gets any free place. Above its share it gets one only while more than another quarter stays
// free, so that new holders always find some. Waiting holders are served in turn, one place each, however many calls one of them has waiting. If
// nothing is free, a place is recalled for a holder that has waited for a moment: the newest place of the holder with the most, if that holder is
// above its share, or if the waiting one has none. Keeping somebody out takes as many holders as there are places.
package fair

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// ErrBusy means that no place came free within the wait.
var ErrBusy = errors.New("fair: all places are taken")

// Config is the size of a Limiter.
type Config struct {
	Places  int           // at least one
	Waiting int           // maximum number of waiting calls; further ones are refused at once
	Wait    time.Duration // the longest wait; 0 is as long as the context allows
	// Patience is how long a call waits before a place is recalled for it; 0 never recalls.
	Patience time.Duration
}

// Limiter assigns and recalls places. It is safe for concurrent use.
type Limiter struct {
	Config

	mu       sync.Mutex
	free     int
	waiting  int
	recalled int // recalled places that are not released yet
	holders  map[string]*holder
	turns    []*holder // holders with waiting calls, next to be served first
}

// holder is one of the parties that share. It exists while it holds a place or waits for one.
type holder struct {
	name    string
	held    int
	places  list.List // of *Place: those that can be recalled, oldest first
	waiters []*waiter // the oldest first
}

// waiter is a call that waits for a place.
type waiter struct {
	holder  *holder
	recall  func()
	overdue bool          // a place may be recalled for it
	place   *Place        // set when it got one
	done    chan struct{} // closed when it got a place or was refused
}

// Place is one of the places, held until it is released.
type Place struct {
	limiter *Limiter
	holder  *holder
	recall  func()
	listed  *list.Element // in the holder's places; nil if it cannot be recalled, or was
	due     bool          // it was recalled
	gone    bool
}

// New makes a limiter with all places free.
func New(c Config) *Limiter {
	c.Places = max(1, c.Places)
	return &Limiter{Config: c, free: c.Places, holders: map[string]*holder{}}
}

// Take gives the holder a place, after waiting if necessary. It fails with ErrBusy or the context's error. If others need the place later, recall is
// called, at most once: it should end the work soon, and must not block. If it is nil, the place cannot be recalled.
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

// await waits for the outcome of the waiter.
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

// leave ends a wait without success, unless the place came at the last moment.
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

// Release releases the place. Releasing it twice, or a nil place, is harmless.
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

// Figures returns how many places are taken, and how many calls wait.
func (l *Limiter) Figures() (taken, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Places - l.free, l.waiting
}

// change runs fn, which may free a place, and assigns free places to waiting calls.
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

// share is the number of places that a holder can always have, and reserve the number that stays free for holders with less.
func share(of int) int   { return max(1, of/4) }
func reserve(of int) int { return of / 4 }

// mayHave reports whether the holder can have one more place now.
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
