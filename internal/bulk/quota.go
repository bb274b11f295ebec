package bulk

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// share is what a holder keeps while others wait: one part in so many of the space (B6).
const share = 4

// quota divides the disk space for files that are being imported or backed up among those who use it. Somebody alone may use all of it. While
// others wait nobody keeps more than a quarter: transfers that hold more are ended, unless they already write what they received.
type quota struct {
	dir     string
	most    int64         // bytes of all together
	reserve int64         // bytes that stay free on the volume, but at most a tenth of it
	wait    time.Duration // for space that others have
	space   func(dir string) (free, total int64, err error)

	mu      sync.Mutex
	used    int64
	holders map[string]*holder
	freed   chan struct{} // closed when space is given back
}

// holder is one caller with all of its transfers.
type holder struct {
	bytes   int64
	waiting int
	leases  []*lease
}

// lease is the space of one transfer.
type lease struct {
	quota *quota
	of    string // the holder
	held  int64
	end   context.CancelCauseFunc // ends the transfer
	firm  bool                    // it is not to be ended: it writes
}

func newQuota(c Config) *quota {
	return &quota{
		dir: filepath.Dir(c.Dir), most: c.MaxStaging, reserve: c.MinFree, wait: 10 * time.Second, space: store.FreeSpace, holders: map[string]*holder{},
		freed: make(chan struct{}),
	}
}

// holderOf is the holder of an actor's space: the key that was used, otherwise the user.
func holderOf(a access.Actor) string {
	if a.Key != "" {
		return "key:" + string(a.Key)
	}
	return "user:" + string(a.User)
}

// lease begins a transfer of the actor, without any space yet. The context ends with a cause if the transfer has to end.
func (q *quota) lease(ctx context.Context, actor access.Actor) (context.Context, *lease) {
	ctx, end := context.WithCancelCause(ctx)
	l := &lease{quota: q, of: holderOf(actor), end: end}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.holders[l.of] == nil {
		q.holders[l.of] = &holder{}
	}
	q.holders[l.of].leases = append(q.holders[l.of].leases, l)
	return ctx, l
}

// take adds n bytes to the lease, or waits for them. It fails with an error of kind TooLarge where one transfer would need more than there is at
// all, of kind Exhausted where others have it, and of kind Unavailable where the disk is nearly full.
func (l *lease) take(ctx context.Context, n int64) error {
	q := l.quota
	late := time.NewTimer(q.wait)
	defer late.Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.holders[l.of]
	for {
		fits, err := q.fits(l, h, n)
		if err != nil {
			return err
		}
		if fits {
			l.held += n
			h.bytes += n
			q.used += n
			return nil
		}
		q.endLargest(l.of, q.used+n-q.most)
		freed := q.freed
		h.waiting++
		q.mu.Unlock()
		err = nil
		select {
		case <-freed:
		case <-late.C:
			err = occupied()
		case <-ctx.Done():
			err = access.Unavailable(context.Cause(ctx))
		}
		q.mu.Lock()
		if h.waiting--; err != nil {
			return err
		}
	}
}

// fits reports whether the holder gets n bytes more now. It fails where waiting would not help.
func (q *quota) fits(l *lease, h *holder, n int64) (bool, error) {
	if l.held+n > q.most {
		return false, access.Refuse(access.KindTooLarge, "", "the server keeps at most %s for files that are being imported (--max-staging), "+
			"which is too little for this import: split it", inWords(q.most))
	}
	if free, total, err := q.space(q.dir); err != nil {
		return false, unstaged(err)
	} else if total > 0 && free-n < min(q.reserve, total/10) {
		refusal := unstaged(fmt.Errorf("%s has %d bytes free, and %d have to stay free", q.dir, free-n, min(q.reserve, total/10)))
		refusal.RetryAfter = time.Minute
		return false, refusal
	}
	beyond := h.bytes+n > q.most/share
	if q.used+n <= q.most {
		if beyond && q.othersWait(h) {
			return false, occupied()
		}
		return true, nil
	}
	if beyond {
		return false, occupied()
	}
	return false, nil
}

