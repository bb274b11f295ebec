// Package record writes the entries of the record that are not part of a change: decisions, which are many (H3), and refusals (H1). A change
// writes its own entry in its transaction, because it must not happen without one; a decision counts whether or not its entry is written.
//
// The first refusal of a kind is written at once, and the number of repetitions later.
//
// It owns the waiting entries, the size of the batches in which they are written, and the count of lost ones. It must not decide or change a fact.
package record

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// How many entries can wait, how many are written in one transaction, and how long the first of them waits for others.
const (
	mayWait    = 10_000
	atOnce     = 1000
	gatherTime = 50 * time.Millisecond
)

// Journal writes entries in the background, many in one transaction. It is safe for concurrent use. Entries that are not written when the process is
// killed are lost.
type Journal struct {
	db            *store.DB
	log           *slog.Logger
	queue         chan access.Record
	written, lost atomic.Int64

	open   sync.RWMutex // held while entries are queued, and by Close
	closed bool
}

// New makes a journal. Run writes its entries.
func New(db *store.DB, log *slog.Logger) *Journal {
	return &Journal{db: db, log: log, queue: make(chan access.Record, mayWait)}
}

// Record queues entries. If the queue is full, it waits until there is room or ctx ends; entries that are not queued by then, or come after Close,
// are lost. An entry's resource determines the organization whose record it is in.
func (j *Journal) Record(ctx context.Context, entries []access.Record) {
	j.open.RLock()
	defer j.open.RUnlock()
	if j.closed {
		j.lose(len(entries), errClosed)
		return
	}
	for i, e := range entries {
		select {
		case j.queue <- e:
		case <-ctx.Done():
			j.lose(len(entries)-i, context.Cause(ctx))
			return
		}
	}
}

// Written is the number of entries written.
func (j *Journal) Written() int64 { return j.written.Load() }

// Lost is the number of entries that could not be written.
func (j *Journal) Lost() int64 { return j.lost.Load() }

var errClosed = errors.New("the journal is closed")

// Close lets Run write the queue and end. It waits for calls that wait for room.
func (j *Journal) Close() {
	j.open.Lock()
	defer j.open.Unlock()
	j.closed = true
	close(j.queue)
}

func (j *Journal) lose(n int, err error) {
	j.lost.Add(int64(n))
	j.log.Error("cannot record decisions", "decisions", n, "error", err)
}

// Run writes entries until the journal is closed and everything is written.
func (j *Journal) Run() {
	for first := range j.queue {
		entries := j.gather(first)
		if err := j.db.Update(context.Background(), func(tx *store.Tx) error { return write(tx, entries) }); err != nil {
			j.lose(len(entries), err)
			continue
		}
		j.written.Add(int64(len(entries)))
	}
}

// gather waits a moment for entries to write together with the first.
func (j *Journal) gather(first access.Record) []access.Record {
	entries := []access.Record{first}
	enough := time.NewTimer(gatherTime)
	defer enough.Stop()
	for len(entries) < atOnce {
		select {
		case e, open := <-j.queue:
			if !open {
				return entries
			}
			entries = append(entries, e)
		case <-enough.C:
			return entries
		}
	}
	return entries
}

func write(tx *store.Tx, entries []access.Record) error {
	organizations := map[access.Object]access.OrganizationID{}
	for _, e := range entries {
		org, known := organizations[e.Resource]
		if !known {
			var err error
			if org, _, err = tx.OrganizationOf(e.Resource); err != nil {
				return err
			}
			organizations[e.Resource] = org
		}
		e.Organization = org
		if _, err := tx.AppendRecord(e); err != nil {
			return err
		}
	}
	return nil
}
