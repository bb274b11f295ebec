package sharing

import (
	"context"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// pruneBatch is the number of record entries deleted in one change, so that others need not wait long. pruneSlack is the extra age after which
// deletion starts, so that not every upkeep leaves an entry about a few.
const (
	pruneBatch = 1000
	pruneSlack = time.Hour
)

// pruned is the record's entry about its own pruning.
type pruned struct {
	Before  time.Time `json:"before"`
	Entries int       `json:"entries"`
}

// forgetRecord deletes the entries that are older than configured. Each batch leaves an entry with the time up to which, and the number.
func (s *Service) forgetRecord(ctx context.Context) error {
	if s.retain == 0 {
		return nil
	}
	before := s.now().UTC().Add(-s.retain)
	due := false
	err := s.db.View(ctx, func(tx *store.Tx) error {
		oldest, err := tx.Records(store.RecordFilter{To: before.Add(-pruneSlack)}, store.RecordPlace{}, 1)
		due = len(oldest) > 0
		return err
	})
	for err == nil && due {
		_, err = s.change(ctx, access.System, "record.prune", access.PlatformObject, func(c *change) error {
			n, err := c.PruneRecord(before, pruneBatch)
			if due = n == pruneBatch; n > 0 {
				c.state(nil, pruned{before, n})
			}
			return err
		})
	}
	return err
}
