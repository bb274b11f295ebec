package outbox

import (
	"context"
	"log/slog"

	"strings"

	"github.com/google/uuid"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// Claim ensures, before its schema is written, that the engine belongs to this installation or to nobody. An engine with somebody else's data is
// refused with an error of kind Conflict, and not changed. Only one process at a time may call it (store.DB.Exclusively).
func Claim(ctx context.Context, db *store.DB, engine *spice.Client) error {
	claimed, err := mine(ctx, db, engine)
	if err != nil || claimed {
		return err
	}
	return db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(settingInstallation, uuid.NewString()) })
}

// Mine is Claim without claiming an engine that belongs to nobody.
func Mine(ctx context.Context, db *store.DB, engine *spice.Client) error {
	_, err := mine(ctx, db, engine)
	return err
}

// mine reports whether the store has already claimed an engine, and that one is or can be this one.
func mine(ctx context.Context, db *store.DB, engine *spice.Client) (claimed bool, err error) {
	text, err := engine.Schema(ctx)
	if err != nil {
		return false, err
	}
	installation, claimed, err := setting(ctx, db)
	if err != nil {
		return false, err
	}
	var mark spice.Mark
	if text != "" && hasMarks(text) {
		if mark, _, err = engine.Mark(ctx); err != nil {
			return false, err
		}
	}
	switch {
	case mark != (spice.Mark{}) && mark.Installation != installation:
		return false, access.Conflictf("", "the engine contains the relationships of another installation")
	case mark == (spice.Mark{}) && text != "" && !claimed:
		return false, access.Conflictf("", "the engine already has a schema, which this installation did not write")
	}
	return claimed, nil
}

// hasMarks reports whether marks can be read under the schema: the built-in one, or an earlier version.
func hasMarks(schemaText string) bool {
	return strings.Contains(schemaText, "relation "+schema.RelApplied+": "+schema.TypeService)
}

func setting(ctx context.Context, db *store.DB) (installation string, ok bool, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		installation, ok, err = tx.Setting(settingInstallation)
		return err
	})
	return installation, ok, err
}

// Open brings a claimed engine, whose schema has been written, to the state of the store, and returns the carrier that keeps it there. It carries
// entries that a crash left in the outbox, and retries parked ones. It mends an engine that is not where the outbox left it: a new one, one that lost
// its data, one restored from another moment. Other processes may be changing both at the same time.
func Open(ctx context.Context, db *store.DB, engine *spice.Client, project Projection, log *slog.Logger) (*Carrier, error) {
	mark, token, err := engine.Mark(ctx)
	if err != nil {
		return nil, err
	}
	c := newCarrier(db, engine, project, log, mark, token)
	v, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	if !v.knows(mark) {
		if err := c.mend(ctx, project, false, anybody); err != nil {
			return nil, err
		}
	}
	if err := c.Unpark(ctx); err != nil {
		return c, err
	}
	return c, c.finish(ctx)
}
