package store

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// staleAfter is how long, where other processes change the same facts, their changes may be unknown to a Recall that does not ask for the newest: well
// within the 5 s by which SpiceDB itself may be behind then.
const staleAfter = time.Second

// maxRemembered bounds how many facts are remembered: some megabytes.
const maxRemembered = 20_000

// lookWithin bounds one look at what others have changed.
const lookWithin = 5 * time.Second

// errForgotten ends an attempt to answer from memory alone.
var errForgotten = errors.New("store: this is not remembered")

// Recall is View for what is asked again and again: it answers from memory if all that fn reads is remembered, and else runs fn again, reads, and
// remembers it. What is remembered is users, memberships, features, documents and the like, keys by their digests, and what belongs where; they are
// not to be changed. The facts need not be those of one moment.
//
// A fact is never older than the last change that this process has answered. What other processes have changed is known as well if newest is true,
// up to when the call was asked (access.Asked), so that a call looks once however often it recalls; and else at most a second later. A change is known
// by its entry in the record, without which none happens (H1).
func (db *DB) Recall(ctx context.Context, newest bool, fn func(*Tx) error) error {
	if err := db.memory.catchUp(ctx, db, newest); err != nil {
		return err
	}
	generation := db.memory.current()
	err := fn(&Tx{ctx: ctx, broken: errForgotten, memory: db.memory, generation: generation})
	if !errors.Is(err, errForgotten) {
		return err
	}
	if db.memory.shared {
		// Each statement by itself, for the time that beginning and ending a transaction would take: mostly there is only one.
		tx := &Tx{ctx: ctx, sql: db.readers, memory: db.memory, generation: generation, loose: true}
		err := fn(tx)
		return cmp.Or(err, tx.broken)
	}
	return db.View(ctx, func(tx *Tx) error {
		tx.memory, tx.generation = db.memory, generation
		return fn(tx)
	})
}

// Carried is how far the outbox has been carried to the engine.
type Carried struct {
	Applied string // the value of SettingApplied
	Waiting bool   // there are entries in the outbox
}

// SettingApplied names the setting that holds the mark of what has been carried and is in the outbox no more.
const SettingApplied = "outbox.applied"

// Carried is that at some moment since the call was asked (access.Asked). It is false where no other process changes facts: then nobody looks.
func (db *DB) Carried(ctx context.Context) (Carried, bool, error) {
	if !db.memory.shared {
		return Carried{}, false, nil
	}
	if err := db.memory.catchUp(ctx, db, true); err != nil {
		return Carried{}, true, err
	}
	db.memory.mu.Lock()
	defer db.memory.mu.Unlock()
	return db.memory.carried, true, nil
}

// memory is the facts that are remembered: all of one generation, which ends whenever a fact may have changed.
type memory struct {
	shared bool // other processes change facts too

	mu         sync.Mutex
	generation uint64
	facts      map[fact]any

	// Where it is shared: the number of the newest entry of the record that was seen, how far the outbox was carried then, from when they are, and who
	// is looking now and next.
	seen     int64
	carried  Carried
	seenAt   time.Time
	looking  *look
	upcoming *look
}

// fact is the name of one.
type fact struct{ kind, id, of string }

// remembered is a fact, or that there is none.
type remembered[T any] struct {
	value T
	found bool
}

// recalled gives a fact from the memory of a transaction that has one, and remembers it if it had to be read.
func recalled[T any](tx *Tx, f fact, read func() (T, bool, error)) (T, bool, error) {
	if tx.memory == nil {
		return read()
	}
	if known, ok := tx.memory.get(tx.generation, f); ok {
		r, _ := known.(remembered[T])
		return r.value, r.found, nil
	}
	value, found, err := read()
	if err == nil {
		tx.memory.put(tx.generation, f, remembered[T]{value, found})
	}
	return value, found, err
}

func (m *memory) current() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generation
}

func (m *memory) get(generation uint64, f fact) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation != m.generation {
		return nil, false
	}
	known, ok := m.facts[f]
	return known, ok
}

// put remembers a fact that was read after the generation had begun. If that has ended meanwhile, the fact may be an old one.
func (m *memory) put(generation uint64, f fact, known any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation != m.generation {
		return
	}
	if m.facts == nil || len(m.facts) >= maxRemembered {
		m.facts = map[fact]any{}
	}
	m.facts[f] = known
}

// forget ends the generation: facts may have changed.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	m.facts = nil
}

// look is one look at how far the record has got, for all whose calls were asked before it began.
type look struct {
	began time.Time // set under the memory's mu, before it looks
	done  chan struct{}
	err   error
}

// catchUp makes sure that changes of other processes are known: if newest is true all from before the call was asked, else those of a second ago.
func (m *memory) catchUp(ctx context.Context, db *DB, newest bool) error {
	if !m.shared {
		return nil
	}
	asked := access.AskedAt(ctx)
	m.mu.Lock()
	if newest && !m.seenAt.Before(asked) {
		m.mu.Unlock()
		return nil
	}
	age := time.Since(m.seenAt)
	if !newest && age < staleAfter {
		if age > staleAfter/2 && m.looking == nil {
			m.begin(db) // so that nobody has to wait for it
		}
		m.mu.Unlock()
		return nil
	}
	var l *look
	switch {
	case m.looking == nil:
		l = m.begin(db)
	case !m.looking.began.Before(asked):
		l = m.looking
	case m.upcoming == nil: // the look that is under way may have begun before a change that is to be seen
		m.upcoming = &look{done: make(chan struct{})}
		fallthrough
	default:
		l = m.upcoming
	}
	m.mu.Unlock()
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return access.Unavailable(ctx.Err())
	}
}

// begin looks in the background, and again for those who came meanwhile. The caller holds mu.
func (m *memory) begin(db *DB) *look {
	first := &look{began: time.Now(), done: make(chan struct{})}
	m.looking = first
	go func() {
		for l := first; l != nil; {
			l.err = m.look(db, l.began)
			close(l.done)
			m.mu.Lock()
			l, m.upcoming = m.upcoming, nil
			if m.looking = l; l != nil {
				l.began = time.Now()
			}
			m.mu.Unlock()
		}
	}()
	return first
}

func (m *memory) look(db *DB, began time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	var newest int64
	var carried Carried
	if err := db.readers.QueryRowContext(ctx, `SELECT value, COALESCE((SELECT value FROM settings WHERE name = $2), ''), EXISTS (SELECT 1 FROM outbox)
		FROM counters WHERE name = $1`, counterRecord, SettingApplied).Scan(&newest, &carried.Applied, &carried.Waiting); err != nil {
		return failed(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if newest != m.seen {
		m.seen, m.facts = newest, nil
		m.generation++
	}
	m.carried, m.seenAt = carried, began
	return nil
}
