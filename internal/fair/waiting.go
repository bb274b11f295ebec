package fair

import "slices"

// queue adds a waiting call, if there is room, by the same rule as for places: a holder with fewer waiting calls displaces the newest call of the
// holder with the most, which is refused.
func (l *Limiter) queue(h *holder, recall func()) (*waiter, bool) {
	room, mine := l.Waiting-l.waiting, len(h.waiters)
	if room <= 0 || mine >= share(l.Waiting) && room <= reserve(l.Waiting) {
		most := l.most(func(g *holder) int { return len(g.waiters) })
		if l.Waiting == 0 || most == nil || most == h || !exceeds(len(most.waiters), mine, l.Waiting) {
			l.forget(h)
			return nil, false
		}
		l.dismiss(most.waiters[len(most.waiters)-1])
	}
	w := &waiter{holder: h, recall: recall, done: make(chan struct{})}
	h.waiters = append(h.waiters, w)
	l.waiting++
	if len(h.waiters) == 1 {
		l.turns = append(l.turns, h)
	}
	return w, true
}

// dismiss ends a wait without a place.
func (l *Limiter) dismiss(w *waiter) {
	close(w.done)
	l.dequeue(w)
	l.forget(w.holder)
}

func (l *Limiter) dequeue(w *waiter) {
	h := w.holder
	h.waiters = slices.Delete(h.waiters, slices.Index(h.waiters, w), slices.Index(h.waiters, w)+1)
	l.waiting--
	if len(h.waiters) == 0 {
		l.turns = slices.DeleteFunc(l.turns, func(g *holder) bool { return g == h })
	}
}

// serve assigns places to waiting holders, in turn, while one of them can have a free one.
func (l *Limiter) serve() {
	for {
		next := slices.IndexFunc(l.turns, l.mayHave)
		if next < 0 {
			return
		}
		h := l.turns[next]
		w := h.waiters[0]
		l.turns = append(slices.Delete(l.turns, next, next+1), h) // it now waits behind the others
		l.dequeue(w)
		w.place = l.give(h, w.recall)
		close(w.done)
	}
}

// recalls chooses places to recall for calls that have waited long enough, one for each holder, and returns their recall functions.
func (l *Limiter) recalls() (all []func()) {
	wanted := 0
	for _, h := range l.turns {
		if h.held >= share(l.Places) || !h.waiters[0].overdue {
			continue
		}
		if wanted++; wanted <= l.recalled {
			continue // one is on its way
		}
		most := l.most(func(g *holder) int { return g.places.Len() })
		if most == nil || most == h || !exceeds(most.places.Len(), h.held, l.Places) {
			continue
		}
		p := most.places.Remove(most.places.Back()).(*Place)
		p.listed, p.due = nil, true
		l.recalled++
		all = append(all, p.recall)
	}
	return all
}

// exceeds reports whether a holder with many must give one up for a holder with mine: above its share, or, if mine is zero, above one.
func exceeds(many, mine, of int) bool {
	return many > share(of) && mine < share(of) || many > 1 && mine == 0
}

// most is the holder with the highest count, or nil. Among equals it is the first by name, so that the order of a map does not matter.
func (l *Limiter) most(count func(*holder) int) (most *holder) {
	for _, h := range l.holders {
		if most == nil || count(h) > count(most) || count(h) == count(most) && h.name < most.name {
			most = h
		}
	}
	return most
}
