// Package kit puts together for tests what a server is made of, short of its API: a store, an engine, the carrier between them, and the use
// cases over all three.
//
// Nothing in a kit runs by itself: a test calls what a server does in the background. A server that is reached over HTTP, and the stories told
// about it, are package testenv's.
package kit

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/backend"
	"github.com/grantway/grantway/schema"
)

// Config says what is put together. The zero value is an installation of its own on files.
type Config struct {
	Place    *backend.Place           // where the data is; nil is a new place, on files
	Engine   grpc.ClientConnInterface // the engine of another kit at the same place, or nil to start the place's
	HashKeys string                   // the current key first; "" is a new one
	Sharing  func(*sharing.Config)    // changes how the use cases work, or nil
}

// Kit is an open installation, or one gateway of several that share a database.
type Kit struct {
	*sharing.Service
	Store   *store.DB
	Engine  *spice.Client
	Wire    *Wire // between the kit and the engine
	Carrier *outbox.Carrier
	Secrets *secret.Hasher

	closeEngine func() error
}

// New puts a kit together, which is closed when the test ends.
func New(t testing.TB, c Config) *Kit {
	t.Helper()
	if c.Place == nil {
		c.Place = backend.In(t, backend.Embedded)
	}
	k, err := Open(context.Background(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	return k
}

// Open puts a kit together at c.Place, as a server does when it starts. It fails as outbox.Claim and outbox.Open do, and leaves nothing open.
func Open(ctx context.Context, c Config) (_ *Kit, err error) {
	k, err := Look(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	if k.Secrets, err = secret.ParseHasher(c.HashKeys); c.HashKeys == "" {
		k.Secrets, err = secret.ParseHasher(secret.NewHashKey())
	}
	if err != nil {
		return nil, err
	}
	if err := outbox.Claim(ctx, k.Store, k.Engine); err != nil {
		return nil, err
	}
	if _, err := k.Engine.WriteSchema(ctx, schema.Text); err != nil {
		return nil, err
	}
	if k.Carrier, err = outbox.Open(ctx, k.Store, k.Engine, sharing.Project, slog.Default()); err != nil {
		return nil, err
	}
	uses := sharing.Config{Store: k.Store, Engine: k.Engine, Outbox: k.Carrier, Secrets: k.Secrets, Log: slog.Default()}
	if c.Sharing != nil {
		c.Sharing(&uses)
	}
	k.Service = sharing.New(uses)
	return k, nil
}

// Look opens the store and the engine at c.Place as they are, and nothing over them: as a program does that only reads what a server has left.
func Look(ctx context.Context, c Config) (*Kit, error) {
	db, err := c.Place.OpenStore(ctx)
	if err != nil {
		return nil, err
	}
	conn, closeEngine := c.Engine, func() error { return nil }
	if conn == nil {
		if conn, closeEngine, err = c.Place.OpenEngine(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	wire := &Wire{ClientConnInterface: conn}
	return &Kit{Store: db, Engine: spice.NewClient(wire), Wire: wire, closeEngine: closeEngine}, nil
}

// Close closes what the kit has opened.
func (k *Kit) Close() error { return errors.Join(k.closeEngine(), k.Store.Close()) }