// occupied refuses space that others have or wait for.
func occupied() error {
	refusal := access.Refuse(access.KindExhausted, "B6", "other imports are using the server's space for files: "+
		"try again later, or import fewer rows at once")
	refusal.RetryAfter = 10 * time.Second
	return refusal
}

func (q *quota) othersWait(than *holder) bool {
	for _, h := range q.holders {
		if h != than && h.waiting > 0 {
			return true
		}
	}
	return false
}

// endLargest ends transfers of others who hold more than their share, those of the largest holder first, until they give back as much as is needed.
func (q *quota) endLargest(of string, needed int64) {
	left := map[string]int64{}
	for name, h := range q.holders {
		left[name] = h.bytes
	}
	for needed > 0 {
		var largest *lease
		for name, h := range q.holders {
			if name == of || left[name] <= q.most/share || largest != nil && left[name] <= left[largest.of] {
				continue
			}
			for _, l := range h.leases {
				if l.end != nil && !l.firm && l.held > 0 && (largest == nil || largest.of != name || l.held > largest.held) {
					largest = l
				}
			}
		}
		if largest == nil {
			return
		}
		largest.end(occupied())
		largest.end = nil
		needed -= largest.held
		left[largest.of] -= largest.held
	}
}

// give gives back n bytes.
func (l *lease) give(n int64) {
	q := l.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	l.held -= n
	q.used -= n
	q.holders[l.of].bytes -= n
	close(q.freed)
	q.freed = make(chan struct{})
}

// keep makes the lease one that is not ended for others' sake.
func (l *lease) keep() {
	l.quota.mu.Lock()
	defer l.quota.mu.Unlock()
	l.firm = true
}

// release gives back all of it, for good. The files are removed by then.
func (l *lease) release() {
	l.give(l.held)
	q := l.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.end != nil {
		l.end(nil)
	}
	h := q.holders[l.of]
	for i, other := range h.leases {
		if other == l {
			h.leases = append(h.leases[:i:i], h.leases[i+1:]...)
			break
		}
	}
	if len(h.leases) == 0 {
		delete(q.holders, l.of)
	}
}

// inWords is a number of bytes for people.
func inWords(n int64) string {
	const unit = 1024
	for _, u := range []string{"bytes", "KiB", "MiB"} {
		if n < unit {
			return fmt.Sprintf("%d %s", n, u)
		}
		n = int64(math.Round(float64(n) / unit))
	}
	return fmt.Sprintf("%d GiB", n)
}

var (
	stagedBytes = prometheus.NewDesc("grantway_staging_bytes", "Disk space used by files that are being imported or backed up.", nil, nil)
	stagedMost  = prometheus.NewDesc("grantway_staging_limit_bytes", "Limit of the disk space for files that are being imported or backed up.", nil, nil)
	freeBytes   = prometheus.NewDesc("grantway_disk_free_bytes", "Free space on the volume of the data directory.", nil, nil)
)

// Describe and Collect make the quota figures.
func (q *quota) Describe(c chan<- *prometheus.Desc) {
	c <- stagedBytes
	c <- stagedMost
	c <- freeBytes
}

// Collect reads the volume's figures. If the system does not report free space, there is no metric for it.
func (q *quota) Collect(c chan<- prometheus.Metric) {
	q.mu.Lock()
	used := q.used
	q.mu.Unlock()
	c <- prometheus.MustNewConstMetric(stagedBytes, prometheus.GaugeValue, float64(used))
	c <- prometheus.MustNewConstMetric(stagedMost, prometheus.GaugeValue, float64(q.most))
	if free, total, err := q.space(q.dir); err == nil && total > 0 {
		c <- prometheus.MustNewConstMetric(freeBytes, prometheus.GaugeValue, float64(free))
	}
}
