package record

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

const (
	// equalWithin is how long an entry counts equal refusals after the first one (H1).
	equalWithin = time.Hour
	// mostInRecord is the number of refusals within equalWithin with their own entries in one organization's record, and mostOfCaller the number for
	// one caller (B6).
	mostInRecord = 1000
	mostOfCaller = mostInRecord / 4
	// mostInAll is the number of refusals with their own entries in all records together, and also the number of entries for the rest of one caller
	// in one record: about 16 MB in all. One caller gets a quarter.
	mostInAll = 20_000
	// countEvery is the interval at which counts are written.
	countEvery = 2 * time.Second
	// countAtOnce is the number of counts in one transaction.
	countAtOnce = 500
	// finishWithin limits the time to write the last counts when the server stops.
	finishWithin = 10 * time.Second
)

// ActionFurther is the action of an entry that counts refusals without their own entries.
const ActionFurther = "refusal.further"

// Several is the actor of an entry that counts the refusals of several callers.
const Several = "several"

// Refusals records refused calls (H1). Equal refusals of one caller within an hour are one entry: the first is written at once, and repetitions are
// counted in memory and written every few seconds and at the end. Refusals are equal if they have the same actor, credential, action, resource, rule
// and organization. A caller with too many different refusals has one more entry that counts the rest.
//
// Each process on a shared database has its own entries. A killed process loses the counts of the last seconds and the door entries of the last
// moment, nothing else. Refusals is safe for concurrent use.
type Refusals struct {
	db  *store.DB
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	found   map[sum]*tally // by their common properties, for an hour
	queue   []*tally       // the same, oldest first
	held    map[sum]int    // number of them by record, or by caller
	changed map[*tally]bool

	begun int64 // numbers the tallies

	wake    chan struct{} // signals a waiting entry of AtDoor
	writing sync.Mutex    // held by Flush
}

// sum identifies texts of any length.
type sum [sha256.Size]byte

func sumOf(texts ...string) sum { return sha256.Sum256(fmt.Appendf(nil, "%q", texts)) }

// tally counts the refusals of one entry.
type tally struct {
	key     sum
	holders []sum // the caller whose quota it uses
	since   time.Time
	order   int64          // in which they were begun
	seq     int64          // number of the entry, or 0 while it is not written
	entry   *access.Record // of AtDoor, until it is written
	repeats int64          // repetitions after the first
	last    time.Time
	ended   bool // an equal refusal starts its own entry
}

// first is a refusal with its own entry.
type first struct {
	*tally
	entry access.Record
}

// NewRefusals makes a Refusals. Run writes the counts; now is the clock.
func NewRefusals(db *store.DB, now func() time.Time, log *slog.Logger) *Refusals {
	return &Refusals{db: db, now: now, log: log, found: map[sum]*tally{}, held: map[sum]int{}, changed: map[*tally]bool{}, wake: make(chan struct{}, 1)}
}

