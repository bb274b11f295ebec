// Package outbox carries committed changes to the engine.
//
// A change is committed together with an outbox entry: the relationships that it adds and removes. The carrier applies the entries in
// their order and deletes each once the engine has it, so that an answered change is never lost and a late grant never lands after a
// later revocation. It decides nothing and writes no facts.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

// batch is how many entries are read at a time. They are merged into one write where they fit.
const batch = 100

// retryEvery is how long the worker waits before it tries again what the engine did not take.
const retryEvery = time.Second

// retryWithin is how long one try of the worker may take: an engine that hangs must not hold up changes for longer.
const retryWithin = 10 * time.Second

// Engine takes changes; *spice.Client is one.
type Engine interface {
	Apply(ctx context.Context, changes spice.Changes) (spice.Token, error)
}

// Carrier applies the outbox to the engine, one entry after the other.
type Carrier struct {
	db     *store.DB
	engine Engine
	log    *slog.Logger
	turn   chan struct{} // holds a token while somebody drains
	last   atomic.Pointer[spice.Token]

	// Guarded by turn: the engine's mark, and the mark of what is in the outbox no more. They differ until the outbox is told what was applied.
	mark, applied spice.Mark
}

// Last is the token of the newest change that this process applied. A decision at least as fresh sees every change that was answered (C3).
func (c *Carrier) Last() spice.Token { return *c.last.Load() }

// Drain applies every committed entry and returns Last. After an error of kind Unavailable the entries stay and are tried again.
func (c *Carrier) Drain(ctx context.Context) (spice.Token, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return "", access.Unavailable(ctx.Err())
	}
	for {
		var entries []store.OutboxEntry
		if err := c.db.View(ctx, func(tx *store.Tx) (err error) {
			entries, err = tx.Outbox(batch)
			return err
		}); err != nil {
			return "", err
		}
		if len(entries) == 0 {
			return c.Last(), nil
		}
		all := make([]spice.Changes, len(entries))
		mark := c.applied
		for i, e := range entries {
			changes, err := spice.UnmarshalChanges(e.Updates)
			if err != nil {
				return "", &access.Error{Kind: access.KindInternal, Detail: "the outbox cannot be read", Cause: fmt.Errorf("entry %d: %w", e.Seq, err)}
			}
			all[i] = changes
			mark = mark.Next(e.Seq, e.Updates)
		}
		token, err := c.engine.Apply(ctx, append(spice.Merge(all...), spice.Diff(spice.FoldMark(c.mark), spice.FoldMark(mark))...))
		if err != nil {
			return "", err
		}
		c.last.Store(&token)
		c.mark = mark
		if err := c.done(ctx, mark); err != nil {
			return "", err
		}
	}
}

// done takes what was applied up to the mark out of the outbox.
func (c *Carrier) done(ctx context.Context, mark spice.Mark) error {
	err := c.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutSetting(settingApplied, mark.String()); err != nil {
			return err
		}
		return tx.DeleteOutbox(mark.Change)
	})
	if err == nil {
		c.applied = mark
	}
	return err
}

// Run retries, until ctx ends, what the engine did not take when it was changed.
func (c *Carrier) Run(ctx context.Context) {
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.retry(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("the engine does not take committed changes; trying again", "error", err)
			}
		}
	}
}

func (c *Carrier) retry(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, retryWithin)
	defer cancel()
	_, err := c.Drain(ctx)
	return err
}
