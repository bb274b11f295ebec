package server

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/store"
)

// What is in the data directory, beside what files of their own name. With a database elsewhere the first two are not.
const (
	storeFile  = "store.db"
	engineFile = "engine.db"
	stagingDir = "imports"       // what is being imported, while it is
	lockFile   = "grantway.lock" // held by the process that uses the directory, where store.db is not there to be held
)

// settingExtension names the setting that holds the relationships of the schema extension, so that those taken out of the file can be
// taken out of the engine.
const settingExtension = "engine.extension"

// backend is the open store and the open engine.
type backend struct {
	store   *store.DB
	engine  *spice.Client
	shared  bool    // other gateways use the same store
	release release // this program's
	offers  string  // the address at which the embedded engine is offered, or ""
	close   func() error
}

// openBackend opens both, the store first: it is the truth, and its lock keeps other processes out of the data directory.
func openBackend(ctx context.Context, c Config) (*backend, error) {
	if err := makeDirectory(c.Data); err != nil {
		return nil, err
	}
	db, closeStore, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	b := &backend{store: db, shared: c.DatastoreURI != "", release: c.release, close: closeStore}
	if c.SpiceDBEndpoint != "" {
		err = b.connect(c)
	} else {
		err = db.Exclusively(ctx, func(ctx context.Context) error { return b.start(ctx, c) })
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// openStore opens the store in the data directory, or in the database.
func openStore(ctx context.Context, c Config) (db *store.DB, closeStore func() error, err error) {
	if c.DatastoreURI == "" {
		if db, err = store.Open(ctx, filepath.Join(c.Data, storeFile)); err != nil {
			return nil, nil, dataFault(c.Data, err)
		}
		return db, db.Close, nil
	}
	release := func() error { return nil }
	if !c.migrating { // which needs nothing of the directory, where a gateway may be running
		if release, err = store.Lock(filepath.Join(c.Data, lockFile)); err != nil {
			return nil, nil, dataFault(c.Data, err)
		}
	}
	if db, err = store.Open(ctx, c.DatastoreURI); err != nil {
		return nil, nil, errors.Join(databaseFault(err), release())
	}
	return db, func() error { return errors.Join(db.Close(), release()) }, nil
}

// start runs the embedded engine, on a file of its own or in the store's database.
func (b *backend) start(ctx context.Context, c Config) error {
	config := embedded.Config{Listen: c.EngineListen, Token: c.EngineToken, Writable: c.EngineWritable, MaxConnections: c.MaxConnections, Logger: c.Log, Dial: c.dial}
	if c.DatastoreURI == "" {
		config.Path = filepath.Join(c.Data, engineFile)
	} else {
		config.URI, config.Database = c.DatastoreURI, b.store.Database()
	}
	engine, err := embedded.Start(ctx, config)
	if err != nil {
		return engineFault(c, err)
	}
	b.engine, b.offers = spice.NewClient(engine.Conn()), engine.Addr()
	b.closeBefore(engine.Close)
	return nil
}

// closeBefore has something closed before all that is open so far.
func (b *backend) closeBefore(first func() error) {
	rest := b.close
	b.close = func() error { return errors.Join(first(), rest()) }
}

// prepare makes sure that the engine has the schema and the relationships of the extension, and brings it to the state of the store. Of several
// servers that start on one store, one at a time does so. An engine that is shared with other gateways is given a schema when it has none, and
// another one by Migrate alone.
func (b *backend) prepare(ctx context.Context, x *spice.Extension, c Config) (carrier *outbox.Carrier, self program, err error) {
	err = b.store.Exclusively(ctx, func(ctx context.Context) error {
		if err := outbox.Claim(ctx, b.store, b.engine); err != nil {
			return claimFault(err)
		}
		s, err := b.standing(ctx, x)
		if err != nil {
			return err
		}
		self = s.program
		switch {
		case b.shared && s.fits():
			carrier, err = outbox.Open(ctx, b.store, b.engine, sharing.Project, c.Log)
		case b.shared && !s.plan.Fresh && !(s.empty && s.now.admits(s.program)) && !s.unfinished():
			err = misfitFault(s)
		default:
			carrier, err = b.bring(ctx, x, s, c)
		}
		return err
	})
	return carrier, self, err
}

// claimFault says what to do about an engine that is not this store's.
func claimFault(err error) error {
	var refusal *access.Error
	if !errors.As(err, &refusal) || refusal.Kind != access.KindConflict {
		return err
	}
	return &StartError{
		Problem: refusal.Detail + ", or this installation's store.db was lost", Cause: err,
		Advice: "Restore store.db from a backup. If the data directory is new, give it its own engine: another --data, or an empty SpiceDB.",
	}
}

// retract removes what the extension's file said at an earlier start and does not say any more. What it will say is noted before it is
// written, so that nothing is written that is not noted. It gives what puts all of it back, for a schema that is refused.
func (b *backend) retract(ctx context.Context, x *spice.Extension) (undo func(context.Context) error, err error) {
	noted, err := b.setting(ctx, settingExtension)
	if err != nil {
		return nil, err
	}
	var earlier spice.Changes
	if noted != "" {
		if earlier, err = spice.UnmarshalChanges([]byte(noted)); err != nil {
			return nil, err
		}
	}
	gone := spice.Diff(relationships(earlier), relationships(x.Changes()))
	gone = slices.DeleteFunc(gone, func(u *v1.RelationshipUpdate) bool { return u.GetOperation() != v1.RelationshipUpdate_OPERATION_DELETE })
	text, err := b.engine.Schema(ctx)
	if err != nil {
		return nil, err
	}
	if text != "" { // an engine without a schema holds nothing to retract
		if _, err := b.engine.Apply(ctx, gone); err != nil {
			return nil, err
		}
	}
	undo = func(ctx context.Context) error {
		if text == "" || noted == "" {
			return nil
		}
		if _, err := b.engine.Apply(ctx, earlier); err != nil {
			return err
		}
		return b.store.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.PutSetting(settingExtension, noted), b.announce(tx))
		})
	}
	if noted == "" && len(x.Changes()) == 0 {
		return undo, nil
	}
	data, err := x.Changes().Marshal()
	if err != nil {
		return nil, err
	}
	return undo, b.putSetting(ctx, settingExtension, string(data))
}

// announce has the gateways that share the engine look at a state of it that has what was written beside the outbox, which their marks do not tell of:
// an entry without changes, which they carry after it.
func (b *backend) announce(tx *store.Tx) error {
	if !b.shared {
		return nil
	}
	nothing, err := spice.Changes{}.Marshal()
	if err != nil {
		return err
	}
	_, err = tx.AppendOutbox(nothing, time.Now())
	return err
}

func relationships(changes spice.Changes) spice.Relationships {
	var all spice.Relationships
	for _, c := range changes {
		all = append(all, c.GetRelationship())
	}
	return all
}

// ping reports whether the engine can answer.
func (b *backend) ping(ctx context.Context) error {
	_, err := b.engine.Schema(ctx)
	return err
}

func (b *backend) setting(ctx context.Context, name string) (value string, err error) {
	err = b.store.View(ctx, func(tx *store.Tx) error {
		value, _, err = tx.Setting(name)
		return err
	})
	return value, err
}

func (b *backend) putSetting(ctx context.Context, name, value string) error {
	return b.store.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(name, value) })
}
