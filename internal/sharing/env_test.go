package sharing_test

import (
	"cmp"
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// env is a store, an engine and the use cases over them.
type env struct {
	*sharing.Service
	t       testing.TB
	ctx     context.Context
	dir     string
	uri     string // of the store, or "" for a file in dir
	db      *store.DB
	engine  *spice.Client
	carrier *outbox.Carrier
	wire    *wire
	now     time.Time
	clock   func() time.Time // says now
	close   func()

	retention time.Duration // of the record, from the next start on

	hashKeys string // the current one first
}

// root is the unconfined full key that acts for itself.
var root = access.Actor{Key: "root", Access: access.KeyFull, Address: "127.0.0.1"}

// as is that key acting for a user.
func as(u access.UserID) access.Actor {
	a := root
	a.User = u
	return a
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvOn(t, "")
}

// newEnvOn is newEnv on the store at the URI.
func newEnvOn(t testing.TB, uri string) *env {
	t.Helper()
	e := &env{
		t: t, ctx: context.Background(), dir: t.TempDir(), uri: uri, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), hashKeys: secret.NewHashKey(),
	}
	e.clock = func() time.Time { return e.now }
	e.open()
	t.Cleanup(func() { e.close() })
	return e
}

// open starts what a server starts, on the files in the directory.
func (e *env) open() {
	e.t.Helper()
	engine, err := embedded.Start(e.ctx, embedded.Config{Path: filepath.Join(e.dir, "engine.db")})
	require.NoError(e.t, err)
	e.wire = &wire{ClientConnInterface: engine.Conn()}
	e.join()
	e.close = func() {
		require.NoError(e.t, engine.Close())
		require.NoError(e.t, e.db.Close())
	}
}

// join opens the store and starts the use cases over it and the engine, as one gateway of several does.
func (e *env) join() {
	e.t.Helper()
	db, err := store.Open(e.ctx, cmp.Or(e.uri, filepath.Join(e.dir, "store.db")))
	require.NoError(e.t, err)
	e.db, e.engine = db, spice.NewClient(e.wire)
	require.NoError(e.t, outbox.Claim(e.ctx, db, e.engine))
	_, err = e.engine.WriteSchema(e.ctx, schema.Text)
	require.NoError(e.t, err)
	e.carrier, err = outbox.Open(e.ctx, db, e.engine, sharing.Project, slog.Default())
	require.NoError(e.t, err)
	secrets, err := secret.ParseHasher(e.hashKeys)
	require.NoError(e.t, err)
	e.Service = sharing.New(sharing.Config{
		Store: db, Engine: e.engine, Outbox: e.carrier, Secrets: secrets, Mails: true,
		RecordRetention: e.retention, Now: e.clock, Log: slog.Default(),
	})
}

// wire is the connection to the engine, which a test can cut.
type wire struct {
	grpc.ClientConnInterface
	cut   func(method string) error        // nil while the engine answers
	asked func(method string, request any) // nil while nobody counts
}

func (w *wire) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if w.cut != nil {
		if err := w.cut(method); err != nil {
			return err
		}
	}
	if w.asked != nil {
		w.asked(method, args)
	}
	return w.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

func (w *wire) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if w.asked != nil {
		w.asked(method, nil)
	}
	return w.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}

// implied is every relationship that the facts imply.
func (e *env) implied() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	require.NoError(e.t, e.db.View(e.ctx, func(tx *store.Tx) error {
		return sharing.Project(tx, func(rs spice.Relationships) error {
			all = append(all, rs...)
			return nil
		})
	}))
	return all
}

// held is every relationship that the engine holds.
func (e *env) held() spice.Relationships {
	e.t.Helper()
	var all spice.Relationships
	for _, t := range schema.Resources {
		require.NoError(e.t, e.engine.ReadAll(e.ctx, spice.Newest, t, func(r *v1.Relationship) error {
			if r.GetRelation() != schema.RelApplied {
				all = append(all, r)
			}
			return nil
		}))
	}
	return all
}
