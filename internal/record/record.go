// Package record writes entries of the record beside the calls that they are about: those of decisions, which are many (H3). A change writes
// its own in its own transaction, for it does not happen without; a decision stands whether or not its entry can be written.
//
// Refusals are recorded beside the calls, too: the first of a kind at once, and how often it was repeated later (H1).
//
// It owns the entries that wait, how many are written at once, and the count of those that are lost. It must not take a decision or change a fact.
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

// How many entries may wait, how many are written in one transaction, and for how long the first of them waits for others.
const (
	mayWait    = 10_000
	atOnce     = 1000
	gatherTime = 50 * time.Millisecond
)

// Journal takes entries and writes them, many in one transaction. It is safe for concurrent use. What has not been written when the process
// is killed is lost.
type Journal struct {
	db            *store.DB
	log           *slog.Logger
	queue         chan access.Record
	written, lost atomic.Int64

	open   sync.RWMutex // held by those who put entries into the queue, and by Close
	closed bool
}

// New makes a journal. Run writes what it takes.
func New(db *store.DB, log *slog.Logger) *Journal {
	return &Journal{db: db, log: log, queue: make(chan access.Record, mayWait)}
}

// Record takes entries for writing. Where too many wait already, it waits too, until there is room or ctx ends; what is not taken then, or
// comes after Close, is lost. Which organization's record an entry stands in follows from its resource.
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

// Written counts the entries that were written.
func (j *Journal) Written() int64 { return j.written.Load() }

// Lost counts the entries that could not be written.
func (j *Journal) Lost() int64 { return j.lost.Load() }

var errClosed = errors.New("the journal is closed")

// Close lets Run write what waits, and end. It waits for those who are waiting for room.
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

// gather waits a moment for what can be written together with the first.
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
