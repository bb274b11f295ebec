package server

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
)

// Verify compares the engine with the facts in the store, and tells in lines what differs and what to do about it. It reports whether there is nothing to
// do. With repair, the engine is first made to match the facts.
func Verify(ctx context.Context, c Config, repair bool) (lines []string, clean bool, err error) {
	if _, err := os.Stat(c.Data); err != nil && c.DatastoreURI == "" {
		return nil, false, dataFault(c.Data, err)
	}
	lines, err = withBackend(ctx, c, func(b *backend, x *spice.Extension) ([]string, error) {
		if repair {
			if err := b.repair(ctx, c, x); err != nil {
				return nil, err
			}
		}
		lines, err := b.verify(ctx)
		clean = err == nil && len(lines) == 1
		return lines, err
	})
	return lines, clean, err
}

// repair brings the engine up to date as a start does, and then compares all of it.
func (b *backend) repair(ctx context.Context, c Config, x *spice.Extension) error {
	carrier, _, err := b.prepare(ctx, x, c)
	if err != nil {
		return err
	}
	return b.store.Exclusively(ctx, func(ctx context.Context) error { return carrier.Mend(ctx, sharing.Project) })
}

// verify gives one line if there is nothing to do.
func (b *backend) verify(ctx context.Context) ([]string, error) {
	text, err := b.engine.Schema(ctx)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return []string{"The engine is empty.", adviceRepair}, nil
	}
	if err := outbox.Mine(ctx, b.store, b.engine); access.KindOf(err) == access.KindConflict {
		return []string{
			"This engine belongs to another store: " + detail(err) + ".",
			"Nothing was compared. Name the engine of this store, or restore the store of this engine.",
		}, nil
	} else if err != nil {
		return nil, err
	}
	r, err := outbox.Verify(ctx, b.store, b.engine, sharing.Project)
	if err != nil {
		return nil, err
	}
	if r.Clean() {
		return []string{fmt.Sprintf("The engine matches the facts: %d relationships, up to change %d.", r.Implied, r.Store.Change)}, nil
	}
	return told(r), nil
}

const adviceRepair = "To make it match the facts, run grantway verify --repair or start a server."

// told is what was found and what to do, most important first.
func told(r *outbox.Report) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	repair := false
	switch {
	case r.Engine == (spice.Mark{}):
		say("The engine is empty, or has never matched the store, which is at change %d.", r.Store.Change)
		repair = true
	case !r.Known:
		say("The engine (at change %d) does not match any state of the store (at change %d): one of them was restored from a backup without the other, or a repair was "+
			"interrupted.", r.Engine.Change, r.Store.Change)
		if r.Engine.Change > r.Store.Change {
			say("The store is older. Changes made since then are lost unless you restore a newer backup of it, because the store decides.")
		}
		repair = true
	case len(r.Waiting) > 0:
		say("%d committed changes have not reached the engine yet, the oldest from %s. A running server carries them within seconds, once the engine accepts them.",
			len(r.Waiting), since(r.Waiting[0].CommittedAt))
	}
	if len(r.Aside) > 0 {
		say("A large change from %s is being carried to the engine: %d parts are left. A running server carries them one by one, and refuses changes of "+
			"the same objects until it has finished.", since(r.Aside[0].CommittedAt), len(r.Aside))
	}
	for _, e := range r.Refused {
		say("The engine refuses change %d from %s: %s", e.Seq, since(e.CommittedAt), e.Reason)
	}
	if len(r.Refused) > 0 {
		say("Fix the causes in the engine's settings or schema. A server tries again every minute, and refuses changes of the same " +
			"objects until the engine accepts it.")
	}
	for _, d := range r.Differences {
		what := map[string]string{
			outbox.Missing: "follow from the facts but are not in the engine", outbox.Altered: "have another condition in the engine",
			outbox.Surplus: "are in the engine but follow from no fact",
		}[d.What]
		say("%d relationships %s %s, such as %s.", d.Count, d.Kind, what, strings.Join(d.Examples, ", "))
	}
	switch {
	case repair:
		lines = append(lines, adviceRepair)
	case len(r.Differences) > 0 && len(r.Refused) == 0 && len(r.Aside) == 0 && len(r.Waiting) == 0:
		say("Both are at change %d: something else has written to the engine. Run grantway verify --repair to make it match the facts; a server that "+
			"starts does not compare them, and does not repair it.", r.Store.Change)
	}
	return lines
}

func since(t time.Time) string {
	if t.IsZero() {
		return "an earlier version"
	}
	return t.UTC().Format(time.RFC3339)
}
