package sharing

import (
	"context"
	"errors"
	"sync"
	"time"
)

// UpkeepEvery is the interval of a server's upkeep.
const UpkeepEvery = 30 * time.Second

// Upkeep makes the changes that are due with time rather than requested. Each part is a change with its record; a failed part does not stop the
// others.
func (s *Service) Upkeep(ctx context.Context) error {
	var failed error
	for _, part := range []func(context.Context) error{
		s.expireInvitations, s.settleLapsed, s.forgetMails, s.expireRequests, s.notifyOrphans, s.refuseLapsedKeys, s.refusals.Flush, s.forgetRecord, s.forgetSignIns,
	} {
		if err := part(ctx); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Run runs Upkeep at intervals, and writes the counts of refusals, until the context ends.
func (s *Service) Run(ctx context.Context) {
	var counting sync.WaitGroup
	counting.Go(func() { s.refusals.Run(ctx) })
	defer counting.Wait()
	tick := time.NewTicker(UpkeepEvery)
	defer tick.Stop()
	for {
		if err := s.Upkeep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("upkeep failed; trying again", "error", err, "in", UpkeepEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