// Record records refusals, in the records of their organizations.
func (r *Refusals) Record(ctx context.Context, refused ...access.Record) error {
	eras, err := r.eras(ctx, refused)
	if err != nil {
		return err
	}
	fresh := r.count(refused, eras)
	if len(fresh) == 0 {
		return nil
	}
	seqs := make([]int64, len(fresh))
	err = r.db.Update(ctx, func(tx *store.Tx) (err error) {
		for i, f := range fresh {
			if seqs[i], err = tx.AppendRecord(f.entry); err != nil {
				return err
			}
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range fresh {
		if err != nil {
			r.end(f.tally)
			continue
		}
		f.seq = seqs[i]
	}
	return err
}

// eras returns the last deletions of the organizations. An organization that was created again must not read its predecessor's refusals, so these do
// not count as equal.
func (r *Refusals) eras(ctx context.Context, refused []access.Record) (map[access.OrganizationID]int64, error) {
	eras := map[access.OrganizationID]int64{"": 0}
	err := r.db.View(ctx, func(tx *store.Tx) (err error) {
		for _, e := range refused {
			if _, known := eras[e.Organization]; known {
				continue
			}
			if eras[e.Organization], err = tx.LastDeletion(e.Organization); err != nil {
				return err
			}
		}
		return nil
	})
	return eras, err
}

// count counts the refusals, and returns the first ones of a kind, which have to be written.
func (r *Refusals) count(refused []access.Record, eras map[access.OrganizationID]int64) (fresh []first) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire()
	for _, e := range refused {
		t, begun := r.tallyOf(e, eras[e.Organization])
		if begun != nil {
			fresh = append(fresh, *begun)
			continue
		}
		t.repeats++
		t.last = e.Time
		r.changed[t] = true
	}
	return fresh
}

// tallyOf finds or starts the tally of the refusal. If its own entry would exceed a limit, it is counted with the caller's others in the same record,
// and if that would also exceed one, with those of all such callers.
func (r *Refusals) tallyOf(e access.Record, era int64) (*tally, *first) {
	record := recordName(e.Organization, era)
	return r.tally(e, sumOf("refusal", record, e.Actor, string(e.Key), e.Action, string(e.Resource.Type), e.Resource.ID, e.Rule), record)
}

// recordName names the record of an organization, distinguishing organizations that were created again.
func recordName(org access.OrganizationID, era int64) string { return fmt.Sprint(org, "\x00", era) }

// tally is tallyOf, given the common properties of equal refusals and the name of the record.
func (r *Refusals) tally(e access.Record, exactly sum, record string) (*tally, *first) {
	actor, key := e.Actor, string(e.Key)
	caller, own := sumOf("caller", actor, key), sumOf("caller in record", record, actor, key)
	room := func(in sum, most int) bool {
		return r.held[in] < most && r.held[caller] < mostInAll/4 && r.held[sumOf("all")] < 2*mostInAll
	}

	if t := r.found[exactly]; t != nil {
		return t, nil
	}
	in := sumOf("record", record)
	if r.held[own] < mostOfCaller && r.held[sumOf("all")] < mostInAll && room(in, mostInRecord) {
		return nil, r.begin(e, exactly, in, own, caller, sumOf("all"))
	}

	further := access.Record{
		Time: e.Time, Actor: e.Actor, Key: e.Key, Action: ActionFurther, Resource: access.PlatformObject, Organization: e.Organization,
		Address: e.Address, RequestID: e.RequestID, Outcome: access.Refused, Rule: "H1",
		Detail: "further refusals of this caller, too many to record one by one",
	}
	if e.Organization != "" {
		further.Resource = access.Obj(access.TypeOrganization, e.Organization)
	}
	ofCaller := sumOf("further", record, actor, key)
	if t := r.found[ofCaller]; t != nil {
		return t, nil
	}
	if in := sumOf("further in record", record); room(in, mostInRecord) {
		return nil, r.begin(further, ofCaller, in, caller, sumOf("all"))
	}

	further.Actor, further.Key, further.Address, further.RequestID = Several, "", "", ""
	further.Resource, further.Organization = access.PlatformObject, ""
	further.Detail = "further refusals of several callers, too many to record one by one"
	ofAll := sumOf("several")
	if t := r.found[ofAll]; t != nil {
		return t, nil
	}
	return nil, r.begin(further, ofAll)
}

func (r *Refusals) begin(e access.Record, key sum, holders ...sum) *first {
	r.begun++
	t := &tally{key: key, holders: holders, since: e.Time, order: r.begun}
	r.found[key] = t
	r.queue = append(r.queue, t)
	for _, h := range holders {
		r.held[h]++
	}
	return &first{t, e}
}

// expire ends the tallies that started more than an hour ago.
func (r *Refusals) expire() {
	before := r.now().Add(-equalWithin)
	for len(r.queue) > 0 && !r.queue[0].since.After(before) {
		r.end(r.queue[0])
		r.queue[0] = nil
		r.queue = r.queue[1:]
	}
}

// end ends a tally. Its count is still written.
func (r *Refusals) end(t *tally) {
	if t.ended {
		return
	}
	t.ended = true
	delete(r.found, t.key)
	for _, h := range t.holders {
		if r.held[h]--; r.held[h] == 0 {
			delete(r.held, h)
		}
	}
}

// Run writes the counts until the context ends, and then what is left of them.
func (r *Refusals) Run(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		case <-r.wake:
			select {
			case <-time.After(gatherTime): // wait for others, so that many share a transaction
			case <-ctx.Done():
			}
		}
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
		if err := r.Flush(writing); err != nil {
			r.log.Error("cannot record refusals; trying again", "error", err)
		}
		cancel()
	}
}

// counted is the update of a tally in the store, including its entry if it has none yet.
type counted struct {
	*tally
	seq, repeats int64
	last         time.Time
	entry        *access.Record
}

// Flush writes changed counts and waiting entries.
func (r *Refusals) Flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for {
		batch := r.take()
		if len(batch) == 0 {
			return nil
		}
		if err := r.write(ctx, batch); err != nil {
			return err
		}
	}
}

// take takes some of the changed counts. Counts of an entry that is being written wait for it, and those of one that could not be written are lost
// with it.
func (r *Refusals) take() (batch []counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire()
	for t := range r.changed {
		if t.seq == 0 && t.entry == nil && !t.ended {
			continue
		}
		delete(r.changed, t)
		if t.seq == 0 && t.entry == nil {
			continue
		}
		if batch = append(batch, counted{t, t.seq, t.repeats, t.last, t.entry}); len(batch) == countAtOnce {
			break
		}
	}
	return batch
}
