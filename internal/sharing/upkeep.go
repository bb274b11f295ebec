package sharing

import (
	"context"
	"errors"
	"sync"
	"time"
)

// UpkeepEvery is how often a server does what nobody calls for.
const UpkeepEvery = 30 * time.Second

// Upkeep does once what time brings about and nobody calls for. Each part is a change like any other, with its record; that one fails keeps no
// other from being done.
func (s *Service) Upkeep(ctx context.Context) error {
	var failed error
	for _, part := range []func(context.Context) error{
		s.expireInvitations, s.settleLapsed, s.forgetMails, s.expireRequests, s.tellOfOrphans, s.refuseLapsedKeys, s.refusals.Flush, s.forgetRecord, s.forgetSignIns,
	} {
		if err := part(ctx); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Run does the upkeep now and then, and writes the counts of refusals, until the context ends.
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
