package outbox

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/google/uuid"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// Projection streams every relationship that the facts in the store imply.
type Projection func(ctx context.Context, each func(spice.Relationships) error) error

// settingInstallation names the setting that tells this installation's marks from others'.
const settingInstallation = "installation"

// settingApplied names the setting that holds the mark of what has been carried and is in the outbox no more.
const settingApplied = "outbox.applied"

// Claim makes sure that the engine is this installation's, or nobody's, before its schema is written. An engine that holds somebody else's
// data is refused with an error of kind Conflict, and left as it is.
func Claim(ctx context.Context, db *store.DB, engine *spice.Client) error {
	text, err := engine.Schema(ctx)
	if err != nil {
		return err
	}
	installation, claimed, err := setting(ctx, db)
	if err != nil {
		return err
	}
	var mark spice.Mark
	if text != "" && hasMarks(text) {
		if mark, err = engine.Mark(ctx); err != nil {
			return err
		}
	}
	switch {
	case mark != (spice.Mark{}) && mark.Installation != installation:
		return access.Conflictf("", "the engine holds the relationships of another installation")
	case mark == (spice.Mark{}) && text != "" && !claimed:
		return access.Conflictf("", "the engine holds a schema already, and this installation did not write it")
	case claimed:
		return nil
	}
	return db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(settingInstallation, uuid.NewString()) })
}

// hasMarks reports whether a schema is one that marks can be read under: the built-in one, or an earlier version of it.
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

// Open brings a claimed engine, whose schema has been written, to the state of the store, and returns the carrier that keeps it there. What a
// crash left in the outbox is carried. An engine that is not where the outbox left it (a new one, one whose file was lost, one restored
// from a copy of another moment) is compared with the projection of all facts and mended, so that no grant that the facts do not know
// stays in it.
func Open(ctx context.Context, db *store.DB, engine *spice.Client, project Projection, log *slog.Logger) (*Carrier, error) {
	mark, err := engine.Mark(ctx)
	if err != nil {
		return nil, err
	}
	applied, possible, err := history(ctx, db)
	if err != nil {
		return nil, err
	}
	last := possible[len(possible)-1]
	c := &Carrier{db: db, engine: engine, log: log, mark: mark, turn: make(chan struct{}, 1)}
	c.last.Store(new(spice.Token))
	if slices.Contains(possible, mark) {
		// The entries that the engine has already are carried again, in their order, before anybody asks: that changes nothing.
		c.applied = applied
		_, err := c.Drain(ctx)
		return c, err
	}
	switch {
	case mark != (spice.Mark{}):
		log.Warn("the engine is not at the state of the store; it is compared and mended", "engine", mark.Change, "store", last.Change)
	case last.Change > 0:
		log.Warn("the engine is empty; it is built again from the store")
	}
	if err := mend(ctx, engine, project); err != nil {
		return nil, err
	}
	c.mark = last
	token, err := engine.Apply(ctx, spice.Diff(nil, spice.FoldMark(c.mark)))
	if err != nil {
		return nil, err
	}
	c.last.Store(&token)
	return c, c.done(ctx, last)
}

// history is the mark of what is not in the outbox any more, and every mark that an engine can have that stopped at or after it.
func history(ctx context.Context, db *store.DB) (applied spice.Mark, possible []spice.Mark, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		text, ok, err := tx.Setting(settingApplied)
		if err != nil {
			return err
		}
		if ok {
			applied, err = spice.ParseMark(text)
		} else {
			applied.Installation, _, err = tx.Setting(settingInstallation)
		}
		if err != nil {
			return err
		}
		possible = []spice.Mark{applied}
		entries, err := tx.Outbox(0)
		for _, e := range entries {
			possible = append(possible, possible[len(possible)-1].Next(e.Seq, e.Updates))
		}
		return err
	})
	return applied, possible, err
}

// mend makes the engine hold what the projection says, and no mark: until the new one is written, an interrupted mending begins again.
func mend(ctx context.Context, engine *spice.Client, project Projection) error {
	var implied spice.Relationships
	if err := project(ctx, func(rs spice.Relationships) error {
		implied = append(implied, rs...)
		return nil
	}); err != nil {
		return err
	}
	var held spice.Relationships
	for _, t := range schema.Resources {
		if err := engine.ReadAll(ctx, t, func(r *v1.Relationship) error {
			held = append(held, r)
			return nil
		}); err != nil {
			return err
		}
	}
	_, err := engine.Apply(ctx, spice.Diff(held, implied))
	return err
}
